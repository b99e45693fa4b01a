"""Days of periods and parts of prices (chapter 51 §5.2, chapter 30 §4.7, chapter 31 §2, chapter 53 §§5.3, 5.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conto.core.days import MOMENT, start_of_day
from conto.core.money import to_cents
from conto.core.periods.proration import billed_days, covered_days, days_left, part_elapsed, part_left, share
from conto.core.periods.ranges import Period, charges_period, fixed_charges_period, plan_period
from conto.core.periods.schedule import Schedule
from tests.core.periods.values import (
    CALENDAR,
    LOS_ANGELES,
    MONTHLY,
    SEMIANNUAL,
    TOKYO,
    YEARLY,
    day,
    instant,
    instants,
    schedule,
    schedules,
)


def usage_in(month: str, started_at: str, terminated_at: str | None = None, timezone: str = "UTC") -> Period:
    """The usage period of a monthly plan at the given instant."""
    ended = instant(terminated_at) if terminated_at else None
    return charges_period(schedule(MONTHLY, timezone=timezone), instant(month), instant(started_at), ended)


@pytest.mark.parametrize(
    ("period", "covered", "whole"),
    [
        (usage_in("2024-02-10", "2024-02-04"), 26, 29),
        (usage_in("2024-02-25", "2024-02-23"), 7, 29),
        (usage_in("2022-03-15", "2022-01-01", "2022-03-16T10:00"), 16, 31),
        (usage_in("2022-12-20", "2022-12-15", "2022-12-20T06:00"), 6, 31),
        (usage_in("2023-02-08", "2023-02-08", timezone=TOKYO), 21, 28),
        (usage_in("2023-02-08", "2023-02-08", timezone=LOS_ANGELES), 22, 28),
        (usage_in("2024-03-10", "2024-01-01"), 31, 31),
    ],
)
def test_the_window_counts_its_days_and_the_length_stays_the_whole_months(
    period: Period, covered: int, whole: int
) -> None:
    assert covered_days(period) == billed_days(period) == covered
    assert period.tile.days == whole


@pytest.mark.parametrize(
    ("at", "left"),
    [("2022-05-26T23:59", 6), ("2022-05-01", 31), ("2022-05-31T23:59:59", 1), ("2022-04-30", 31), ("2022-06-01", 0)],
)
def test_days_left_count_both_ends(at: str, left: int) -> None:
    assert days_left(usage_in("2022-05-10", "2022-01-01"), instant(at)) == left


def test_a_change_of_units_costs_the_days_from_its_own_on() -> None:
    """The upgrade on 21 August leaves 11 of 31 days; a fee paid on 10 December for 22 days leaves 10."""
    august = fixed_charges_period(schedule(MONTHLY), instant("2023-08-21T12:00"), instant("2023-08-21T12:00"))
    assert part_left(august, instant("2023-08-21T12:00")) == Fraction(11, 31)
    december = fixed_charges_period(schedule(MONTHLY), instant("2025-12-10T12:12"), instant("2025-12-10T12:12"))
    assert covered_days(december) == 22
    assert days_left(december, instant("2025-12-22T12:12")) == 10


@pytest.mark.parametrize(
    ("at", "elapsed"),
    [
        ("2025-07-03T10:00", Fraction(3, 31)),
        ("2025-07-01", Fraction(1, 31)),
        ("2025-07-31T12:00", Fraction(1)),
        ("2025-06-30T23:59", Fraction(0)),
        ("2025-08-01", Fraction(1)),
    ],
)
def test_the_present_day_has_passed_in_full(at: str, elapsed: Fraction) -> None:
    assert part_elapsed(usage_in("2025-07-10", "2025-06-01"), instant(at)) == elapsed


def test_of_a_period_that_began_with_the_subscription_only_its_own_days_pass() -> None:
    assert part_elapsed(usage_in("2025-07-22", "2025-07-22T09:00"), instant("2025-07-22T10:00")) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("amount", "days", "period", "cents"),
    [
        (100, 17, usage_in("2022-03-15", "2022-03-15"), 55),
        (5_000_000, 26, usage_in("2024-02-04", "2024-02-04"), 4_482_759),
        (1_000_000, 2, usage_in("2024-02-28", "2024-02-28T10:00"), 68_966),
        (999, 15, Period(schedule(MONTHLY).plan.tile(day("2023-06-01")), *[instant("2023-06-01")] * 2, "UTC"), 500),
        (12_000, 275, plan_period(schedule(YEARLY), instant("2024-02-01"), instant("2024-02-01")), 9_016),
    ],
)
def test_a_share_is_rounded_once(amount: int, days: int, period: Period, cents: int) -> None:
    assert to_cents(share(amount, days, period.tile)) == cents


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Period, list[Period]]:
    """A whole period of some plan, and the parts that changes at the beginning of days cut it into."""
    found: Schedule = draw(schedules())
    whole = plan_period(found, draw(instants), instant("1950-01-01"))
    offsets = st.integers(1, whole.tile.days - 1)
    starts = sorted(
        start_of_day(whole.tile.first_day + timedelta(days=offset), found.timezone)
        for offset in draw(st.sets(offsets, max_size=6))
    )
    edges = [whole.from_datetime, *starts, whole.to_datetime + MOMENT]
    parts = [
        replace(whole, from_datetime=start, to_datetime=end - MOMENT) for start, end in pairwise(edges) if start < end
    ]
    return whole, parts


@given(cuts())
@settings(max_examples=300)
def test_the_days_of_the_parts_are_the_days_of_the_whole(found: tuple[Period, list[Period]]) -> None:
    whole, parts = found
    assert covered_days(whole) == billed_days(whole) == whole.tile.days
    assert sum(covered_days(part) for part in parts) == sum(billed_days(part) for part in parts) == whole.tile.days


@given(cuts(), st.integers(0, 10**15))
@settings(max_examples=300)
def test_the_shares_of_the_parts_are_the_whole_price(found: tuple[Period, list[Period]], amount: int) -> None:
    whole, parts = found
    assert sum(share(amount, billed_days(part), part.tile) for part in parts) == amount
    assert share(amount, whole.tile.days, whole.tile) == amount


@given(schedules(), instants, instants)
def test_what_is_left_never_grows(found: Schedule, one: datetime, other: datetime) -> None:
    earlier, later = sorted([one, other])
    period = charges_period(found, earlier, instant("1950-01-01"))
    assert 0 <= part_left(period, later) <= part_left(period, earlier) <= 1
    assert 0 <= part_elapsed(period, earlier) <= part_elapsed(period, later) <= 1


def test_halves_and_years_have_the_length_of_their_own_tile() -> None:
    assert plan_period(schedule(SEMIANNUAL, CALENDAR), instant("2024-08-01"), instant("2024-08-01")).tile.days == 184
    assert plan_period(schedule(YEARLY, CALENDAR), instant("2024-08-01"), instant("2024-08-01")).tile.days == 366
