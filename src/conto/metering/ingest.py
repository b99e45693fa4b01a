"""Take in events: all or none of them, each once, in one statement (chapter 30 §3).

Two batches that hold the same events wait for each other and never both ways, for every batch inserts in the
order of the unique key. What an event's metric says about its value is worked out here, before it is stored:
its expression, and the number that aggregations add up.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from os import urandom
from typing import Any

from conto.core.expression import EvaluationFailed, Event, Expression, evaluate, parse, written
from conto.core.numerals import NUMERAL_LIMIT
from conto.db.engine import driver
from conto.metering.stream import tell_at_once
from conto.schemas.encoding import ENCODER
from conto.schemas.events import EPOCH, NewEvent
from conto.work import Work

VALUE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
"""Which texts take part in an aggregation of numbers (chapter 30 §4.1)."""
VALUE_LENGTH = 4 * NUMERAL_LIMIT
"""Characters of such a text; longer ones are none."""

METRICS = """
    select code, field_name, expression from billable_metrics
    where organization_id = $1 and code = any($2) and deleted_at is null and field_name is not null
"""
INSERT = """
    insert into events (
        organization_id, id, event_id, external_subscription_id, transaction_id, code, timestamp, properties,
        value, value_field, precise_total_amount_cents, created_at
    )
    overriding system value
    select $1, id, event_id, external_subscription_id, transaction_id, code, coalesce(timestamp, $2),
           properties::jsonb, value, value_field, precise_total_amount_cents, $2
    from (
        select nextval('events_id_seq') as id, sent.*
        from unnest(
            $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::numeric[],
            $10::text[], $11::numeric[]
        ) as sent (
            event_id, external_subscription_id, transaction_id, code, timestamp, properties, value, value_field,
            precise_total_amount_cents
        )
    ) as received
    order by transaction_id collate "C", external_subscription_id collate "C"
    on conflict do nothing
"""
REFUSED = """
    select sent.place - 1 from unnest($2::uuid[], $3::text[]) with ordinality as sent (event_id, transaction_id, place)
    where not exists (
        select from events e
        where e.organization_id = $1 and e.transaction_id = sent.transaction_id and e.event_id = sent.event_id
    )
"""


@dataclass(frozen=True, slots=True)
class Metric:
    """What ingestion needs of a metric: the property that it aggregates, and what computes it, if anything."""

    field_name: str
    expression: Expression | None


class Duplicates(Exception):
    """Events at these places are there already, or stand earlier in the same batch; nothing is to be stored."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(places)
        self.places = places


async def metrics_of(work: Work, events: Iterable[NewEvent]) -> dict[str, Metric]:
    """The metrics that have the events' codes now, by code; those without a property are left out."""
    below = driver(work.connection)
    codes = list({event.code for event in events})
    return {
        row["code"]: Metric(row["field_name"], parsed(row["expression"]) if row["expression"] else None)
        for row in await below.fetch(METRICS, work.organization.id, codes)
    }


@lru_cache(maxsize=1024)
def parsed(expression: str) -> Expression:
    """The expression, which was checked when its metric was made."""
    return parse(expression)


def computed(event: NewEvent, metric: Metric | None, now: datetime) -> dict[str, Any]:
    """The event's properties, with what the metric's expression comes to, if it has one, among them.

    Raises:
        EvaluationFailed: it comes to nothing for this event.
    """
    if metric is None or metric.expression is None:
        return event.properties
    moment = (event.timestamp or now) - EPOCH
    seconds = moment.days * 86400 + moment.seconds
    result = evaluate(metric.expression, Event(event.code, seconds, event.properties))
    return {**event.properties, metric.field_name: written(result)}


def failure(error: EvaluationFailed) -> str:
    """What the API says of an expression that failed."""
    return f"expression_evaluation_failed: {error}"


def value_of(properties: Mapping[str, Any], metric: Metric | None) -> Decimal | None:
    """The number that the metric aggregates of an event with the properties; None where there is none."""
    return None if metric is None else number_of(properties.get(metric.field_name))


def number_of(value: Any) -> Decimal | None:
    """The number that a property is for aggregations; None for any other text, for truth and for lists."""
    if isinstance(value, Decimal):
        # In plain decimal form every JSON number is a text that takes part, and the reader has bounded it.
        return value
    if isinstance(value, str):
        return Decimal(value) if len(value) <= VALUE_LENGTH and VALUE.fullmatch(value) else None
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


async def store(work: Work, events: Sequence[NewEvent], metrics: dict[str, Metric]) -> list[str]:
    """Store all events, whose expressions were computed; their ids, in the same order.

    Raises:
        Duplicates: some are there already; the transaction must not commit.
    """
    repeated = repetitions(events)
    ids = new_ids(len(events))
    used = [metrics.get(event.code) for event in events]
    below = driver(work.connection)
    status = await below.execute(
        INSERT,
        work.organization.id,
        work.now,
        ids,
        [event.external_subscription_id for event in events],
        [event.transaction_id for event in events],
        [event.code for event in events],
        [event.timestamp for event in events],
        [ENCODER.encode(event.properties).decode() for event in events],
        [value_of(event.properties, metric) for event, metric in zip(events, used, strict=True)],
        [metric.field_name if metric else None for metric in used],
        [event.precise_total_amount_cents for event in events],
    )
    if repeated or status != f"INSERT 0 {len(events)}":
        transaction_ids = [event.transaction_id for event in events]
        refused = await below.fetch(REFUSED, work.organization.id, ids, transaction_ids)
        raise Duplicates(sorted({*repeated, *(row[0] for row in refused)}))
    await tell_at_once(work, [event.transaction_id for event in events], ids)
    return ids


def repetitions(events: Sequence[NewEvent]) -> list[int]:
    """The places of events whose transaction id an earlier one of them has, for whatever subscription."""
    seen: set[str] = set()
    found: list[int] = []
    for place, event in enumerate(events):
        if event.transaction_id in seen:
            found.append(place)
        seen.add(event.transaction_id)
    return found


def new_ids(count: int) -> list[str]:
    """That many random UUIDs of version 4, as text: made at once, which is quicker than one by one."""
    random = urandom(16 * count).hex()
    # The digit of the variant is the same in all, which leaves 120 random bits of 122.
    return [
        f"{random[at : at + 8]}-{random[at + 8 : at + 12]}-4{random[at + 13 : at + 16]}"
        f"-a{random[at + 17 : at + 20]}-{random[at + 20 : at + 32]}"
        for at in range(0, 32 * count, 32)
    ]
