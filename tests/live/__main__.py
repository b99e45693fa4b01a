"""Run scenarios in live organizations: `python -m tests.live [--restart] [AREA…]`.

An area is the beginning of scenario ids, as in `subscriptions` or `invoices/one-off`; without any, all run, one after
another. Our own scenarios are in tests/scenarios; where a set stands beside the checkout, in ../shared/conformance,
those run, too. With --restart all processes are ended when an instant comes, now by SIGTERM, now by SIGKILL.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from conto.db import embedded
from conto.db.migrate import migrate
from tests.conformance import BESIDE, Outcome, report
from tests.live.installation import installed
from tests.live.play import RESTARTS, play_live
from tests.nodes import Nodes
from tests.scenario_runner import START, chosen, load

DATABASE = "live"


def main() -> int:
    """Run the scenarios asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.live", description="Run scenarios in live organizations.")
    parser.add_argument("areas", nargs="*", metavar="AREA", help="beginning of the ids of the scenarios to run")
    parser.add_argument("--restart", action="store_true", help="restart all processes at each instant")
    arguments = parser.parse_args()
    ours = chosen(load(), arguments.areas)
    beside = chosen(load(BESIDE / "scenarios"), arguments.areas) if BESIDE.exists() else []
    folder = Path(tempfile.mkdtemp(prefix="conto-live-", dir="/tmp"))
    folder.chmod(0o711)
    server = embedded.start(folder / "postgres", fsync=False)
    try:
        server.ensure_database(DATABASE)
        url = server.url(DATABASE)
        asyncio.run(migrate(url))
        outcomes = asyncio.run(run(Nodes(folder, url), [*ours, *beside], restarting=arguments.restart))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report("live", outcomes)
    failed = sum(outcome.error is not None for outcome in outcomes)
    skipped = sum(outcome.skipped is not None for outcome in outcomes)
    print(f"{len(outcomes) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


async def run(nodes: Nodes, scenarios: Sequence[dict[str, Any]], *, restarting: bool) -> list[Outcome]:
    """Run the scenarios one after another, as there is one clock; each is told of as it ends."""
    outcomes: list[Outcome] = []
    async with installed(nodes, START) as installation:
        for scenario in scenarios:
            began = time.monotonic()
            outcomes.append(await play_live(installation, scenario, cycle(RESTARTS) if restarting else ()))
            ended = outcomes[-1].error or outcomes[-1].skipped or ""
            print(f"{time.monotonic() - began:6.1f} s  {scenario['id']}  {ended}", file=sys.stderr, flush=True)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
