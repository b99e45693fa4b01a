"""An upstream for tests: it says what it was asked, or misbehaves as its path says."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

BIG = bytes(range(256)) * (10 * 1024 * 1024 // 256)
PDF = b"%PDF-1.7\n\x00\xff\xfe"
INVOICE = {
    "invoice": {
        "lago_id": "i-1",
        "number": 17,
        "paid": True,
        "total": "12.50",
        "rate": 0.1,
        "fees": [{"code": "a", "cents": 100}, {"code": "b", "cents": 250}],
        "customer": {"name": "Zoë", "address": None},
    }
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. `target` is path and query, with their escapes."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Stub:
    """The upstream: what it was asked, and by how many connections."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    waiting: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nobody reads an endless answer any more."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Asked:
        """What it was asked last."""
        return self.asked[-1]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note a request and answer it as its path says."""
        if request.path.endswith("/hasty"):
            return web.Response(status=413, text="too large", headers={"Connection": "close"})
        body = await request.read()
        assert request.transport is not None
        self.connections.add(id(request.transport))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.raw_path, headers, body))
        behaviour = BEHAVIOURS.get(request.path.rpartition("/")[2], echo)
        return await behaviour(self, request)


async def echo(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """Say what was asked."""
    asked = stub.last
    told = {"method": asked.method, "target": asked.target, "body": asked.body.decode("utf-8", "replace")}
    return web.json_response(told, headers={"X-Upstream": "stub", "Set-Cookie": "a=b", "ETag": '"1"'})


async def invoice(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An invoice."""
    return web.json_response(INVOICE)


async def listed(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """A list."""
    return web.json_response([1, 2, 3])


async def html(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """A page."""
    return web.Response(text="<h1>Hello</h1>", content_type="text/html")


async def false_json(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """Something that calls itself JSON."""
    return web.Response(text="{not json", content_type="application/json")


async def failing(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An error of its own."""
    return web.json_response({"error": "broken"}, status=500)


async def refusing(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An error of whoever asks."""
    return web.json_response({"status": 422, "error_details": {"code": ["missing"]}}, status=422)


async def big(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """Ten megabytes."""
    return web.Response(body=BIG, content_type="application/octet-stream")


async def pdf(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """A document."""
    return web.Response(body=PDF, content_type="application/pdf")


async def packed(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An invoice, packed whether it is wanted or not."""
    body = gzip.compress(json.dumps(INVOICE).encode())
    return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


async def nothing(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """No content."""
    return web.Response(status=204)


async def elsewhere(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """A redirection."""
    return web.Response(status=303, headers={"Location": "/other"})


async def hanging(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """No answer until it is released."""
    stub.waiting += 1
    await stub.released.wait()
    return web.json_response({"late": True})


async def endless(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An answer that does not end by itself."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    with suppress(ConnectionResetError):
        while not stub.released.is_set():
            await response.write(b"data: tick\n\n")
            await asyncio.sleep(0.02)
    stub.left.set()
    return response


async def garbage(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """What is no HTTP."""
    assert request.transport is not None
    request.transport.write(b"220 mail.example ESMTP\r\n")  # pyright: ignore[reportAttributeAccessIssue]
    request.transport.close()
    return web.Response()


async def breaking(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """An answer that breaks off."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"begun":')
    assert request.transport is not None
    request.transport.close()
    return response


async def closing(stub: Stub, request: web.BaseRequest) -> web.StreamResponse:
    """Nothing but the end of the connection."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


BEHAVIOURS: dict[str, Callable[[Stub, web.BaseRequest], Coroutine[Any, Any, web.StreamResponse]]] = {
    "invoice": invoice,
    "list": listed,
    "html": html,
    "false-json": false_json,
    "500": failing,
    "422": refusing,
    "big": big,
    "pdf": pdf,
    "packed": packed,
    "204": nothing,
    "303": elsewhere,
    "hang": hanging,
    "endless": endless,
    "garbage": garbage,
    "break": breaking,
    "close": closing,
}


def request_of_any_size(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request whose body may be large."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=4 * len(BIG))


@asynccontextmanager
async def upstream() -> AsyncIterator[Stub]:
    """A stub that listens, and is gone afterwards."""
    stub = Stub()
    runner = web.ServerRunner(
        web.Server(stub.handle, request_factory=request_of_any_size, access_log=None), shutdown_timeout=1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.port = runner.addresses[0][1]
    try:
        yield stub
    finally:
        stub.released.set()
        await runner.cleanup()
