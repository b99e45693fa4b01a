"""A cheap HTTP/1.1 client: prepared requests on connections that stay open, answers read in full."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body."""

    status: int
    body: bytes


def prepared(method: str, target: str, *, key: str = "", body: Any = None) -> bytes:
    """A request's bytes; `key` is its API key, `body` goes out as JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(content)}"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if content:
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection to a server; one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, request: bytes) -> Answer:
        """Send a prepared request and read its answer, whose length must be given."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        _, _, rest = head.partition(b"content-length:")
        length, _, _ = rest.partition(b"\r\n")
        return Answer(int(head[9:12]), await self.reader.readexactly(int(length)))

    async def call(self, method: str, target: str, *, key: str, body: Any = None) -> Any:
        """Call the API and decode its answer, which must be a success."""
        answer = await self.send(prepared(method, target, key=key, body=body))
        if answer.status != 200:
            raise RuntimeError(f"{method} {target} answered {answer.status}: {answer.body.decode()}")
        return json.loads(answer.body) if answer.body else None


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """A connection to the server on the port."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
