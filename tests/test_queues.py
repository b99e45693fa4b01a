"""How workers follow the queue: how often they look, and what makes way for the agenda."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from conto import jobs, queues
from conto.calm import Calm
from conto.ids import new_id
from conto.jobs import Job
from conto.queues import Seldom, Share, follow_queue
from conto.work import Works
from tests.company import Company, eventually
from tests.databases import Databases

runs: Counter[UUID] = Counter()


async def note(works: Works, organization_id: UUID, subject_id: UUID) -> None:
    runs[subject_id] += 1


jobs.handles("tests.at_once")(note)
jobs.handles("tests.making_way")(note)

NOTICE = '{"type": "table_changed_event", "number": %d}'


async def test_of_notices_that_follow_closely_the_first_and_the_last_are_passed_on(monkeypatch):
    monkeypatch.setattr(queues, "TOLD_EVERY_SECONDS", 0.01)
    told: list[str] = []
    seldom = Seldom(told.append)
    for number in range(100):
        seldom(NOTICE % number)
    assert told == [NOTICE % 0]
    await eventually(lambda: len(told) == 2)
    assert told == [NOTICE % 0, NOTICE % 99]


async def test_what_is_no_notice_of_jobs_is_always_passed_on():
    told: list[str] = []
    seldom = Seldom(told.append)
    for _ in range(3):
        seldom('{"type": "health_check_event"}')
    assert len(told) == 3


async def test_what_makes_way_is_run_when_the_agenda_is_no_longer_busy(
    works: Works, databases: Databases, company: Company
):
    calm, drainer = Calm(), object()
    patient = await enqueued(works, company, "tests.making_way")
    calm.note(drainer, busy=True)
    async with following(works, databases, calm):
        hasty = await enqueued(works, company, "tests.at_once")
        await eventually(lambda: runs[hasty] == 1)
        assert runs[patient] == 0
        calm.note(drainer, busy=False)
        await eventually(lambda: runs[patient] == 1)


async def test_what_makes_way_has_its_turn_however_long_the_agenda_is_busy(
    works: Works, databases: Databases, company: Company, monkeypatch
):
    monkeypatch.setattr(queues, "PATIENCE_SECONDS", 0.01)
    calm = Calm()
    calm.note(object(), busy=True)
    async with following(works, databases, calm):
        patient = await enqueued(works, company, "tests.making_way")
        await eventually(lambda: runs[patient] == 1)


async def test_it_is_calm_when_nobody_is_busy():
    calm, one, another = Calm(), object(), object()
    calm.note(one, busy=True)
    calm.note(another, busy=True)
    calm.note(one, busy=False)
    assert (calm.busy.is_set(), calm.quiet.is_set()) == (True, False)
    calm.note(another, busy=False)
    assert (calm.busy.is_set(), calm.quiet.is_set()) == (False, True)


async def enqueued(works: Works, company: Company, kind: str) -> UUID:
    """Put a job about a new subject on the queue; its subject."""
    subject = new_id()
    async with works.enter(company.id) as work:
        work.enqueue(Job(kind, subject))
    return subject


@asynccontextmanager
async def following(works: Works, databases: Databases, calm: Calm) -> AsyncIterator[None]:
    """Follow the queue for both kinds of job."""
    stop = asyncio.Event()
    shares = (
        Share(["tests.at_once"], batch_size=1, at_once=2),
        Share(["tests.making_way"], batch_size=1, at_once=2, makes_way=True),
    )
    async with asyncio.TaskGroup() as group:
        for share in shares:
            group.create_task(follow_queue(works, databases.url(), stop, share, calm))
        try:
            yield
        finally:
            stop.set()
