"""One event in advance: what it adds to the usage before it, in its bucket and group (chapter 30 §4.10).

Events before it are those of earlier instants, and those of its own that were received earlier. What is not stored
comes last of its instant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from conto.core.charges import in_advance, percentage
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.filters import as_texts
from conto.core.charges.in_advance import START, EventUsage, Increment, Marks
from conto.core.charges.needs import NONE
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import NO_EVENTS, SingleEvents
from conto.core.days import local_day
from conto.core.money import ZERO, in_major_units, plus
from conto.metering.aggregations.distinct import is_active
from conto.metering.aggregations.scopes import FIELDS, Position, Scope, Sole, scope
from conto.metering.aggregations.singles import Runs
from conto.metering.ingest import number_of
from conto.metering.postgres import Found, find, nothing
from conto.metering.store import Bucket, Group, Question
from conto.work import Work

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that is to be priced. `id` is its place in the order of reception; None for one that is not stored."""

    id: int | None
    timestamp: datetime
    properties: Mapping[str, Any]
    precise_total_amount_cents: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """What the event adds: where it belongs, the usage with it, and the units that it pays and shows."""

    bucket: Bucket
    group: Group
    usage: EventUsage
    increment: Increment


@dataclass(frozen=True, slots=True)
class Change:
    """The units that the event adds or takes away, and what it pays of them."""

    units: Decimal
    increment: Increment


async def add(work: Work, question: Question, event: Happened) -> Addition | None:
    """What the event adds under an in-advance charge, whose question is about the period that contains it.

    The metric's rounding is not applied to single events. The buckets' needs are those in advance
    (`core.charges.needs.needs_in_advance`). None where the event has no value that the metric could take, or falls
    into no bucket: there is no fee.
    """
    texts = as_texts(event.properties)
    value = value_of(question, event, texts)
    number = bucket_of(question, texts)
    if value is None or number is None:
        return None
    bucket = question.buckets[number]
    group = {key: texts.get(key) or None for key in bucket.group_keys}
    before = Position(event.timestamp, event.id)
    asked = scope(work, question, before=before, sole=Sole(number, group))
    counts = FIELDS[question.metric.aggregation_type] == "none"
    found = await find(work, replace(question, marks=not counts, buckets=needing(question.buckets, number)), asked)
    marks = found.marks.get((number, ()), START)
    change = await change_of(work, question, event, value, asked, marks)
    usage = usage_with(question, number, event, found, change)
    return Addition(bucket, group, usage, change.increment)


def needing(buckets: Sequence[Bucket], number: int) -> tuple[Bucket, ...]:
    """The buckets, of which this one alone needs anything."""
    return tuple(bucket if place == number else replace(bucket, needs=NONE) for place, bucket in enumerate(buckets))


def value_of(question: Question, event: Happened, texts: Mapping[str, str]) -> Decimal | str | None:
    """What the metric takes of the event: a number, or a text that is not blank; 1 where it counts events."""
    metric = question.metric
    field = FIELDS[metric.aggregation_type]
    if field == "none" or metric.field_name is None:
        return ONE
    if field == "number":
        return number_of(event.properties.get(metric.field_name))
    value = texts.get(metric.field_name, "")
    return value if value.strip(" \t\n\r\f\v") else None


def bucket_of(question: Question, texts: Mapping[str, str]) -> int | None:
    """The number of the first bucket that takes the event."""
    for number, bucket in enumerate(question.buckets):
        if all(texts.get(key) in values for key, values in bucket.values.items()):
            return number
    return None


async def change_of(
    work: Work, question: Question, event: Happened, value: Decimal | str, asked: Scope, marks: Marks
) -> Change:
    """What the event changes, given the marks before it."""
    share = share_of(question, event)
    if isinstance(value, str):
        adds = event.properties.get("operation_type") != "remove"
        active = await is_active(work, asked, value)
        change = 0 if adds == active else 1 if adds else -1
        return Change(Decimal(change), in_advance.added_or_removed(marks, change, share))
    if FIELDS[question.metric.aggregation_type] == "none":
        return Change(ONE, in_advance.counted(START))
    return Change(value, in_advance.summed(marks, value, share))


def share_of(question: Question, event: Happened) -> Fraction | None:
    """What the event's units weigh; None where the charge is not prorated."""
    if not question.prorated:
        return None
    return question.span.days.share_from(local_day(event.timestamp, question.span.timezone))


def usage_with(question: Question, number: int, event: Happened, found: Found, change: Change) -> EventUsage:
    """The usage of the bucket up to and with the event."""
    bucket, key = question.buckets[number], (number, ())
    before = found.units.get(key) or nothing(question)
    total = plus(before.level, change.units)
    # A unique count's number of events is that of its active values.
    count = int(total) if question.metric.aggregation_type == "unique_count_agg" else before.count + 1
    given = None
    if isinstance(bucket.properties, Dynamic):
        assert question.currency is not None
        given = in_major_units(event.precise_total_amount_cents or ZERO, question.currency)
    return EventUsage(
        total=total,
        billed=change.increment.billed,
        count=count,
        events=single_events(question, bucket, total, count, (*found.runs.get(key, ()), (change.units, 1))),
        given_amount=given,
    )


def single_events(question: Question, bucket: Bucket, total: Decimal, count: int, runs: Runs) -> SingleEvents:
    """What a percentage charge has to know of the events up to this one, which is the last."""
    if not isinstance(bucket.properties, Percentage):
        return NO_EVENTS
    if question.metric.aggregation_type == "sum_agg":
        return percentage.gather(bucket.properties, runs)
    return percentage.gather_counted(bucket.properties, total, count)
