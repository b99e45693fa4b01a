"""The API's process: serves HTTP until it is told to stop, then answers what is in flight and ends.

Between the two it drains: for a while it goes on to serve, but `/ready` says that it is about to stop, and
every answer closes its connection, so that whoever spreads requests over several servers leaves this one.
"""

import asyncio
import socket
from contextlib import AsyncExitStack, suppress

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server as HttpServer

from conto.api.server import REHEARSALS_AT_ONCE, Server, build
from conto.credentials import Credentials
from conto.organizations.key_use import kept_key_use
from conto.processes import spare_what_stays, stop_event
from conto.runtime import open_works
from conto.settings import Settings

log = structlog.get_logger()

STOP_SECONDS = 30
"""How long requests in flight may take once the server has been told to stop."""


async def serve(settings: Settings, credentials: Credentials, database_url: str) -> None:
    """Serve the API on the settings' address until SIGTERM or SIGINT."""
    stop = stop_event()
    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(
            open_works(
                settings,
                credentials,
                database_url,
                pool_size=settings.database_pool,
                statement_seconds=settings.statement_seconds,
            )
        )
        rehearsals = await stack.enter_async_context(
            open_works(
                settings,
                credentials,
                database_url,
                pool_size=2 * REHEARSALS_AT_ONCE + 4,
                statement_seconds=settings.worker_statement_seconds,
            )
        )
        await stack.enter_async_context(kept_key_use(works))
        server = Server(works, rehearsals, credentials.admin_key)
        app = build(server, front_origin=settings.front_url)
        await stack.enter_async_context(server.calls.writing())
        http = HttpServer(
            app,
            address=address_of(settings.host, settings.port),
            port=settings.port,
            interface=Interfaces.ASGI,
            websockets=False,
            log_enabled=False,
        )
        spare_what_stays()
        serving = asyncio.create_task(http.serve())
        stopping = asyncio.create_task(stop.wait())
        log.info("serve.started", host=settings.host, port=settings.port)
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        server.stopping = app.closing = True
        stopping.cancel()
        if not serving.done():
            await drain(settings.drain_seconds)
        http.stop()
        try:
            await asyncio.wait_for(serving, STOP_SECONDS)
        except TimeoutError:
            log.warning("serve.cut_off", seconds=STOP_SECONDS)
        log.info("serve.stopped")


async def drain(seconds: float) -> None:
    """Let `seconds` pass, or less where the process is told to stop a second time."""
    again = stop_event()
    log.info("serve.draining", seconds=seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await again.wait()


def address_of(host: str, port: int) -> str:
    """The IP address that a name stands for; an address stands for itself."""
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
