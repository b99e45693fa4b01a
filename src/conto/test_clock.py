"""Test clocks: a rehearsal moves an organization's frozen time and does all that falls due on the way.

The agenda runs through the same handlers and code as on a live organization. Advances of one
organization's clock, and writes during one, wait for each other on an advisory lock that the
advance holds on its own connection through all its transactions.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from conto import agenda, jobs
from conto.agenda import Outcome
from conto.db.faults import raised_as_ours
from conto.errors import Forbidden, Invalid
from conto.work import Works

log = structlog.get_logger()

JOBS_AT_ONCE = 4

_LOCK = text("select pg_advisory_lock(hashtextextended('conto.clock ' || :organization, 0))")
_UNLOCK = text("select pg_advisory_unlock(hashtextextended('conto.clock ' || :organization, 0))")
_PATIENCE = text("select set_config('lock_timeout', '120s', true), set_config('statement_timeout', '0', true)")
_WAITING_JOBS = text(
    "select id, entrypoint, payload from queue.pgqueuer"
    " where status = 'queued' and entrypoint = any(:entrypoints) and headers->>'organization_id' = :organization"
    " order by priority desc, id"
)
_JOB_DONE = text("delete from queue.pgqueuer where id = :id")
_JOB_TO_LIVE_WORKERS = text("update queue.pgqueuer set entrypoint = :entrypoint where id = :id")


async def advance(works: Works, organization_id: UUID, target: datetime) -> None:
    """Move the organization's clock to `target` and do all that fell due up to and including it.

    What fell due carries its own instant. Effects on the outside get one attempt each; their retries go
    on in real time, by the live workers.

    Raises:
        Forbidden: the organization has no test clock.
        Invalid: `target` lies before what the clock shows.
    """
    async with works.engine.connect() as connection, _holding(connection, organization_id):
        async with works.enter(organization_id, connection=connection) as work:
            shown = work.organization.frozen_time
        if shown is None:
            raise Forbidden("feature_unavailable")
        if target < shown:
            raise Invalid({"frozen_time": ["value_is_out_of_range"]})
        await _settle(works, connection, organization_id, target)
        async with works.enter(organization_id, connection=connection) as work:
            await agenda.move_clock(work, target)
        await _settle(works, connection, organization_id, target)


@asynccontextmanager
async def _holding(connection: AsyncConnection, organization_id: UUID) -> AsyncIterator[None]:
    """Hold the organization's clock for as long as the connection goes through its transactions."""
    with raised_as_ours():
        async with connection.begin():
            await connection.execute(_PATIENCE)
            await connection.execute(_LOCK, {"organization": str(organization_id)})
    try:
        yield
    finally:
        if not connection.invalidated:
            async with connection.begin():
                await connection.execute(_UNLOCK, {"organization": str(organization_id)})


async def _settle(works: Works, connection: AsyncConnection, organization_id: UUID, target: datetime) -> None:
    """Run entries, then jobs, until neither leaves anything behind."""
    while True:
        while await _run_entry(works, connection, organization_id, target):
            pass
        if not await _run_jobs(works, connection, organization_id):
            return


async def _run_entry(works: Works, connection: AsyncConnection, organization_id: UUID, target: datetime) -> bool:
    async with works.enter(organization_id, connection=connection) as work:
        head = await agenda.next_of_organization(work, target)
    if head is None:
        return False
    outcome = await agenda.run_next(
        works, organization_id, head.lane, head.lane_kind, target, connection=connection, wait=True
    )
    return outcome is not Outcome.NOTHING


async def _run_jobs(works: Works, connection: AsyncConnection, organization_id: UUID) -> bool:
    """Give each waiting job one attempt; whether there were any."""
    entrypoints = [jobs.REHEARSAL + kind for kind in jobs.HANDLERS]
    async with connection.begin():
        found = await connection.execute(
            _WAITING_JOBS, {"entrypoints": entrypoints, "organization": str(organization_id)}
        )
        waiting = found.all()
    turns = asyncio.Semaphore(JOBS_AT_ONCE)

    async def attempt(entrypoint: str, payload: bytes) -> bool:
        async with turns:
            try:
                await jobs.run(works, entrypoint, payload)
            except Exception:
                log.exception("job.failed", kind=entrypoint, organization=str(organization_id))
                return False
            return True

    done = await asyncio.gather(*(attempt(job.entrypoint, job.payload) for job in waiting))
    async with connection.begin():
        for job, well in zip(waiting, done, strict=True):
            if well:
                await connection.execute(_JOB_DONE, {"id": job.id})
            else:
                live = job.entrypoint.removeprefix(jobs.REHEARSAL)
                await connection.execute(_JOB_TO_LIVE_WORKERS, {"id": job.id, "entrypoint": live})
    return bool(waiting)
