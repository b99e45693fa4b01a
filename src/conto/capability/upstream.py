"""Calls upstreams: over connections that are kept, with limits of time, and errors that say what went wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from yarl import URL

from conto import __version__
from conto.capability.request import Outgoing

CONNECT_SECONDS = 10.0
CONNECTIONS = 256
"""Connections at a time; calls beyond wait for one."""
KEPT_SECONDS = 30.0
PIECE = 64 * 1024
HEADERS_SIZE = 64 * 1024
MOST_KEPT = 64 * 1024 * 1024
"""Bytes of an answer that is looked into, at most; what is passed on as it comes has no limit."""
USER_AGENT = f"conto-capability/{__version__}"


@dataclass(eq=False)
class UpstreamError(Exception):
    """No answer of the upstream can be passed on. `status` is 502 or 504; the texts hold no address and no secret."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return self.message


class Upstream:
    """The client for all consumed APIs of a process.

    `seconds` is how long an answer, and each piece of it, may take to come.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=seconds, sock_connect=min(CONNECT_SECONDS, seconds), sock_read=seconds
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=HEADERS_SIZE,
            max_field_size=HEADERS_SIZE,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self.session.close()

    @asynccontextmanager
    async def answer(self, request: Outgoing, *, decompress: bool = False) -> AsyncIterator[aiohttp.ClientResponse]:
        """The upstream's answer once its head is there; redirections are answers too.

        Raises:
            UpstreamError: there is none.
        """
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self.session.request(
                request.operation.method,
                URL(request.url, encoded=True),
                headers={"user-agent": USER_AGENT, **request.headers},
                data=request.body,
                allow_redirects=False,
                auto_decompress=decompress,
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise self.failure(error) from None
        try:
            yield response
        finally:
            response.release()

    async def pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            UpstreamError: it breaks off.
        """
        try:
            async for piece in response.content.iter_any():
                yield piece
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self.failure(error) from None

    async def whole(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body.

        Raises:
            UpstreamError: it breaks off, or is too large to be looked into.
        """
        body = bytearray()
        async for piece in self.pieces(response):
            body += piece
            if len(body) > MOST_KEPT:
                raise UpstreamError(502, "upstream_answer_too_large", "The answer of the upstream is too large.")
        return bytes(body)

    def failure(self, error: Exception) -> UpstreamError:
        """What to say of an error of the client. Its own text may hold addresses with keys in them."""
        match error:
            case aiohttp.ConnectionTimeoutError():
                return UpstreamError(504, "upstream_timeout", "The upstream could not be connected to in time.")
            case asyncio.TimeoutError():
                return UpstreamError(504, "upstream_timeout", f"The upstream did not answer within {self.seconds:g} s.")
            case aiohttp.ClientConnectorDNSError():
                return UpstreamError(502, "upstream_unknown", "The name of the upstream cannot be resolved.")
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
                return UpstreamError(502, "upstream_untrusted", "No secure connection to the upstream can be made.")
            case aiohttp.ClientConnectorError():
                return UpstreamError(502, "upstream_unreachable", "The upstream cannot be connected to.")
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | ConnectionError():
                return UpstreamError(
                    502, "upstream_broke_off", "The upstream closed the connection before its answer ended."
                )
            case _:
                return UpstreamError(502, "upstream_nonsense", "What the upstream answers is no HTTP.")
