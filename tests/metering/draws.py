"""Questions and events around one window, for properties of aggregations."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Bucket, Question
from tests.company import Company
from tests.metering.happenings import EVERYTHING, Event, a_metric, a_question, a_span, at, store

FIRST, LAST = date(2024, 3, 5), date(2024, 3, 14)
"""A window around the change of clocks in America, of a longer period."""
PERIOD_DAYS = 31
ZONES = ["UTC", "America/Los_Angeles", "Asia/Kolkata"]

EU, US = frozenset({"eu"}), frozenset({"us", "3"})
FILTERS = (
    Bucket(UUID(int=1), {"region": EU, "cloud": frozenset({"aws"})}, group_keys=("cloud",)),
    Bucket(UUID(int=2), {"region": US}, group_keys=("team", "cloud"), presentation_keys=("team",)),
    Bucket(UUID(int=3), {"region": EU}),
    Bucket(None, {}, group_keys=("team",), presentation_keys=("region", "cloud")),
)
WITHOUT_DEFAULT = FILTERS[:2]

KINDS = ["count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg"]


def examples(number: int) -> settings:
    """So many examples, which share a company and are told apart by their subscriptions."""
    return settings(max_examples=number, suppress_health_check=[HealthCheck.function_scoped_fixture])


def instants() -> st.SearchStrategy[datetime]:
    """Around the window, often at one instant, often at midnight of one zone or another."""
    begin = at("2024-03-01T00:00:00")
    return st.one_of(
        st.sampled_from([at("2024-03-05T00:00:00"), at("2024-03-05T08:00:00"), at("2024-03-14T23:59:59.999999")]),
        st.integers(0, 16 * 24).map(lambda hours: begin + timedelta(hours=hours)),
        st.integers(0, 16 * 86400 * 10**6).map(lambda moments: begin + timedelta(microseconds=moments)),
    )


NUMBERS = [1, 2, -3, 0, Decimal("2.5"), "12", "-3.0", "0.125", Decimal("10000000000000000000.000000000000001")]
OTHERS = [
    "",
    "abc",
    "1e3",
    "+5",
    " 5",
    "5\n",
    True,
    None,
    "NaN",
    "Infinity",
    "9" * 400,
    "9" * 401,
    " ",
    "1_000",
    "0x1F",
]
SEATS = ["a", "b", "b", 3, "3"]


def events(values: Sequence[Any]) -> st.SearchStrategy[list[Event]]:
    properties = st.fixed_dictionaries(
        {},
        optional={
            "value": st.sampled_from([*values, *values, *OTHERS]),
            "region": st.sampled_from(["eu", "us", "asia", 3, "", None]),
            "cloud": st.sampled_from(["aws", "gcp", ""]),
            "team": st.sampled_from(["x", "y", 1]),
            "operation_type": st.sampled_from(["add", "remove", "remove"]),
        },
    )
    amounts = st.none() | st.decimals(-5, 5, places=3)
    return st.lists(st.builds(Event, instants(), properties, amounts, st.booleans()), max_size=14)


@st.composite
def questions(draw: st.DrawFn, kinds: Sequence[str] = KINDS) -> Question:
    kind = draw(st.sampled_from(kinds))
    recurring = draw(st.booleans()) and kind in ("sum_agg", "unique_count_agg", "weighted_sum_agg")
    timezone = draw(st.sampled_from(ZONES))
    span = a_span(FIRST, LAST, period_days=PERIOD_DAYS, timezone=timezone, upgraded=draw(st.booleans()))
    if draw(st.booleans()):
        span = replace(span, from_datetime=span.from_datetime + timedelta(hours=9, milliseconds=5))
    if draw(st.booleans()):
        span = replace(span, to_datetime=span.to_datetime.replace(hour=3, microsecond=draw(st.sampled_from([0, 5]))))
    rounding = draw(st.sampled_from([None, None, "round", "ceil", "floor"]))
    metric = a_metric(
        kind, recurring=recurring, rounding_function=rounding, rounding_precision=draw(st.integers(-1, 3))
    )
    only = draw(st.sampled_from([{}, {}, {"cloud": frozenset({"aws"})}]))
    return a_question(
        metric,
        span,
        draw(st.sampled_from([EVERYTHING, FILTERS, WITHOUT_DEFAULT])),
        prorated=recurring and kind != "weighted_sum_agg" and draw(st.booleans()),
        only=only,
        currency="EUR",
    )


async def answered(company: Company, question: Question, happened: Sequence[Event]) -> list[Aggregate]:
    async with company.works.enter(company.id) as work:
        await store(work, question, happened)
        (found,) = await aggregate(work, [question])
        return found
