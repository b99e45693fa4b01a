"""Events taken in, in batches and one by one, beside a bare script that inserts the same rows."""

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from benchmarks import report
from benchmarks.company import Company, found_company
from benchmarks.house import House, answering, house
from benchmarks.http import Answer, connected, prepared
from benchmarks.load import Act, Sample, sample, summary

BATCH = 100
CONNECTIONS = 4
SINGLE_CONNECTIONS = 8
ROUNDS = 5
SECONDS = 2.0
SUBSCRIPTIONS = 50

PLACEHOLDER = "@NUMBER@"
"""Stands in a prepared request for the number that makes its transaction ids new."""

BARE = """
    insert into events (organization_id, external_subscription_id, transaction_id, code, timestamp, properties,
                        value, value_field, created_at)
    select $1, sent.external_subscription_id, sent.transaction_id, sent.code, sent.timestamp, sent.properties::jsonb,
           sent.value, sent.value_field, $2
    from unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::numeric[], $9::text[])
         as sent (external_subscription_id, transaction_id, code, timestamp, properties, value, value_field)
    on conflict do nothing
"""

numbers = count(1)


def event(place: int) -> dict[str, Any]:
    """One event of a batch, with a number, a text and a group."""
    return {
        "transaction_id": f"transaction-{PLACEHOLDER}-{place:03d}",
        "external_subscription_id": f"subscription-{place % SUBSCRIPTIONS}",
        "code": "storage",
        "timestamp": f"17000{place:05d}.123",
        "properties": {"gb": place + 0.5, "region": "europe", "cloud": "aws"},
    }


def numbered(request: bytes) -> bytes:
    """The request with transaction ids that no other has."""
    return request.replace(PLACEHOLDER.encode(), b"%08d" % next(numbers))


async def run() -> None:
    """Batches over four connections, single events over eight; one API process, no worker."""
    async with taking_in() as (built, company, _):
        owner = await built.connect("postgres")
        batches = await compare(built, owner, company, CONNECTIONS, BATCH)
        singles = await compare(built, owner, company, SINGLE_CONNECTIONS, 1)
        await owner.close()
    report.show(
        "Events taken in, beside a bare script on the driver",
        (
            "call",
            "connections",
            "events/s",
            "p50 ms",
            "p99 ms",
            "bare events/s",
            "bare p50 ms",
            "bare p99 ms",
            "ratio",
        ),
        [(f"POST /events/batch of {BATCH}", *batches), ("POST /events", *singles)],
        note=f"One API process, fsync on; medians of {ROUNDS} rounds of {SECONDS:g} s, the two sides taking turns.",
    )


@asynccontextmanager
async def taking_in() -> AsyncIterator[tuple[House, Company, subprocess.Popen[bytes]]]:
    """One API process, a company with a metric that sums, and no worker."""
    async with house() as built:
        with built.process("serve") as process:
            await answering(built.port, process)
            async with built.connected() as api:
                company = await found_company(api, customers=0, taxes=0, add_ons=0)
                metric = {"code": "storage", "name": "Storage", "aggregation_type": "sum_agg", "field_name": "gb"}
                await api.call("POST", "/api/v1/billable_metrics", key=company.key, body={"billable_metric": metric})
            yield built, company, process


def request_of(company: Company, events: int) -> bytes:
    """A prepared request that sends so many events, whose transaction ids are still to be numbered."""
    if events == 1:
        return prepared("POST", "/api/v1/events", key=company.key, body={"event": event(0)})
    body = {"events": [event(place) for place in range(events)]}
    return prepared("POST", "/api/v1/events/batch", key=company.key, body=body)


async def compare(built: House, owner: Any, company: Company, connections: int, events: int) -> tuple[object, ...]:
    """Our rate and percentiles, the script's, and the ratio of the rates; both must have made all their rows."""
    request = request_of(company, events)
    ours: list[Sample] = []
    limit: list[Sample] = []
    for _ in range(ROUNDS):
        for samples in (ours, limit):
            before = await owner.fetchval("select count(*) from events")
            if samples is ours:
                samples.append(await sent(built, request, connections, events))
            else:
                samples.append(await bare(built, company.id, connections, events))
            after = await owner.fetchval("select count(*) from events")
            assert after - before == samples[-1].count * events
    mine, theirs = summary(ours), summary(limit)
    return (
        connections,
        *(mine.rate * events, mine.p50, mine.p99),
        *(theirs.rate * events, theirs.p50, theirs.p99),
        mine.rate / theirs.rate,
    )


async def sent(built: House, request: bytes, connections: int, events: int) -> Sample:
    """The request sent again and again, each time with new transaction ids; every answer is read and counted."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(built.port)) for _ in range(connections)]

        def actor(place: int) -> Act:
            async def act() -> None:
                check(await opened[place].send(numbered(request)), events)

            return act

        return await sample([actor(place) for place in range(connections)], SECONDS)


def check(answer: Answer, events: int) -> None:
    """Refuse an answer that does not show that many events."""
    if answer.status != 200 or answer.body.count(b'"lago_id"') != events:
        raise RuntimeError(f"unexpected answer {answer.status}: {answer.body.decode()}")


async def bare(built: House, organization_id: UUID, connections: int, count: int) -> Sample:
    """The same rows inserted by a script, in one transaction for so many under row-level security."""
    events = [event(place) for place in range(count)]
    received = datetime.now(UTC)
    columns: list[list[Any]] = [
        [one["external_subscription_id"] for one in events],
        [one["code"] for one in events],
        [datetime.fromtimestamp(float(one["timestamp"]), UTC) for one in events],
        [json.dumps(one["properties"]) for one in events],
        [one["properties"]["gb"] for one in events],
        ["gb"] * count,
    ]
    subscriptions, *others = columns

    async def insert(connection: Any) -> None:
        number = f"{next(numbers):08d}"
        transactions = [one["transaction_id"].replace(PLACEHOLDER, number) for one in events]
        async with connection.transaction():
            await connection.fetchval("select set_config('conto.organization', $1, true)", str(organization_id))
            await connection.execute(BARE, organization_id, received, subscriptions, transactions, *others)

    async with AsyncExitStack() as stack:
        opened = [await built.connect("conto_app") for _ in range(connections)]
        for connection in opened:
            stack.push_async_callback(connection.close)

        def actor(connection: Any) -> Act:
            return lambda: insert(connection)

        return await sample([actor(connection) for connection in opened], SECONDS)
