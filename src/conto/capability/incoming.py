"""An exposed request: its parts, as a call's inputs, and its body, as it comes."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote

from conto.capability.model import MISSING, Call, Feed, Input, Made
from conto.capability.request import Pairs, RawBody, decoded

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEPT = 1024 * 1024
"""Bytes of a body that are read before the upstream is called; a larger one is passed on as it comes."""
MOST_DRAINED = 64 * 1024 * 1024
DRAIN_SECONDS = 30
MOST_READ = 16 * 1024 * 1024
"""Bytes of a body that is looked into, at most."""
SENT_ANYWAY = re.compile(
    "accept(-.*)?|authorization|cache-control|connection|content-.*|cookie|date|dnt|expect|forwarded|from|host|if-.*|"
    "keep-alive|origin|pragma|range|referer|sec-.*|te|trailer|transfer-encoding|upgrade.*|user-agent|via|x-forwarded-.*"
)
"""Headers that clients send on their own: none of them is a parameter unless it is said to be one."""


@dataclass(eq=False)
class Refusal(Exception):
    """A request that the surface itself refuses, with what it answers."""

    status: int
    code: str
    message: str
    headers: Sequence[tuple[bytes, bytes]] = ()


class Request:
    """An exposed request, as a call's inputs."""

    def __init__(self, query: bytes, headers: Mapping[str, str], path: Mapping[str, str], body: RawBody | None) -> None:
        self.query_string = query
        self.headers = headers
        self.path = path
        self.body = body

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, in order."""
        text = self.query_string.decode("latin-1")
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape") if text else []

    @cached_property
    def json(self) -> Any:
        """The body's JSON; MISSING if there is no body."""
        return MISSING if self.body is None or not isinstance(self.body.content, bytes) else decoded(self.body.content)

    def value(self, source: Input, feed: Feed | None) -> Any:
        """The value of an input, MISSING if it is not given."""
        match source.where:
            case "path":
                return self.path.get(source.name, MISSING)
            case "query":
                return self.of_query(source.name)
            case "header":
                return self.of_header(source.name)
            case "body":
                return self.of_body(source.keys)
            case None:
                return self.from_anywhere(source.name, feed)

    def from_anywhere(self, name: str, feed: Feed | None) -> Any:
        """A value by its name alone: of the query, of a header, of a JSON body where one is made."""
        is_header = feed is not None and feed.parameter.where == "header"
        value = self.of_header(name) if is_header else self.of_query(name)
        if value is MISSING and is_header:
            value = self.of_query(name)
        elif value is MISSING and not SENT_ANYWAY.fullmatch(name.lower()):
            value = self.of_header(name)
        if value is MISSING and looks_into_body(feed):
            value = self.of_body((name,))
        return value

    def of_query(self, name: str) -> Any:
        """A parameter of the query, with all that goes by `name[…]`."""
        found = [
            (key[len(name) :], value)
            for key, value in self.query
            if key == name or (key.startswith(name) and key[len(name)] == "[")
        ]
        return Pairs(found) if found else MISSING

    def of_header(self, name: str) -> Any:
        """A header, in any case; `_` may stand for `-`."""
        lower = name.lower()
        value = self.headers.get(lower)
        return self.headers.get(lower.replace("_", "-"), MISSING) if value is None else value

    def of_body(self, keys: Sequence[str]) -> Any:
        """The body, or what the keys lead to in its JSON."""
        if self.body is None:
            return MISSING
        if not keys:
            return self.body
        value = self.json
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return MISSING
            value = value[key]
        return value


def looks_into_body(feed: Feed | None) -> bool:
    """Whether a value that is named, but not where it stands, may be a key of a JSON body."""
    return feed is None or feed.field


class Incoming:
    """The body of an exposed request, piece by piece."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.headers = headers_of(scope)
        self.receive = receive
        self.more = self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    async def next(self) -> bytes:
        """The next piece.

        Raises:
            ConnectionResetError: whoever sends it is gone.
        """
        message = await self.receive()
        if message["type"] != "http.request":
            self.more = False
            raise ConnectionResetError("the client is gone")
        self.more = message.get("more_body", False)
        return message.get("body", b"")

    async def read(self, use: str) -> RawBody | None:
        """The body, as far as the call uses it; None if there is none, or nobody asks for it.

        Raises:
            Refusal: it is too large to be looked into.
            ConnectionResetError: whoever sends it is gone.
        """
        if use == "leave":
            return None
        content_type = self.headers.get("content-type")
        body = bytearray()
        while self.more:
            body += await self.next()
            if use == "look" and len(body) > MOST_READ:
                raise Refusal(413, "too_large", f"A body of more than {MOST_READ} bytes cannot be looked into.")
            if use == "pass" and self.more and len(body) > KEPT:
                length = self.headers.get("content-length", "")
                return RawBody(self.rest(bytes(body)), content_type, int(length) if length.isdigit() else None)
        return RawBody(bytes(body), content_type) if body else None

    async def rest(self, first: bytes) -> AsyncIterator[bytes]:
        """What has been read, and what is still to come."""
        yield first
        while self.more:
            piece = await self.next()
            if piece:
                yield piece

    async def gone(self) -> None:
        """Return when whoever asked is gone."""
        with suppress(ConnectionResetError):
            while True:
                await self.next()

    async def drain(self) -> None:
        """Read what nobody waited for: who still sends does not hear an answer."""
        left = MOST_DRAINED
        with suppress(ConnectionResetError, TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self.more and left > 0:
                    left -= len(await self.next())


def body_use(call: Call) -> str:
    """What a call does with the exposed request's body: `look` into it, `pass` it on, or `leave` it."""
    use = "leave"
    for feed in call.feeds:
        if isinstance(feed.source, Made):
            if any(one.where in ("body", None) for one in feed.source.inputs.values() if isinstance(one, Input)):
                return "look"
        elif feed.source.where == "body":
            if feed.source.keys or feed.field or feed.parameter.where != "body":
                return "look"
            use = "pass"
        elif feed.source.where is None and feed.field:
            return "look"
    inner = [source for source in call.body_inputs.values() if isinstance(source, Input)]
    return "look" if any(one.where in ("body", None) for one in inner) else use


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers by their names in small letters."""
    return {
        name.decode("latin-1").lower(): value.decode("utf-8", "surrogateescape") for name, value in scope["headers"]
    }


def raw_path(scope: Scope) -> str:
    """The path as it came, with its escapes."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1").partition("?")[0]
