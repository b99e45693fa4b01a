"""The worker: drains the agenda and the queue until it is told to stop.

Any number may run beside each other, in one process or many. Each finds its work again after the
database was away.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import sample
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from sqlalchemy import Row, func, select, text

from conto import agenda, jobs
from conto.agenda import Outcome
from conto.calm import Calm, pause
from conto.clock import machine_now, system_now
from conto.db.engine import driver, driver_arguments
from conto.db.faults import LOST
from conto.db.queue import queries_on, queue_settings
from conto.db.tables import agenda as entries
from conto.jobs import JobPayload
from conto.metering.stream import follow_events
from conto.queues import Share, follow_queue
from conto.work import ACTIVITY, CHANNEL, Works

log = structlog.get_logger()

DOCUMENTS = frozenset({"credit_note_document", "document", "receipt_document"})
"""The kinds of job that take long and have a queue of their own, so that nothing light waits behind them."""
RECORDS = frozenset({ACTIVITY})
"""The kinds of job that nobody waits for; with documents they leave the processor to the agenda while it is busy."""

LOOK_SECONDS = 1
"""Longest time between two looks at the agenda, and at events."""
RECONNECT_SECONDS = 1
WINDOW = 500
"""Due entries that one look takes into account."""
LANES_AT_ONCE = 25
"""Lanes that are drained before the next look."""

LOG_KEPT = timedelta(days=7)
LOG_PRUNED_EVERY_SECONDS = 3600
LOG_ROWS_AT_ONCE = 10_000

_OLD_LOG_ROWS = text(
    "delete from queue.pgqueuer_log where id in"
    " (select id from queue.pgqueuer_log where created < now() - cast(:kept as interval) order by created limit :rows)"
)
_FAILED_JOBS = text(
    "select j.id, j.entrypoint, j.payload, j.attempts, j.updated, l.traceback->>'exception_message' as error"
    " from queue.pgqueuer j left join lateral"
    " (select traceback from queue.pgqueuer_log where job_id = j.id and traceback is not null"
    " order by created desc, id desc limit 1) l on true"
    " where j.status = 'failed' order by j.updated desc, j.id desc limit :limit"
)
_JOBS_TO_RETRY = text(
    "select distinct on (coalesce(j.dedupe_key, 'job ' || j.id)) j.id from queue.pgqueuer j"
    " where j.status = 'failed' and (cast(:every as boolean) or j.id = any(:ids))"
    " and not exists (select from queue.pgqueuer other where other.dedupe_key = j.dedupe_key"
    " and other.status in ('queued', 'picked'))"
)


async def run(works: Works, database_url: str, stop: asyncio.Event, *, lanes: int = 2) -> None:
    """Work until `stop` is set; what is in hand then is finished first.

    Set `stop` rather than cancel: cancelled jobs would wait for their heartbeat to grow old.
    `lanes` is how many lanes of the agenda are drained at once.
    """
    light = [kind for kind in jobs.HANDLERS if kind not in DOCUMENTS | RECORDS]
    heavy = [kind for kind in jobs.HANDLERS if kind in DOCUMENTS]
    records = [kind for kind in jobs.HANDLERS if kind in RECORDS]
    shares = (
        Share(light, batch_size=25, at_once=100),
        Share(heavy, batch_size=1, at_once=2, makes_way=True),
        Share(records, batch_size=10, at_once=20, makes_way=True),
    )
    calm = Calm()
    async with asyncio.TaskGroup() as group:
        group.create_task(follow_agenda(works, database_url, stop, calm, lanes))
        for share in shares:
            group.create_task(follow_queue(works, database_url, stop, share, calm))
        group.create_task(follow_stream(works, stop))
        group.create_task(prune_log(works, stop))


async def follow_agenda(works: Works, database_url: str, stop: asyncio.Event, calm: Calm, lanes: int) -> None:
    """Do what falls due in live organizations."""
    bells = [asyncio.Event() for _ in range(lanes)]

    def ring(*_: object) -> None:
        for bell in bells:
            bell.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(listen(database_url, ring, stop))
        for bell in bells:
            group.create_task(drain_lanes(works, bell, stop, calm))
        await stop.wait()
        ring()


async def listen(database_url: str, heard: Callable[..., None], stop: asyncio.Event) -> None:
    """Call `heard` whenever an entry is put on the agenda that is due at once."""
    while not stop.is_set():
        connection = None
        try:
            connection = await asyncpg.connect(**driver_arguments(database_url))
            await connection.add_listener(CHANNEL, heard)
            heard()
            while not (stop.is_set() or connection.is_closed()):
                await pause(stop, RECONNECT_SECONDS)
        except Exception as error:
            log.warning("agenda.listener_lost", error=str(error))
            await pause(stop, RECONNECT_SECONDS)
        finally:
            if connection is not None:
                connection.terminate()


async def drain_lanes(works: Works, bell: asyncio.Event, stop: asyncio.Event, calm: Calm) -> None:
    """Drain one lane after another; when there is none left, wait for the bell."""
    while not stop.is_set():
        bell.clear()
        found = False
        try:
            found = await drain_some(works, stop, calm, bell)
        except LOST as error:
            log.warning("agenda.database_lost", error=str(getattr(error, "orig", error)))
        except Exception:
            log.exception("agenda.interrupted")
        if not found:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await bell.wait()


async def drain_some(works: Works, stop: asyncio.Event, calm: Calm, drainer: object) -> bool:
    """Drain due lanes that no other worker has; False where none was found.

    They are a few of the oldest, by chance: so workers seldom try the same ones.
    """
    async with works.across() as connection:
        due = await agenda.due_lanes(connection, system_now(), WINDOW)
    calm.note(drainer, busy=len(due) > LANES_AT_ONCE)
    found = False
    for lane in sample(due, min(LANES_AT_ONCE, len(due))):
        outcome = Outcome.DONE
        while outcome is Outcome.DONE and not stop.is_set():
            outcome = await run_next(works, lane)
            found = found or outcome is not Outcome.NOTHING
    return found


async def run_next(works: Works, lane: Row[Any]) -> Outcome:
    """Handle the lane's next entry, if it is due."""
    return await agenda.run_next(works, lane.organization_id, lane.lane, lane.lane_kind, system_now())


async def follow_stream(works: Works, stop: asyncio.Event) -> None:
    """Tell of events that were taken in, until there are none left; then look again a moment later."""
    while not stop.is_set():
        try:
            if await follow_events(works):
                continue
        except LOST as error:
            log.warning("events.database_lost", error=str(getattr(error, "orig", error)))
        except Exception:
            log.exception("events.interrupted")
        await pause(stop, LOOK_SECONDS)


async def prune_log(works: Works, stop: asyncio.Event) -> None:
    """Delete old rows of the queue's log, now and every hour."""
    while not stop.is_set():
        try:
            await delete_old_log_rows(works, stop)
        except Exception:
            log.exception("queue.log_not_pruned")
        await pause(stop, LOG_PRUNED_EVERY_SECONDS)


async def delete_old_log_rows(works: Works, stop: asyncio.Event) -> None:
    """Delete old rows of the queue's log, in transactions of a bounded size."""
    deleted = LOG_ROWS_AT_ONCE
    while deleted == LOG_ROWS_AT_ONCE and not stop.is_set():
        async with works.engine.begin() as connection:
            answer = await connection.execute(_OLD_LOG_ROWS, {"kept": LOG_KEPT, "rows": LOG_ROWS_AT_ONCE})
            deleted = answer.rowcount


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that has failed for the last time and is held."""

    id: int
    kind: str
    organization_id: UUID
    subject_id: UUID
    attempts: int
    failed_at: datetime
    error: str | None


async def failed_jobs(works: Works, limit: int = 100) -> list[FailedJob]:
    """The jobs that are held, the latest first."""
    async with works.engine.begin() as connection:
        rows = (await connection.execute(_FAILED_JOBS, {"limit": limit})).all()
    found: list[FailedJob] = []
    for row in rows:
        payload = msgspec.json.decode(row.payload, type=JobPayload)
        found.append(
            FailedJob(
                id=row.id,
                kind=row.entrypoint,
                organization_id=payload.organization_id,
                subject_id=payload.subject_id,
                attempts=row.attempts + 1,
                failed_at=row.updated,
                error=row.error,
            )
        )
    return found


async def retry_jobs(works: Works, ids: Sequence[int] | None = None) -> int:
    """Put held jobs, all without `ids`, on the queue again; how many.

    A job stays held where another one for its subject waits or runs.
    """
    async with works.engine.begin() as connection:
        wanted = {"every": ids is None, "ids": list(ids or ())}
        chosen = list((await connection.execute(_JOBS_TO_RETRY, wanted)).scalars())
        queue = queries_on(driver(connection))
        await queue.requeue_jobs(chosen)
        # The queue's own trigger does not see a change of state.
        settings = queue_settings()
        event = {
            "channel": settings.channel,
            "sent_at": machine_now().isoformat(),
            "type": "table_changed_event",
            "table": settings.queue_table,
            "operation": "update",
        }
        await connection.execute(select(func.pg_notify(settings.channel, msgspec.json.encode(event).decode())))
    return len(chosen)


async def failed_entries(works: Works, limit: int = 100) -> Sequence[Row[Any]]:
    """Entries of all organizations' agendas that have failed and will be tried again, the next try first."""
    async with works.across() as connection:
        return (
            await connection.execute(
                select(entries).where(entries.c.attempts > 0).order_by(entries.c.try_at, entries.c.id).limit(limit)
            )
        ).all()


async def next_entries(works: Works, limit: int = 100) -> Sequence[Row[Any]]:
    """The next entries of live organizations' agendas, in the order in which they fall due."""
    async with works.across() as connection:
        return (
            await connection.execute(
                select(entries)
                .where(entries.c.live)
                .order_by(entries.c.due_at, entries.c.rank, entries.c.sequence)
                .limit(limit)
            )
        ).all()
