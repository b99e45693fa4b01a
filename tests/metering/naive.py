"""Aggregations as chapter 30 tells them, event by event and day by day, without regard to speed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from conto.metering.store import Bucket, Question
from tests.metering.happenings import Event

Group = tuple[tuple[str, str | None], ...]


@dataclass
class Taken:
    """An event that takes part, by its place in time."""

    event: Event
    value: Any
    day: date
    earlier: bool


@dataclass
class Naive:
    units: Fraction
    full: Fraction | None
    level: Fraction
    count: int


def text(value: Any) -> str | None:
    if value is None:
        return None
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def ordered(question: Question, events: Sequence[Event]) -> list[Event]:
    """Those up to the end of the period, in order of time, at one instant of reception."""
    kept = [event for event in events if event.at <= question.span.to_datetime]
    kept = [
        event
        for event in kept
        if all(text(event.properties.get(key)) in allowed for key, allowed in question.only.items())
    ]
    return sorted(kept, key=lambda event: event.at)


def bucket_of(event: Event, buckets: Sequence[Bucket]) -> int | None:
    for number, bucket in enumerate(buckets):
        if all(text(event.properties.get(key)) in allowed for key, allowed in bucket.values.items()):
            return number
    return None


def group_of(event: Event, keys: Sequence[str]) -> Group:
    return tuple((key, text(event.properties.get(key)) or None) for key in keys)


def taken(question: Question, events: Sequence[Event]) -> list[Taken]:
    """The events that take part, each with its value."""
    kind, span = question.metric.aggregation_type, question.span
    history = question.metric.recurring and kind in ("sum_agg", "unique_count_agg")
    found = []
    for event in ordered(question, events):
        earlier = event.at < span.from_datetime
        if earlier and not history:
            continue
        written = text(event.properties.get("value"))
        value: Any = None
        if kind == "unique_count_agg":
            if not written or not written.strip():
                continue
            value = written
        elif kind != "count_agg":
            if written is None or len(written) > 400 or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", written):
                continue
            value = Fraction(written)
        found.append(Taken(event, value, event.at.astimezone(ZoneInfo(span.timezone)).date(), earlier))
    return found


def split(
    question: Question, rows: Sequence[Taken], *, presented: bool = False
) -> dict[tuple[int, Group], list[Taken]]:
    """The events by bucket and group."""
    found: dict[tuple[int, Group], list[Taken]] = {}
    for row in rows:
        number = bucket_of(row.event, question.buckets)
        if number is not None:
            bucket = question.buckets[number]
            keys = [*bucket.group_keys, *(bucket.presentation_keys if presented else ())]
            found.setdefault((number, group_of(row.event, keys)), []).append(row)
    return found


def aggregated(question: Question, rows: Sequence[Taken], carried: Fraction) -> Naive:
    """What the events of one bucket and group come to, before the metric's rounding."""
    kind, days = question.metric.aggregation_type, question.span.days
    match kind:
        case "count_agg":
            units = Fraction(len(rows))
            return Naive(units, None, units, len(rows))
        case "sum_agg":
            full = sum((row.value for row in rows), Fraction(0))
            if not question.prorated:
                return Naive(full, None, full, len(rows))
            weighed = Fraction(0)
            for row in rows:
                if row.earlier:
                    billed = max(0, (days.last_on - days.first_on).days + 1 - days.upgraded)
                else:
                    billed = (days.last_on - row.day).days + 1
                weighed += row.value * Fraction(billed, days.period_days)
            return Naive(up(weighed, 5), full, full, len(rows))
        case "max_agg":
            units = max((row.value for row in rows), default=Fraction(0))
            return Naive(units, None, units, len(rows))
        case "latest_agg":
            units = max(rows[-1].value, Fraction(0)) if rows else Fraction(0)
            return Naive(units, None, units, len(rows))
        case "unique_count_agg":
            active = len([value for value in values_of(rows) if walk(rows, value)[-1:] == ["add"]])
            full = Fraction(active)
            if not question.prorated:
                return Naive(full, None, full, active)
            number = sum(len(active_days(question, rows, value)) for value in values_of(rows))
            return Naive(up(Fraction(number, days.period_days), 5), full, full, active)
        case "weighted_sum_agg":
            return weighted(question, rows, carried)
        case _:
            raise NotImplementedError


def weighted(question: Question, rows: Sequence[Taken], carried: Fraction) -> Naive:
    """The mean of the running total, interval by interval."""
    span, total, mean = question.span, carried, Fraction(0)
    end = span.to_datetime
    if end.microsecond:
        end = end.replace(microsecond=0) + timedelta(seconds=1)
    instants = [span.from_datetime, *[row.event.at for row in rows], end]
    for number, begin in enumerate(instants[:-1]):
        if number > 0:
            total += rows[number - 1].value
        length = Fraction((instants[number + 1] - begin) // timedelta(microseconds=1), 10**6)
        mean += total * length / (span.days.period_days * 86400)
    return Naive(up(mean, 20), None, total, len(rows))


def values_of(rows: Sequence[Taken]) -> list[str]:
    return sorted({row.value for row in rows})


def operation(row: Taken) -> str:
    return "remove" if row.event.properties.get("operation_type") == "remove" else "add"


def walk(rows: Sequence[Taken], value: str) -> list[str]:
    """The operations of the value that change anything."""
    found: list[str] = []
    for row in rows:
        if row.value == value and operation(row) != (found[-1] if found else "remove"):
            found.append(operation(row))
    return found


def active_days(question: Question, rows: Sequence[Taken], value: str) -> set[date]:
    """The days of the window on which the value was active at any moment, that of its removal too.

    A value that was there before the window and stays is not counted on the last day where the new plan counts it.
    """
    days = question.span.days
    window = [days.first_on + timedelta(number) for number in range((days.last_on - days.first_on).days + 1)]
    found: set[date] = set()
    added: Taken | None = None
    carried = False
    last: Taken | None = None
    for row in (row for row in rows if row.value == value):
        if operation(row) == "add" and added is None:
            # Removed and added again on one day is not removed at all.
            carried = carried if last is not None and last.day == row.day else row.earlier
            added = row
        elif operation(row) == "remove" and added is not None:
            if not row.earlier:
                found |= {day for day in window if (added.earlier or added.day <= day) and day <= row.day}
            added, last = None, row
    if added is not None:
        found |= {day for day in window if added.earlier or added.day <= day}
        if carried and days.upgraded:
            found -= {days.last_on}
    return found


def up(value: Fraction, decimals: int) -> Fraction:
    return Fraction(-(-value * 10**decimals // 1), 10**decimals)


def rounded(value: Fraction, function: str | None, precision: int) -> Fraction:
    if function is None:
        return value
    scale = Fraction(10) ** precision
    if function == "ceil":
        return -(-value * scale // 1) / scale
    if function == "floor":
        return (value * scale // 1) / scale
    half = abs(value) * scale + Fraction(1, 2)
    return (half // 1) / scale * (-1 if value < 0 else 1)


@dataclass
class NaiveMarks:
    current: Fraction
    highest: Fraction
    highest_prorated: Fraction


def marks(question: Question, rows: Sequence[Taken]) -> NaiveMarks | None:
    """What the events of the period come to, one after another."""
    found: NaiveMarks | None = None
    active: set[str] = set()
    for row in rows:
        change = Fraction(1)
        if question.metric.aggregation_type == "sum_agg":
            change = row.value
        elif question.metric.aggregation_type == "unique_count_agg":
            change = Fraction(0)
            if operation(row) == "add" and row.value not in active:
                active.add(row.value)
                change = Fraction(1)
            elif operation(row) == "remove" and row.value in active:
                active.remove(row.value)
                change = Fraction(-1)
        if row.earlier:
            continue
        found = found or NaiveMarks(Fraction(0), Fraction(0), Fraction(0))
        found.current += change
        increment = max(found.current - found.highest, Fraction(0))
        found.highest += increment
        if question.prorated:
            weight = Fraction((question.span.days.last_on - row.day).days + 1, question.span.days.period_days)
            increment = up(increment * weight, 5)
        found.highest_prorated += increment
    return found
