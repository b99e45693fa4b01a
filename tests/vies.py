"""A VIES for tests: a real HTTP server that knows some numbers, and is down when it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

QUESTION = b"POST /rest/check-vat-number "


@dataclass
class Vies:
    """Answers that the numbers in `known` are valid. With an `error` it says so instead, with the status beside it.

    While `open` is cleared, answers wait.
    """

    known: set[str] = field(default_factory=set)
    error: str | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.arrived = asyncio.Event()

    @property
    def url(self) -> str:
        """What `CONTO_VIES_URL` is to be."""
        return f"http://127.0.0.1:{self.port}/rest"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with one question."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            question = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
            status, body = (self.status, self.answer(question)) if head.startswith(QUESTION) else (404, {})
            self.arrived.set()
            await self.open.wait()
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            lines = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            writer.write(lines.encode() + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def answer(self, question: dict[str, Any]) -> Any:
        """What is said of the number asked about."""
        number = question["countryCode"] + question["vatNumber"]
        self.asked.append(number)
        if self.error:
            return {"actionSucceed": False, "errorWrappers": [{"error": self.error}]}
        return question | {
            "requestDate": "2024-03-05T12:00:00.000Z",
            "valid": number in self.known,
            "requestIdentifier": "",
            "name": "HOOLI SPA",
            "address": "VIA MARCONI 1\n00146 ROMA",
        }


@asynccontextmanager
async def vies(*known: str) -> AsyncIterator[Vies]:
    """A VIES that knows these numbers."""
    found = Vies(set(known))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        found.open.set()
        server.close()
