"""Run scenarios against a real server: `python -m tests.conformance [--strict] [AREA…]`.

An area is the beginning of scenario ids, as in `taxes` or `invoices/one-off`; without any, all run. Our own
scenarios are in tests/scenarios. Where a set of scenarios with a runner of its own stands beside the checkout, in
../shared/conformance, that set runs, too.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.scenario_runner import Play, ScenarioFailed, chosen, load
from tests.servers import RunningServer, running_server

BESIDE = Path(__file__).parents[2] / "shared" / "conformance"
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario ended; `error` is None where all its facts held, `skipped` says why it was left out."""

    id: str
    error: str | None = None
    skipped: str | None = None


def main() -> int:
    """Run the scenarios asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Run scenarios on a real server.")
    parser.add_argument("areas", nargs="*", metavar="AREA", help="beginning of the ids of the scenarios to run")
    parser.add_argument("--strict", action="store_true", help="fail where a scenario fails, or none runs")
    arguments = parser.parse_args()
    with running_server() as server:
        report("ours", ours := asyncio.run(run_ours(server, arguments.areas)))
        report("beside", beside := run_beside(server, arguments.areas))
    outcomes = [*ours, *beside]
    failed = sum(outcome.error is not None for outcome in outcomes)
    skipped = sum(outcome.skipped is not None for outcome in outcomes)
    passed = len(outcomes) - failed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if arguments.strict and (failed or not passed) else 0


async def run_ours(server: RunningServer, areas: Sequence[str]) -> list[Outcome]:
    """Run our own scenarios, a few at a time."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:

        async def play(scenario: dict[str, str]) -> Outcome:
            if "todo" in scenario:
                return Outcome(scenario["id"], skipped=scenario["todo"])
            async with turns:
                try:
                    await Play(client, server.admin_key).run(scenario)
                except ScenarioFailed as failure:
                    return Outcome(scenario["id"], error=str(failure))
            return Outcome(scenario["id"])

        return list(await asyncio.gather(*map(play, chosen(load(), areas))))


def run_beside(server: RunningServer, areas: Iterable[str]) -> list[Outcome]:
    """Have the runner beside the checkout run its scenarios; none where it is not there."""
    if not BESIDE.exists():
        return []
    found: dict[str, Outcome] = {}
    for area in tuple(areas) or ("",):
        for outcome in run_area_beside(server, area):
            found[outcome.id] = outcome
    return list(found.values())


def run_area_beside(server: RunningServer, area: str) -> list[Outcome]:
    """Have the runner beside the checkout run one area; the empty one is all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcomes.json"
        command = [sys.executable, str(BESIDE / "conformance.py"), str(BESIDE / "scenarios"), "-q"]
        command += ["--url", server.url, "--admin-key", server.admin_key, "-j", str(AT_ONCE), "--json", str(path)]
        done = subprocess.run([*command, "-k", area], capture_output=True, text=True, check=False)
        if not path.exists():
            raise SystemExit(f"{command[1]} did not run: {done.stdout}{done.stderr}")
        outcomes = [Outcome(row["id"], row["error"], row["skipped"]) for row in json.loads(path.read_text())]
    return [outcome for outcome in outcomes if outcome.id.startswith(area)]


def report(name: str, outcomes: Sequence[Outcome]) -> None:
    """Print the failures, a line each, and the totals of each area."""
    for outcome in outcomes:
        if outcome.error is not None:
            print(f"FAIL {outcome.id}: {' '.join(outcome.error.split())}")
    areas: dict[str, list[bool]] = {}
    for outcome in outcomes:
        if outcome.skipped is None:
            areas.setdefault(outcome.id.partition("/")[0], []).append(outcome.error is None)
    for area, passed in sorted(areas.items()):
        print(f"{name:<8} {area:<24} {sum(passed):>4} of {len(passed)}")


if __name__ == "__main__":
    sys.exit(main())
