"""`conto capability serve`: what keeps it from starting, how it ends, MCP over standard input and output."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.capability.conftest import FILES
from tests.capability.runner import SECRET, Runner, done, environment, serving, start
from tests.capability.stub import Stub
from tests.servers import command, free_port


async def test_a_missing_variable_is_named(stub: Stub):
    env = {"TRY_URL": stub.url, "TRY_TOKEN": " ", "TRY_SECOND": "8080"}
    status, output, errors = await done("serve", str(FILES / "keys.yaml"), **env)
    assert (status, output) == (1, "")
    for line, key, variable in ((9, "SECRET", "TRY_TOKEN"), (10, "REST", "TRY_REST")):
        said = f"keys.yaml:{line}: binds[0].keys.{key}: the environment has no variable {variable}"
        assert said in errors


async def test_a_port_that_is_taken_is_named(stub: Stub):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        env = {"TRY_URL": stub.url, "TRY_TOKEN": SECRET, "TRY_REST": str(free_port()), "TRY_SECOND": str(taken)}
        status, _, errors = await done("serve", str(FILES / "keys.yaml"), **env)
        assert (status, f"port {taken} of 127.0.0.1 is taken by another program." in errors) == (1, True)


async def test_files_cannot_share_a_port(stub: Stub, tmp_path: Path):
    copy = tmp_path / "copy.yaml"
    copy.write_text((FILES / "keys.yaml").read_text())
    ports = {"TRY_REST": str(free_port()), "TRY_SECOND": str(free_port())}
    env = {"TRY_URL": stub.url, "TRY_TOKEN": SECRET, **ports}
    status, _, errors = await done("serve", str(FILES / "keys.yaml"), str(copy), **env)
    assert (status, f"port {ports['TRY_REST']} is exposed by {FILES / 'keys.yaml'} already." in errors) == (1, True)


async def test_a_secret_that_cannot_be_sent_is_refused_and_not_shown(stub: Stub):
    env = {"TRY_URL": stub.url, "TRY_TOKEN": "se\ncret", "TRY_REST": "8080", "TRY_SECOND": "8081"}
    status, _, errors = await done("serve", str(FILES / "keys.yaml"), **env)
    assert (status, "has control characters" in errors, "cret\n" in errors) == (1, True, False)


async def test_values_of_the_environment_are_checked(stub: Stub):
    env = {"TRY_URL": "ftp://here", "TRY_TOKEN": SECRET, "TRY_REST": "none", "TRY_SECOND": "70000"}
    status, _, errors = await done("serve", str(FILES / "keys.yaml"), **env)
    assert status == 1
    assert errors.count("it must be a URL that begins with http:// or https://") == 4
    assert errors.count("a port is a whole number from 1 to 65535") == 2
    assert "ftp" not in errors


async def test_what_is_in_flight_is_answered_before_the_end(stub: Stub):
    rest, mcp = free_port(), free_port()
    env = {"TRY_URL": stub.url, "TRY_TOKEN": SECRET, "TRY_REST": str(rest), "TRY_MCP": str(mcp), "TRY_CODE": "x"}
    async with (
        serving(FILES / "things.yaml", ready="MCP http", env=env) as runner,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rest}", timeout=30) as client,
    ):
        before = stub.waiting
        late = asyncio.create_task(client.get("/do/hang"))
        while stub.waiting == before:
            await asyncio.sleep(0.01)
        runner.tell_to_stop()
        await refused(rest)
        stub.released.set()
        assert (await late).json() == {"late": True}
        assert await runner.ended() == 0
    stub.released.clear()


async def refused(port: int) -> None:
    """Wait until nothing listens on the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        writer.close()
        await asyncio.sleep(0.01)


async def test_mcp_is_spoken_over_standard_input_and_output(stub: Stub):
    file = str(FILES / "spoken.yaml")
    program, *arguments = command("capability", "serve", file)
    parameters = StdioServerParameters(command=program, args=arguments, env=environment(TRY_URL=stub.url))
    async with Client(parameters) as client:
        (tool,) = (await client.list_tools()).tools
        assert tool.name == "do"
        result = await client.call_tool("do", {"what": "echo"})
        assert result.structured_content is not None
        assert result.structured_content["target"] == "/do/echo"


async def speak(runner: Runner, *messages: Any) -> None:
    """Say lines to a runner."""
    assert runner.process.stdin is not None
    for message in messages:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        runner.process.stdin.write(line + b"\n")
    await runner.process.stdin.drain()


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.mark.parametrize("way", ["end of input", "SIGTERM"])
async def test_standard_output_has_messages_alone_and_the_end_is_clean(stub: Stub, way: str):
    runner = await start("serve", str(FILES / "spoken.yaml"), TRY_URL=stub.url)
    assert runner.process.stdin is not None
    assert runner.process.stdout is not None
    call = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "do", "arguments": {"what": "garbage"}},
    }
    await speak(runner, INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, call)
    first, second = [json.loads(await runner.process.stdout.readline()) for _ in range(2)]
    assert (first["id"], first["result"]["protocolVersion"]) == (1, "2025-06-18")
    assert (second["id"], second["result"]["isError"]) == (2, True)
    if way == "SIGTERM":
        runner.tell_to_stop()
    else:
        runner.process.stdin.close()
    assert await runner.ended() == 0
    assert await runner.process.stdout.read() == b""
    assert runner.process.stderr is not None
    assert b"upstream_nonsense" in await runner.process.stderr.read()
