"""The memory of the API process while it takes in millions of events."""

import os

from benchmarks import report
from benchmarks.ingest import BATCH, CONNECTIONS, request_of, sent, taking_in
from benchmarks.start import family, memory_of

MANY = int(os.environ.get("CONTO_BENCHMARK_EVENTS", "5000000"))
STEPS = 10


async def run() -> None:
    """Batches over four connections; the resident memory after each tenth of the events, all of which must be there."""
    taken = 0
    async with taking_in() as (built, company, process):
        found = [(taken, resident(process.pid))]
        request = request_of(company, BATCH)
        for step in range(1, STEPS + 1):
            while taken < MANY * step // STEPS:
                taken += (await sent(built, request, CONNECTIONS, BATCH)).count * BATCH
            found.append((taken, resident(process.pid)))
        owner = await built.connect("postgres")
        assert await owner.fetchval("select count(*) from events") == taken
        await owner.close()
    report.show(
        "Memory of the API process",
        ("events taken in", "RSS MB"),
        [(f"{events:,}", memory) for events, memory in found],
        note=f"Batches of {BATCH} over {CONNECTIONS} connections, fsync on.",
    )


def resident(pid: int) -> float:
    """The resident memory of a process and its own, in MB."""
    return sum(memory_of(one)[1] for one in family(pid))
