"""The queue and the worker that drains it."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from conto import agenda, jobs, queues, worker
from conto.agenda import Lane
from conto.clock import system_now
from conto.ids import new_id
from conto.jobs import Job
from conto.work import Work, Works
from tests.company import Company, eventually
from tests.workers import working

KIND = "tests.job"

runs: Counter[UUID] = Counter()
failing: set[UUID] = set()
held_up: dict[UUID, asyncio.Event] = {}


@jobs.handles(KIND)
async def do(works: Works, organization_id: UUID, subject_id: UUID) -> None:
    runs[subject_id] += 1
    if subject_id in held_up:
        await held_up[subject_id].wait()
    if subject_id in failing:
        raise RuntimeError("it cannot be done")


@agenda.handles("tests.of_jobs", lane=Lane.ORGANIZATION, rank=1)
async def do_entry(work: Work, subject_id: UUID) -> None:
    runs[subject_id] += 1


async def enqueue(works: Works, organization_id: UUID, **options: Any) -> UUID:
    """Put a job about a new subject on the queue; the subject's id."""
    subject = new_id()
    async with works.enter(organization_id) as work:
        work.enqueue(Job(KIND, subject, **options))
    return subject


async def queued(works: Works, subject: UUID) -> list[Any]:
    """The jobs about the subject."""
    async with works.engine.begin() as connection:
        found = await connection.execute(
            text(
                "select id, entrypoint, status::text, attempts, execute_after - updated as pause from queue.pgqueuer"
                " where convert_from(payload, 'UTF8')::jsonb->>'subject_id' = :subject order by id"
            ),
            {"subject": str(subject)},
        )
        return list(found.all())


async def hasten(works: Works, subject: UUID) -> None:
    """Have a job that waits run at once."""
    async with works.engine.begin() as connection:
        await connection.execute(
            text(
                "update queue.pgqueuer set execute_after = now()"
                " where convert_from(payload, 'UTF8')::jsonb->>'subject_id' = :subject"
            ),
            {"subject": str(subject)},
        )


async def test_a_job_is_done_after_the_commit(works: Works, databases, company: Company):
    async with working(works, databases):
        subject = await enqueue(works, company.id)
        await eventually(lambda: runs[subject])
    assert runs[subject] == 1
    assert await queued(works, subject) == []


async def test_a_job_of_a_rolled_back_action_is_not_there(works: Works, company: Company):
    subject = new_id()

    async def enqueue_and_fail() -> None:
        async with works.enter(company.id) as work:
            work.enqueue(Job(KIND, subject))
            await work.send()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await enqueue_and_fail()
    assert await queued(works, subject) == []


async def test_a_job_wanted_once_is_queued_once(works: Works, company: Company):
    subject = new_id()
    for _ in range(2):
        async with works.enter(company.id) as work:
            work.enqueue(Job(KIND, subject, once=True))
            work.enqueue(Job(KIND, subject, once=True))
    assert len(await queued(works, subject)) == 1


async def test_live_workers_leave_the_jobs_of_test_organizations(
    works: Works, databases, company: Company, rehearsal: Company
):
    theirs = await enqueue(works, rehearsal.id)
    at_once = await enqueue(works, rehearsal.id, real_time=True)
    async with working(works, databases):
        mine = await enqueue(works, company.id)
        await eventually(lambda: runs[mine] and runs[at_once])
    assert runs[theirs] == 0
    assert [job.entrypoint for job in await queued(works, theirs)] == [f"rehearsal.{KIND}"]


async def test_a_failure_is_tried_five_times_with_growing_pauses_and_then_held(
    works: Works, databases, company: Company, monkeypatch
):
    monkeypatch.setattr(queues, "LOOK", timedelta(milliseconds=50))
    subject = await enqueue(works, company.id)
    failing.add(subject)
    pauses: list[float] = []
    async with working(works, databases):
        for attempt in range(1, 5):
            job = await eventually(lambda attempt=attempt: waits(works, subject, attempt))
            pauses.append(job.pause.total_seconds())
            await hasten(works, subject)
        await eventually(lambda: is_held(works, subject))
        assert runs[subject] == 5
        assert pauses == [5, 20, 80, 320]

        (found,) = [job for job in await worker.failed_jobs(works) if job.subject_id == subject]
        assert (found.kind, found.organization_id, found.attempts) == (KIND, company.id, 5)
        assert found.error == "it cannot be done"

        failing.discard(subject)
        assert await worker.retry_jobs(works, [found.id]) == 1
        await eventually(lambda: runs[subject] == 6)
    assert await queued(works, subject) == []


async def waits(works: Works, subject: UUID, attempt: int) -> Any:
    """The job, when it waits after the attempt."""
    (job,) = await queued(works, subject)
    return job if job.status == "queued" and job.attempts == attempt else None


async def is_held(works: Works, subject: UUID) -> bool:
    return [job.status for job in await queued(works, subject)] == ["failed"]


async def hold(works: Works, subject: UUID) -> None:
    """Have the subject's jobs stand as failed for the last time."""
    async with works.engine.begin() as connection:
        await connection.execute(
            text(
                "update queue.pgqueuer set status = 'failed'"
                " where convert_from(payload, 'UTF8')::jsonb->>'subject_id' = :subject"
            ),
            {"subject": str(subject)},
        )


async def test_held_jobs_are_retried_at_once_unless_another_one_stands_for_them(
    works: Works, databases, company: Company, monkeypatch
):
    monkeypatch.setattr(queues, "LOOK", timedelta(hours=1))
    plain = await enqueue(works, company.id)
    once = await enqueue(works, company.id, once=True, delay=timedelta(days=1))
    for subject in (plain, once):
        await hold(works, subject)
    async with works.enter(company.id) as work:
        work.enqueue(Job(KIND, once, once=True, delay=timedelta(days=1)))
    async with working(works, databases):
        ready = await enqueue(works, company.id)
        await eventually(lambda: runs[ready])
        assert await worker.retry_jobs(works) == 1
        await eventually(lambda: runs[plain])
    assert [job.status for job in await queued(works, once)] == ["failed", "queued"]


async def test_two_held_jobs_for_one_subject_become_one(works: Works, company: Company):
    subject = new_id()
    for _ in range(2):
        async with works.enter(company.id) as work:
            work.enqueue(Job(KIND, subject, once=True))
        await hold(works, subject)
    assert await worker.retry_jobs(works, [job.id for job in await queued(works, subject)]) == 1
    assert sorted(job.status for job in await queued(works, subject)) == ["failed", "queued"]
    await hold(works, subject)


async def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(works: Works, databases, company: Company):
    subject = await enqueue(works, company.id)
    held_up[subject] = asyncio.Event()
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(works, databases.url(), stop))
    await eventually(lambda: runs[subject])
    stop.set()
    assert [job.status for job in await queued(works, subject)] == ["picked"]
    assert not running.done()
    held_up[subject].set()
    async with asyncio.timeout(20):
        await running
    assert await queued(works, subject) == []


async def test_a_worker_finds_its_work_again_when_its_connections_were_cut(
    works: Works, databases, company: Company, monkeypatch
):
    monkeypatch.setattr(queues, "LOOK", timedelta(hours=1))
    monkeypatch.setattr(worker, "RECONNECT_SECONDS", 0.05)
    monkeypatch.setattr(queues, "RECONNECT_SECONDS", 0.05)
    async with working(works, databases):
        for _ in range(2):
            job, due = await enqueue(works, company.id), new_id()
            async with works.enter(company.id) as work:
                await agenda.put(work, "tests.of_jobs", due, lane=company.id, due_at=system_now())
            await eventually(lambda job=job, due=due: runs[job] and runs[due])
            assert (runs[job], runs[due]) == (1, 1)
            await cut_connections(databases)
            await works.engine.dispose()


async def cut_connections(databases: Any) -> None:
    """End all the application's connections to the database."""
    connection = await asyncpg.connect(databases.url(role="postgres").replace("+asyncpg", ""))
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_old_rows_of_the_log_are_deleted(works: Works, monkeypatch):
    monkeypatch.setattr(worker, "LOG_ROWS_AT_ONCE", 2)
    insert = text(
        "insert into queue.pgqueuer_log (created, job_id, status, priority, entrypoint)"
        " select now() - cast(:age as interval), n, 'successful', 0, 'tests.log' from generate_series(1, 5) n"
    )
    async with works.engine.begin() as connection:
        await connection.execute(insert, {"age": timedelta(days=8)})
        await connection.execute(insert, {"age": timedelta(days=6)})
    await worker.delete_old_log_rows(works, asyncio.Event())
    async with works.engine.begin() as connection:
        left = await connection.execute(
            text(
                "select count(*), min(created) > now() - interval '7 days' from queue.pgqueuer_log"
                " where entrypoint = 'tests.log'"
            )
        )
        assert left.one() == (5, True)


async def test_slow_documents_do_not_hold_up_what_is_light(works: Works, databases, company: Company, monkeypatch):
    release = asyncio.Event()
    at_once: list[UUID] = []

    async def set_document(works: Works, organization_id: UUID, subject_id: UUID) -> None:
        at_once.append(subject_id)
        await release.wait()
        runs[subject_id] += 1

    monkeypatch.setitem(jobs.HANDLERS, "document", set_document)
    documents = [new_id() for _ in range(5)]
    async with works.enter(company.id) as work:
        for document in documents:
            work.enqueue(Job("document", document))
    async with working(works, databases):
        await eventually(lambda: len(at_once) == 2)
        light = await enqueue(works, company.id)
        await eventually(lambda: runs[light])
        assert len(at_once) == 2
        release.set()
        await eventually(lambda: all(runs[document] for document in documents))
