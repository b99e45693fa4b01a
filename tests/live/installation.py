"""A whole installation for tests, with a clock that they set: an API and two workers in processes of their own.

Its organizations are live ones. What falls due is found and done by the workers, as it is in production; nothing is
advanced.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from tests.nodes import Node, Nodes

WORKERS = 2
SETTLE_SECONDS = 60
POLL_SECONDS = 0.02

# One statement, so that all of it is of one moment: what one part sets off in another cannot slip through.
_UNDONE = """
    select
        (select count(*) from agenda where live and due_at <= $1 and try_at is null) as due,
        (select count(*) from agenda where try_at is not null) as failed,
        (select count(*) from queue.pgqueuer where status in ('queued', 'picked') and execute_after <= now()) as queued,
        (select count(*) from events left join follower_positions f on f.follower = 'events'
            where f.xid is null or (events.xid, events.id) > (cast(cast(f.xid as text) as xid8), f.row_id)
        ) as unfollowed
"""
_RING = "select pg_notify('conto_agenda', '')"
_FORGET = "delete from agenda; delete from queue.pgqueuer"
# Who has just been killed has its jobs no more, which would be noticed in half a minute.
_ABANDONED = "update queue.pgqueuer set heartbeat = heartbeat - interval '1 hour' where status = 'picked'"
_FAILURES = "select kind, error from agenda where try_at is not null"


class NotSettled(AssertionError):
    """Something was not done in time, or failed; the message says what."""


@dataclass
class Installation:
    """The processes, the file that is their clock, and a connection that looks at what they have to do."""

    nodes: Nodes
    file: Path
    connection: asyncpg.Connection
    server: Node
    workers: list[Node]

    @property
    def url(self) -> str:
        """Where the API answers."""
        return self.server.url

    def set_clock(self, instant: str) -> None:
        """Have the clock show the instant. The file is replaced, never half-written."""
        written = self.file.with_suffix(".new")
        written.write_text(instant)
        os.replace(written, self.file)

    async def move_clock(self, instant: str) -> None:
        """Have the clock show the instant, and wait until all that is due then is done.

        Raises:
            NotSettled: it is not done in time, or an entry of the agenda has failed.
        """
        self.set_clock(instant)
        await self.connection.execute(_RING)
        await self.settle(instant)

    async def settle(self, instant: str) -> None:
        """Wait until all that is due at the instant is done; see `move_clock`."""
        until = datetime.fromisoformat(instant)
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while any(undone := await self.connection.fetchrow(_UNDONE, until)):
            if undone["failed"]:
                failures = [f"{row['kind']}: {row['error']}" for row in await self.connection.fetch(_FAILURES)]
                raise NotSettled(f"entries of the agenda have failed: {failures}")
            if asyncio.get_running_loop().time() > deadline:
                raise NotSettled(f"at {instant} there is still to do: {dict(undone)}")
            await asyncio.sleep(POLL_SECONDS)

    async def forget(self) -> None:
        """Take off what earlier scenarios have left to be done, at whatever time."""
        await self.connection.execute(_FORGET)

    async def restart(self, how: signal.Signals) -> None:
        """End all processes by the signal, and start them again."""
        await self.end(how, self.server, *self.workers)
        await self.start(self.server, *self.workers)

    async def end(self, how: signal.Signals, *nodes: Node) -> None:
        """End processes by the signal; what they had in hand is anybody's."""
        for node in nodes:
            node.tell(how)
        for node in nodes:
            await asyncio.to_thread(node.wait)
        await self.connection.execute(_ABANDONED)

    async def start(self, *nodes: Node) -> None:
        """Start processes, and wait until the API answers."""
        for node in nodes:
            node.start()
        await asyncio.to_thread(self.server.wait_until_ready)


async def connected(nodes: Nodes) -> asyncpg.Connection:
    """A connection of the superuser, whatever row-level security says."""
    return await asyncpg.connect(nodes.database_url.replace("+asyncpg", ""))


@asynccontextmanager
async def installed(nodes: Nodes, instant: str, *, working: bool = True) -> AsyncIterator[Installation]:
    """An installation on the nodes' database, whose clock shows the instant; its workers run if `working`."""
    file = nodes.folder / "clock"
    file.write_text(instant)
    # No address of the outside is asked for anything.
    environment = {
        "CONTO_CLOCK_FILE": str(file),
        "CONTO_VIES_URL": "http://127.0.0.1:1/vies",
        "CONTO_DRAIN_SECONDS": "0",
    }
    server, *others = [nodes.new(name, **environment) for name in ("serve", *("worker",) * WORKERS)]
    connection = await connected(nodes)
    try:
        found = Installation(nodes, file, connection, server, others)
        await found.start(server, *(others if working else ()))
        yield found
    finally:
        await connection.close()
        nodes.kill_all()
