"""The REST surface of a capability: finds the exposed operation, makes its call, passes the answer on."""

import asyncio
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

import aiohttp
import msgspec
import structlog

from conto.capability.guard import challenge, is_allowed, is_foreign
from conto.capability.incoming import Incoming, Receive, Refusal, Request, Scope, Send, body_use, raw_path
from conto.capability.model import Call, Capability, Endpoint, RestSurface
from conto.capability.naming import path_parts
from conto.capability.openapi import describe, listing
from conto.capability.request import DECODER, ENCODER, JSON, Refused, outgoing
from conto.capability.upstream import Upstream, UpstreamError

log = structlog.get_logger()

NOT_PASSED = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade set-cookie server"
    b" date alt-svc strict-transport-security".split()
)
"""Headers of the upstream that belong to its connection or its origin."""
OF_BODY = frozenset({b"content-length", b"content-encoding", b"content-type", b"etag", b"content-md5", b"digest"})


@dataclass(frozen=True, slots=True)
class Route:
    """A path with what may be done there, by method."""

    pattern: re.Pattern[str]
    names: Sequence[str]
    endpoints: Mapping[str, Endpoint]


class Answer:
    """Sends an answer, and knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of it."""
        self.begun = True
        await self.send(message)

    async def fail(self, refusal: Refusal) -> None:
        """Send a refusal instead; an answer that has begun breaks off, so that nobody takes it for a whole one."""
        if self.begun:
            raise refusal from None
        await send_refusal(self.send, refusal)


class RestApp:
    """The ASGI application of a REST surface."""

    def __init__(self, capability: Capability, surface: RestSurface, upstream: Upstream) -> None:
        self.surface = surface
        self.upstream = upstream
        self.routes = routes_of(surface.endpoints)
        self.pages = {
            "/": ENCODER.encode(listing(capability, surface)),
            "/openapi.json": ENCODER.encode(describe(capability, surface)),
        }
        self.uses = {id(endpoint): body_use(endpoint.call) for endpoint in surface.endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        incoming = Incoming(scope, receive)
        answer = Answer(send)
        try:
            await self.answer(scope, incoming, answer)
        except Refusal as refusal:
            await send_refusal(answer, refusal)
        except Refused as refused:
            await send_refusal(answer, Refusal(400, "bad_request", f"{str(refused)[:1].upper()}{str(refused)[1:]}."))
        except UpstreamError as error:
            log.warning("capability.failed", path=scope["path"], status=error.status, reason=error.code)
            await answer.fail(Refusal(error.status, error.code, error.message))
        except ConnectionResetError:
            log.info("capability.gone", path=scope["path"])
        except Exception:
            log.exception("capability.bug", path=scope["path"])
            await answer.fail(Refusal(500, "internal_error", "Something is wrong in the runner."))
        await incoming.drain()

    async def answer(self, scope: Scope, incoming: Incoming, send: Send) -> None:
        """Find the operation, call it, pass its answer on.

        Raises:
            Refusal: the surface itself has to refuse.
            Refused: a parameter is missing or cannot be sent.
            UpstreamError: the upstream gives no answer.
        """
        headers = incoming.headers
        if is_foreign(headers, self.surface.address):
            raise Refusal(403, "foreign_origin", "Web pages of other origins may not call this surface.")
        if not is_allowed(headers, scope["query_string"].decode("latin-1"), self.surface.authentication):
            proof = (b"www-authenticate", challenge(self.surface.authentication).encode())
            raise Refusal(401, "unauthorized", "This surface asks for authentication.", (proof,))
        path = raw_path(scope)
        endpoint, values = self.find(scope["method"], path)
        if endpoint is None:
            await send_json(send, 200, self.pages[path])
            return
        body = await incoming.read(self.uses[id(endpoint)])
        passed = {"accept": headers.get("accept", "*/*")}
        whole = endpoint.call.answered.is_whole
        passed["accept-encoding"] = headers.get("accept-encoding", "identity") if whole else "identity"
        request = outgoing(endpoint.call, Request(scope["query_string"], headers, values, body), passed)
        async with self.upstream.answer(request, decompress=not whole) as response:
            if whole or not 200 <= response.status < 300:
                await self.pass_on(response, incoming, send, changed=not whole)
            else:
                await self.send_mapped(endpoint.call, response, send)

    def find(self, method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
        """The operation that a request asks for, with the parameters of its path; none for a page of our own.

        Raises:
            Refusal: there is nothing of that path, or not with that method.
        """
        allowed: list[str] = []
        for route in self.routes:
            found = route.pattern.fullmatch(path)
            if found is None:
                continue
            endpoint = route.endpoints.get(method)
            if endpoint is not None:
                texts = (unquote(text, errors="surrogateescape") for text in found.groups())
                return endpoint, dict(zip(route.names, texts, strict=True))
            allowed += route.endpoints
        if path in self.pages:
            if method in ("GET", "HEAD"):
                return None, {}
            allowed += ["GET", "HEAD"]
        if not allowed:
            raise Refusal(404, "not_found", "There is nothing of this path; GET / lists what there is.")
        names = ", ".join(dict.fromkeys(allowed))
        raise Refusal(405, "method_not_allowed", f"What may be done here: {names}.", ((b"allow", names.encode()),))

    async def pass_on(self, response: aiohttp.ClientResponse, incoming: Incoming, send: Send, *, changed: bool) -> None:
        """Pass an answer on as it comes; `changed` says that it has been unpacked on its way.

        Raises:
            ConnectionResetError: whoever asked is gone, so that an answer without an end does not go on for nobody.
        """
        await send(
            {"type": "http.response.start", "status": response.status, "headers": passed_headers(response, changed)}
        )
        gone: asyncio.Task[None] | None = None
        try:
            async for piece in self.upstream.pieces(response):
                # A server sends an answer of one piece faster than one that may go on.
                more = not response.content.at_eof()
                await send({"type": "http.response.body", "body": piece, "more_body": more})
                if not more:
                    return
                gone = gone or asyncio.create_task(incoming.gone())
                if gone.done():
                    response.close()
                    raise ConnectionResetError("the client is gone")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if gone is not None:
                gone.cancel()

    async def send_mapped(self, call: Call, response: aiohttp.ClientResponse, send: Send) -> None:
        """Send what the call's outputs make of an answer; of one without a body, its status.

        Raises:
            UpstreamError: the answer is no JSON.
        """
        body = await self.upstream.whole(response)
        if not body:
            await send({"type": "http.response.start", "status": response.status, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        try:
            answer = DECODER.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise not_json() from None
        kept = [(name, value) for name, value in passed_headers(response, True) if name.lower() not in OF_BODY]
        await send_json(send, response.status, ENCODER.encode(call.answered.of(answer)), kept)


def not_json() -> UpstreamError:
    """The answer should be JSON, and is not."""
    return UpstreamError(502, "upstream_not_json", "The upstream answered with something that is no JSON.")


def routes_of(endpoints: Sequence[Endpoint]) -> list[Route]:
    """The routes, those with more text before those with less."""
    by_pattern: dict[str, tuple[tuple[str, ...], dict[str, Endpoint]]] = {}
    for endpoint in endpoints:
        parts = path_parts(endpoint.path)
        texts = (re.escape(quote(text, safe="/:@!$&'()*+,;=~%")) for text in parts[::2])
        pattern = "([^/]+)".join(texts)
        # The names of one path may differ from method to method: each then is a route of its own.
        key = f"{pattern} {' '.join(parts[1::2])}"
        by_pattern.setdefault(key, (parts, {}))[1][endpoint.method] = endpoint
    ordered = sorted(by_pattern.items(), key=lambda item: (len(item[1][0]), -sum(map(len, item[1][0][::2]))))
    return [Route(re.compile(key.partition(" ")[0]), parts[1::2], found) for key, (parts, found) in ordered]


def passed_headers(response: aiohttp.ClientResponse, changed: bool) -> list[tuple[bytes, bytes]]:
    """The upstream's headers that are the answer's, too."""
    dropped = NOT_PASSED | {b"content-length", b"content-encoding"} if changed else NOT_PASSED
    return [
        (name, value)
        for name, value in response.raw_headers
        if name.lower() not in dropped and not name.lower().startswith(b"access-control-")
    ]


async def send_json(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send JSON."""
    own = [(b"content-type", JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_refusal(send: Send, refusal: Refusal) -> None:
    """Send an error of the surface itself."""
    told = {
        "status": refusal.status,
        "error": HTTPStatus(refusal.status).phrase,
        "code": refusal.code,
        "message": refusal.message,
    }
    await send_json(send, refusal.status, ENCODER.encode(told), refusal.headers)
