"""Calls wait in memory to be logged, and are written in the background, apart from their own transactions.

So a call that failed is logged although its transaction was rolled back, and no call waits for its log. What cannot be
written, as when the database is away, stays within bounds: then the oldest calls are dropped, and counted.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import structlog
from litestar.types import HTTPScope
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from conto.api.query import parsed
from conto.db.faults import Deadlock, sqlstate
from conto.errors import BadRequest, Locked
from conto.logs.calls import LONGEST, LoggedCall, store

if TYPE_CHECKING:
    from conto.work import Work, Works

log = structlog.get_logger()

EVERY_SECONDS = 0.25
AT_ONCE = 50
"""Calls written in one turn: what the event loop prepares without a pause takes a few milliseconds."""
MOST_CALLS = 5_000
MOST_BYTES = 32 * 1024 * 1024
LAST_SECONDS = 5
"""How long the last calls may take to be written when the server ends."""
TEXT_LIMIT = 1024

SCOPE_KEY = "conto.call"
IN_THE_WAY = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, Locked, Deadlock)
"""Errors of the database's being away or busy; the calls are kept, and tried again."""
OF_THE_DATA = ("22", "23")
"""Classes of SQLSTATE that say that rows can never be written."""


@dataclass(slots=True)
class Call:
    """A call that is being answered. `organization_id` is None until its key is known, and for good if it is none."""

    organization_id: UUID | None = None
    now: datetime | None = None
    path_parameters: dict[str, Any] = field(default_factory=dict)
    body: bytes | int = b""
    answer: bytes | int = b""

    def of(self, work: "Work", path_parameters: dict[str, Any], body: bytes) -> None:
        """Note whose call it is, and what it says."""
        self.organization_id, self.now = work.organization.id, work.now
        self.path_parameters, self.body = path_parameters, bounded(body)


def bounded(content: bytes) -> bytes | int:
    """The content, or how long it is where that is too much to keep."""
    return content if len(content) <= LONGEST else len(content)


def logged(scope: HTTPScope, call: Call, request_id: str, status: int) -> LoggedCall:
    """An answered call as it is logged; `call` must have an organization."""
    assert call.organization_id is not None
    assert call.now is not None
    headers = {name: value.decode("latin-1")[:TEXT_LIMIT] for name, value in reversed(list(scope["headers"]))}
    forwarded = headers.get(b"x-forwarded-proto")
    scheme = forwarded if forwarded in ("http", "https") else scope["scheme"]
    return LoggedCall(
        organization_id=call.organization_id,
        request_id=request_id,
        client=headers.get(b"user-agent", ""),
        method=scope["method"],
        status=status,
        origin=f"{scheme}://{headers.get(b'host', '')}/",
        path=scope["path"],
        path_parameters=call.path_parameters,
        query_parameters=query_of(scope),
        body=call.body,
        answer=call.answer,
        api_version=scope["path"].split("/")[2],
        logged_at=call.now,
    )


def query_of(scope: HTTPScope) -> dict[str, Any]:
    """The parameters of the query string, none where it cannot be read."""
    try:
        return parsed(scope["query_string"])
    except BadRequest:
        return {}


class CallLog:
    """The calls that wait to be logged, and what writes them; `on_drop` is told how many are dropped."""

    def __init__(self, works: "Works", on_drop: Callable[[int], None]) -> None:
        self.works = works
        self.on_drop = on_drop
        self.waiting: deque[LoggedCall] = deque()
        self.size = 0

    def add(self, call: LoggedCall) -> None:
        """Have the call logged, at the cost of the oldest where there are too many."""
        self.waiting.append(call)
        self.size += call.size
        self.keep_within_bounds()

    def keep_within_bounds(self) -> None:
        """Drop the oldest calls until the others are few and small enough."""
        while len(self.waiting) > MOST_CALLS or self.size > MOST_BYTES:
            self.take_first()
            self.on_drop(1)

    def take_first(self) -> LoggedCall:
        """The call that has waited longest, taken out."""
        call = self.waiting.popleft()
        self.size -= call.size
        return call

    async def flush(self) -> bool:
        """Write all that waits; False where the database was in the way, and the rest goes on waiting."""
        while self.waiting:
            batch = [self.take_first() for _ in range(min(AT_ONCE, len(self.waiting)))]
            left = await self.write(batch)
            if left:
                self.put_back(left)
                return False
        return True

    async def write(self, calls: Sequence[LoggedCall]) -> list[LoggedCall]:
        """Write the calls, each organization's in a transaction of its own; those that are to be tried again."""
        by_organization: dict[UUID, list[LoggedCall]] = defaultdict(list)
        for call in calls:
            by_organization[call.organization_id].append(call)
        left: list[LoggedCall] = []
        for organization_id, its_calls in by_organization.items():
            try:
                async with self.works.enter(organization_id) as work:
                    await store(work, its_calls)
            except Exception as error:
                if is_in_the_way(error):
                    log.warning("api_log.waits", error=str(getattr(error, "orig", error)), calls=len(its_calls))
                    left += its_calls
                else:
                    log.exception("api_log.dropped", organization=str(organization_id), calls=len(its_calls))
                    self.on_drop(len(its_calls))
        return left

    def put_back(self, calls: Sequence[LoggedCall]) -> None:
        """Have calls that were taken out wait again, ahead of the others."""
        self.waiting.extendleft(reversed(calls))
        self.size += sum(call.size for call in calls)
        self.keep_within_bounds()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write what waits, again and again, for as long as the context lasts; at its end the rest."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.write_until(stop))
        try:
            yield
        finally:
            stop.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await task
            if self.waiting:
                log.error("api_log.lost", calls=len(self.waiting))

    async def write_until(self, stop: asyncio.Event) -> None:
        """Write what waits every fraction of a second, and once more when `stop` is set."""
        while not stop.is_set():
            await self.flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
        await self.flush()


def is_in_the_way(error: Exception) -> bool:
    """Whether the same rows may be written another time."""
    if isinstance(error, DBAPIError | asyncpg.PostgresError) and (sqlstate(error) or "").startswith(OF_THE_DATA):
        return False
    return isinstance(error, IN_THE_WAY)
