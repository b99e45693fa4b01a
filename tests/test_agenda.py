"""The agenda: what falls due is done in order, once, at its instant."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, select, text, update

from conto import agenda, worker
from conto.agenda import Lane, Outcome
from conto.clock import system_now
from conto.db.tables import agenda as entries
from conto.ids import new_id
from conto.work import Work, Works
from tests.company import Company, eventually
from tests.workers import working

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Diary:
    """What the tests' handlers did, and which subjects they fail on."""

    def __init__(self) -> None:
        self.done: list[tuple[UUID, datetime]] = []
        self.failing: set[UUID] = set()
        self.in_hand: dict[UUID, UUID] = {}
        self.collisions: list[UUID] = []

    def of(self, subjects: Iterable[UUID]) -> list[UUID]:
        """Those of the subjects that were handled, in order."""
        wanted = set(subjects)
        return [subject for subject, _ in self.done if subject in wanted]


diary = Diary()


async def note(work: Work, subject_id: UUID) -> None:
    if subject_id in diary.failing:
        raise RuntimeError("it cannot be done")
    diary.done.append((subject_id, work.now))


async def note_slowly(work: Work, subject_id: UUID) -> None:
    """Notes it too if another entry of the lane is in hand at the same time."""
    (lane,) = [lane for lane, subjects in lanes.items() if subject_id in subjects]
    if lane in diary.in_hand:
        diary.collisions.append(subject_id)
    diary.in_hand[lane] = subject_id
    await work.execute(text("select pg_sleep(0.002)"))
    await note(work, subject_id)
    del diary.in_hand[lane]


lanes: dict[UUID, set[UUID]] = {}
agenda.handles("tests.first", lane=Lane.ORGANIZATION, rank=1)(note)
agenda.handles("tests.second", lane=Lane.ORGANIZATION, rank=2)(note)
agenda.handles("tests.of_customer", lane=Lane.CUSTOMER, rank=5)(note)
agenda.handles("tests.slowly", lane=Lane.CUSTOMER, rank=6)(note_slowly)


async def put(works: Works, organization_id: UUID, kind: str, due_at: datetime, lane: UUID | None = None) -> UUID:
    """Put an entry about a new subject; its id."""
    subject = new_id()
    async with works.enter(organization_id) as work:
        await agenda.put(work, kind, subject, lane=lane or organization_id, due_at=due_at)
    return subject


async def entry(works: Works, organization_id: UUID, subject: UUID) -> Row[Any] | None:
    async with works.enter(organization_id) as work:
        mine = select(entries).where(entries.c.organization_id == organization_id)
        return await work.first(mine.where(entries.c.subject_id == subject))


async def stop_holding(works: Works, organization_id: UUID, subject: UUID) -> None:
    """Have a failed entry tried at once."""
    async with works.enter(organization_id) as work:
        mine = update(entries).where(entries.c.organization_id == organization_id, entries.c.subject_id == subject)
        await work.execute(mine.values(try_at=system_now()))


async def run_next(works: Works, organization_id: UUID) -> Outcome:
    """Handle the next entry in the organization's own lane."""
    return await agenda.run_next(works, organization_id, organization_id, Lane.ORGANIZATION, system_now())


async def test_a_lane_goes_by_instant_then_rank_then_order_of_putting(works: Works, company: Company):
    fourth = await put(works, company.id, "tests.second", LONG_AGO + DAY)
    third = await put(works, company.id, "tests.first", LONG_AGO + DAY)
    fifth = await put(works, company.id, "tests.second", LONG_AGO + DAY)
    first = await put(works, company.id, "tests.second", LONG_AGO)
    second = await put(works, company.id, "tests.second", LONG_AGO)
    subjects = [first, second, third, fourth, fifth]
    while await run_next(works, company.id) is Outcome.DONE:
        pass
    assert await run_next(works, company.id) is Outcome.NOTHING
    assert diary.of(subjects) == subjects


async def test_what_fell_due_long_ago_is_done_with_its_own_instant(works: Works, databases, company: Company):
    subjects = [await put(works, company.id, "tests.first", LONG_AGO + day * DAY) for day in range(5)]
    async with working(works, databases):
        await eventually(lambda: len(diary.of(subjects)) == 5)
    assert [(subject, LONG_AGO + day * DAY) for day, subject in enumerate(subjects)] == [
        done for done in diary.done if done[0] in subjects
    ]


async def test_what_is_not_yet_due_is_left(works: Works, company: Company):
    subject = await put(works, company.id, "tests.first", system_now() + DAY)
    assert await run_next(works, company.id) is Outcome.NOTHING
    assert await entry(works, company.id, subject) is not None


async def test_an_entry_moves_when_it_is_put_again_and_goes_when_dropped(works: Works, company: Company):
    subject = await put(works, company.id, "tests.first", LONG_AGO)
    async with works.enter(company.id) as work:
        await agenda.put(work, "tests.first", subject, lane=company.id, due_at=LONG_AGO + DAY)
    found = await entry(works, company.id, subject)
    assert found is not None
    assert found.due_at == LONG_AGO + DAY
    async with works.enter(company.id) as work:
        await agenda.drop(work, "tests.first", subject)
    assert await entry(works, company.id, subject) is None


async def test_an_entry_put_by_a_rolled_back_action_is_not_there(works: Works, company: Company):
    subject = new_id()

    async def put_and_fail() -> None:
        async with works.enter(company.id) as work:
            await agenda.put(work, "tests.first", subject, lane=company.id, due_at=LONG_AGO)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await put_and_fail()
    assert await entry(works, company.id, subject) is None


async def test_workers_are_told_of_what_is_due_at_once(works: Works, databases, company: Company, monkeypatch):
    monkeypatch.setattr(worker, "LOOK_SECONDS", 3600)
    async with working(works, databases):
        for _ in range(3):
            subject = await put(works, company.id, "tests.first", system_now())
            assert await eventually(lambda subject=subject: diary.of([subject])) == [subject]


async def test_two_workers_handle_each_entry_once_in_order_and_one_at_a_time_in_a_lane(
    works: Works, databases, company: Company
):
    expected: dict[UUID, list[UUID]] = {}
    for _ in range(6):
        lane = UUID((await company.customer())["lago_id"])
        instants = [LONG_AGO + day * DAY for day in range(15)]
        random.shuffle(instants)
        subjects = [(instant, await put(works, company.id, "tests.slowly", instant, lane)) for instant in instants]
        expected[lane] = [subject for _, subject in sorted(subjects)]
        lanes[lane] = set(expected[lane])
    everything = [subject for subjects in expected.values() for subject in subjects]
    async with working(works, databases, count=2):
        await eventually(lambda: len(diary.of(everything)) >= len(everything))
    assert diary.collisions == []
    for subjects in expected.values():
        assert diary.of(subjects) == subjects


async def test_a_failure_is_held_and_blocks_its_lane_alone(works: Works, databases, company: Company):
    blocked = UUID((await company.customer())["lago_id"])
    free = UUID((await company.customer())["lago_id"])
    bad = await put(works, company.id, "tests.of_customer", LONG_AGO, blocked)
    diary.failing.add(bad)
    behind = await put(works, company.id, "tests.of_customer", LONG_AGO + DAY, blocked)
    elsewhere = [await put(works, company.id, "tests.of_customer", LONG_AGO + 2 * DAY, free) for _ in range(3)]
    async with working(works, databases):
        await eventually(lambda: len(diary.of(elsewhere)) == 3)
        found = await eventually(lambda: failed(works, company.id, bad))
        assert diary.of([bad, behind]) == []
        assert found.error == "RuntimeError: it cannot be done"
        assert found.try_at - system_now() <= agenda.FIRST_PAUSE * 2 ** (found.attempts - 1)
        listed = {row.subject_id: row.attempts for row in await worker.failed_entries(works)}
        assert listed[bad] >= found.attempts

        diary.failing.discard(bad)
        await stop_holding(works, company.id, bad)
        await eventually(lambda: len(diary.of([bad, behind])) == 2)
    assert diary.of([bad, behind]) == [bad, behind]


async def failed(works: Works, organization_id: UUID, subject: UUID) -> Row[Any] | None:
    """The entry, once it has failed."""
    found = await entry(works, organization_id, subject)
    return found if found and found.attempts else None


async def test_pauses_after_failures_double_up_to_an_hour(works: Works, company: Company):
    bad = await put(works, company.id, "tests.first", LONG_AGO)
    diary.failing.add(bad)
    for seconds in (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600):
        before = system_now()
        assert await run_next(works, company.id) is Outcome.FAILED
        found = await entry(works, company.id, bad)
        assert found is not None
        assert before <= found.try_at - timedelta(seconds=seconds) <= system_now()
        assert await run_next(works, company.id) is Outcome.NOTHING
        await stop_holding(works, company.id, bad)


async def test_what_a_failed_entry_wrote_is_undone(works: Works, company: Company):
    subject = await put(works, company.id, "tests.writes_and_fails", LONG_AGO)
    assert await run_next(works, company.id) is Outcome.FAILED
    async with works.enter(company.id) as work:
        left = await work.rows(
            select(entries.c.subject_id).where(
                entries.c.organization_id == company.id, entries.c.subject_id.in_([subject, company.id])
            )
        )
    assert [row.subject_id for row in left] == [subject]


@agenda.handles("tests.writes_and_fails", lane=Lane.ORGANIZATION, rank=1)
async def write_and_fail(work: Work, subject_id: UUID) -> None:
    await agenda.put(work, "tests.first", work.organization.id, lane=work.organization.id, due_at=work.now)
    raise RuntimeError("after a write")


async def test_live_workers_leave_test_organizations_alone(
    works: Works, databases, company: Company, rehearsal: Company
):
    theirs = await put(works, rehearsal.id, "tests.first", LONG_AGO)
    async with working(works, databases):
        mine = await put(works, company.id, "tests.first", LONG_AGO + DAY)
        await eventually(lambda: diary.of([mine]))
    assert diary.of([theirs]) == []
    assert await entry(works, rehearsal.id, theirs) is not None


async def test_the_next_entries_of_live_organizations_are_listed_in_order(
    works: Works, company: Company, rehearsal: Company
):
    later = await put(works, company.id, "tests.first", LONG_AGO - DAY)
    sooner = await put(works, company.id, "tests.second", LONG_AGO - 2 * DAY)
    theirs = await put(works, rehearsal.id, "tests.first", LONG_AGO - 3 * DAY)
    listed = [row.subject_id for row in await worker.next_entries(works)]
    assert listed[:2] == [sooner, later]
    assert theirs not in listed
    while await run_next(works, company.id) is Outcome.DONE:
        pass
