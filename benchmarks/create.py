"""One-off invoices created, beside a bare script that inserts the same rows."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import UUID

from benchmarks import bare, report
from benchmarks.company import Company, found_company
from benchmarks.house import House, house
from benchmarks.http import Connection
from benchmarks.load import Act, Sample, sample, sample_http, summary

FEES = 3
TAXES = 1
CUSTOMERS = 200
CONNECTIONS = (1, 8)
ROUNDS = 5
SECONDS = 2.0
COUNTED = 20
MOST_STATEMENTS = 15
NOWHERE = "http://127.0.0.1:9/"


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, a company on it, and the rows of one of its invoices."""

    built: House
    owner: Any
    company: Company
    pattern: bare.Pattern
    customer_ids: list[UUID]


async def run() -> None:
    """Create invoices of three fees and a tax, one API process, no worker."""
    rows: list[tuple[object, ...]] = []
    statements: list[tuple[str, float, float]] = []
    async with house() as built, built.serving():
        owner = await built.connect("postgres")
        for webhooks in (False, True):
            told = "on" if webhooks else "off"
            async with built.connected() as api:
                company = await found_company(
                    api, customers=CUSTOMERS, taxes=TAXES, webhook_url=NOWHERE if webhooks else None
                )
                bench = await prepare(built, owner, api, company)
                statements.append((told, *await statements_of(bench, api)))
            for customers in (CUSTOMERS, 1):
                for connections in CONNECTIONS:
                    rows.append((customers, connections, told, *await compare(bench, customers, connections)))
        await owner.close()
    report.show(
        f"POST /invoices, {FEES} fees, {TAXES} tax; beside a bare script on the driver that inserts the same rows",
        ("customers", "connections", "webhooks", "invoices/s", "p50 ms", "p99 ms", "bare/s", "ratio"),
        rows,
        note=f"One API process, fsync on; medians of {ROUNDS} rounds of {SECONDS:g} s, the two sides taking turns.",
    )
    report.show(
        "Statements an invoice, as the database logs them",
        ("webhooks", "whole request", "of which begin and commit", "the invoice", "limit"),
        [(told, whole, ends, whole - ends, MOST_STATEMENTS) for told, whole, ends in statements],
    )


async def prepare(built: House, owner: Any, api: Connection, company: Company) -> Bench:
    """Make one invoice a customer, and take the first one as the pattern."""
    made = [json.loads((await api.send(one)).body)["invoice"] for one in company.creations(CUSTOMERS, fees=FEES)]
    pattern = await bare.pattern_of(owner, UUID(made[0]["lago_id"]))
    customer_ids = [UUID(invoice["customer"]["lago_id"]) for invoice in made]
    return Bench(built, owner, company, pattern, customer_ids)


async def compare(bench: Bench, customers: int, connections: int) -> tuple[float, float, float, float, float]:
    """Our rate and percentiles, the script's rate, and their ratio; both must have made the same rows."""
    creations = bench.company.creations(customers, fees=FEES)
    ours: list[Sample] = []
    limit: list[Sample] = []
    for _ in range(ROUNDS):
        one, made = await counted(
            bench.owner,
            lambda: sample_http(
                bench.built.port,
                creations,
                lambda answer: answer.status == 200 and b'"status":"finalized"' in answer.body,
                connections=connections,
                seconds=SECONDS,
            ),
        )
        other, copied = await counted(bench.owner, lambda: copies(bench, customers, connections))
        assert made == copied == rows_of(bench.pattern), (made, copied)
        ours.append(one)
        limit.append(other)
    mine, theirs = summary(ours), summary(limit)
    return mine.rate, mine.p50, mine.p99, theirs.rate, mine.rate / theirs.rate


async def copies(bench: Bench, customers: int, connections: int) -> Sample:
    """Have the bare script make invoices, each connection one after another."""
    turns = cycle(bench.customer_ids[:customers])
    async with AsyncExitStack() as stack:
        opened = [await bench.built.connect("conto_app") for _ in range(connections)]
        for connection in opened:
            stack.push_async_callback(connection.close)

        def actor(connection: Any) -> Act:
            return lambda: bare.copy(connection, bench.pattern, next(turns))

        return await sample([actor(connection) for connection in opened], SECONDS)


async def counted(owner: Any, act: Callable[[], Awaitable[Sample]]) -> tuple[Sample, dict[str, float]]:
    """A sample, and the rows that each table has gained, an invoice."""
    before = await bare.row_counts(owner)
    done = await act()
    after = await bare.row_counts(owner)
    return done, {table: (after[table] - before[table]) / done.count for table in after}


def rows_of(pattern: bare.Pattern) -> dict[str, float]:
    """The rows of one invoice, by table."""
    found = dict.fromkeys(bare.COUNTED, 0.0)
    found |= {rows.table: len(rows.values) / len(rows.columns) for rows in pattern.tables}
    return found | {bare.QUEUE_LOG: found[bare.QUEUE]}


async def statements_of(bench: Bench, api: Connection) -> tuple[float, float]:
    """Statements a request, and how many of them begin or end the transaction, by the database's own log."""
    log = bench.built.folder / "postgres" / "postgres.log"
    await log_statements(bench.owner, "all")
    size = log.stat().st_size
    for creation in bench.company.creations(COUNTED, fees=FEES):
        await api.send(creation)
    await log_statements(bench.owner, "none")
    lines = log.read_bytes()[size:].decode().splitlines()
    logged = [line for line in lines if line.startswith(("conto LOG:  execute", "conto LOG:  statement"))]
    ends = [line for line in logged if "BEGIN" in line or "COMMIT" in line]
    return len(logged) / COUNTED, len(ends) / COUNTED


async def log_statements(owner: Any, which: str) -> None:
    """Have the database log these statements of all sessions, from their next one on."""
    await owner.execute(f"alter system set log_statement = '{which}'")
    await owner.execute("select pg_reload_conf()")
    # The setting reaches other sessions a moment later.
    await owner.execute("select pg_sleep(0.3)")
