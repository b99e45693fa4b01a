"""A billing run: many customers' monthly renewals drained by workers, beside bare inserts of the same rows."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic, perf_counter
from typing import Any
from uuid import UUID

from benchmarks import bare, report
from benchmarks.company import Company, found_company
from benchmarks.house import House, house
from benchmarks.http import Connection

CUSTOMERS = 2_000
COPIES = 400
"""Customers of whom none is renewed, for the bare script."""
EVENTS = 200
WORKERS = 2
DEADLINE_SECONDS = 900
NUMBERINGS = ("per_customer", "per_organization")
REGIONS = ("europe", "asia", "africa", "america", "oceania")

DUE = """
    update subscriptions set created_at = started_at, renewal_at = $2 where organization_id = $1
        and external_id < $3
"""
DUE_ENTRIES = """
    update agenda set due_at = $2 where organization_id = $1 and kind = 'subscriptions.renewal' and subject_id in
        (select customer_id from subscriptions where organization_id = $1 and external_id < $3)
"""
LAST_EVENT = "select id from events order by xid desc, id desc limit 1"
IDLE = """
    select (
        not exists (select from queue.pgqueuer) and (select min(row_id) from follower_positions) >= $1
    )::int
"""
"""Whether the workers have done what setting up has left behind, the event with this id being the last."""
EVENTS_OF_ALL = """
    insert into events (
        organization_id, external_subscription_id, transaction_id, code, timestamp, properties, value, value_field,
        created_at
    )
    select $1, 'subscription-' || lpad(customer::text, 5, '0'), customer || '-' || number,
        ($5::text[])[1 + number % 3], $2::timestamptz + interval '1 minute' * number,
        jsonb_build_object('gb', number % 100 + 0.5, 'region', ($6::text[])[1 + number % 5]),
        number % 100 + 0.5, 'gb', now()
    from generate_series(0, $3::int - 1) as customer, generate_series(1, $4::int) as number
"""


async def run() -> None:
    """Bill last month: three usage charges, one graduated and one with five filters, a tax, 200 events a customer."""
    rows: list[tuple[object, ...]] = []
    limit = 0.0
    async with house() as built:
        owner = await built.connect("postgres")
        for numbering in NUMBERINGS:
            async with built.serving(), built.connected() as api:
                company = await found_company(api, customers=CUSTOMERS + COPIES, taxes=0, add_ons=0)
                change = {"organization": {"document_numbering": numbering}}
                await api.call("PUT", "/api/v1/organizations", key=company.key, body=change)
                await sell(api, company)
            await use(owner, company)
            rate, documents = await billing_run(built, owner, company)
            # The rows are the same but for a number.
            limit = limit or await copied(built, owner, company)
            rows.append((numbering, rate, limit, rate / limit, documents))
        await owner.close()
    report.show(
        f"Renewals of {CUSTOMERS:,} customers, {WORKERS} workers; beside a bare script that inserts the same rows",
        ("numbering", "invoices/s", "bare/s", "ratio", "s until all documents exist"),
        rows,
        note=f"fsync on; {EVENTS} events a customer; invoices counted when they are final.",
    )


async def sell(api: Connection, company: Company) -> None:
    """A plan with three usage charges, and every customer subscribed to it since the month before last."""
    key = company.key
    tax = {"code": "vat", "name": "VAT", "rate": "20", "applied_to_organization": True}
    await api.call("POST", "/api/v1/taxes", key=key, body={"tax": tax})
    charges: list[dict[str, Any]] = []
    for code, charge in CHARGES.items():
        metric = {
            "name": code,
            "code": code,
            "aggregation_type": "sum_agg",
            "field_name": "gb",
            "filters": [{"key": "region", "values": REGIONS}],
        }
        made = await api.call("POST", "/api/v1/billable_metrics", key=key, body={"billable_metric": metric})
        charges.append({"billable_metric_id": made["billable_metric"]["lago_id"], **charge})
    plan = {
        "name": "Monthly",
        "code": "monthly",
        "interval": "monthly",
        "amount_cents": 4900,
        "amount_currency": "EUR",
        "pay_in_advance": False,
        "charges": charges,
    }
    await api.call("POST", "/api/v1/plans", key=key, body={"plan": plan})
    since = (datetime.now(UTC).replace(day=1) - timedelta(days=40)).strftime("%Y-%m-%dT00:00:00Z")
    for number, customer in enumerate(company.customers):
        subscription = {
            "external_customer_id": customer,
            "plan_code": "monthly",
            "external_id": f"subscription-{number:05}",
            "subscription_at": since,
        }
        await api.call("POST", "/api/v1/subscriptions", key=key, body={"subscription": subscription})


CHARGES: dict[str, dict[str, Any]] = {
    "plain": {"charge_model": "standard", "properties": {"amount": "0.1"}},
    "tiers": {
        "charge_model": "graduated",
        "properties": {
            "graduated_ranges": [
                {"from_value": 0, "to_value": 100, "per_unit_amount": "0.2", "flat_amount": "1"},
                {"from_value": 101, "to_value": 1000, "per_unit_amount": "0.1", "flat_amount": "0"},
                {"from_value": 1001, "to_value": None, "per_unit_amount": "0.05", "flat_amount": "0"},
            ]
        },
    },
    "regions": {
        "charge_model": "standard",
        "properties": {"amount": "0.3"},
        "filters": [
            {"values": {"region": [region]}, "properties": {"amount": f"0.{number + 1}"}}
            for number, region in enumerate(REGIONS)
        ],
    },
}


async def use(owner: Any, company: Company) -> None:
    """Have events in the month before, for everybody."""
    codes = list(CHARGES)
    begins = month_before(datetime.now(UTC)) + timedelta(days=2)
    await owner.execute(EVENTS_OF_ALL, company.id, begins, CUSTOMERS + COPIES, EVENTS, codes, list(REGIONS))
    await owner.execute("vacuum analyze events, subscriptions, customers, agenda")


def month_before(now: datetime) -> datetime:
    """When the month before this one began, in UTC."""
    this = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (this - timedelta(days=1)).replace(day=1)


async def make_due(owner: Any, company: Company) -> None:
    """Have the first customers' renewals of this month be due now."""
    # Customers live in Paris, whose month begins earlier.
    due = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=1)
    async with owner.transaction():
        await owner.execute(DUE, company.id, due, f"subscription-{CUSTOMERS:05}")
        await owner.execute(DUE_ENTRIES, company.id, due, f"subscription-{CUSTOMERS:05}")
        await owner.execute("select pg_notify('conto_agenda', '')")


async def billing_run(built: House, owner: Any, company: Company) -> tuple[float, float]:
    """Final invoices a second, from when they are due to the last, and the seconds until all have their documents."""
    with ExitStack() as processes:
        for _ in range(WORKERS):
            processes.enter_context(built.process("worker"))
        await until(owner, IDLE, 1, await owner.fetchval(LAST_EVENT))
        await make_due(owner, company)
        began = perf_counter()
        await until(owner, counted("status = 'finalized'"), CUSTOMERS, company.id)
        seconds = perf_counter() - began
        await until(owner, counted("file_path is not null"), CUSTOMERS, company.id)
        return CUSTOMERS / seconds, perf_counter() - began


def counted(condition: str) -> str:
    """The query that counts the invoices that are so."""
    return f"select count(*) from invoices where organization_id = $1 and {condition}"


async def until(owner: Any, query: str, count: int, *values: object) -> None:
    """Wait until the query gives so many."""
    deadline = monotonic() + DEADLINE_SECONDS
    while monotonic() < deadline:
        if await owner.fetchval(query, *values) >= count:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("the billing run does not end in time")


async def copied(built: House, owner: Any, company: Company) -> float:
    """Invoices a second of a bare script that inserts one's rows for the customers that were not renewed."""
    invoice_id = await owner.fetchval(
        "select id from invoices where organization_id = $1 order by created_at limit 1", company.id
    )
    pattern = await bare.pattern_of(owner, invoice_id)
    subscription_id: UUID = await owner.fetchval(
        "select subscription_id from invoice_subscriptions where invoice_id = $1", invoice_id
    )
    spare = await owner.fetch(
        "select id, customer_id from subscriptions where organization_id = $1 and external_id >= $2 order by id",
        company.id,
        f"subscription-{CUSTOMERS:05}",
    )
    turns = iter(spare)

    async def script() -> None:
        connection = await built.connect("conto_app")
        for row in turns:
            await bare.copy(connection, pattern, row["customer_id"], {subscription_id: row["id"]})
        await connection.close()

    began = perf_counter()
    await asyncio.gather(*(script() for _ in range(WORKERS)))
    return len(spare) / (perf_counter() - began)
