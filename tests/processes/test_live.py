"""Scenarios hold in live organizations, where workers find what is due: an advance is not the only thing that works."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import Databases
from tests.live.installation import Installation, installed
from tests.live.play import RESTARTS, play_live
from tests.nodes import nodes_on_a_new_database
from tests.scenario_runner import START, load

SCENARIOS = {scenario["id"]: scenario for scenario in load()}
SAMPLE = (
    "fees/own/late-event",
    "fees/own/seats-from-event-to-invoice",
    "invoices/overdue/by-the-clock",
    "invoices/numbering/per-billing-entity",
    "plan-overrides/cascade",
    "subscriptions/grace/late-usage",
    "subscriptions/renewal/in-arrears",
    "subscriptions/start/in-advance",
    "subscriptions/termination/credit",
    "subscriptions/trial/in-advance",
    "subscriptions/upgrade/longer-plan",
    "usage/current/in-advance",
)
RESTARTED = "subscriptions/grace/late-usage"


@pytest.fixture(scope="module")
async def installation(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """An API and two workers on a database of their own, whose clock the tests set."""
    async with (
        nodes_on_a_new_database(databases, tmp_path_factory.mktemp("live")) as nodes,
        installed(nodes, START) as opened,
    ):
        yield opened


@pytest.mark.parametrize("id", SAMPLE)
async def test_scenario_in_a_live_organization(installation: Installation, id: str):
    assert (await play_live(installation, SCENARIOS[id])).error is None


async def test_scenario_while_all_processes_restart_in_the_midst_of_what_is_due(installation: Installation):
    assert (await play_live(installation, SCENARIOS[RESTARTED], RESTARTS)).error is None
