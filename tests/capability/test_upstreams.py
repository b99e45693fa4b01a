"""Upstreams that are down, slow or talk nonsense; several of them, each with its own proof of who calls."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.capability.conftest import FILES, Things
from tests.capability.runner import SECRET, serving
from tests.capability.stub import Stub
from tests.servers import free_port


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("hang", 504, "upstream_timeout"),
        ("garbage", 502, "upstream_nonsense"),
        ("close", 502, "upstream_broke_off"),
    ],
)
async def test_an_upstream_that_gives_no_answer_is_an_error_of_the_gateway(
    rest: httpx.AsyncClient, what: str, status: int, code: str
):
    answer = await rest.get(f"/do/{what}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["status"] == status
    assert (await rest.get("/do/echo")).status_code == 200


async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(rest: httpx.AsyncClient):
    with pytest.raises(httpx.RemoteProtocolError):
        await rest.get("/do/break")
    broken = await rest.get("/v1/numbers/break")
    assert (broken.status_code, broken.json()["code"]) == (502, "upstream_broke_off")


async def test_an_answer_without_an_end_comes_piece_by_piece_and_ends_when_nobody_reads_it(things: Things):
    async with things.rest.stream("GET", "/do/endless") as answer:
        async for piece in answer.aiter_bytes():
            assert piece.startswith(b"data: tick")
            break
    await asyncio.wait_for(things.stub.left.wait(), 30)


async def test_an_upstream_that_is_down_is_an_error_of_the_gateway():
    rest = free_port()
    env = {"TRY_REST": str(rest), "TRY_TOKEN": SECRET}
    async with (
        serving(FILES / "down.yaml", ready="(3 operations)", env=env),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rest}", timeout=60) as client,
    ):
        for path, code in (
            ("/closed", "upstream_unreachable"),
            ("/nameless", "upstream_unknown"),
            ("/insecure", "upstream_unreachable"),
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (502, code)
            assert "127.0.0.1" not in answer.text
            assert SECRET not in answer.text


async def test_no_secret_is_ever_said(things: Things):
    for what in ("hang", "garbage", "close", "500"):
        await things.rest.get(f"/do/{what}")
    things.runner.tell_to_stop()
    await things.runner.ended()
    assert things.runner.process.stdout is not None
    assert things.runner.process.stderr is not None
    said = await things.runner.process.stdout.read() + await things.runner.process.stderr.read()
    assert b"upstream_timeout" in said
    assert SECRET.encode() not in said


@pytest_asyncio.fixture
async def keys(stub: Stub) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Clients of the two surfaces of `keys.yaml`."""
    first, second = free_port(), free_port()
    env = {"TRY_URL": stub.url, "TRY_TOKEN": SECRET, "TRY_REST": str(first), "TRY_SECOND": str(second)}
    async with (
        serving(FILES / "keys.yaml", ready="(1 operations)", env=env) as runner,
        httpx.AsyncClient(base_url=f"http://localhost:{first}") as one,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{second}") as other,
    ):
        assert any("1.0.0-alpha3" in line for line in runner.said)
        yield one, other


async def test_each_upstream_is_called_with_its_own_proof(
    keys: tuple[httpx.AsyncClient, httpx.AsyncClient], stub: Stub
):
    one, other = keys
    await one.get("/header?page=2")
    assert (stub.last.target, stub.last.headers["x-api-key"]) == ("/echo?static=1&page=2&key=none", SECRET)
    assert "authorization" not in stub.last.headers
    await one.get("/query?page=2&key=mine")
    assert stub.last.target == f"/echo?static=1&page=2&key={SECRET}"
    await one.get("/name")
    assert stub.last.headers["authorization"] == f"Basic {base64.b64encode(f'me:{SECRET}'.encode()).decode()}"
    await one.get("/open", headers={"Authorization": "Bearer mine"})
    assert {"authorization", "x-api-key"} & set(stub.last.headers) == set()
    before = len(stub.asked)
    refused = await other.get("/open", headers={"Authorization": "Bearer other"})
    assert (refused.status_code, refused.headers["www-authenticate"], len(stub.asked)) == (401, "Bearer", before)
    assert (await other.get("/open", headers={"Authorization": f"Bearer {SECRET}"})).status_code == 200
