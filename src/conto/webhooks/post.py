"""Post one attempt of a delivery, and say what came of it (chapter 71 §2.4).

Unless the settings allow private ones, only public addresses are posted to (`addresses`); an attempt at
anything else has failed, like one that finds nobody.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import structlog

from conto.webhooks.addresses import NoPublicAddress, public_addresses

log = structlog.get_logger()

SUCCESSES = frozenset({200, 201, 202, 204})
STEP_SECONDS = 30
"""Longest wait for each of connecting, writing and reading."""
AT_ONCE = 50
"""Connections that a process has open to receivers at one time."""
RESPONSE_CHARACTERS = 10_000
RESPONSE_BYTES = 4 * RESPONSE_CHARACTERS

FAILURES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, TimeoutError, ValueError)
"""What may keep a post from being answered; all of it is the receiver's or the URL's doing."""


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt: what it sends where, and how long it may take."""

    number: int
    url: str
    content: bytes
    headers: dict[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. Without an answer there is an error in place of the status."""

    http_status: int | None
    response: str | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it."""
        return self.http_status in SUCCESSES


async def send(post: Post, *, anywhere: bool) -> Outcome:
    """Post once, to public addresses alone unless `anywhere` is asked; redirects are not followed.

    The time allowed runs from when its turn has come.
    """
    sender = sender_of_loop()
    async with sender.turns:
        try:
            async with asyncio.timeout(post.seconds), answered(sender, post, anywhere=anywhere) as answer:
                return Outcome(answer.status_code, await beginning(answer), None)
        except FAILURES as error:
            if isinstance(error, NoPublicAddress):
                log.warning(
                    "webhook.address_refused", host=httpx.URL(post.url).host, setting="CONTO_ALLOW_PRIVATE_WEBHOOKS"
                )
            return Outcome(None, None, f"{type(error).__name__}: {error}"[:RESPONSE_CHARACTERS].replace("\0", ""))


@asynccontextmanager
async def answered(sender: "Sender", post: Post, *, anywhere: bool) -> AsyncIterator[httpx.Response]:
    """The answer to a post, while it comes in."""
    if anywhere:
        async with sender.anywhere.stream("POST", post.url, content=post.content, headers=post.headers) as answer:
            yield answer
        return
    answer = await post_to_public(sender.direct, post)
    try:
        yield answer
    finally:
        await answer.aclose()


async def post_to_public(client: httpx.AsyncClient, post: Post) -> httpx.Response:
    """Post to the first public address of the URL's host that takes the connection; the beginning of its answer.

    The URL has the address in place of the name, so that nobody looks the name up again; the receiver
    and its certificate are still asked for by name.
    """
    url = httpx.URL(post.url)
    name = url.raw_host.decode("ascii")
    named = {"host": url.netloc.decode("ascii")}
    last: Exception | None = None
    for address in await public_addresses(name, url.port or (80 if url.scheme == "http" else 443)):
        request = client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=post.content,
            headers={**named, **post.headers},
            extensions={"sni_hostname": name},
        )
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            last = error
    assert last is not None
    raise last


async def beginning(answer: httpx.Response) -> str:
    """The first characters of an answer's body; the rest is not read."""
    content = b""
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) >= RESPONSE_BYTES:
            break
    return content[:RESPONSE_BYTES].decode(errors="replace").replace("\0", "")[:RESPONSE_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Sender:
    """What an event loop posts with: to addresses that were checked, or to wherever a URL leads.

    `direct` uses no proxy that the environment names: a proxy would look the name up itself.
    """

    direct: httpx.AsyncClient
    anywhere: httpx.AsyncClient
    turns: asyncio.Semaphore


_senders: WeakKeyDictionary[AbstractEventLoop, Sender] = WeakKeyDictionary()


def sender_of_loop() -> Sender:
    """The running loop's sender. Connections are not kept: one that the receiver has closed would cost an attempt."""
    loop = asyncio.get_running_loop()
    if loop not in _senders:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
        _senders[loop] = Sender(
            direct=client_with(transport=httpx.AsyncHTTPTransport(limits=limits)),
            anywhere=client_with(limits=limits),
            turns=asyncio.Semaphore(AT_ONCE),
        )
    return _senders[loop]


def client_with(**options: Any) -> httpx.AsyncClient:
    """A client that posts as webhooks are posted."""
    return httpx.AsyncClient(
        timeout=STEP_SECONDS,
        headers={"User-Agent": "Conto", "Accept": "*/*", "Accept-Encoding": "identity"},
        follow_redirects=False,
        **options,
    )
