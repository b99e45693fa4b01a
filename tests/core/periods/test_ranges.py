"""The periods of an invoice, and the one in progress (chapter 51 §§4, 6.5; chapter 31 §1.3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conto.core.days import MOMENT, local_day, start_of_day, start_of_local_day
from conto.core.periods.ranges import (
    Occasion,
    Period,
    charges_period,
    fixed_charges_period,
    invoice_periods,
    occasion_of_end,
    plan_period,
    resumed,
)
from conto.core.periods.schedule import Schedule, next_billing_day, starts_plan_period
from conto.schemas.vocabulary import TIMEZONES
from tests.core.periods.values import (
    ANNIVERSARY,
    BOGOTA,
    LOS_ANGELES,
    MONTHLY,
    NEW_YORK,
    PARIS,
    QUARTERLY,
    SEMIANNUAL,
    WEEKLY,
    YEARLY,
    day,
    instant,
    instants,
    schedule,
    schedules,
    shown,
)

RENEWAL, START, DOWNGRADE, UPGRADE, TERMINATION, FOR_RENEWAL, PROGRESSIVE, IN_ADVANCE = Occasion


def written(period: Period | None) -> str | None:
    """`from..to` as the API shows them, whole days by their dates alone."""
    if period is None:
        return None
    return f"{_end(shown(period.from_datetime), 'T00:00:00Z')}..{_end(shown(period.to_datetime), 'T23:59:59Z')}"


def _end(text: str, usual: str) -> str:
    return text.removesuffix(usual)


def told(
    found: Schedule, occasion: Occasion, at: str, started_at: str, terminated_at: str | None = None
) -> tuple[str | None, ...]:
    """The three ranges of an invoice."""
    ended = instant(terminated_at) if terminated_at else None
    periods = invoice_periods(found, occasion, instant(at), instant(started_at), ended)
    return written(periods.subscription), written(periods.charges), written(periods.fixed_charges)


START_31 = "2024-01-31T01:00"
ARREARS_31 = schedule(MONTHLY, ANNIVERSARY, START_31)
ADVANCE_30 = schedule(MONTHLY, ANNIVERSARY, "2024-01-30", pay_in_advance=True)
QUARTERLY_6 = schedule(QUARTERLY, ANNIVERSARY, "2020-06-06")
FIRST = "2024-01-31T01:00:00Z"


@pytest.mark.parametrize(
    ("found", "at", "started_at", "subscription", "usage"),
    [
        (ARREARS_31, "2024-02-29", START_31, "2024-01-31..2024-02-28", f"{FIRST}..2024-02-28"),
        (ARREARS_31, "2024-03-31", START_31, "2024-02-29..2024-03-30", "2024-02-29..2024-03-30"),
        (ARREARS_31, "2024-04-30", START_31, "2024-03-31..2024-04-29", "2024-03-31..2024-04-29"),
        (ADVANCE_30, "2024-02-29", "2024-01-30", "2024-02-29..2024-03-29", "2024-01-30..2024-02-28"),
        (ADVANCE_30, "2024-03-30", "2024-01-30", "2024-03-30..2024-04-29", "2024-02-29..2024-03-29"),
        (ADVANCE_30, "2024-04-30", "2024-01-30", "2024-04-30..2024-05-29", "2024-03-30..2024-04-29"),
        (QUARTERLY_6, "2022-06-06", "2020-06-06", "2022-03-06..2022-06-05", "2022-03-06..2022-06-05"),
        (
            replace(QUARTERLY_6, pay_in_advance=True),
            "2022-06-06",
            "2020-06-06",
            "2022-06-06..2022-09-05",
            "2022-03-06..2022-06-05",
        ),
        (
            schedule(WEEKLY, pay_in_advance=True),
            "2022-03-07",
            "2021-02-02",
            "2022-03-07..2022-03-13",
            "2022-02-28..2022-03-06",
        ),
        (
            schedule(MONTHLY, timezone=NEW_YORK),
            "2022-03-01T05:00",
            "2022-02-07T12:00",
            "2022-02-07T05:00:00Z..2022-03-01T04:59:59Z",
            "2022-02-07T12:00:00Z..2022-03-01T04:59:59Z",
        ),
        (
            schedule(MONTHLY, timezone=NEW_YORK),
            "2022-04-01T04:00",
            "2021-02-02",
            "2022-03-01T05:00:00Z..2022-04-01T03:59:59Z",
            "2022-03-01T05:00:00Z..2022-04-01T03:59:59Z",
        ),
        (
            schedule(MONTHLY),
            "2024-02-01",
            "2024-01-01T10:00",
            "2024-01-01..2024-01-31",
            "2024-01-01T10:00:00Z..2024-01-31",
        ),
        (
            schedule(YEARLY, ANNIVERSARY, "2025-03-15"),
            "2026-03-15",
            "2026-03-13",
            "2026-03-13..2026-03-14",
            "2026-03-13..2026-03-14",
        ),
    ],
)
def test_a_renewal(found: Schedule, at: str, started_at: str, subscription: str, usage: str) -> None:
    assert told(found, RENEWAL, at, started_at) == (subscription, usage, usage)


YEAR = schedule(YEARLY, ANNIVERSARY, START_31)
HALF = schedule(SEMIANNUAL, ANNIVERSARY, START_31)
NOTHING_YET = "2024-01-31..2024-01-31T01:00:00Z"
FIRST_MONTH = f"{FIRST}..2024-02-28"


def monthly(found: Schedule, *kinds: str, advance: bool = False) -> Schedule:
    """The plan with these kinds billed monthly."""
    return replace(
        found,
        pay_in_advance=advance,
        bill_charges_monthly="charges" in kinds,
        bill_fixed_charges_monthly="fixed" in kinds,
    )


@pytest.mark.parametrize(
    ("found", "at", "expected"),
    [
        (monthly(YEAR, "charges"), "2024-02-29", (NOTHING_YET, FIRST_MONTH, None)),
        (monthly(YEAR, "charges"), "2024-03-31", (NOTHING_YET, "2024-02-29..2024-03-30", None)),
        (monthly(YEAR, "charges"), "2024-04-30", (NOTHING_YET, "2024-03-31..2024-04-29", None)),
        (
            monthly(YEAR, "charges"),
            "2025-01-31",
            ("2024-01-31..2025-01-30", "2024-12-31..2025-01-30", f"{FIRST}..2025-01-30"),
        ),
        (
            monthly(YEAR, "charges"),
            "2025-02-28",
            ("2024-01-31..2025-01-30", "2025-01-31..2025-02-27", None),
        ),
        (monthly(YEAR, "fixed"), "2024-02-29", (NOTHING_YET, None, FIRST_MONTH)),
        (
            monthly(YEAR, "fixed"),
            "2025-01-31",
            ("2024-01-31..2025-01-30", f"{FIRST}..2025-01-30", "2024-12-31..2025-01-30"),
        ),
        (monthly(YEAR, "charges", "fixed"), "2024-02-29", (NOTHING_YET, FIRST_MONTH, FIRST_MONTH)),
        (
            monthly(YEAR, "charges", "fixed"),
            "2025-01-31",
            ("2024-01-31..2025-01-30", "2024-12-31..2025-01-30", "2024-12-31..2025-01-30"),
        ),
        (
            monthly(YEAR, "charges", advance=True),
            "2024-02-29",
            ("2024-01-31..2025-01-30", FIRST_MONTH, None),
        ),
        (
            monthly(YEAR, "charges", advance=True),
            "2025-01-31",
            ("2025-01-31..2026-01-30", "2024-12-31..2025-01-30", f"{FIRST}..2025-01-30"),
        ),
        (monthly(HALF, "fixed"), "2024-03-31", (NOTHING_YET, None, "2024-02-29..2024-03-30")),
        (
            monthly(HALF, "charges"),
            "2024-07-31",
            ("2024-01-31..2024-07-30", "2024-06-30..2024-07-30", f"{FIRST}..2024-07-30"),
        ),
        (
            monthly(HALF, "fixed", advance=True),
            "2024-07-31",
            ("2024-07-31..2025-01-30", f"{FIRST}..2024-07-30", "2024-06-30..2024-07-30"),
        ),
        (monthly(HALF), "2024-07-31", ("2024-01-31..2024-07-30", f"{FIRST}..2024-07-30", f"{FIRST}..2024-07-30")),
    ],
)
def test_a_monthly_split(found: Schedule, at: str, expected: tuple[str | None, ...]) -> None:
    assert told(found, RENEWAL, at, START_31) == expected


@pytest.mark.parametrize(
    ("found", "occasion", "at", "started_at", "expected"),
    [
        pytest.param(
            ADVANCE_30,
            START,
            "2024-01-30",
            "2024-01-30",
            ("2024-01-30..2024-02-28", "2024-01-30..2024-01-30T00:00:00Z"),
            id="start",
        ),
        pytest.param(
            monthly(YEAR, "charges", advance=True),
            START,
            START_31,
            START_31,
            ("2024-01-31..2025-01-30", f"{FIRST}..{FIRST}"),
            id="start with a split",
        ),
        pytest.param(
            schedule(MONTHLY, pay_in_advance=True),
            START,
            "2024-03-15T12:12",
            "2024-03-05T12:12",
            ("2024-03-05..2024-03-31", "2024-03-05T12:12:00Z..2024-03-05T12:12:00Z"),
            id="end of trial",
        ),
        pytest.param(
            schedule(MONTHLY),
            IN_ADVANCE,
            "2024-02-04",
            "2024-02-04",
            ("2024-02-04..2024-02-04T00:00:00Z", "2024-02-04..2024-02-04T00:00:00Z"),
            id="fixed charge in advance at the start of a plan in arrears",
        ),
        pytest.param(
            schedule(MONTHLY, pay_in_advance=True),
            IN_ADVANCE,
            "2024-03-06",
            "2024-01-04",
            ("2024-03-01..2024-03-31", "2024-02-01..2024-02-29"),
            id="charge in advance on its own",
        ),
        pytest.param(
            schedule(MONTHLY),
            PROGRESSIVE,
            "2024-03-06",
            "2024-01-04",
            ("2024-03-01..2024-03-31", "2024-03-01..2024-03-31"),
            id="threshold crossed",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-06-29T12:12", pay_in_advance=True),
            UPGRADE,
            "2023-09-28T05:00",
            "2023-06-29T12:12",
            ("2023-08-29..2023-09-28T05:00:00Z", "2023-08-29..2023-09-28T05:00:00Z"),
            id="upgrade, old side",
        ),
        pytest.param(
            schedule(YEARLY, ANNIVERSARY, "2023-06-29T12:12", pay_in_advance=True),
            START,
            "2023-09-28T05:00",
            "2023-09-28T05:00",
            ("2023-09-28..2024-06-28", "2023-09-28T05:00:00Z..2023-09-28T05:00:00Z"),
            id="upgrade, new side",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-07-19T12:12", pay_in_advance=True),
            DOWNGRADE,
            "2023-11-19",
            "2023-07-19T12:12",
            ("2023-11-19..2023-11-19T00:00:00Z", "2023-10-19..2023-11-18"),
            id="downgrade, old side",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-07-19T12:12"),
            DOWNGRADE,
            "2023-11-19",
            "2023-07-19T12:12",
            ("2023-10-19..2023-11-18", "2023-10-19..2023-11-18"),
            id="downgrade, old side in arrears",
        ),
        pytest.param(
            schedule(YEARLY, ANNIVERSARY, "2023-07-19T12:12", pay_in_advance=True),
            START,
            "2023-11-19",
            "2023-11-19",
            ("2023-11-19..2024-07-18", "2023-11-19..2023-11-19T00:00:00Z"),
            id="downgrade, new side",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2021-03-31"),
            TERMINATION,
            "2022-03-29T12:00",
            "2021-03-31",
            ("2022-02-28..2022-03-29T12:00:00Z", "2022-02-28..2022-03-29T12:00:00Z"),
            id="termination",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2021-03-27"),
            TERMINATION,
            "2022-01-26T12:00",
            "2021-03-27",
            ("2021-12-27..2022-01-26T12:00:00Z", "2021-12-27..2022-01-26T12:00:00Z"),
            id="termination in January",
        ),
        pytest.param(
            schedule(QUARTERLY, ANNIVERSARY, "2021-02-28"),
            TERMINATION,
            "2022-02-27T12:00",
            "2021-02-28",
            ("2021-11-28..2022-02-27T12:00:00Z", "2021-11-28..2022-02-27T12:00:00Z"),
            id="termination the day before a quarter day",
        ),
        pytest.param(
            schedule(YEARLY, ANNIVERSARY, "2020-02-29"),
            TERMINATION,
            "2022-03-28T12:00",
            "2020-02-29",
            ("2022-02-28..2022-03-28T12:00:00Z", "2022-02-28..2022-03-28T12:00:00Z"),
            id="termination after the end of February",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-09-05", PARIS),
            FOR_RENEWAL,
            "2023-10-04T22:00",
            "2023-09-05",
            ("2023-09-04T22:00:00Z..2023-10-04T21:59:59Z", "2023-09-05..2023-10-04T21:59:59Z"),
            id="end on a billing day",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-09-05", pay_in_advance=True),
            FOR_RENEWAL,
            "2023-10-05",
            "2023-09-05",
            ("2023-10-05..2023-11-04", "2023-09-05..2023-10-04"),
            id="end on a billing day, in advance",
        ),
    ],
)
def test_other_occasions(
    found: Schedule, occasion: Occasion, at: str, started_at: str, expected: tuple[str, str]
) -> None:
    subscription, usage = expected
    assert told(found, occasion, at, started_at) == (subscription, usage, usage)


def test_an_end_on_a_day_of_a_monthly_split_bills_the_month_of_what_is_split_and_the_rest_by_day() -> None:
    found = monthly(YEAR, "charges")
    assert told(found, FOR_RENEWAL, "2024-03-31", START_31) == (
        "2024-01-31..2024-03-31T00:00:00Z",
        "2024-02-29..2024-03-30",
        f"{FIRST}..2024-03-31T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("found", "at", "started_at", "renewed", "expected"),
    [
        pytest.param(schedule(MONTHLY), "2023-10-01", "2023-08-01", False, FOR_RENEWAL, id="ends on a billing day"),
        pytest.param(schedule(MONTHLY), "2023-10-01T09:00", "2023-08-01", True, TERMINATION, id="after its renewal"),
        pytest.param(schedule(MONTHLY), "2023-10-02", "2023-08-01", False, TERMINATION, id="on another day"),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2023-09-05", PARIS),
            "2023-09-05T05:00",
            "2023-09-05",
            False,
            TERMINATION,
            id="on the day of the start",
        ),
        pytest.param(schedule(MONTHLY), "2023-10-01", "2023-09-30T20:00", False, FOR_RENEWAL, id="started on the eve"),
        pytest.param(
            monthly(YEAR, "charges"), "2024-03-31", START_31, False, FOR_RENEWAL, id="on a day of a monthly split"
        ),
        pytest.param(
            schedule(MONTHLY, timezone=BOGOTA), "2023-10-01T05:00", "2023-08-01", False, FOR_RENEWAL, id="in Bogota"
        ),
        pytest.param(
            schedule(MONTHLY, timezone=BOGOTA), "2023-10-01", "2023-08-01", False, TERMINATION, id="before it in Bogota"
        ),
    ],
)
def test_an_end_on_a_billing_day_takes_the_place_of_its_renewal(
    found: Schedule, at: str, started_at: str, renewed: bool, expected: Occasion
) -> None:
    assert occasion_of_end(found, instant(at), instant(started_at), renewed=renewed) is expected


@pytest.mark.parametrize(
    ("found", "started_at", "at", "expected"),
    [
        (schedule(YEARLY), "2023-01-01T09:30", "2023-08-08", "2023-01-01T09:30:00Z..2023-12-31"),
        (
            schedule(YEARLY, timezone="Europe/Berlin"),
            "2023-01-01T09:30",
            "2023-08-08",
            "2023-01-01T09:30:00Z..2023-12-31T22:59:59Z",
        ),
        (
            schedule(YEARLY, timezone=LOS_ANGELES),
            "2023-01-01T09:30",
            "2023-08-08",
            "2023-01-01T09:30:00Z..2024-01-01T07:59:59Z",
        ),
        (schedule(YEARLY, ANNIVERSARY, "2024-02-29"), "2024-02-29", "2025-02-20", "2024-02-29..2025-02-27"),
        (schedule(YEARLY, ANNIVERSARY, "2024-02-29"), "2024-02-29", "2025-03-10", "2025-02-28..2026-02-27"),
        (schedule(QUARTERLY, ANNIVERSARY, "2022-01-31"), "2022-01-31", "2022-04-15", "2022-01-31..2022-04-29"),
        (schedule(QUARTERLY, ANNIVERSARY, "2022-01-31"), "2022-01-31", "2022-05-31", "2022-04-30..2022-07-30"),
        (schedule(QUARTERLY, ANNIVERSARY, "2022-01-31"), "2022-01-31", "2022-07-30", "2022-04-30..2022-07-30"),
        (schedule(QUARTERLY, ANNIVERSARY, "2022-01-31"), "2022-01-31", "2022-08-15", "2022-07-31..2022-10-30"),
        (schedule(QUARTERLY, ANNIVERSARY, "2022-01-29"), "2022-01-29", "2022-02-28", "2022-01-29..2022-04-28"),
        (schedule(QUARTERLY, ANNIVERSARY, "2021-04-30"), "2021-04-30", "2021-05-31", "2021-04-30..2021-07-29"),
        (schedule(QUARTERLY, ANNIVERSARY, "2021-04-30"), "2021-04-30", "2021-08-15", "2021-07-30..2021-10-29"),
        (schedule(SEMIANNUAL, ANNIVERSARY, "2021-01-31"), "2021-01-31", "2021-04-30", "2021-01-31..2021-07-30"),
        (schedule(SEMIANNUAL, ANNIVERSARY, "2021-04-30"), "2021-04-30", "2021-11-15", "2021-10-30..2022-04-29"),
        (schedule(SEMIANNUAL, ANNIVERSARY, "2023-01-06"), "2023-01-06", "2023-08-04T12:00", "2023-07-06..2024-01-05"),
        (monthly(YEAR, "charges"), START_31, "2024-03-30", "2024-02-29..2024-03-30"),
        (monthly(YEAR, "fixed"), START_31, "2024-03-30", f"{FIRST}..2025-01-30"),
    ],
)
def test_the_usage_period_in_progress(found: Schedule, started_at: str, at: str, expected: str) -> None:
    assert written(charges_period(found, instant(at), instant(started_at))) == expected


def test_the_period_in_progress_is_the_first_before_the_start_and_the_last_after_the_end() -> None:
    found, start, end = schedule(MONTHLY), instant("2024-03-05T12:00"), instant("2024-05-20T12:00")
    assert written(charges_period(found, instant("2024-01-01"), start)) == "2024-03-05T12:00:00Z..2024-03-31"
    assert written(charges_period(found, instant("2025-01-01"), start, end)) == "2024-05-01..2024-05-20T12:00:00Z"
    assert written(plan_period(found, start, start)) == "2024-03-05..2024-03-31"


@pytest.mark.parametrize(
    ("found", "at", "started_at", "expected"),
    [
        (schedule(MONTHLY), "2023-07-19T12:12", "2023-07-19T12:12", "2023-07-19T12:12:00Z..2023-07-31"),
        (schedule(MONTHLY), "2023-08-01", "2023-07-19T12:12", "2023-08-01..2023-08-31"),
        (monthly(YEAR, "charges"), "2024-01-31T01:00", START_31, f"{FIRST}..2025-01-30"),
        (monthly(YEAR, "fixed"), "2024-02-29", START_31, "2024-02-29..2024-03-30"),
    ],
)
def test_a_fixed_charge_in_advance_pays_for_the_period_in_progress(
    found: Schedule, at: str, started_at: str, expected: str
) -> None:
    assert written(fixed_charges_period(found, instant(at), instant(started_at))) == expected


def test_usage_goes_on_where_the_last_invoice_ended_after_a_move() -> None:
    """From New York, whose January ended at 04:59:59Z, and from UTC, to Los Angeles."""
    found = schedule(MONTHLY, timezone=LOS_ANGELES)
    charges = invoice_periods(found, RENEWAL, instant("2022-03-01T08:00"), instant("2021-02-02")).charges
    assert charges is not None
    assert written(charges) == "2022-02-01T08:00:00Z..2022-03-01T07:59:59Z"
    last_end = instant("2022-01-31T23:59:59") + timedelta(microseconds=999_999)
    assert written(resumed(charges, last_end)) == "2022-02-01..2022-03-01T07:59:59Z"
    assert written(resumed(charges, instant("2022-02-01T04:59:59"))) == "2022-02-01T05:00:00Z..2022-03-01T07:59:59Z"


def test_an_end_more_than_a_day_away_is_another_periods() -> None:
    charges = charges_period(schedule(MONTHLY), instant("2022-03-10"), instant("2021-02-02"))
    assert resumed(charges, instant("2022-01-31T23:59:59")) == charges


@pytest.mark.parametrize("timezone", TIMEZONES)
@given(data=st.data(), at=instants)
@settings(max_examples=20)
def test_in_every_zone_the_period_in_progress_holds_its_instant_and_meets_the_next(
    timezone: str, data: st.DataObject, at: datetime
) -> None:
    found = data.draw(schedules(st.just(timezone)))
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    for in_progress in (plan_period, charges_period, fixed_charges_period):
        period = in_progress(found, at, long_ago)
        assert period.from_datetime <= at <= period.to_datetime
        following = in_progress(found, period.to_datetime + MOMENT, long_ago)
        assert following.from_datetime == period.to_datetime + MOMENT == period.next_start
        assert following.tile.first_day > period.tile.last_day


@given(schedules(), instants)
@settings(max_examples=300)
def test_renewals_bill_all_time_from_the_start_on_once(found: Schedule, started_at: datetime) -> None:
    """Usage and fixed charges of three years: each period goes on where the last one of its kind ended."""
    ends = {"charges": started_at, "fixed_charges": started_at}
    last_day = at = local_day(started_at, found.timezone)
    while at < last_day + timedelta(days=3 * 366):
        at = next_billing_day(found, at)
        periods = invoice_periods(found, RENEWAL, start_of_day(at, found.timezone), started_at)
        for kind, end in ends.items():
            period = getattr(periods, kind)
            if period is not None:
                assert period.from_datetime == end
                ends[kind] = period.to_datetime + MOMENT
        if starts_plan_period(found, at):
            assert set(ends.values()) == {start_of_day(at, found.timezone)}


@given(schedules(), instants, st.timedeltas(timedelta(0), timedelta(days=800)))
@settings(max_examples=300)
def test_an_end_bills_what_no_renewal_has(found: Schedule, started_at: datetime, lasted: timedelta) -> None:
    """Up to the end, and never anything before the start, whether or not it takes a renewal's place."""
    at = start_of_local_day(started_at + lasted, found.timezone)
    if at <= started_at:
        return
    occasion = occasion_of_end(found, at, started_at, renewed=False)
    periods = invoice_periods(found, occasion, at, started_at, at)
    for period in (periods.charges, periods.fixed_charges):
        assert period is not None
        assert started_at <= period.from_datetime
        assert period.to_datetime in (at, at - MOMENT)
    assert start_of_local_day(started_at, found.timezone) <= periods.subscription.from_datetime


@given(schedules(), instants, st.sampled_from(Occasion), st.timedeltas(timedelta(0), timedelta(days=800)))
def test_no_period_reaches_before_the_start(
    found: Schedule, started_at: datetime, occasion: Occasion, later: timedelta
) -> None:
    periods = invoice_periods(found, occasion, started_at + later, started_at)
    for period in (periods.charges, periods.fixed_charges):
        assert period is None or started_at <= period.from_datetime <= period.to_datetime
    start = start_of_local_day(started_at, found.timezone)
    assert start <= periods.subscription.from_datetime <= periods.subscription.to_datetime


def test_a_day_left_out_by_its_zone_still_starts_its_period() -> None:
    """Apia went from 29 to 31 December 2011; an anniversary on the 30th is billed when the 31st begins."""
    found = schedule(YEARLY, ANNIVERSARY, "2010-12-30T20:00", "Pacific/Apia", bill_charges_monthly=True)
    assert found.anchor == day("2010-12-30")
    at = start_of_day(day("2011-12-30"), "Pacific/Apia")
    periods = invoice_periods(found, RENEWAL, at, instant("2010-12-30T20:00"))
    assert periods.fixed_charges is not None
    assert periods.fixed_charges.to_datetime == at - MOMENT
