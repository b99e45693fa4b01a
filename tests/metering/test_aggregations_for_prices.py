"""Prices that look at single events find them as chapters 30 and 40 tell it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import prorated_graduated
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.graduated import Graduated
from conto.core.charges.needs import needs
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Climb, SingleEvents, Step
from conto.core.charges.ranges import PricedRange
from conto.metering.store import Bucket, Question
from tests.metering import naive
from tests.metering.draws import NUMBERS, SEATS, answered, events, examples, questions
from tests.metering.happenings import Event

DAY = timedelta(days=1)
SMALL = [number for number in NUMBERS if abs(Decimal(number)) < 100]
GRADUATED = Graduated(
    (
        PricedRange(Decimal(0), Decimal(2), Decimal(10), Decimal(100)),
        PricedRange(Decimal(3), Decimal(5), Decimal(5), Decimal(50)),
        PricedRange(Decimal(6), None, Decimal(2), Decimal(1)),
    )
)
percentages = st.builds(
    Percentage,
    rate=st.just(Decimal("1.5")),
    fixed_amount=st.sampled_from([None, Decimal(2)]),
    free_units_per_events=st.sampled_from([None, None, 1, 3]),
    free_units_per_total_aggregation=st.sampled_from([None, None, Decimal(4), Decimal("14.5")]),
    per_transaction_min_amount=st.sampled_from([None, None, Decimal(2)]),
    per_transaction_max_amount=st.sampled_from([None, None, Decimal(3)]),
)


def priced(question: Question, *properties: Any) -> Question:
    """The question with a bucket for the EU and one for the rest, apart by cloud, priced by these properties."""
    kind = question.metric.aggregation_type
    europe, rest = (
        replace(bucket, properties=own, needs=needs(own, kind, prorated=question.prorated))
        for own, bucket in zip(
            properties,
            (Bucket(UUID(int=1), {"region": frozenset({"eu"})}, group_keys=("cloud",)), Bucket(None, {})),
            strict=True,
        )
    )
    return replace(
        question, buckets=(europe, rest), metric=replace(question.metric, rounding_function=None), currency="JPY"
    )


def by_group(question: Question, happened: Sequence[Event]) -> dict[tuple[int, naive.Group], list[naive.Taken]]:
    return naive.split(question, naive.taken(question, happened))


def rows_of(groups: Any, number: int, group: Any) -> list[naive.Taken]:
    return groups.get((number, tuple(group.items())), [])


@examples(80)
@given(question=questions(["sum_agg", "unique_count_agg", "count_agg"]), happened=events([*SMALL, *SEATS]))
async def test_marks_are_those_of_the_events_of_the_period_one_after_another(company, question, happened):
    found = await answered(company, replace(question, marks=True), happened)
    groups = by_group(question, happened)
    for one in found:
        number = question.buckets.index(one.bucket)
        expected = naive.marks(question, rows_of(groups, number, one.group))
        marks = one.marks and naive.NaiveMarks(one.marks.current, one.marks.highest, one.marks.highest_prorated)
        assert marks == expected


def totals_of(percentage: Percentage, values: Sequence[Fraction]) -> list[Fraction]:
    """The running totals R of chapter 40 §4.6 for a sum."""
    if not percentage.free_events and not percentage.free_total:
        return []
    found: list[Fraction] = []
    for value in values:
        if percentage.free_events and len(found) == percentage.free_events:
            break
        if not percentage.free_events and found and found[-1] > percentage.free_total:
            break
        found.append((found[-1] if found else Fraction(0)) + value)
    return found


def amounts_of(percentage: Percentage, values: Sequence[Fraction]) -> list[Fraction]:
    """What each event costs within the limits per transaction (§4.6)."""
    free_events, free_total, found = percentage.free_events, Fraction(percentage.free_total), []
    for value in values:
        paid = value
        if free_events > 0 or free_total > 0:
            free_events -= 1
            if free_total == 0 or free_total > value:
                free_total -= value if free_total else 0
                found.append(Fraction(0))
                continue
            paid, free_events, free_total = value - free_total, 0, Fraction(0)
        amount = paid * Fraction(percentage.rate) / 100 + Fraction(percentage.fixed_amount or 0)
        least, most = percentage.per_transaction_min_amount, percentage.per_transaction_max_amount
        if least is not None and amount < least:
            amount = Fraction(least)
        elif most is not None and amount > most:
            amount = Fraction(most)
        found.append(amount)
    return found


def single_events(percentage: Percentage, rows: Sequence[naive.Taken]) -> tuple[Any, ...]:
    """How many running totals there are, the last, how many are below the free total, and the limited amount."""
    if percentage.has_limits:
        rows = [row for row in rows if not row.earlier]
    values = [row.value for row in rows]
    totals = totals_of(percentage, values)
    last = totals[-1] if totals else Fraction(0)
    below = sum(total < percentage.free_total for total in totals)
    return len(totals), last, below, sum(amounts_of(percentage, values)) if percentage.has_limits else None


def summary(events: SingleEvents) -> tuple[Any, ...]:
    return events.totals, events.last_total, events.totals_below, events.limited_amount


@examples(100)
@given(question=questions(["sum_agg"]), happened=events(SMALL), one=percentages, other=percentages)
async def test_percentages_of_sums_find_the_events_they_look_at(company, question, happened, one, other):
    question = priced(replace(question, prorated=False), one, other)
    groups = by_group(question, happened)
    for found in await answered(company, question, happened):
        rows = rows_of(groups, question.buckets.index(found.bucket), found.group)
        properties = found.bucket.properties
        assert isinstance(properties, Percentage)
        assert summary(found.events) == single_events(properties, rows)


@examples(40)
@given(question=questions(["count_agg", "max_agg"]), happened=events(SMALL), one=percentages)
async def test_percentages_of_counts_take_each_event_as_one_unit(company, question, happened, one):
    question = priced(question, one, one)
    groups = by_group(question, happened)
    for found in await answered(company, question, happened):
        rows = rows_of(groups, question.buckets.index(found.bucket), found.group)
        ones = [Fraction(1)] * len(rows)
        counts = question.metric.aggregation_type == "count_agg"
        totals = [Fraction(number + 1) for number in range(len(rows))] if counts and one.has_allowance else []
        last = totals[-1] if totals else Fraction(0)
        below = sum(total < one.free_total for total in totals)
        limited = sum(amounts_of(one, ones)) if one.has_limits else None
        assert summary(found.events) == (len(totals), last, below, limited)


@examples(60)
@given(question=questions(["sum_agg"]), happened=events(SMALL))
async def test_amounts_that_events_bring_are_added_up(company, question, happened):
    question = priced(question, Dynamic(), Dynamic())
    groups = by_group(question, happened)
    for found in await answered(company, question, happened):
        rows = rows_of(groups, question.buckets.index(found.bucket), found.group)
        assert found.given_amount == sum(row.event.given or 0 for row in rows)


def steps_of_sum(question: Question, rows: Sequence[naive.Taken]) -> list[Step]:
    days = question.span.days
    carried = sum((row.value for row in rows if row.earlier), Fraction(0))
    billed = max(0, (days.last_on - days.first_on).days + 1 - days.upgraded)
    found = [Step(carried, carried * Fraction(billed, days.period_days))] if carried else []
    for row in rows:
        if not row.earlier:
            weight = Fraction((days.last_on - row.day).days + 1, days.period_days)
            found.append(Step(row.value, row.value * weight))
    return found


def steps_of_count(question: Question, rows: Sequence[naive.Taken]) -> list[Step]:
    """Each value's effective operations, in order of time; what was removed before the window has none."""
    days, found = question.span.days, dict[int, Step]()
    for value in naive.values_of(rows):
        own = [(place, row) for place, row in enumerate(rows) if row.value == value]
        own = [
            (place, row)
            for place, row in own
            if naive.operation(row) == "add"
            or not any(
                later.day == row.day and naive.operation(later) == "add" for after, later in own if after > place
            )
        ]
        kept: list[tuple[int, naive.Taken]] = []
        for place, row in own:
            if naive.operation(row) != (naive.operation(kept[-1][1]) if kept else "remove"):
                kept.append((place, row))
        for number, (place, row) in enumerate(kept):
            removal = kept[number + 1][1] if number + 1 < len(kept) else None
            if naive.operation(row) == "remove":
                if not row.earlier:
                    found[place] = Step(Decimal(-1), Fraction(0))
            elif removal is None or not removal.earlier:
                first = days.first_on if row.earlier else row.day
                last = days.last_on if removal is None else removal.day
                less = removal is None and row.earlier and days.upgraded
                weight = Fraction((last - first).days + 1 - less, days.period_days)
                found[place] = Step(Decimal(1), naive.up(weight, 5))
    return [found[place] for place in sorted(found)]


@examples(80)
@given(question=questions(["sum_agg", "unique_count_agg"]), happened=events([*SMALL, *SEATS]))
async def test_prorated_graduated_charges_climb_step_by_step(company, question, happened):
    metric = replace(question.metric, recurring=True)
    question = priced(replace(question, metric=metric, prorated=True), GRADUATED, GRADUATED)
    steps = steps_of_sum if metric.aggregation_type == "sum_agg" else steps_of_count
    groups = by_group(question, happened)
    for found in await answered(company, question, happened):
        rows = rows_of(groups, question.buckets.index(found.bucket), found.group)
        expected: Climb = prorated_graduated.climb(GRADUATED, steps(question, rows))
        assert found.climb == expected
