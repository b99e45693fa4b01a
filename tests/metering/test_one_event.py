"""One event in advance pays what it adds to the events before it (chapters 30 §4.10 and 40 §10)."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from conto.core.charges import in_advance
from conto.core.charges.graduated import Graduated
from conto.core.charges.needs import needs_in_advance
from conto.core.charges.percentage import Percentage
from conto.core.charges.ranges import PricedRange
from conto.core.charges.standard import Standard
from conto.metering.one_event import Addition, Happened, add
from conto.metering.store import Bucket, Question
from conto.work import Work
from tests.company import Company
from tests.metering import naive
from tests.metering.draws import NUMBERS, SEATS, events, examples, questions
from tests.metering.happenings import Event, a_metric, a_question, a_span, at, store

SMALL = [number for number in NUMBERS if abs(Decimal(number)) < 100]
ONE_EACH = Standard(Decimal(1))
RECEIVED = text("""
    select id from events where organization_id = :organization and external_subscription_id = :subscription order by id
""")


async def ids(work: Work, question: Question) -> list[int]:
    rows = await work.rows(RECEIVED, organization=work.organization.id, subscription=question.external_subscription_id)
    return [row.id for row in rows]


async def added(company: Company, question: Question, happened: Sequence[Event], number: int) -> Addition | None:
    """What one of the stored events adds."""
    async with company.works.enter(company.id) as work:
        await store(work, question, happened)
        event = happened[number]
        found = (await ids(work, question))[number]
        return await add(work, question, Happened(found, event.at, event.properties, event.given))


def before_and_with(
    question: Question, happened: Sequence[Event], number: int
) -> tuple[list[naive.Taken], list[naive.Taken]]:
    """What takes part in the event's bucket and group before it, and with it."""
    event = happened[number]
    earlier = [
        one for place, one in enumerate(happened) if one.at < event.at or (one.at == event.at and place < number)
    ]
    place = naive.bucket_of(event, question.buckets)
    if place is None:
        return [], []
    key = (place, naive.group_of(event, question.buckets[place].group_keys))
    before = naive.split(question, naive.taken(question, earlier)).get(key, [])
    return before, naive.split(question, naive.taken(question, [*earlier, event])).get(key, [])


def marks_of(question: Question, rows: Sequence[naive.Taken]) -> naive.NaiveMarks:
    return naive.marks(question, rows) or naive.NaiveMarks(Fraction(0), Fraction(0), Fraction(0))


@examples(150)
@given(
    question=questions(["sum_agg", "unique_count_agg", "count_agg"]),
    happened=events([*SMALL, *SEATS]).filter(bool),
    data=st.data(),
)
async def test_an_event_pays_what_passes_the_mark_and_no_unit_twice(company, question, happened, data):
    question = replace(question, only={})
    within = [
        number
        for number, event in enumerate(happened)
        if question.span.from_datetime <= event.at <= question.span.to_datetime
    ]
    number = data.draw(st.sampled_from(within or [0]))
    found = await added(company, question, happened, number) if within else None
    before, upto = before_and_with(question, happened, number)
    if len(before) == len(upto) or not within:
        assert found is None
        return
    assert found is not None
    kind = question.metric.aggregation_type
    old, new = marks_of(question, before), marks_of(question, upto)
    total = naive.aggregated(question, upto, Fraction(0))
    assert found.usage.total == total.level
    assert found.usage.count == total.count
    if kind == "count_agg":
        assert (found.usage.billed, found.increment.shown) == (1, 1)
        return
    assert found.usage.billed == new.highest_prorated - old.highest_prorated
    increment = new.highest - old.highest
    value = upto[-1].value if kind == "sum_agg" else new.current - old.current
    assert found.increment.shown == (increment or max(value, 0))


def asked(kind: str, properties: Any = ONE_EACH, **fields: Any) -> Question:
    """The question about September of a charge without filters."""
    metric = a_metric(kind, recurring=fields.pop("recurring", False))
    bucket = Bucket(
        None, {}, properties=properties, needs=needs_in_advance(properties, kind), **fields.pop("bucket", {})
    )
    span = a_span(at("2023-09-01").date(), at("2023-09-30").date())
    return a_question(metric, span, [bucket], **fields)


def on(day: int, value: Any, **properties: Any) -> Event:
    return Event(at(f"2023-09-{day:02}T10:00:00"), {"value": value, **properties})


async def fees(company: Company, question: Question, *happened: Event) -> list[tuple[int, Decimal]]:
    """The amount and the shown units of each event's fee, all stored."""
    found: list[tuple[int, Decimal]] = []
    async with company.works.enter(company.id) as work:
        await store(work, question, happened)
        for place, event in zip(await ids(work, question), happened, strict=True):
            one = await add(work, question, Happened(place, event.at, event.properties, event.given))
            assert one is not None
            properties = one.bucket.properties
            assert properties is not None
            amounts, _ = in_advance.fee(properties, one.usage, one.increment.shown, "EUR")
            found.append((amounts.amount_cents, one.increment.shown))
    return found


async def test_a_sum_bills_what_passes_its_highest_total(company):
    billed = await fees(company, asked("sum_agg"), *[on(2, value) for value in (4, -6, 12, -10, 10, 4)])
    assert billed == [(400, 4), (0, 0), (600, 6), (0, 0), (0, 10), (400, 4)]


async def test_a_first_negative_event_leaves_the_mark_at_nothing(company):
    assert await fees(company, asked("sum_agg"), on(2, -5), on(3, 7)) == [(0, 0), (200, 2)]


async def test_two_adds_of_a_value_at_one_instant_bill_it_once(company):
    assert await fees(company, asked("unique_count_agg"), on(2, "a"), on(2, "a")) == [(100, 1), (0, 0)]


async def test_a_value_that_comes_back_is_shown_and_not_billed_again(company):
    story = on(2, "a"), on(3, "a", operation_type="remove"), on(4, "a"), on(5, "b")
    assert await fees(company, asked("unique_count_agg"), *story) == [(100, 1), (0, 0), (0, 1), (100, 1)]


async def test_prorated_units_are_rounded_up_at_five_decimals(company):
    question = asked("sum_agg", Standard(Decimal(10)), recurring=True, prorated=True)
    assert await fees(company, question, on(2, 4), on(4, 4)) == [(3867, 4), (3600, 4)]


async def test_values_from_a_year_ago_are_still_active_where_the_metric_recurs(company):
    long_ago = Event(at("2022-09-02T10:00:00"), {"value": "1234"})
    question = asked("unique_count_agg", Standard(Decimal(10)), recurring=True)
    assert (await fees(company, question, long_ago, on(2, "1234"), on(2, "5678")))[1:] == [(0, 0), (1000, 1)]


async def test_numbers_and_texts_of_a_group_are_one(company):
    question = asked("sum_agg", bucket={"group_keys": ("team",)})
    story = on(2, 5, team=1), on(3, -3, team="1"), on(4, 4, team=1), on(5, 4, team="2")
    assert [cents for cents, _ in await fees(company, question, *story)] == [500, 0, 100, 400]


@pytest.mark.parametrize(
    ("properties", "values", "cents"),
    [
        (Percentage(Decimal(5), Decimal(1), None, Decimal(120)), (100, 10, 20, 20), (0, 0, 150, 200)),
        (
            Percentage(
                Decimal(1),
                Decimal("0.5"),
                per_transaction_min_amount=Decimal("1.75"),
                per_transaction_max_amount=Decimal(2),
            ),
            (100, 1000, 10000),
            (175, 200, 200),
        ),
        (
            Graduated(
                (
                    PricedRange(Decimal(0), Decimal(5), Decimal("0.02"), Decimal("0.01")),
                    PricedRange(Decimal(6), None, Decimal("0.01"), Decimal("0.01")),
                )
            ),
            (3, 1, 2),
            (7, 2, 4),
        ),
    ],
)
async def test_models_price_an_event_by_the_difference_it_makes(company, properties, values, cents):
    billed = await fees(company, asked("sum_agg", properties), *[on(2, value) for value in values])
    assert [amount for amount, _ in billed] == list(cents)


async def test_an_event_that_is_not_stored_comes_after_all_of_its_instant(company):
    question = asked("sum_agg")
    async with company.works.enter(company.id) as work:
        await store(work, question, [on(2, 4), on(2, -6), on(3, 100)])
        found = await add(work, question, Happened(None, at("2023-09-02T10:00:00"), {"value": 12}))
    assert found is not None
    assert (found.usage.total, found.usage.billed, found.usage.count) == (10, 6, 3)


@pytest.mark.parametrize("properties", [{}, {"value": ""}, {"value": "abc"}, {"value": None}, {"value": [1]}])
async def test_an_event_without_a_usable_value_adds_nothing(company, properties):
    async with company.works.enter(company.id) as work:
        assert await add(work, asked("sum_agg"), Happened(None, at("2023-09-02"), properties)) is None
