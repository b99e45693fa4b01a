"""The queue of effects on the outside: webhooks, documents, mail, payment providers.

A job is put on the queue in the transaction of the action that causes it, so it exists exactly when
the action happened. Handlers are idempotent: a job may run again after a crash. A job of a test
organization goes to an entrypoint that no live worker takes; advancing its clock runs it
(`conto.test_clock`). A job that fails for the last time is held, never deleted.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from conto.db.engine import driver
from conto.db.queue import queries_on

if TYPE_CHECKING:
    from conto.work import Works

REHEARSAL = "rehearsal."
"""Prefix of the entrypoints that hold the jobs of test organizations."""

type_of_handler = Callable[["Works", UUID, UUID], Awaitable[None]]
HANDLERS: dict[str, type_of_handler] = {}


class Hopeless(Exception):
    """A handler's word that no further try would help: the job is held at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of outside work about one object of an organization.

    `delay` runs by the real clock. `once` keeps a second job of the kind for the subject away while
    the first one waits or runs. `real_time` sends a test organization's job to the live workers, as
    for retries, which the test clock does not wait for.
    """

    kind: str
    subject_id: UUID
    delay: timedelta | None = None
    once: bool = False
    real_time: bool = False


class JobPayload(msgspec.Struct, frozen=True):
    """What the queue keeps of a job."""

    organization_id: UUID
    subject_id: UUID


def handles(kind: str) -> Callable[[type_of_handler], type_of_handler]:
    """Register the handler of a kind of job: `handler(works, organization_id, subject_id)`."""

    def register(handler: type_of_handler) -> type_of_handler:
        assert kind not in HANDLERS
        HANDLERS[kind] = handler
        return handler

    return register


async def enqueue(connection: AsyncConnection, organization_id: UUID, live: bool, jobs: Sequence[Job]) -> None:
    """Put all jobs on the queue in the connection's transaction, in one statement."""
    if not jobs:
        return
    payloads = [msgspec.json.encode(JobPayload(organization_id, job.subject_id)) for job in jobs]
    await queries_on(driver(connection)).enqueue(
        [job.kind if live or job.real_time else REHEARSAL + job.kind for job in jobs],
        list[bytes | None](payloads),
        [0] * len(jobs),
        execute_after=[job.delay for job in jobs],
        dedupe_key=[f"{job.kind}:{job.subject_id}" if job.once else None for job in jobs],
        headers=[{"organization_id": str(organization_id)} for _ in jobs],
        on_conflict="skip",
    )


async def run(works: "Works", kind: str, payload: bytes | None) -> None:
    """Run one job taken from the queue."""
    job = msgspec.json.decode(payload or b"", type=JobPayload)
    await HANDLERS[kind.removeprefix(REHEARSAL)](works, job.organization_id, job.subject_id)
