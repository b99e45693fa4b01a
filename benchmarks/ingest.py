"""Events taken in, beside a bare script that inserts the same rows; and the memory of the API over many of them."""

import json
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from benchmarks import report
from benchmarks.company import Company, found_company
from benchmarks.house import House, answering, house
from benchmarks.http import Answer, connected, prepared
from benchmarks.load import Act, Sample, sample, summary
from benchmarks.start import family, memory_of

BATCH = 100
CONNECTIONS = 4
SINGLE_CONNECTIONS = 8
ROUNDS = 5
SECONDS = 2.0
SUBSCRIPTIONS = 50
MANY = int(os.environ.get("CONTO_BENCHMARK_EVENTS", "1000000"))
"""Events over which the memory is looked at."""

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
METRIC = """
    insert into billable_metrics
        (organization_id, id, code, name, aggregation_type, field_name, recurring, created_at, updated_at)
    values ($1, gen_random_uuid(), 'storage', 'Storage', 'sum_agg', 'gb', false, now(), now())
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
    """Batches over four connections, single events over eight, and memory; one API process, no worker."""
    async with house() as built:
        with built.process("serve") as process:
            await answering(built.port, process)
            owner = await built.connect("postgres")
            async with built.connected() as api:
                company = await found_company(api, customers=0, taxes=0, add_ons=0)
            await owner.execute(METRIC, company.id)
            batches = await compare(built, owner, company)
            singles = await single(built, company)
            memory = [(0, resident(process.pid)), *await over_many(built, company, process.pid)]
            await owner.close()
    report.show(
        f"POST /events/batch of {BATCH} over {CONNECTIONS} connections; beside a bare script on the driver",
        ("connections", "events/s", "p50 ms", "p99 ms", "bare events/s", "ratio"),
        [batches],
        note=f"One API process, fsync on; medians of {ROUNDS} rounds of {SECONDS:g} s, the two sides taking turns.",
    )
    report.show("POST /events, one event a call", ("connections", "events/s", "p50 ms", "p99 ms"), [singles])
    report.show("Memory of the API process", ("events since", "MB"), memory)


async def compare(built: House, owner: Any, company: Company) -> tuple[object, ...]:
    """Our rate and percentiles, the script's rate, and their ratio; both must have made all their rows."""
    body = {"events": [event(place) for place in range(BATCH)]}
    request = prepared("POST", "/api/v1/events/batch", key=company.key, body=body)
    ours: list[Sample] = []
    limit: list[Sample] = []
    for _ in range(ROUNDS):
        for samples in (ours, limit):
            before = await owner.fetchval("select count(*) from events")
            done = sent(built, request, CONNECTIONS, BATCH) if samples is ours else bare(built, company.id)
            samples.append(await done)
            after = await owner.fetchval("select count(*) from events")
            assert after - before == samples[-1].count * BATCH
    mine, theirs = summary(ours), summary(limit)
    return CONNECTIONS, mine.rate * BATCH, mine.p50, mine.p99, theirs.rate * BATCH, mine.rate / theirs.rate


async def single(built: House, company: Company) -> tuple[object, ...]:
    """The rate and percentiles of single events."""
    request = prepared("POST", "/api/v1/events", key=company.key, body={"event": event(1)})
    done = summary([await sent(built, request, SINGLE_CONNECTIONS, 1) for _ in range(ROUNDS)])
    return SINGLE_CONNECTIONS, done.rate, done.p50, done.p99


async def over_many(built: House, company: Company, pid: int) -> list[tuple[int, float]]:
    """The memory of the API after each fifth of many events."""
    body = {"events": [event(place) for place in range(BATCH)]}
    request = prepared("POST", "/api/v1/events/batch", key=company.key, body=body)
    found: list[tuple[int, float]] = []
    taken = 0
    for part in range(1, 6):
        while taken < MANY * part // 5:
            taken += (await sent(built, request, CONNECTIONS, BATCH)).count * BATCH
        found.append((taken, resident(pid)))
    return found


def resident(pid: int) -> float:
    """The memory of a process and its own, in MB."""
    return sum(memory_of(one)[2] for one in family(pid))


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


async def bare(built: House, organization_id: UUID) -> Sample:
    """The same rows inserted by a script, in one transaction a batch under row-level security."""
    events = [event(place) for place in range(BATCH)]
    received = datetime.now(UTC)
    columns: list[list[Any]] = [
        [one["external_subscription_id"] for one in events],
        [one["code"] for one in events],
        [datetime.fromtimestamp(float(one["timestamp"]), UTC) for one in events],
        [json.dumps(one["properties"]) for one in events],
        [one["properties"]["gb"] for one in events],
        ["gb"] * BATCH,
    ]
    subscriptions, *others = columns

    async def insert(connection: Any) -> None:
        number = f"{next(numbers):08d}"
        transactions = [one["transaction_id"].replace(PLACEHOLDER, number) for one in events]
        async with connection.transaction():
            await connection.fetchval("select set_config('conto.organization', $1, true)", str(organization_id))
            await connection.execute(BARE, organization_id, received, subscriptions, transactions, *others)

    async with AsyncExitStack() as stack:
        opened = [await built.connect("conto_app") for _ in range(CONNECTIONS)]
        for connection in opened:
            stack.push_async_callback(connection.close)

        def actor(connection: Any) -> Act:
            return lambda: insert(connection)

        return await sample([actor(connection) for connection in opened], SECONDS)
