"""Following the queue: jobs of some kinds are taken and run, and found again after the database was away."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from conto import jobs
from conto.calm import Calm, first_of, pause
from conto.db.engine import driver_arguments
from conto.db.queue import queue_settings
from conto.work import Works

if TYPE_CHECKING:
    from pgqueuer import PgQueuer
    from pgqueuer.core.executors import EntrypointExecutorParameters
    from pgqueuer.models import Job

log = structlog.get_logger()

LOOK = timedelta(seconds=5)
"""Longest time between two looks at a queue; normally it is told of new jobs."""
TOLD_EVERY_SECONDS = 0.1
"""Shortest time between two looks because of new jobs: each look takes longer than most jobs."""
RECONNECT_SECONDS = 1
CLOSE_SECONDS = 2

PATIENCE_SECONDS = 60
"""Longest time that a queue makes way for the agenda."""
TURN_SECONDS = 10
"""How long it then goes on for."""

RETRIES = 4
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=30)
PAUSE_GROWTH = 4.0


@dataclass(frozen=True, slots=True)
class Share:
    """Kinds of job that are taken together: so many a look, and at most so many at once.

    With `makes_way` none of them is taken while the agenda is busy.
    """

    kinds: Sequence[str]
    batch_size: int
    at_once: int
    makes_way: bool = False


async def follow_queue(works: Works, database_url: str, stop: asyncio.Event, share: Share, calm: Calm) -> None:
    """Run the share's jobs until `stop` is set."""

    async def run_job(job: "Job") -> None:
        await jobs.run(works, job.entrypoint, job.payload)

    queue_settings()
    while share.kinds and not stop.is_set():
        if share.makes_way and calm.busy.is_set():
            await first_of(stop, calm.quiet, seconds=PATIENCE_SECONDS)
        pool, lost = None, asyncio.Event()
        try:
            pool = await open_pool(database_url, lost)
            queuer = queuer_on(pool, share.kinds, run_job)
            ending = asyncio.create_task(shut_down(queuer, stop, lost, way=calm if share.makes_way else None))
            try:
                # Statistics would only grow: nothing reads them.
                await queuer.run(
                    dequeue_timeout=LOOK,
                    batch_size=share.batch_size,
                    max_concurrent_tasks=share.at_once,
                    log_aggregation_interval=timedelta(0),
                )
            finally:
                ending.cancel()
        except Exception as error:
            if lost.is_set():
                log.warning("queue.connection_lost", kinds=share.kinds, error=str(error))
            else:
                log.exception("queue.interrupted", kinds=share.kinds)
            await pause(stop, RECONNECT_SECONDS)
        finally:
            if pool is not None:
                await close(pool)


async def open_pool(database_url: str, lost: asyncio.Event) -> asyncpg.Pool:
    """A queue's connections. `lost` is set when one of them ends: it may be the one that is told of new jobs."""

    async def watch(connection: Any) -> None:
        connection.add_termination_listener(lambda _: lost.set())

    async def as_it_is(_: Any) -> None:
        """Give a connection back: the queue's library leaves nothing behind on it that a round trip must clear."""

    return await asyncpg.create_pool(
        **driver_arguments(database_url, plans_once=True),
        min_size=2,
        max_size=4,
        max_inactive_connection_lifetime=0,
        init=watch,
        reset=as_it_is,
    )


def queuer_on(
    pool: asyncpg.Pool, kinds: Sequence[str], run_job: "Callable[[Job], Coroutine[Any, Any, None]]"
) -> "PgQueuer":
    """What takes jobs of these kinds off the queue and has them run."""
    from pgqueuer import PgQueuer

    queuer = PgQueuer(_driver()(pool))
    for kind in kinds:
        queuer.entrypoint(kind, on_failure="hold", accepts_context=False, executor_factory=patient)(run_job)
    return queuer


@cache
def _driver() -> type[Any]:
    """The library's driver, told of new jobs only now and then: a billing run has a notice for every invoice."""
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver

    class Driver(AsyncpgPoolDriver):
        async def add_listener(self, channel: str, callback: Callable[[Any], None]) -> None:
            await super().add_listener(channel, Seldom(callback))

    return Driver


class Seldom:
    """Passes a notice of new jobs on at once, and of those that follow closely only the last, a moment later."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell
        self._waiting: Any = None
        self._pausing = False

    def __call__(self, payload: Any) -> None:
        if "table_changed_event" not in str(payload):
            self._tell(payload)
        elif self._pausing:
            self._waiting = payload
        else:
            self._pass_on(payload)

    def _pass_on(self, payload: Any) -> None:
        self._tell(payload)
        self._pausing = True
        asyncio.get_running_loop().call_later(TOLD_EVERY_SECONDS, self._after_pause)

    def _after_pause(self) -> None:
        payload, self._waiting, self._pausing = self._waiting, None, False
        if payload is not None:
            self._pass_on(payload)


def patient(parameters: "EntrypointExecutorParameters") -> Any:
    """Runs a job again after growing pauses, `RETRIES` times at most, and not where that is hopeless."""
    return _patient_executor()(
        parameters,
        max_attempts=RETRIES,
        initial_delay=FIRST_PAUSE,
        max_delay=LONGEST_PAUSE,
        backoff_multiplier=PAUSE_GROWTH,
    )


@cache
def _patient_executor() -> type[Any]:
    from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor
    from pgqueuer.domain.errors import RetryRequested

    class Patient(DatabaseRetryEntrypointExecutor):
        async def execute(self, job: "Job", context: Any) -> None:
            try:
                await super().execute(job, context)
            except RetryRequested as retry:
                if isinstance(retry.__cause__, jobs.Hopeless):
                    raise retry.__cause__ from None
                raise

    return Patient


async def shut_down(queuer: "PgQueuer", *causes: asyncio.Event, way: Calm | None) -> None:
    """Have the queuer end when one of the events is set; and, where it makes way, when the agenda becomes busy.

    While that is busy the queuer has its turn, and no more.
    """
    if way is None:
        await first_of(*causes)
    elif way.busy.is_set():
        await first_of(*causes, seconds=TURN_SECONDS)
    else:
        await first_of(*causes, way.busy)
    queuer.shutdown.set()


async def close(pool: asyncpg.Pool) -> None:
    """Close the pool, by force where a broken connection is never given back."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except Exception:
        pool.terminate()
