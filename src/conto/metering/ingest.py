"""Take in events: all or none of them, each once, in one statement (chapter 30 §3).

Two batches that hold the same events wait for each other and never both ways, for every batch inserts in the
order of the unique key. What an event's metric says about its value is worked out here, before it is stored:
its expression, and the number that aggregations add up.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Value:
    """The number of an event's aggregated property, None if it is none, and the property's name."""

    number: Decimal | None
    field_name: str | None


NO_VALUE = Value(None, None)


class Duplicates(Exception):
    """Events at these places are there already, or stand earlier in the same batch; nothing is to be stored."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(places)
        self.places = places


async def metrics_of(work: Work, events: Iterable[NewEvent]) -> dict[str, Metric]:
    """The metrics that have the events' codes now, by code; those without a property are left out."""
    below = await driver(work.connection)
    codes = list({event.code for event in events})
    return {
        row["code"]: Metric(row["field_name"], parsed(row["expression"]) if row["expression"] else None)
        for row in await below.fetch(METRICS, work.organization.id, codes)
    }


@lru_cache(maxsize=1024)
def parsed(expression: str) -> Expression:
    """The expression, which was checked when its metric was made."""
    return parse(expression)


def compute(work: Work, event: NewEvent, metric: Metric) -> None:
    """Put what the metric's expression comes to in the event's properties.

    Raises:
        EvaluationFailed: it comes to nothing for this event.
    """
    if metric.expression is None:
        return
    moment = (event.timestamp or work.now) - EPOCH
    seconds = moment.days * 86400 + moment.seconds
    result = evaluate(metric.expression, Event(event.code, seconds, event.properties))
    event.properties = {**event.properties, metric.field_name: written(result)}


def failure(error: EvaluationFailed) -> str:
    """What the API says of an expression that failed."""
    return f"expression_evaluation_failed: {error}"


def value_of(event: NewEvent, metric: Metric | None) -> Value:
    """The number that the metric aggregates of the event."""
    if metric is None:
        return NO_VALUE
    return Value(number_of(event.properties.get(metric.field_name)), metric.field_name)


def number_of(value: Any) -> Decimal | None:
    """The number that a property is for aggregations; None for any other text, for truth and for lists."""
    if isinstance(value, str):
        return Decimal(value) if len(value) <= VALUE_LENGTH and VALUE.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # In plain decimal form every JSON number is such a text, and the reader has bounded it.
    return Decimal(value)


async def store(work: Work, events: Sequence[NewEvent], metrics: dict[str, Metric]) -> list[str]:
    """Store all events, whose expressions were computed; their ids, in the same order.

    Raises:
        Duplicates: some are there already; the transaction must not commit.
    """
    repeated = repetitions(events)
    ids = new_ids(len(events))
    values = [value_of(event, metrics.get(event.code)) for event in events]
    below = await driver(work.connection)
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
        [value.number for value in values],
        [value.field_name for value in values],
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
    digits = urandom(16 * count).hex()
    found: list[str] = []
    for start in range(0, 32 * count, 32):
        one = digits[start : start + 32]
        variant = "89ab"[int(one[16], 16) & 3]
        found.append(f"{one[:8]}-{one[8:12]}-4{one[13:16]}-{variant}{one[17:20]}-{one[20:]}")
    return found
