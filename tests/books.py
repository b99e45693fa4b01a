"""What an organization's books say, read as the database's superuser or inside a unit of work."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from conto import verification
from conto.db.tables import metadata
from tests.company import Company
from tests.databases import Databases

_JOBS = "select count(*) from queue.pgqueuer where cast(headers->>'organization_id' as uuid) = :id"
_ROWS = {
    table.name: f"select count(*) from {table.name} where organization_id = :id"
    for table in metadata.sorted_tables
    if "organization_id" in table.c and table.name != "counters"
}
_COUNTERS = "select coalesce(sum(value), 0) from counters where organization_id = :id"


async def counted(databases: Databases, company: Company) -> dict[str, int]:
    """How many rows of each table, and waiting jobs, are the organization's, and what its counters add up to."""
    queries = _ROWS | {"jobs": _JOBS, "counters": _COUNTERS}
    together = " union all ".join(
        f"select '{name}' as name, ({query})::bigint as many" for name, query in queries.items()
    )
    rows = await run(databases, together, id=company.id)
    return {row.name: row.many for row in rows}


async def run(databases: Databases, statement: str, **values: Any) -> list[Any]:
    """The rows of a statement that the superuser runs, whatever row-level security says."""
    return await run_on(databases.url(role="postgres"), statement, **values)


async def run_on(url: str, statement: str, **values: Any) -> list[Any]:
    """The rows of a statement on the database at `url`."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []
    finally:
        await engine.dispose()


async def transfers(company: Company) -> list[tuple[str, str, str, int]]:
    """The ledger in order of writing: kind, debited account, credited account, amount."""
    async with company.works.enter(company.id) as work:
        rows = await work.execute(
            text(
                "select kind, debit_account, credit_account, amount_cents from ledger_transfers"
                " where organization_id = :id order by posted_at, kind, amount_cents desc"
            ),
            {"id": company.id},
        )
        return [tuple(row) for row in rows]


async def mismatches(company: Company) -> list[str]:
    """The numbers of invoices that have a figure which is not what it sums up."""
    async with company.works.enter(company.id) as work:
        return list(dict.fromkeys(found.number for found in await verification.mismatches(work) if found.number))


async def webhook_types(company: Company) -> list[str]:
    """The webhooks recorded for the organization's endpoints, oldest first."""
    async with company.works.enter(company.id) as work:
        rows = await work.execute(
            text("select webhook_type from webhooks where organization_id = :id order by created_at"),
            {"id": company.id},
        )
        return [row.webhook_type for row in rows]


async def listens(company: Company) -> None:
    """Give the organization an endpoint that wants every event, at an address where nobody answers."""
    await company.post("/webhook_endpoints", {"webhook_endpoint": {"webhook_url": "http://127.0.0.1:1/hook"}})


async def jobs_waiting(databases: Databases, company: Company) -> list[str]:
    """The kinds of jobs that wait for the organization, beside those that complete its activity log."""
    rows = await run(
        databases,
        "select entrypoint from queue.pgqueuer where cast(headers->>'organization_id' as uuid) = :id"
        " and entrypoint <> 'activity' order by id",
        id=company.id,
    )
    return [row.entrypoint for row in rows]
