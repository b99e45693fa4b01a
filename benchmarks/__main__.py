"""`python -m benchmarks [name…]`: run benchmarks, all of them where none is named."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

from benchmarks import report

BENCHMARKS = {
    "retrieve": "invoices retrieved a second, beside a trivial endpoint",
    "create": "one-off invoices created a second, beside a bare script that inserts the same rows",
    "ingest": "events taken in a second, beside a bare script that inserts the same rows",
    "memory": "memory of the API while it takes in millions of events",
    "usage": "current usage of 10,000 to 1,000,000 events, beside a bare sum of the same rows",
    "billing": "subscription invoices of a billing run, beside a bare script that inserts the same rows",
    "documents": "PDFs a second, set in one process and made by a worker",
    "webhooks": "webhooks delivered a second by one worker, beside a bare script",
    "capability": "time that a capability's REST surface adds to a call, beside the same call directly",
    "start": "time from `conto up` to the first answer, and memory",
}


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure throughput, latency and start, each beside a raw limit of the same machine.",
        epilog="\n".join(f"  {name:<10} {meaning}" for name, meaning in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="one of those below; all if none is given")
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}")
    for name in names:
        report.out.print(f"[bold]{name}[/bold]: {BENCHMARKS[name]}\n")
        run(import_module(f"benchmarks.{name}").run)


def run(benchmark: Callable[[], Awaitable[None]]) -> None:
    """Run one benchmark on the fast event loop."""

    async def whole() -> None:
        await benchmark()

    if sys.platform == "win32":
        asyncio.run(whole())
        return
    import uvloop

    uvloop.run(whole())


if __name__ == "__main__":
    main()
