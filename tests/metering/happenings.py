"""Events as tests write them down: stored in one statement, and asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from sqlalchemy import text

from conto.catalog.priced import PricedMetric
from conto.core.charges.proration import Window
from conto.core.days import end_of_day, start_of_day
from conto.ids import new_id
from conto.metering.ingest import number_of
from conto.metering.store import Bucket, Question, Span
from conto.work import Work

_numbers = count(1)
_encoder = msgspec.json.Encoder(decimal_format="number")

EVERYTHING = (Bucket(None, {}),)
STORED = text("""
    insert into events (
        organization_id, external_subscription_id, transaction_id, code, timestamp, properties, value, value_field,
        precise_total_amount_cents, created_at
    )
    select :organization, subscription, gen_random_uuid()::text, 'metric', at, properties::jsonb, value, value_field,
        given, now()
    from unnest(
        cast(:subscriptions as text[]), cast(:at as timestamptz[]), cast(:properties as text[]),
        cast(:values as numeric[]), cast(:fields as text[]), cast(:given as numeric[])
    ) with ordinality as sent (subscription, at, properties, value, value_field, given, place)
    order by place
""")


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `known` tells that its metric was there when it was taken in, so that its value was read."""

    at: datetime
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    given: Decimal | None = None
    known: bool = True


def a_metric(aggregation_type: str, *, recurring: bool = False, **fields: Any) -> PricedMetric:
    """A metric over the property `value`."""
    defaults = {
        "id": new_id(),
        "code": "metric",
        "name": "Metric",
        "description": None,
        "field_name": None if aggregation_type == "count_agg" else "value",
        "rounding_function": None,
        "rounding_precision": 0,
        "filters": {},
    }
    return PricedMetric(aggregation_type=aggregation_type, recurring=recurring, **(defaults | fields))


def a_span(
    first_on: date, last_on: date, *, period_days: int | None = None, timezone: str = "UTC", upgraded: bool = False
) -> Span:
    """The days from the first to the last, all day long."""
    whole = period_days or (last_on - first_on).days + 1
    return Span(
        start_of_day(first_on, timezone),
        end_of_day(last_on, timezone),
        timezone,
        Window(first_on, last_on, whole, upgraded),
    )


def a_question(
    metric: PricedMetric, span: Span, buckets: Sequence[Bucket] = EVERYTHING, *, subscription: str = "", **fields: Any
) -> Question:
    """The question about the usage of a subscription; one that has no events if none is named."""
    return Question(subscription or f"sub_{next(_numbers)}", metric, tuple(buckets), span, **fields)


async def store(work: Work, question: Question, events: Sequence[Event]) -> None:
    """Store events of the subscription that is asked about, received in this order."""
    values = [number_of(event.properties.get("value")) if event.known else None for event in events]
    await work.execute(
        STORED,
        {
            "organization": work.organization.id,
            "subscriptions": [question.external_subscription_id] * len(events),
            "at": [event.at for event in events],
            "properties": [_encoder.encode(event.properties).decode() for event in events],
            "values": values,
            "fields": ["value" if event.known else None for event in events],
            "given": [event.given for event in events],
        },
    )


def at(written: str) -> datetime:
    """The instant in UTC."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)
