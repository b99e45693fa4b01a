"""The examples that chapter 30 gives of aggregations."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Bucket
from tests.company import Company
from tests.metering.draws import answered
from tests.metering.happenings import Event, a_metric, a_question, a_span, at

MAY = a_span(date(2024, 5, 1), date(2024, 5, 31))
AUGUST = a_span(date(2023, 8, 1), date(2023, 8, 31))


def happened(written: str, value: Any, **properties: Any) -> Event:
    return Event(at(written), {"value": value, **properties})


async def only_one(company: Company, question: Any, events: Sequence[Event]) -> Aggregate:
    (found,) = await answered(company, question, events)
    return found


@pytest.mark.parametrize(("recurring", "units", "count"), [(False, 48, 4), (True, 53, 6)])
async def test_a_recurring_sum_goes_back_to_the_beginning(company, recurring, units, count):
    earlier = [happened("2024-02-10", "2.5"), happened("2024-02-11", "2.5")]
    events = [*earlier, *[happened(f"2024-05-1{day}", 12) for day in range(4)]]
    found = await only_one(company, a_question(a_metric("sum_agg", recurring=recurring), MAY), events)
    assert (found.units, found.count) == (units, count)


async def test_a_prorated_sum_weighs_its_days_and_is_rounded_up_once(company):
    events = [happened("2024-03-10", "2.5")] * 2 + [happened("2024-05-26T10:00:00", 12)] * 2
    found = await only_one(company, a_question(a_metric("sum_agg", recurring=True), MAY, prorated=True), events)
    assert (found.units, found.full_units, found.count) == (Decimal("9.64517"), 29, 4)


async def test_a_sum_of_exact_fractions_is_not_rounded_up(company):
    june = a_span(date(2024, 6, 1), date(2024, 6, 30))
    question = a_question(a_metric("sum_agg", recurring=True), june, prorated=True)
    assert (await only_one(company, question, [happened("2024-06-08", 30)])).units == 23


def seat(day: int, operation: str = "add", value: str = "a") -> Event:
    return Event(at("2024-05-01T10:00:00") + timedelta(days=day - 1), {"value": value, "operation_type": operation})


BEFORE = Event(at("2024-01-10"), {"value": "a"})


@pytest.mark.parametrize(
    ("events", "units", "full"),
    [
        ([BEFORE], "1", 1),
        ([seat(11)], "0.67742", 1),
        ([BEFORE, seat(11, value="b")], "1.67742", 2),
        ([BEFORE, seat(16, "remove")], "0.51613", 0),
        ([BEFORE, seat(31, "remove")], "1", 0),
        ([seat(2), seat(30, "remove")], "0.93549", 0),
        ([seat(5), seat(5, "remove"), seat(5), seat(5, "remove")], "0.03226", 0),
        ([seat(day, operation) for day in (5, 6, 7) for operation in ("add", "remove")], "0.09678", 0),
        ([BEFORE, seat(2), seat(2), seat(2, "remove"), seat(2), seat(4), seat(4, "remove")], "0.12904", 0),
        ([BEFORE, Event(at("2024-04-30"), {"value": "a", "operation_type": "remove"})], "0", 0),
    ],
)
async def test_prorated_unique_counts_count_the_days_on_which_a_value_was_active(company, events, units, full):
    question = a_question(a_metric("unique_count_agg", recurring=True), MAY, prorated=True)
    found = await only_one(company, question, events)
    assert (found.units, found.full_units, found.count) == (Decimal(units), full, full)


async def test_a_weighted_sum_is_the_mean_over_the_seconds_of_the_period(company):
    changes = {"00:00": 2, "01:00": 3, "01:30": 1, "02:00": -4, "04:00": -2, "05:00": 10, "05:30": -10}
    events = [happened(f"2023-08-01T{time}:00", value) for time, value in changes.items()]
    found = await only_one(company, a_question(a_metric("weighted_sum_agg"), AUGUST), events)
    assert found.units == Decimal("0.02217741935483870968")
    assert (found.level, found.count) == (0, 7)


async def test_the_latest_of_one_instant_is_the_one_received_last(company):
    events = [
        happened("2024-05-02", 9),
        happened("2024-05-03", 1),
        happened("2024-05-03", 2),
        happened("2024-05-01", 7),
    ]
    assert (await only_one(company, a_question(a_metric("latest_agg"), MAY), events)).units == 2
    negative = [*events, happened("2024-05-04", -3)]
    found = await only_one(company, a_question(a_metric("latest_agg"), MAY), negative)
    assert (found.units, found.count) == (0, 5)


async def test_the_greatest_of_negative_values_is_negative(company):
    events = [happened("2024-05-02", -9), happened("2024-05-03", -2)]
    assert (await only_one(company, a_question(a_metric("max_agg"), MAY), events)).units == -2


async def test_each_event_falls_into_the_most_specific_filter(company):
    countries, regions = frozenset({"france", "germany", "united kingdom"}), frozenset({"europe", "usa"})
    france = Bucket(UUID(int=1), {"region": frozenset({"europe"}), "country": frozenset({"france"})})
    everywhere = Bucket(UUID(int=2), {"region": regions, "country": countries})
    europe, usa = (
        Bucket(UUID(int=number), {"region": frozenset({region})}) for number, region in ((3, "europe"), (4, "usa"))
    )
    buckets = (france, everywhere, europe, usa, Bucket(None, {}))
    sent = [
        (10, "europe", None),
        (2, "europe", None),
        (3, "europe", "italy"),
        (5, "europe", "france"),
        (5, "europe", "united kingdom"),
        (5, "europe", "germany"),
        (3, "asia", "japan"),
        (2, None, None),
    ]
    events = [happened("2024-05-02", value, region=region, country=country) for value, region, country in sent]
    found = await answered(company, a_question(a_metric("sum_agg"), MAY, buckets), events)
    assert [one.units for one in found] == [5, 10, 15, 0, 5]


async def test_both_ends_of_the_window_are_in_it_and_nothing_beyond(company):
    span = replace(MAY, from_datetime=at("2024-05-03T10:00:00.250"), to_datetime=at("2024-05-20T12:00:00"))
    inside = [happened("2024-05-03T10:00:00.250", 1), happened("2024-05-20T12:00:00", 1)]
    outside = [happened("2024-05-03T10:00:00.249999", 1), happened("2024-05-20T12:00:00.000001", 1)]
    question = a_question(a_metric("count_agg"), span)
    assert (await only_one(company, question, [*inside, *outside])).count == 2


async def test_without_events_each_bucket_still_answers(company):
    buckets = (Bucket(UUID(int=1), {"region": frozenset({"eu"})}, group_keys=("team", "cloud")), Bucket(None, {}))
    for kind in ("count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg"):
        grouped, plain = await answered(company, a_question(a_metric(kind), MAY, buckets, marks=True), [])
        assert dict(grouped.group) == {"team": None, "cloud": None}
        assert dict(plain.group) == {}
        assert (grouped.units, grouped.count, plain.level, plain.marks) == (0, 0, 0, None)


async def test_events_of_others_are_not_counted(company, other_company):
    question = a_question(a_metric("sum_agg"), MAY)
    await only_one(company, question, [happened("2024-05-02", 5)])
    async with other_company.works.enter(other_company.id) as work:
        assert [one.units for one in (await aggregate(work, [question]))[0]] == [0]


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
async def test_days_are_those_of_the_customers_time_zone(company, timezone):
    days = {"UTC": 20, "Asia/Kolkata": 20, "America/Los_Angeles": 21}[timezone]
    question = a_question(
        a_metric("sum_agg", recurring=True),
        a_span(date(2024, 5, 1), date(2024, 5, 31), timezone=timezone),
        prorated=True,
    )
    found = await only_one(company, question, [happened("2024-05-12T05:00:00", 31)])
    assert found.units == days


async def test_numbers_of_any_length_are_added_up_exactly(company):
    long = "9" * 400
    events = [
        happened("2024-05-02", long),
        replace(happened("2024-05-03", long), known=False),
        happened("2024-05-04", "1"),
    ]
    for kind, units in (("sum_agg", 2 * int(long) + 1), ("max_agg", int(long))):
        assert (await only_one(company, a_question(a_metric(kind), MAY), events)).units == units


@pytest.mark.parametrize(
    "only", [{"cloud": frozenset({"a\0"})}, {"clo\0ud": frozenset({"aws"})}, {"cloud": frozenset[str]()}]
)
async def test_what_no_event_can_have_restricts_to_nothing(company, only):
    question = a_question(a_metric("count_agg"), MAY, only=only)
    assert (await only_one(company, question, [happened("2024-05-02", 1, cloud="aws")])).count == 0


async def test_names_and_values_of_properties_are_never_part_of_a_statement(company):
    name, value = 'it\'s {from} $1 "quoted" --', "'; drop table events; {to}"
    buckets = (Bucket(UUID(int=1), {name: frozenset({value})}, group_keys=(name,)), Bucket(None, {}))
    events = [happened("2024-05-02", 2, **{name: value}), happened("2024-05-02", 1)]
    special, rest = await answered(company, a_question(a_metric("sum_agg"), MAY, buckets), events)
    assert (special.units, dict(special.group), rest.units) == (2, {name: value}, 1)
