"""Runs the surfaces of capabilities until it is told to stop."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server as HttpServer
from mcp.server.stdio import stdio_server

from conto.capability.model import Capability, McpSurface, RestSurface, Surface
from conto.capability.problems import ServeError
from conto.capability.rest import RestApp
from conto.capability.tools import McpApp, ToolServer
from conto.capability.upstream import Upstream
from conto.processes import free_address

log = structlog.get_logger()

STOP_SECONDS = 30
START_SECONDS = 30
BACKLOG = 4096


@dataclass(frozen=True, slots=True)
class Listening:
    """A surface that listens on a port."""

    capability: Capability
    surface: Surface
    address: str
    port: int


def listening(capabilities: Sequence[Capability]) -> list[Listening]:
    """The surfaces that listen, each with an address that can be had.

    Raises:
        ServeError: two want one port, or one is taken, or more than one speaks over standard input and output.
    """
    found: list[Listening] = []
    taken: dict[int, str] = {}
    spoken = 0
    for capability in capabilities:
        for surface in capability.surfaces:
            if surface.port is None:
                spoken += 1
                continue
            if surface.port in taken:
                raise ServeError(f"{capability.file}: port {surface.port} is exposed by {taken[surface.port]} already.")
            taken[surface.port] = capability.file
            found.append(Listening(capability, surface, refuse_taken(capability, surface), surface.port))
    if spoken > 1:
        raise ServeError("Standard input and output can serve one MCP surface alone.")
    return found


def refuse_taken(capability: Capability, surface: Surface) -> str:
    """The IP address that a surface listens on.

    Raises:
        ServeError: something listens there, or nothing can.
    """
    assert surface.port is not None
    try:
        return free_address(surface.address, surface.port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else f"cannot be listened on: {error.strerror}"
        raise ServeError(f"{capability.file}: port {surface.port} of {surface.address} {why}.") from None


async def serve(
    capabilities: Sequence[Capability],
    stop: asyncio.Event,
    *,
    seconds: float,
    started: Callable[[], None],
) -> None:
    """Serve all surfaces until `stop` is set or, where one speaks over it, standard input ends.

    `seconds` is how long an upstream may take; `started` is called once all ports answer.

    Raises:
        ServeError: a port cannot be had, or a server ends by itself.
    """
    places = listening(capabilities)
    async with AsyncExitStack() as stack:
        upstream = Upstream(seconds)
        stack.push_async_callback(upstream.close)
        servers = [await stack.enter_async_context(server_of(place, upstream)) for place in places]
        tasks = [asyncio.create_task(server.serve()) for server in servers]
        talks = [
            asyncio.create_task(speak(ToolServer(capability, surface, upstream), stop))
            for capability in capabilities
            for surface in capability.surfaces
            if isinstance(surface, McpSurface) and surface.port is None
        ]
        stopping = asyncio.create_task(stop.wait())
        try:
            for place in places:
                await answers(place, tasks)
            started()
            await asyncio.wait((stopping, *tasks, *talks), return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
        finally:
            stop.set()
            stopping.cancel()
            for server in servers:
                server.stop()
            await finished([*tasks, *talks])
        if ended:
            raise ServeError("A server has ended by itself.")


async def finished(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait until what is in flight has been answered, but not for ever."""
    if not tasks:
        return
    done, pending = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in pending:
        task.cancel()
    if pending:
        log.warning("capability.cut_off", seconds=STOP_SECONDS)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            log.error("capability.ended", error=type(task.exception()).__name__)


@asynccontextmanager
async def server_of(place: Listening, upstream: Upstream) -> AsyncIterator[HttpServer]:
    """The server of a surface, ready to be started."""
    async with AsyncExitStack() as stack:
        if isinstance(place.surface, RestSurface):
            app: Any = RestApp(place.capability, place.surface, upstream)
        else:
            app = McpApp(place.capability, place.surface, upstream)
            await stack.enter_async_context(app.running())
        yield HttpServer(
            app,
            address=place.address,
            port=place.port,
            interface=Interfaces.ASGINL,
            websockets=False,
            log_enabled=False,
            backlog=BACKLOG,
        )


async def answers(place: Listening, tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait until a surface takes connections.

    Raises:
        ServeError: it does not.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.address, place.address)
    for _ in range(START_SECONDS * 50):
        if any(task.done() for task in tasks):
            break
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, place.port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise ServeError(f"{place.capability.file}: nothing listens on port {place.port}.")


async def speak(tools: ToolServer, stop: asyncio.Event) -> None:
    """Speak MCP over standard input and output until input ends or `stop` is set.

    All else that the process writes to its output goes to its errors: one stray line would end the talk.
    """
    wire = os.dup(1)
    os.dup2(2, 1)
    async with stdio_server(Lines(0, stop), Wire(wire)) as (reading, writing):  # pyright: ignore[reportArgumentType]
        await tools.server.run(reading, writing, tools.server.create_initialization_options())


class Lines:
    """The lines of a descriptor, until it ends or `stop` is set.

    A thread reads, for a descriptor may be a file as well as a pipe; it never holds up the end of the process.
    """

    def __init__(self, descriptor: int, stop: asyncio.Event) -> None:
        self.descriptor = descriptor
        self.stop = stop
        self.loop = asyncio.get_running_loop()
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.stopping = asyncio.create_task(self.end_with_stop())
        threading.Thread(target=self.read, daemon=True).start()

    async def end_with_stop(self) -> None:
        """End when the process is told to."""
        await self.stop.wait()
        self.lines.put_nowait(None)

    def read(self) -> None:
        """Read lines until there are no more."""
        rest = b""
        while piece := os.read(self.descriptor, 65536):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self.put(line.decode("utf-8", "replace"))
        if rest.strip():
            self.put(rest.decode("utf-8", "replace"))
        self.put(None)

    def put(self, line: str | None) -> None:
        """Hand a line over, unless the process is about to end."""
        if line is None or line.strip():
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.lines.put_nowait, line)

    def __aiter__(self) -> "Lines":
        return self

    async def __anext__(self) -> str:
        line = await self.lines.get()
        if line is None:
            self.stopping.cancel()
            raise StopAsyncIteration
        return line


class Wire:
    """Writes lines to a descriptor without holding up the event loop."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    async def write(self, text: str) -> None:
        """Write a text wholly."""
        await asyncio.to_thread(self.write_all, text.encode())

    def write_all(self, content: bytes) -> None:
        """Write all bytes, as many at a time as go."""
        while content:
            content = content[os.write(self.descriptor, content) :]

    async def flush(self) -> None:
        """Nothing is held back."""
