"""Scenarios on a live organization: instants are set on the installation's clock, and its workers do what is due."""

import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conformance import Outcome
from tests.live.installation import Installation, NotSettled
from tests.scenario_runner import START, Play, ScenarioFailed

ADMIN_KEY = "admin"
RESTARTS = (signal.SIGTERM, signal.SIGKILL)
LIVE_ONLY = "a rehearsal passes"


@dataclass
class LivePlay(Play):
    """One scenario in a live organization of its own.

    With `restarts` all processes are ended when an instant comes, in the midst of what is due, and started again.
    """

    installation: Installation = field(kw_only=True)
    restarts: Iterator[signal.Signals] = field(default_factory=lambda: iter(()))
    shown: str = ""

    async def run(self, scenario: Mapping[str, Any]) -> None:
        """Take all steps.

        Raises:
            ScenarioFailed: a fact does not hold.
        """
        await self.installation.forget()
        self.shown = scenario.get("start", START)
        await self.installation.move_clock(self.shown)
        await super().run(scenario)

    def wanted(self, scenario: Mapping[str, Any]) -> dict[str, Any]:
        """A live organization."""
        return {"name": scenario["id"]}

    async def advance(self) -> None:
        """Set the clock, and wait until all is done that is due."""
        comes, self.shown = self.clock != self.shown, self.clock
        try:
            if comes and (how := next(self.restarts, None)) is not None:
                self.installation.set_clock(self.clock)
                await self.installation.restart(how)
            await self.installation.move_clock(self.clock)
        except NotSettled as error:
            raise ScenarioFailed(str(error)) from None


async def play_live(
    installation: Installation, scenario: dict[str, Any], restarts: Iterable[signal.Signals] = ()
) -> Outcome:
    """How the scenario ends in a live organization. One that fails is played as a rehearsal, too, to compare.

    `restarts` are the signals by which all processes are ended at the first instants that come.
    """
    if "todo" in scenario:
        return Outcome(scenario["id"], skipped=scenario["todo"])
    async with httpx.AsyncClient(base_url=installation.url, timeout=120) as client:
        try:
            await LivePlay(client, ADMIN_KEY, installation=installation, restarts=iter(restarts)).run(scenario)
        except (ScenarioFailed, httpx.HTTPError) as failure:
            return Outcome(scenario["id"], f"{failure or repr(failure)} ({await rehearsed(client, scenario)})")
    return Outcome(scenario["id"])


async def rehearsed(client: httpx.AsyncClient, scenario: dict[str, Any]) -> str:
    """How the scenario ends as a rehearsal, which its clock's advances take through."""
    try:
        await Play(client, ADMIN_KEY).run(scenario)
    except (ScenarioFailed, httpx.HTTPError) as failure:
        return f"in a rehearsal: {failure or repr(failure)}"
    return LIVE_ONLY
