"""A proxy before PostgreSQL that cuts a connection at the n-th statement: before it, or before its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

PORT = 5432
STATEMENTS = b"QE"
"""The messages by which a client has the server do something: a plain query, and the execution of a prepared one."""
READY = b"Z"


@dataclass
class Proxy:
    """Passes everything on, until the client's statement number `cut_at`; statements count from 1 over all clients.

    With `answered` that statement still reaches the server, and the connection is cut when its answer is there.
    """

    server: str
    folder: Path
    cut_at: int | None = None
    answered: bool = False
    statements: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self, cut_at: int | None, *, answered: bool = False) -> None:
        """Count from the start again, and cut there."""
        self.statements, self.cut_at, self.answered = 0, cut_at, answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, on a connection to the server of its own."""
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        link = Link(self, reader, writer, from_server, to_server)
        self.writers += [writer, to_server]
        try:
            await asyncio.gather(link.requests(), link.answers())
        except (ConnectionError, asyncio.IncompleteReadError, Cut):
            pass
        finally:
            for one in (writer, to_server):
                one.transport.abort()


class Cut(Exception):
    """The connection is to end here."""


@dataclass
class Link:
    """The two ways of one connection. An answer to be lost is lost when the server is ready for the next statement."""

    proxy: Proxy
    from_client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    from_server: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    losing: bool = False

    async def requests(self) -> None:
        """Pass on what the client says; the first message has no kind."""
        await self.pass_on(self.from_client, self.to_server, kind=b"")
        while True:
            kind = await self.from_client.readexactly(1)
            if kind in STATEMENTS:
                self.proxy.statements += 1
                if self.proxy.statements == self.proxy.cut_at:
                    if not self.proxy.answered:
                        raise Cut
                    self.losing = True
            await self.pass_on(self.from_client, self.to_server, kind)

    async def answers(self) -> None:
        """Pass on what the server says."""
        while True:
            kind = await self.from_server.readexactly(1)
            if self.losing and kind == READY:
                raise Cut
            await self.pass_on(self.from_server, self.to_client, kind)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: bytes) -> None:
        length = await reader.readexactly(4)
        rest = await reader.readexactly(int.from_bytes(length, "big") - 4)
        if not (self.losing and writer is self.to_client):
            writer.write(kind + length + rest)
            await writer.drain()


@asynccontextmanager
async def proxied(server_folder: str, folder: Path) -> AsyncIterator[Proxy]:
    """A proxy that listens in `folder`, as a server would."""
    proxy = Proxy(f"{server_folder}/.s.PGSQL.{PORT}", folder)
    server = await asyncio.start_unix_server(proxy.serve, folder / f".s.PGSQL.{PORT}")
    try:
        yield proxy
    finally:
        server.close()
        for writer in proxy.writers:
            writer.transport.abort()
