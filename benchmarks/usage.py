"""Current usage of a subscription with many events and a charge of 20 filters, beside a bare sum of the same rows."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import quote

from benchmarks import report
from benchmarks.company import Company, found_company
from benchmarks.house import House, house
from benchmarks.http import Connection, prepared
from benchmarks.load import Act, Sample, sample, summary

SIZES = {10_000: 3.0, 100_000: 5.0, 1_000_000: 10.0}
"""Events of a period, and for how many seconds each side is measured in a round."""

ROUNDS = 3
REGIONS = ("europe", "asia", "africa", "america", "oceania")
CLOUDS = ("aws", "azure", "gcp", "own")
SECONDS_OF_EVENTS = 20 * 24 * 3600
"""Events are spread over so much of the period; those that are still to come count too."""

EVENTS = """
    insert into events (
        organization_id, external_subscription_id, transaction_id, code, timestamp, properties, value, value_field,
        created_at
    )
    select $1, $2, $2 || '-' || number, 'storage', $3::timestamptz + interval '1 second' * (number % $5),
        jsonb_build_object(
            'gb', number % 1000 + 0.5, 'user', 'user-' || number % 1000,
            'region', ($6::text[])[1 + number % 5], 'cloud', ($7::text[])[1 + number / 5 % 5]
        ),
        number % 1000 + 0.5, 'gb', now()
    from generate_series(1, $4::int) as number
"""
BARE = """
    select sum(value), count(*) from events
    where organization_id = $1 and external_subscription_id = $2 and code = 'storage' and timestamp between $3 and $4
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A subscription with so many events in its period, and what its usage is asked with."""

    size: int
    external_id: str
    begin: datetime
    end: datetime
    request: bytes


async def run() -> None:
    """Each size by itself, one connection, one API process, no worker."""
    rows: list[tuple[object, ...]] = []
    async with house() as built, built.serving():
        owner = await built.connect("postgres")
        async with built.connected() as api:
            company = await found_company(api, customers=len(SIZES), taxes=0, add_ons=0)
            await sell(api, company)
            measured = [
                await used(api, owner, company, customer, size)
                for customer, size in zip(company.customers, SIZES, strict=True)
            ]
        await owner.execute("vacuum analyze events")
        for one in measured:
            rows.append(await compare(built, company, one))
        await owner.close()
    report.show(
        "GET current_usage, a sum with 20 filters and a default; beside one bare sum on the driver",
        ("events", "p50 ms", "p99 ms", "bare p50 ms", "bare p99 ms", "times the bare sum"),
        rows,
        note=f"One API process, fsync on; {ROUNDS} rounds, the two sides taking turns. Both count all events.",
    )


async def sell(api: Connection, company: Company) -> None:
    """A plan with one charge, whose filters are all pairs of a region and a cloud."""
    metric = {
        "name": "Storage",
        "code": "storage",
        "aggregation_type": "sum_agg",
        "field_name": "gb",
        "filters": [{"key": "region", "values": REGIONS}, {"key": "cloud", "values": CLOUDS}],
    }
    made = await api.call("POST", "/api/v1/billable_metrics", key=company.key, body={"billable_metric": metric})
    filters = [
        {"values": {"region": [region], "cloud": [cloud]}, "properties": {"amount": str(number + 1)}}
        for number, (region, cloud) in enumerate(product(REGIONS, CLOUDS))
    ]
    charge = {
        "billable_metric_id": made["billable_metric"]["lago_id"],
        "charge_model": "standard",
        "properties": {"amount": "1"},
        "filters": filters,
    }
    plan = {
        "name": "Storage",
        "code": "storage",
        "interval": "monthly",
        "amount_cents": 0,
        "amount_currency": "EUR",
        "pay_in_advance": False,
        "charges": [charge],
    }
    await api.call("POST", "/api/v1/plans", key=company.key, body={"plan": plan})


async def used(api: Connection, owner: Any, company: Company, customer: str, size: int) -> Measured:
    """The customer's subscription with so many events in its current period."""
    external_id = f"subscription-{size}"
    year_ago = (datetime.now(UTC) - timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
    subscription = {
        "external_customer_id": customer,
        "plan_code": "storage",
        "external_id": external_id,
        "subscription_at": year_ago,
    }
    await api.call("POST", "/api/v1/subscriptions", key=company.key, body={"subscription": subscription})
    path = f"/api/v1/customers/{quote(customer)}/current_usage?external_subscription_id={external_id}"
    usage = (await api.call("GET", path, key=company.key))["customer_usage"]
    begin, end = (datetime.fromisoformat(usage[f"{side}_datetime"]) for side in ("from", "to"))
    await owner.execute(
        EVENTS, company.id, external_id, begin, size, SECONDS_OF_EVENTS, list(REGIONS), [*CLOUDS, "none"]
    )
    return Measured(size, external_id, begin, end, prepared("GET", path, key=company.key))


async def compare(built: House, company: Company, one: Measured) -> tuple[object, ...]:
    """Our percentiles and those of the bare sum, and how many times its median ours is."""
    ours: list[Sample] = []
    limit: list[Sample] = []
    async with built.connected() as api:
        connection = await built.connect("conto_app")
        # A plan for any subscription would be slower than one for this.
        await connection.execute("set plan_cache_mode = force_custom_plan")
        for _ in range(ROUNDS):
            ours.append(await sample([asking(api, one)], SIZES[one.size]))
            limit.append(await sample([adding_up(connection, company, one)], SIZES[one.size]))
        await connection.close()
    mine, theirs = summary(ours), summary(limit)
    return f"{one.size:,}", mine.p50, mine.p99, theirs.p50, theirs.p99, mine.p50 / theirs.p50


def asking(api: Connection, one: Measured) -> Act:
    """Ask for the usage, which must be of all events."""

    async def act() -> None:
        answer = await api.send(one.request)
        (charge,) = json.loads(answer.body)["customer_usage"]["charges_usage"]
        assert charge["events_count"] == one.size
        assert len(charge["filters"]) == len(REGIONS) * len(CLOUDS) + 1

    return act


def adding_up(connection: Any, company: Company, one: Measured) -> Act:
    """Add up the same rows in a transaction under row-level security."""

    async def act() -> None:
        async with connection.transaction():
            await connection.fetchval("select set_config('conto.organization', $1, true)", str(company.id))
            found = await connection.fetchrow(BARE, company.id, one.external_id, one.begin, one.end)
        assert found["count"] == one.size

    return act
