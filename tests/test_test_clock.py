"""Test clocks: an advance does all that falls due on the way, once and in order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from conto import agenda, jobs
from conto.agenda import Lane
from conto.db.tables import agenda as entries
from conto.errors import Forbidden, Invalid
from conto.ids import new_id
from conto.jobs import Job
from conto.test_clock import advance
from conto.work import Work, Works
from tests.company import Company, eventually, open_company
from tests.workers import someone_waits, working

START = datetime(2024, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

done: list[tuple[UUID, datetime]] = []
follow_ups: dict[UUID, tuple[UUID, datetime | None]] = {}
failing: set[UUID] = set()
gates: dict[UUID, tuple[asyncio.Event, asyncio.Event]] = {}
jobs_done: list[UUID] = []


@agenda.handles("tests.rehearsed", lane=Lane.ORGANIZATION, rank=1)
async def rehearse(work: Work, subject_id: UUID) -> None:
    if subject_id in failing:
        raise RuntimeError("it cannot be done")
    if subject_id in gates:
        reached, gate = gates[subject_id]
        reached.set()
        await gate.wait()
    done.append((subject_id, work.now))
    if subject_id in follow_ups:
        follower, due_at = follow_ups[subject_id]
        await agenda.put(work, "tests.rehearsed", follower, lane=work.organization.id, due_at=due_at or work.now)
    work.enqueue(Job("tests.rehearsed_job", subject_id))


@agenda.handles("tests.rehearsed_of_customer", lane=Lane.CUSTOMER, rank=2)
async def rehearse_of_customer(work: Work, subject_id: UUID) -> None:
    done.append((subject_id, work.now))


@jobs.handles("tests.rehearsed_job")
async def rehearsed_job(works: Works, organization_id: UUID, subject_id: UUID) -> None:
    if subject_id in failing:
        raise RuntimeError("it cannot be done")
    jobs_done.append(subject_id)


async def put(works: Works, organization_id: UUID, due_at: datetime, lane: UUID | None = None) -> UUID:
    subject = new_id()
    kind = "tests.rehearsed_of_customer" if lane else "tests.rehearsed"
    async with works.enter(organization_id) as work:
        await agenda.put(work, kind, subject, lane=lane or organization_id, due_at=due_at)
    return subject


def of(*subjects: UUID) -> list[tuple[UUID, datetime]]:
    return [entry for entry in done if entry[0] in subjects]


async def shown(works: Works, organization_id: UUID) -> datetime:
    """What the organization's clock shows."""
    async with works.enter(organization_id) as work:
        return work.now


async def test_an_advance_does_what_falls_due_in_order_and_at_its_instant(works: Works, rehearsal: Company):
    customers = [UUID((await rehearsal.customer())["lago_id"]) for _ in range(2)]
    third = await put(works, rehearsal.id, START + 3 * HOUR, customers[0])
    second = await put(works, rehearsal.id, START + 2 * HOUR, customers[1])
    first = await put(works, rehearsal.id, START + HOUR)
    later = await put(works, rehearsal.id, START + 5 * HOUR)
    await advance(works, rehearsal.id, START + 4 * HOUR)
    assert of(first, second, third, later) == [
        (first, START + HOUR),
        (second, START + 2 * HOUR),
        (third, START + 3 * HOUR),
    ]
    assert await shown(works, rehearsal.id) == START + 4 * HOUR
    await advance(works, rehearsal.id, START + 5 * HOUR)
    assert of(later) == [(later, START + 5 * HOUR)]


async def test_what_follows_up_to_the_target_is_done_too(works: Works, rehearsal: Company):
    first = await put(works, rehearsal.id, START + HOUR)
    at_once, on_target, beyond = new_id(), new_id(), new_id()
    follow_ups[first] = (at_once, None)
    follow_ups[at_once] = (on_target, START + 4 * HOUR)
    follow_ups[on_target] = (beyond, START + 4 * HOUR + timedelta(microseconds=1))
    await advance(works, rehearsal.id, START + 4 * HOUR)
    assert of(first, at_once, on_target, beyond) == [
        (first, START + HOUR),
        (at_once, START + HOUR),
        (on_target, START + 4 * HOUR),
    ]


async def test_an_entry_that_is_late_is_done_at_what_the_clock_shows(works: Works, rehearsal: Company):
    late = await put(works, rehearsal.id, START - HOUR)
    await advance(works, rehearsal.id, START)
    assert of(late) == [(late, START)]


async def test_jobs_of_an_advance_run_once(works: Works, rehearsal: Company):
    subject = await put(works, rehearsal.id, START + HOUR)
    await advance(works, rehearsal.id, START + HOUR)
    await advance(works, rehearsal.id, START + HOUR)
    assert jobs_done.count(subject) == 1


async def test_a_failed_job_goes_on_with_the_live_workers(works: Works, databases, rehearsal: Company):
    subject = new_id()
    failing.add(subject)
    async with works.enter(rehearsal.id) as work:
        work.enqueue(Job("tests.rehearsed_job", subject))
    await advance(works, rehearsal.id, START)
    assert subject not in jobs_done
    failing.discard(subject)
    async with working(works, databases):
        await eventually(lambda: subject in jobs_done)


async def test_a_failed_entry_holds_its_lane_alone_and_the_clock_goes_on(works: Works, rehearsal: Company):
    lane = UUID((await rehearsal.customer())["lago_id"])
    bad = await put(works, rehearsal.id, START + HOUR)
    behind = await put(works, rehearsal.id, START + 2 * HOUR)
    elsewhere = await put(works, rehearsal.id, START + 2 * HOUR, lane)
    failing.add(bad)
    await advance(works, rehearsal.id, START + 3 * HOUR)
    assert of(bad, behind, elsewhere) == [(elsewhere, START + 2 * HOUR)]
    assert await shown(works, rehearsal.id) == START + 3 * HOUR
    async with works.enter(rehearsal.id) as work:
        left = await work.rows(select(entries.c.attempts).where(entries.c.organization_id == rehearsal.id))
    assert sorted(row.attempts for row in left) == [0, 1]


async def test_the_clock_does_not_go_back(works: Works, rehearsal: Company):
    with pytest.raises(Invalid) as refused:
        await advance(works, rehearsal.id, START - timedelta(microseconds=1))
    assert list(refused.value.details) == ["frozen_time"]
    assert await shown(works, rehearsal.id) == START


async def test_a_live_organization_has_no_clock_to_move(works: Works, company: Company):
    with pytest.raises(Forbidden):
        await advance(works, company.id, START)


@pytest.fixture
async def gated(works: Works, rehearsal: Company) -> AsyncIterator[tuple[UUID, asyncio.Event, asyncio.Event]]:
    """An entry due an hour from the start that goes on when the second event is set; the first tells of it."""
    subject = await put(works, rehearsal.id, START + HOUR)
    gates[subject] = (asyncio.Event(), asyncio.Event())
    yield subject, *gates[subject]
    gates[subject][1].set()


async def test_two_advances_wait_for_each_other(works: Works, rehearsal: Company, gated: Any):
    subject, reached, gate = gated
    first = asyncio.create_task(advance(works, rehearsal.id, START + 2 * HOUR))
    await reached.wait()
    second = asyncio.create_task(advance(works, rehearsal.id, START + 3 * HOUR))
    back = asyncio.create_task(advance(works, rehearsal.id, START + HOUR))
    await eventually(lambda: someone_waits(works))
    assert not second.done()
    gate.set()
    await asyncio.gather(first, second)
    with pytest.raises(Invalid):
        await back
    assert of(subject) == [(subject, START + HOUR)]
    assert await shown(works, rehearsal.id) == START + 3 * HOUR


async def test_a_write_waits_for_an_advance_and_a_read_does_not(works: Works, rehearsal: Company, gated: Any):
    _, reached, gate = gated
    key = rehearsal.organization.api_key
    advancing = asyncio.create_task(advance(works, rehearsal.id, START + 2 * HOUR))
    await reached.wait()

    async def write() -> datetime:
        async with works.open(key, writes=True) as work:
            return work.now

    writing = asyncio.create_task(write())
    await eventually(lambda: someone_waits(works))
    async with works.open(key, writes=False) as work:
        assert work.now <= START + HOUR
    assert not writing.done()
    gate.set()
    await advancing
    assert await writing == START + 2 * HOUR


async def test_an_advance_waits_for_a_write(works: Works, rehearsal: Company):
    async with works.open(rehearsal.organization.api_key, writes=True) as work:
        advancing = asyncio.create_task(advance(works, rehearsal.id, START + HOUR))
        await eventually(lambda: someone_waits(works))
        assert not advancing.done()
        assert work.now == START
    await advancing
    assert await shown(works, rehearsal.id) == START + HOUR


async def test_organizations_advance_beside_each_other(works: Works, rehearsal: Company, gated: Any):
    _, reached, gate = gated
    first = asyncio.create_task(advance(works, rehearsal.id, START + 2 * HOUR))
    await reached.wait()
    async with open_company(works, frozen_time="2024-03-05T12:00:00Z") as other:
        await advance(works, other.id, START + HOUR)
        assert await shown(works, other.id) == START + HOUR
    gate.set()
    await first


async def test_the_clock_is_free_again_after_an_advance_that_was_refused(works: Works, rehearsal: Company):
    for _ in range(3):
        with pytest.raises(Invalid):
            await advance(works, rehearsal.id, START - HOUR)
    async with asyncio.timeout(20):
        await advance(works, rehearsal.id, START + HOUR)
