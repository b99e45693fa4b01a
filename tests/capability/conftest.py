"""A stub upstream, and runners on the files of the tests, one a file of tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from mcp import Client
from mcp_types import Tool

from tests.capability.runner import SECRET, Runner, serving
from tests.capability.stub import Stub, upstream
from tests.servers import free_port

FILES = Path(__file__).parent / "files"
UPSTREAM_SECONDS = "1"


@dataclass(frozen=True, slots=True)
class Things:
    """A runner on `things.yaml`, and its upstream."""

    runner: Runner
    stub: Stub
    rest: httpx.AsyncClient
    mcp: str


@pytest_asyncio.fixture(scope="module")
async def stub() -> AsyncIterator[Stub]:
    """An upstream."""
    async with upstream() as found:
        yield found


@pytest_asyncio.fixture(scope="module")
async def things(stub: Stub) -> AsyncIterator[Things]:
    """A runner on `things.yaml`, whose upstream may take a second."""
    rest, mcp = free_port(), free_port()
    env = {"TRY_URL": stub.url, "TRY_TOKEN": SECRET, "TRY_REST": str(rest), "TRY_MCP": str(mcp), "TRY_CODE": "x y"}
    serve = serving(FILES / "things.yaml", "--timeout", UPSTREAM_SECONDS, ready="MCP http", env=env)
    async with serve as runner, httpx.AsyncClient(base_url=f"http://127.0.0.1:{rest}", timeout=30) as client:
        yield Things(runner, stub, client, f"http://127.0.0.1:{mcp}/mcp")


@pytest.fixture
def rest(things: Things) -> httpx.AsyncClient:
    """A client of the REST surface."""
    return things.rest


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of an MCP surface, each time by a client of its own."""

    url: str

    async def listed(self) -> dict[str, Tool]:
        """All tools by their names, in order."""
        async with Client(self.url) as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """What a tool answers."""
        async with Client(self.url) as client:
            return await client.call_tool(name, arguments)


@pytest.fixture
def tools(things: Things) -> Tools:
    """The tools of `things.yaml`."""
    return Tools(things.mcp)
