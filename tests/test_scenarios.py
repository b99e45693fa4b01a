"""Our own scenarios hold. On a live server: `make conformance`."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from conto.api.server import Server, build
from conto.work import Works
from tests.scenario_runner import Play, ScenarioFailed, load

ADMIN_KEY = "admin-key"


@pytest_asyncio.fixture(scope="module")
async def client(works: Works) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application in this process."""
    transport = httpx.ASGITransport(app=build(Server(works, works, ADMIN_KEY)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://conto.test", timeout=60) as opened:
        yield opened


@pytest.mark.parametrize("scenario", load(), ids=lambda scenario: scenario["id"])
async def test_scenario(client: httpx.AsyncClient, scenario: dict[str, Any]) -> None:
    if "todo" in scenario:
        pytest.skip(scenario["todo"])
    assert scenario["steps"]
    await Play(client, ADMIN_KEY).run(scenario)


async def test_a_scenario_fails_where_a_fact_does_not_hold(client: httpx.AsyncClient) -> None:
    step = {"call": "GET /taxes", "expect": {"meta.total_count": 1}}
    with pytest.raises(ScenarioFailed, match=r"step 1, GET /taxes: meta.total_count is 0, not 1"):
        await Play(client, ADMIN_KEY).run({"id": "runner/fails", "steps": [step]})
