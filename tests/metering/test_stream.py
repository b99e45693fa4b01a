"""Whoever listens is told of every event once: of a live organization's by a worker, of a rehearsal's at once."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from conto.metering import stream
from conto.metering.stream import events_waiting, follow_events, listens
from conto.work import Work, Works
from tests.company import Company, eventually

Told = list[tuple[UUID, str]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What a listener has been told: organization and transaction id of each event."""
    found: Told = []

    async def listener(work: Work, rows: Sequence[Any]) -> None:
        found.extend((work.organization.id, row.transaction_id) for row in rows)

    listens(listener)
    yield found
    stream.LISTENERS.remove(listener)


async def take_in(company: Company, *transaction_ids: str) -> None:
    batch = [{"transaction_id": one, "code": "calls", "external_subscription_id": "sub_1"} for one in transaction_ids]
    await company.post("/events/batch", {"events": batch})


async def of(company: Company, told: Told, works: Works, count: int) -> list[str]:
    """The transaction ids of the company's events that were told, once there are so many."""

    async def followed() -> list[str]:
        await follow_events(works)
        found = [transaction_id for organization_id, transaction_id in told if organization_id == company.id]
        return found if len(found) >= count else []

    return await eventually(followed)


async def test_a_worker_tells_of_each_event_once_and_in_order(works, company, other_company, told):
    await take_in(company, "b", "a")
    await take_in(other_company, "x")
    await take_in(company, "c")
    assert await of(company, told, works, 3) == ["b", "a", "c"]
    assert await of(other_company, told, works, 1) == ["x"]
    await follow_events(works)
    assert [one for organization_id, one in told if organization_id == company.id] == ["b", "a", "c"]


async def test_an_event_whose_transaction_commits_late_is_not_missed(works, company, told):
    async with works.enter(company.id) as late:
        await late.change(
            text(
                "insert into events (organization_id, transaction_id, code, timestamp, properties, created_at)"
                " values (:organization, 'late', 'calls', now(), '{}', now())"
            ),
            organization=company.id,
        )
        await take_in(company, "early")
        await follow_events(works)
        assert (company.id, "early") not in told
        assert await events_waiting(works) >= 1
    assert await of(company, told, works, 2) == ["late", "early"]


async def test_a_listener_that_fails_is_told_again(works, company, told):
    async def failing(work: Work, rows: Sequence[Any]) -> None:
        raise ZeroDivisionError

    await take_in(company, "a")
    listens(failing)
    try:

        async def failed() -> bool:
            try:
                await follow_events(works)
            except ZeroDivisionError:
                return True
            return False

        await eventually(failed)
    finally:
        stream.LISTENERS.remove(failing)
    told.clear()
    assert await of(company, told, works, 1) == ["a"]


async def test_a_listener_sees_and_writes_for_the_events_organization_alone(works, company, other_company):
    seen: list[tuple[UUID, UUID]] = []

    async def listener(work: Work, rows: Sequence[Any]) -> None:
        found = await work.rows(text("select distinct organization_id from events"))
        seen.extend((work.organization.id, row.organization_id) for row in found)

    await take_in(company, "a")
    await take_in(other_company, "b")
    listens(listener)
    try:

        async def both() -> bool:
            await follow_events(works)
            return {company.id, other_company.id} <= {own for own, _ in seen}

        await eventually(both)
    finally:
        stream.LISTENERS.remove(listener)
    assert all(own == other for own, other in seen)


async def test_a_rehearsals_events_are_told_before_the_answer_and_by_no_worker(works, company, rehearsal, told):
    await take_in(rehearsal, "b", "a")
    assert told == [(rehearsal.id, "b"), (rehearsal.id, "a")]
    await take_in(company, "c")
    await of(company, told, works, 1)
    assert [one for one in told if one[0] == rehearsal.id] == [(rehearsal.id, "b"), (rehearsal.id, "a")]


async def test_with_nobody_listening_events_are_passed_over(works, company, told):
    listeners, stream.LISTENERS[:] = stream.LISTENERS[:], []
    try:
        await take_in(company, "a")

        async def passed() -> bool:
            await follow_events(works)
            return await events_waiting(works) == 0

        await eventually(passed)
    finally:
        stream.LISTENERS[:] = listeners
    await take_in(company, "b")
    assert await of(company, told, works, 1) == ["b"]


async def test_the_metrics_tell_how_many_events_wait(company, told):
    await take_in(company, "a", "b")
    answer = await company.client.get("/metrics")
    (line,) = [line for line in answer.text.splitlines() if line.startswith("conto_events_waiting ")]
    assert float(line.partition(" ")[2]) >= 2
