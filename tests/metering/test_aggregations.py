"""Events are aggregated as chapter 30 tells it, whatever they are."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given

from conto.metering.store import Aggregate, Question
from tests.metering import naive
from tests.metering.draws import KINDS, NUMBERS, SEATS, answered, events, examples, questions
from tests.metering.happenings import Event


def shown(question: Question, found: naive.Naive) -> tuple[Any, ...]:
    metric = question.metric

    def rounded(value: Fraction | None) -> Fraction | None:
        return None if value is None else naive.rounded(value, metric.rounding_function, metric.rounding_precision)

    units, full = rounded(found.units), rounded(found.full)
    level = found.level if metric.aggregation_type == "weighted_sum_agg" else rounded(found.level)
    return units, full, level, found.count


def expected(question: Question, happened: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Bucket, group and what it comes to, in the order of the answer."""
    rows = naive.taken(question, happened)
    groups = naive.split(question, rows)
    finer = naive.split(question, rows, presented=True)
    found: list[tuple[Any, ...]] = []
    for number, bucket in enumerate(question.buckets):
        own = sorted((group for at, group in groups if at == number), key=in_order)
        for group in own or [tuple((key, None) for key in bucket.group_keys)]:
            units = naive.aggregated(question, groups.get((number, group), []), Fraction(0))
            presented = [
                (dict(whole[len(group) :]), shown_units(question, naive.aggregated(question, part, Fraction(0))))
                for (at, whole), part in finer.items()
                if bucket.presentation_keys and at == number and whole[: len(group)] == group
            ]
            found.append((bucket, dict(group), *shown(question, units), by_text(presented)))
    return found


def shown_units(question: Question, found: naive.Naive) -> Fraction:
    units, full, *_ = shown(question, found)
    return units if full is None else full


def in_order(group: naive.Group) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for _, value in group]


def by_text(presented: Sequence[tuple[Any, Any]]) -> list[str]:
    return sorted(f"{sorted(combination.items())}: {Fraction(units)}" for combination, units in presented)


def told(found: Sequence[Aggregate]) -> list[tuple[Any, ...]]:
    return [
        (one.bucket, dict(one.group), one.units, one.full_units, one.level, one.count, by_text(one.presented))
        for one in found
    ]


@examples(150)
@given(question=questions([kind for kind in KINDS if kind != "unique_count_agg"]), happened=events(NUMBERS))
async def test_numbers_are_aggregated_as_the_chapter_says(company, question, happened):
    assert told(await answered(company, question, happened)) == expected(question, happened)


@examples(150)
@given(question=questions(["unique_count_agg"]), happened=events(SEATS))
async def test_distinct_values_are_counted_as_the_chapter_says(company, question, happened):
    assert told(await answered(company, question, happened)) == expected(question, happened)
