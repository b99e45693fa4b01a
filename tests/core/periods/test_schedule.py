"""Billing days (chapter 51 §§3, 7) and the day of a change of plan (chapter 50 §6)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conto.core.days import DAY, end_of_day, local_day, start_of_day
from conto.core.periods.schedule import (
    Schedule,
    first_renewal_day,
    is_billing_day,
    next_billing_day,
    next_renewal_day,
    plan_change_day,
    renewal_at,
    starts_plan_period,
)
from conto.core.periods.tiles import BillingTime, Interval
from tests.core.periods.values import (
    ANNIVERSARY,
    BOGOTA,
    CALENDAR,
    KOLKATA,
    LOS_ANGELES,
    MONTHLY,
    PARIS,
    QUARTERLY,
    SEMIANNUAL,
    TOKYO,
    WEEKLY,
    YEARLY,
    day,
    days,
    instant,
    instants,
    schedule,
    schedules,
    shown,
)


def billing_days(found: Schedule, after: str, before: str) -> list[str]:
    """The billing days between two days."""
    listed: list[str] = []
    at = next_billing_day(found, day(after))
    while at < day(before):
        listed.append(str(at))
        at = next_billing_day(found, at)
    return listed


@pytest.mark.parametrize(
    ("found", "after", "before", "expected"),
    [
        (schedule(WEEKLY), "2023-02-01", "2023-02-14", ["2023-02-06", "2023-02-13"]),
        (schedule(WEEKLY, ANNIVERSARY, "2023-05-16", PARIS), "2023-05-16", "2023-05-25", ["2023-05-23"]),
        (
            schedule(MONTHLY, ANNIVERSARY, "2021-03-31"),
            "2023-01-30",
            "2023-05-01",
            ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30"],
        ),
        (schedule(MONTHLY, ANNIVERSARY, "2021-03-31"), "2024-02-01", "2024-03-01", ["2024-02-29"]),
        (
            schedule(QUARTERLY, ANNIVERSARY, "2021-01-15"),
            "2023-01-15",
            "2024-01-16",
            ["2023-04-15", "2023-07-15", "2023-10-15", "2024-01-15"],
        ),
        (
            schedule(QUARTERLY, ANNIVERSARY, "2021-05-30"),
            "2022-12-01",
            "2024-03-01",
            ["2023-02-28", "2023-05-30", "2023-08-30", "2023-11-30", "2024-02-29"],
        ),
        (schedule(QUARTERLY, ANNIVERSARY, "2023-03-31"), "2023-03-31", "2023-07-01", ["2023-06-30"]),
        (
            schedule(QUARTERLY, ANNIVERSARY, "2022-12-31"),
            "2022-12-31",
            "2024-01-01",
            ["2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"],
        ),
        (
            schedule(SEMIANNUAL, ANNIVERSARY, "2021-08-30"),
            "2023-01-01",
            "2024-03-01",
            ["2023-02-28", "2023-08-30", "2024-02-29"],
        ),
        (
            schedule(SEMIANNUAL, ANNIVERSARY, "2021-08-31"),
            "2022-09-01",
            "2024-03-01",
            ["2023-02-28", "2023-08-31", "2024-02-29"],
        ),
        (schedule(SEMIANNUAL, ANNIVERSARY, "2020-02-29"), "2023-03-01", "2023-11-30", ["2023-08-29"]),
        (schedule(SEMIANNUAL), "2022-02-01", "2022-07-02", ["2022-07-01"]),
        (schedule(YEARLY, ANNIVERSARY, "2021-02-28"), "2023-01-01", "2024-12-31", ["2023-02-28", "2024-02-28"]),
        (schedule(YEARLY, ANNIVERSARY, "2020-02-29"), "2023-01-01", "2024-12-31", ["2023-02-28", "2024-02-29"]),
        (schedule(YEARLY, ANNIVERSARY, "2020-02-29"), "2030-01-01", "2030-12-31", ["2030-02-28"]),
        (
            schedule(YEARLY, ANNIVERSARY, "2021-02-20", bill_charges_monthly=True),
            "2023-07-01",
            "2023-10-01",
            ["2023-07-20", "2023-08-20", "2023-09-20"],
        ),
        (
            schedule(YEARLY, ANNIVERSARY, "2023-03-31", bill_charges_monthly=True),
            "2023-03-31",
            "2023-05-02",
            ["2023-04-30"],
        ),
        (
            schedule(SEMIANNUAL, bill_fixed_charges_monthly=True),
            "2023-02-02",
            "2023-04-02",
            ["2023-03-01", "2023-04-01"],
        ),
        (schedule(QUARTERLY, bill_charges_monthly=True), "2023-01-01", "2023-04-02", ["2023-04-01"]),
    ],
)
def test_billing_days(found: Schedule, after: str, before: str, expected: list[str]) -> None:
    assert billing_days(found, after, before) == expected


@pytest.mark.parametrize(
    ("found", "billing_day", "at"),
    [
        (schedule(MONTHLY, timezone=KOLKATA), "2023-03-01", "2023-02-28T18:30:00Z"),
        (schedule(MONTHLY, timezone=BOGOTA), "2023-03-01", "2023-03-01T05:00:00Z"),
        (schedule(WEEKLY, timezone=BOGOTA), "2023-02-13", "2023-02-13T05:00:00Z"),
        (schedule(QUARTERLY, timezone=BOGOTA), "2023-04-01", "2023-04-01T05:00:00Z"),
        (schedule(YEARLY, timezone=PARIS), "2023-01-01", "2022-12-31T23:00:00Z"),
        (schedule(WEEKLY, ANNIVERSARY, "2023-05-16", PARIS), "2023-05-23", "2023-05-22T22:00:00Z"),
        (schedule(MONTHLY, ANNIVERSARY, "2023-02-02", KOLKATA), "2023-03-02", "2023-03-01T18:30:00Z"),
        (schedule(SEMIANNUAL, timezone=KOLKATA, bill_charges_monthly=True), "2023-03-01", "2023-02-28T18:30:00Z"),
    ],
)
def test_a_renewal_takes_place_when_its_local_day_begins(found: Schedule, billing_day: str, at: str) -> None:
    assert is_billing_day(found, day(billing_day))
    renewal = renewal_at(found, day(billing_day))
    assert renewal is not None
    assert shown(renewal) == at


@pytest.mark.parametrize(
    ("found", "started_at", "created_at", "expected"),
    [
        pytest.param(schedule(MONTHLY), "2024-03-05T12:12", "2024-03-05T12:12", "2024-04-01", id="started today"),
        pytest.param(
            schedule(MONTHLY), "2024-03-01T00:00", "2024-03-01T00:00", "2024-04-01", id="started on a billing day"
        ),
        pytest.param(
            schedule(MONTHLY), "2024-03-01T00:00", "2024-03-01T18:00", "2024-04-01", id="earlier on a billing day"
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-01-15"),
            "2024-01-15",
            "2024-03-15T09:00",
            "2024-03-15",
            id="made on a billing day, started before it",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-01-15"), "2024-01-15", "2024-03-16", "2024-04-15", id="made after it"
        ),
        pytest.param(
            schedule(MONTHLY, timezone=LOS_ANGELES),
            "2024-03-01T06:00",
            "2024-03-01T09:00",
            "2024-03-01",
            id="local days decide",
        ),
        pytest.param(schedule(MONTHLY), "2024-03-05", "2024-02-01", "2024-04-01", id="waited for its start"),
        pytest.param(
            schedule(YEARLY, ANNIVERSARY, "2025-03-15"), "2026-03-13", "2026-03-13", "2026-03-15", id="recreated"
        ),
    ],
)
def test_the_first_renewal(found: Schedule, started_at: str, created_at: str, expected: str) -> None:
    assert first_renewal_day(found, instant(started_at), instant(created_at)) == day(expected)


@pytest.mark.parametrize(
    ("timezone", "ending_at", "renewed"),
    [
        (PARIS, "2023-10-05T00:00", False),
        (PARIS, "2023-10-04T21:59", False),
        (PARIS, "2023-10-05T22:00", True),
        ("Asia/Bangkok", "2023-10-05T00:00", False),
        (BOGOTA, "2023-10-05T04:59", False),
        (BOGOTA, "2023-10-06T05:00", True),
    ],
)
def test_no_renewal_on_the_local_day_of_the_end_or_after_it(timezone: str, ending_at: str, renewed: bool) -> None:
    found = schedule(MONTHLY, ANNIVERSARY, "2023-09-05T12:00", timezone)
    assert (renewal_at(found, day("2023-10-05"), instant(ending_at)) is not None) is renewed


def test_a_move_to_the_west_bills_no_tile_twice() -> None:
    """Renewed on 1 March in Tokyo; in Los Angeles it is 28 February again, and 1 March comes once more."""
    assert next_renewal_day(schedule(MONTHLY, timezone=LOS_ANGELES), day("2022-03-01")) == day("2022-04-01")


def test_a_move_that_takes_the_anchor_to_the_next_day_bills_no_tile_twice() -> None:
    """Anchor 1 February in UTC, 2 February in Tokyo; renewed on 1 March in UTC."""
    moved = schedule(MONTHLY, ANNIVERSARY, "2022-02-01T20:00", TOKYO)
    assert next_billing_day(moved, day("2022-03-01")) == day("2022-03-02")
    assert next_renewal_day(moved, day("2022-03-01")) == day("2022-04-02")


def test_a_move_to_the_east_leaves_a_renewal_that_is_due_at_once() -> None:
    """At 20:00 of 31 March in UTC it is 1 April in Tokyo, and has been for five hours."""
    moved = schedule(MONTHLY, timezone=TOKYO)
    renewal = renewal_at(moved, next_renewal_day(moved, day("2022-03-01")))
    assert renewal is not None
    assert shown(renewal) == "2022-03-31T15:00:00Z"


@pytest.mark.parametrize(
    ("found", "at", "expected"),
    [
        (schedule(MONTHLY), "2022-06-20", "2022-07-01"),
        (schedule(MONTHLY, ANNIVERSARY, "2023-07-19T12:12"), "2023-11-09", "2023-11-19"),
        (schedule(MONTHLY, ANNIVERSARY, "2026-03-03T08:00"), "2026-06-04T10:00", "2026-07-03"),
        (schedule(YEARLY, ANNIVERSARY, "2023-03-31", bill_charges_monthly=True), "2023-04-30", "2024-03-31"),
        (schedule(MONTHLY, timezone=LOS_ANGELES), "2022-07-01T06:00", "2022-07-01"),
    ],
)
def test_a_downgrade_waits_for_the_end_of_the_plans_period(found: Schedule, at: str, expected: str) -> None:
    assert plan_change_day(found, instant(at)) == day(expected)


@given(schedules(), days)
@settings(max_examples=300)
def test_billing_days_follow_each_other_and_none_is_passed_over(found: Schedule, after: date) -> None:
    following = next_billing_day(found, after)
    assert following > after
    assert is_billing_day(found, following)
    assert next_billing_day(found, following - DAY) == following
    assert next_billing_day(found, following) - following >= timedelta(days=7)
    assert next_renewal_day(found, following) == next_billing_day(found, following)


@given(schedules(), days)
@settings(max_examples=300)
def test_renewals_are_strictly_later_one_after_the_other(found: Schedule, after: date) -> None:
    one = next_billing_day(found, after)
    other = next_renewal_day(found, one)
    assert start_of_day(one, found.timezone) < start_of_day(other, found.timezone)
    assert end_of_day(other - DAY, found.timezone) < start_of_day(other, found.timezone)


@given(schedules(), instants, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_a_first_renewal_comes_after_the_start_and_not_before_the_subscription_is_made(
    found: Schedule, started_at: datetime, made_later: timedelta
) -> None:
    first = first_renewal_day(found, started_at, started_at + made_later)
    assert is_billing_day(found, first)
    assert first > local_day(started_at, found.timezone)
    assert first >= local_day(started_at + made_later, found.timezone)


@given(schedules(), days)
def test_a_period_of_the_plan_starts_on_a_billing_day(found: Schedule, any_day: date) -> None:
    assert is_billing_day(found, found.plan.tile(any_day).first_day)
    if starts_plan_period(found, any_day):
        assert is_billing_day(found, any_day)


@given(st.sampled_from([WEEKLY, MONTHLY, QUARTERLY]), st.sampled_from(BillingTime), days)
def test_monthly_billing_counts_for_longer_plans_only(
    interval: Interval, billing_time: BillingTime, anchor: date
) -> None:
    split = Schedule(interval, billing_time, anchor, "UTC", bill_charges_monthly=True, bill_fixed_charges_monthly=True)
    assert split.charges == split.fixed_charges == split.billing == split.plan


def test_calendar_periods_do_not_look_at_the_anchor() -> None:
    assert schedule(MONTHLY, CALENDAR, "2021-02-17").plan.tile(day("2022-02-10")).first_day == day("2022-02-01")
