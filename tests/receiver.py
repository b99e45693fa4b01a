"""A webhook receiver for tests: a real HTTP server that answers as it is told and keeps what it got."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DEADLINE_SECONDS = 20


@dataclass(frozen=True)
class Received:
    """A request that came; names of headers are in lower case."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers 200, or first with the statuses in `answers`; while `open` is cleared, answers wait."""

    answers: deque[int] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    body: bytes = b"thanks"
    port: int = 0

    def __post_init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.arrived = asyncio.Condition()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def has(self, count: int) -> list[Received]:
        """Wait until `count` requests have come; all that have."""
        async with asyncio.timeout(DEADLINE_SECONDS), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
            content = await reader.readexactly(int(headers["content-length"]))
            async with self.arrived:
                self.received.append(Received(headers, content))
                self.arrived.notify_all()
            await self.open.wait()
            status = self.answers.popleft() if self.answers else 200
            extra = f"Location: {self.url}\r\n" if status in (301, 302, 307, 308) else ""
            lines = f"HTTP/1.1 {status} Said\r\n{extra}Content-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
            writer.write(lines.encode() + self.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiver(*answers: int) -> AsyncIterator[Receiver]:
    """A receiver that gives these statuses first, and 200 after them."""
    found = Receiver(deque(answers))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        found.open.set()
        server.close()
