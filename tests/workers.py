"""Live workers beside a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from conto import worker
from conto.work import Works
from tests.databases import Databases

DEADLINE_SECONDS = 60


@asynccontextmanager
async def working(works: Works, databases: Databases, count: int = 1) -> AsyncIterator[None]:
    """Have workers run, and end as they do when they are told to."""
    stop = asyncio.Event()
    workers = [asyncio.create_task(worker.run(works, databases.url(), stop)) for _ in range(count)]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*workers)


async def someone_waits(works: Works) -> bool:
    """Whether a transaction waits for a lock that another one holds."""
    async with works.engine.begin() as connection:
        asked = await connection.execute(
            text(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
        )
        return asked.scalar_one() > 0
