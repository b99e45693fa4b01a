"""A statement that takes too long is ended, and its call told to try again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from conto.db.engine import create_engine
from conto.work import Works
from tests.books import counted
from tests.company import Company, eventually, open_company
from tests.databases import Databases

SECONDS = 1
LATE = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    f" and now() - query_start > interval '{SECONDS + 0.2} seconds'"
)


@pytest.fixture
async def hasty(works: Works, databases: Databases) -> AsyncIterator[Works]:
    """Units of work whose statements are ended soon."""
    engine = create_engine(databases.url(), statement_seconds=SECONDS)
    yield replace(works, engine=engine)
    await engine.dispose()


async def test_a_call_whose_statement_takes_too_long_may_be_sent_again(hasty: Works, works: Works, databases):
    async with open_company(hasty) as company:
        customer, add_on = await company.customer(), await company.add_on()
        body = {"invoice": {"external_customer_id": customer["external_id"], "fees": [{"add_on_code": add_on["code"]}]}}
        before = await counted(databases, company)
        async with works.enter(company.id) as work:
            # Here a statement is ended before its wait for a lock is.
            await work.execute(text("select id from customers for update"))
            with capture_logs() as logs:
                refused = await company.client.post("/api/v1/invoices", json=body)
        assert refused.status_code == 503
        assert refused.json() == {"status": 503, "error": "Service Unavailable", "code": "timed_out"}
        assert refused.headers["retry-after"] == "5"
        assert [line["event"] for line in logs if line["log_level"] in ("warning", "error")] == ["request timed out"]
        assert await counted(databases, company) == before
        await company.post("/invoices", body)


async def test_a_write_waits_for_an_advance_longer_than_a_statement_may_take(hasty: Works, works: Works):
    async with open_company(hasty, frozen_time="2024-03-05T12:00:00Z") as company, works.engine.connect() as advancing:
        lock = text("select pg_advisory_xact_lock(hashtextextended('conto.clock ' || cast(:id as text), 0))")
        await advancing.execute(lock, {"id": str(company.id)})
        writing = await started(company, works)
        await advancing.rollback()
        assert (await writing)["external_id"] == "patient"
        async with hasty.open(company.organization.api_key, writes=True) as work:
            assert (await work.one(text("show statement_timeout")))[0] == f"{SECONDS}s"


async def started(company: Company, works: Works) -> asyncio.Task[Any]:
    """A write that has waited for longer than a statement may take."""
    writing = asyncio.create_task(company.customer(external_id="patient"))

    async def is_late() -> bool:
        async with works.engine.begin() as connection:
            return (await connection.execute(text(LATE))).scalar_one() > 0

    await eventually(is_late)
    return writing
