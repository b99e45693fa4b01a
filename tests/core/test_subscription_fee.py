"""The plan's own fee, its trial, and the credit for its unused days (chapter 51 §§5, 6, 8)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.days import local_day, start_of_day
from conto.core.money import to_cents
from conto.core.periods.ranges import Occasion, Period, invoice_periods, occasion_of_end
from conto.core.periods.schedule import Schedule, first_renewal_day
from conto.core.periods.tiles import Tile
from conto.core.subscription_fee import (
    Change,
    Standing,
    fee,
    has_fee,
    in_trial,
    trial_end,
    unused_amount,
    unused_days,
    used_days,
)
from tests.core.periods.values import (
    ANNIVERSARY,
    BOGOTA,
    LOS_ANGELES,
    MONTHLY,
    PARIS,
    QUARTERLY,
    TOKYO,
    WEEKLY,
    YEARLY,
    day,
    instant,
    instants,
    schedule,
    schedules,
)

RENEWAL, START, DOWNGRADE, UPGRADE, TERMINATION, FOR_RENEWAL, *_ = Occasion
ADVANCE = {"pay_in_advance": True}


def standing(
    started_at: str,
    created_at: str | None = None,
    *,
    terminated_at: str | None = None,
    replaces: Change | None = None,
    replaced_by: Change | None = None,
    billed: bool = False,
    trial: int = 0,
    first_started_at: str | None = None,
) -> Standing:
    """A subscription; it was made when it started, unless said."""
    return Standing(
        started_at=instant(started_at),
        created_at=instant(created_at or started_at),
        terminated_at=instant(terminated_at) if terminated_at else None,
        replaces=replaces,
        replaced_by=replaced_by,
        billed=billed,
        trial_ends_at=trial_end(instant(first_started_at or started_at), trial),
    )


def tile(first_day: str, last_day: str) -> Tile:
    """The tile from one day to another."""
    return Tile(day(first_day), day(last_day))


def billed(amount: int, found: Schedule, occasion: Occasion, at: str, facts: Standing) -> int | None:
    """What an invoice made then bills for the plan, in cents; None without a fee."""
    if not has_fee(found, facts, instant(at)):
        return None
    periods = invoice_periods(found, occasion, instant(at), facts.started_at, facts.terminated_at)
    return to_cents(fee(amount, found, facts, periods.subscription))


@pytest.mark.parametrize(
    ("amount", "found", "occasion", "at", "facts", "cents"),
    [
        (1_000, schedule(MONTHLY, **ADVANCE), START, "2024-03-05", standing("2024-03-05"), 871),
        (100, schedule(MONTHLY), RENEWAL, "2022-04-01", standing("2022-03-15"), 55),
        (100, schedule(WEEKLY), RENEWAL, "2022-06-27", standing("2022-06-22"), 71),
        (100, schedule(WEEKLY), RENEWAL, "2022-06-27", standing("2022-06-20T00:01"), 100),
        (100, schedule(YEARLY), RENEWAL, "2023-01-01", standing("2022-03-15"), 80),
        (5_000_000, schedule(MONTHLY), RENEWAL, "2024-03-01", standing("2024-02-04"), 4_482_759),
        (
            5_000,
            schedule(MONTHLY, timezone=TOKYO, **ADVANCE),
            START,
            "2023-02-08",
            standing("2023-02-08"),
            3_750,
        ),
        (
            5_000,
            schedule(MONTHLY, timezone=LOS_ANGELES, **ADVANCE),
            START,
            "2023-02-08",
            standing("2023-02-08"),
            3_929,
        ),
        (
            5_000,
            schedule(MONTHLY, ANNIVERSARY, "2023-02-08", **ADVANCE),
            START,
            "2023-02-08",
            standing("2023-02-08"),
            5_000,
        ),
        (
            700,
            schedule(WEEKLY, timezone="America/Denver", **ADVANCE),
            START,
            "2023-06-16T05:00",
            standing("2023-06-16T05:00"),
            400,
        ),
        (
            700,
            schedule(WEEKLY, timezone="Asia/Karachi", **ADVANCE),
            START,
            "2023-06-16T20:00",
            standing("2023-06-16T20:00"),
            200,
        ),
        (1_000, schedule(MONTHLY, **ADVANCE), RENEWAL, "2024-04-01", standing("2024-03-05", billed=True), 1_000),
        (1_000, schedule(MONTHLY), RENEWAL, "2024-05-01", standing("2024-03-05", billed=True), 1_000),
    ],
)
def test_a_part_of_a_period_is_paid_by_the_day_of_the_whole(
    amount: int, found: Schedule, occasion: Occasion, at: str, facts: Standing, cents: int
) -> None:
    assert billed(amount, found, occasion, at, facts) == cents


@pytest.mark.parametrize(
    ("amount", "found", "occasion", "at", "facts", "cents"),
    [
        pytest.param(
            100,
            schedule(MONTHLY),
            UPGRADE,
            "2022-03-20T12:00",
            standing("2022-02-15", terminated_at="2022-03-20T12:00", replaced_by=Change.UPGRADE, billed=True),
            61,
            id="the old plan in arrears pays up to the day before the upgrade",
        ),
        pytest.param(
            100,
            schedule(MONTHLY),
            UPGRADE,
            "2023-08-21T12:00",
            standing("2023-07-19T12:12", terminated_at="2023-08-21T12:00", replaced_by=Change.UPGRADE, billed=True),
            65,
            id="twenty of 31 days",
        ),
        pytest.param(
            2_900,
            schedule(MONTHLY),
            UPGRADE,
            "2024-02-01T10:00",
            standing("2024-01-01", terminated_at="2024-02-01T10:00", replaced_by=Change.UPGRADE, billed=True),
            0,
            id="on the first day of a period nothing is left for the old plan",
        ),
        pytest.param(
            100,
            schedule(MONTHLY),
            RENEWAL,
            "2022-04-01",
            standing("2022-03-15", replaces=Change.UPGRADE),
            55,
            id="the new plan in arrears pays from the day of the upgrade",
        ),
        pytest.param(
            12_000,
            schedule(YEARLY, ANNIVERSARY, "2023-06-29", **ADVANCE),
            START,
            "2023-09-28T05:00",
            standing("2023-09-28T05:00", replaces=Change.UPGRADE),
            9_016,
            id="the new yearly plan in advance pays 275 of 366 days",
        ),
        pytest.param(
            1_900,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-03-12T13:12",
            standing("2024-03-12T13:12", replaces=Change.UPGRADE),
            1_226,
            id="twice upgraded in a day",
        ),
        pytest.param(
            118_800,
            schedule(YEARLY, ANNIVERSARY, "2023-07-19T12:12", **ADVANCE),
            START,
            "2023-11-19",
            standing("2023-11-19", "2023-11-09", replaces=Change.DOWNGRADE),
            78_875,
            id="after a downgrade 243 of 366 days",
        ),
        pytest.param(
            10_000,
            schedule(MONTHLY),
            DOWNGRADE,
            "2023-09-01",
            standing("2023-07-19", terminated_at="2023-09-01", replaced_by=Change.DOWNGRADE, billed=True),
            10_000,
            id="the last period before a downgrade is whole",
        ),
        pytest.param(
            1_000,
            schedule(MONTHLY, **ADVANCE),
            UPGRADE,
            "2024-03-12",
            standing("2024-03-05", terminated_at="2024-03-12", replaced_by=Change.UPGRADE, billed=True),
            None,
            id="an ended plan in advance was paid before",
        ),
    ],
)
def test_changes_of_plan(
    amount: int, found: Schedule, occasion: Occasion, at: str, facts: Standing, cents: int | None
) -> None:
    assert billed(amount, found, occasion, at, facts) == cents


MONTHLY_5 = schedule(MONTHLY, ANNIVERSARY, "2023-09-05", PARIS)


@pytest.mark.parametrize(
    ("amount", "found", "at", "renewed", "facts", "cents"),
    [
        pytest.param(1_000, MONTHLY_5, "2023-09-05T22:00", False, standing("2023-09-05"), 67, id="Paris"),
        pytest.param(
            1_000,
            schedule(MONTHLY, ANNIVERSARY, "2023-09-05", BOGOTA),
            "2023-09-05T05:00",
            False,
            standing("2023-09-05"),
            67,
            id="Bogota",
        ),
        pytest.param(1_000, MONTHLY_5, "2023-09-05T05:00", False, standing("2023-09-05"), 33, id="on the first day"),
        pytest.param(1_000, MONTHLY_5, "2023-10-04T22:00", False, standing("2023-09-05"), 1_000, id="on a billing day"),
        pytest.param(
            1_000,
            schedule(MONTHLY),
            "2023-10-01T09:00",
            True,
            standing("2023-08-01", billed=True),
            32,
            id="on a billing day, after its renewal",
        ),
        pytest.param(
            91_000,
            schedule(QUARTERLY, ANNIVERSARY, "2024-01-15"),
            "2024-06-20",
            False,
            standing("2024-05-20", replaces=Change.UPGRADE),
            32_000,
            id="first invoice after an upgrade",
        ),
        pytest.param(
            91_000,
            schedule(QUARTERLY),
            "2024-06-20T10:00",
            False,
            standing("2024-05-20T10:00"),
            32_000,
            id="calendar quarter",
        ),
        pytest.param(
            10_000, schedule(MONTHLY), "2025-02-21", False, standing("2025-02-08"), 5_000, id="fourteen of 28 days"
        ),
        pytest.param(
            1_000, schedule(MONTHLY), "2023-10-01", False, standing("2023-09-30T20:00"), 33, id="started on the eve"
        ),
        pytest.param(
            1_000,
            schedule(MONTHLY, **ADVANCE),
            "2023-10-01",
            False,
            standing("2023-08-01", billed=True),
            None,
            id="in advance",
        ),
        pytest.param(
            36_600,
            schedule(YEARLY, bill_charges_monthly=True),
            "2024-03-01",
            False,
            standing("2024-01-01"),
            6_100,
            id="on a day of a monthly split",
        ),
        pytest.param(
            1_000, schedule(YEARLY), "2022-12-20T06:00", False, standing("2022-12-15"), 16, id="yearly, in the year"
        ),
    ],
)
def test_ends(amount: int, found: Schedule, at: str, renewed: bool, facts: Standing, cents: int | None) -> None:
    occasion = occasion_of_end(found, instant(at), facts.started_at, renewed=renewed)
    assert billed(amount, found, occasion, at, replace(facts, terminated_at=instant(at))) == cents


@pytest.mark.parametrize(
    ("found", "at", "facts", "cents"),
    [
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-01-15", **ADVANCE),
            "2024-03-15",
            standing("2024-01-15", "2024-03-15T09:00"),
            1_000,
            id="in advance: the new period in full",
        ),
        pytest.param(
            schedule(MONTHLY, **ADVANCE), "2024-04-01", standing("2024-03-05", "2024-03-20"), 1_000, id="calendar"
        ),
        pytest.param(
            schedule(MONTHLY),
            "2024-04-01",
            standing("2024-01-05", "2024-03-20"),
            1_000,
            id="in arrears, begun before the last period",
        ),
        pytest.param(
            schedule(MONTHLY),
            "2024-04-01",
            standing("2024-03-05", "2024-03-20"),
            871,
            id="in arrears, begun within it",
        ),
        pytest.param(
            schedule(YEARLY, bill_charges_monthly=True, **ADVANCE),
            "2024-04-01",
            standing("2024-03-05", "2024-03-20"),
            None,
            id="yearly in advance waits for its year",
        ),
        pytest.param(
            schedule(YEARLY, bill_charges_monthly=True, **ADVANCE),
            "2025-01-01",
            standing("2024-03-05", "2024-03-20"),
            1_000,
            id="and is then paid in full",
        ),
    ],
)
def test_the_first_renewal_of_a_start_in_the_past(found: Schedule, at: str, facts: Standing, cents: int | None) -> None:
    assert billed(1_000, found, RENEWAL, at, facts) == cents


END_OF_MARCH = "2024-03-31T23:59:59.999999"


@pytest.mark.parametrize(
    ("found", "facts", "cents"),
    [
        pytest.param(
            schedule(MONTHLY), standing("2024-03-22", terminated_at=END_OF_MARCH, billed=True), 1_000, id="1: ended"
        ),
        pytest.param(
            schedule(MONTHLY),
            standing("2024-03-22", terminated_at=END_OF_MARCH, replaced_by=Change.UPGRADE, billed=True),
            900,
            id="2: upgraded",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-03-01", **ADVANCE),
            standing("2024-03-22", "2024-03-25", replaces=Change.UPGRADE),
            1_000,
            id="3: follows an upgrade",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-03-01", **ADVANCE),
            standing("2024-03-22"),
            3_100,
            id="4: in advance, anniversary",
        ),
        pytest.param(
            schedule(MONTHLY, ANNIVERSARY, "2024-03-01", **ADVANCE),
            standing("2024-03-22", replaces=Change.DOWNGRADE),
            1_000,
            id="4 needs no predecessor",
        ),
        pytest.param(schedule(MONTHLY), standing("2024-03-22", billed=True), 3_100, id="5: billed before"),
        pytest.param(
            schedule(MONTHLY),
            standing("2024-03-22", terminated_at=END_OF_MARCH, replaced_by=Change.DOWNGRADE, billed=True),
            3_100,
            id="5: billed before a downgrade",
        ),
        pytest.param(
            schedule(MONTHLY, **ADVANCE), standing("2024-03-22", "2024-03-25"), 3_100, id="6: past start, in advance"
        ),
        pytest.param(
            schedule(MONTHLY), standing("2024-02-29", "2024-03-25"), 3_100, id="7: past start, before the period"
        ),
        pytest.param(schedule(MONTHLY), standing("2024-03-22", "2024-03-25"), 1_000, id="8: past start within it"),
        pytest.param(schedule(MONTHLY), standing("2024-03-22"), 1_000, id="8: any other first fee"),
    ],
)
def test_the_first_case_that_fits_decides_about_ten_days_of_march(found: Schedule, facts: Standing, cents: int) -> None:
    """The cases of the table of §5.3, at 100 cents a day."""
    march = found.plan.tile(day("2024-03-22"))
    assert fee(3_100, found, facts, Period(march, instant("2024-03-22"), instant(END_OF_MARCH), "UTC")) == cents


@pytest.mark.parametrize(
    ("trial_ends_at", "cents"),
    [
        ("2024-03-21T12:00", 900),
        ("2024-03-22", 900),
        ("2024-03-30T12:00", 100),
        ("2024-03-31T12:00", 0),
        (END_OF_MARCH, 0),
        ("2024-04-02", 0),
    ],
)
def test_a_trial_takes_its_days_off_and_never_more(trial_ends_at: str, cents: int) -> None:
    facts = replace(
        standing("2024-03-22", terminated_at=END_OF_MARCH, replaced_by=Change.UPGRADE),
        trial_ends_at=instant(trial_ends_at),
    )
    march = Period(tile("2024-03-01", "2024-03-31"), instant("2024-03-22"), instant(END_OF_MARCH), "UTC")
    assert fee(3_100, schedule(MONTHLY), facts, march) == cents


def test_a_trial_that_ends_with_its_period_leaves_nothing_to_pay() -> None:
    facts = replace(standing("2024-03-22"), trial_ends_at=instant(END_OF_MARCH))
    march = Period(tile("2024-03-01", "2024-03-31"), instant("2024-03-22"), instant(END_OF_MARCH), "UTC")
    assert fee(3_100, schedule(MONTHLY), facts, march) == 0


FIVE_MILLION = 5_000_000


@pytest.mark.parametrize(
    ("amount", "found", "occasion", "at", "facts", "cents"),
    [
        pytest.param(
            FIVE_MILLION,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-03-15T12:12",
            standing("2024-03-05T12:12", trial=10),
            2_741_935,
            id="the rest of the month",
        ),
        pytest.param(
            FIVE_MILLION,
            schedule(MONTHLY, **ADVANCE),
            RENEWAL,
            "2024-04-01",
            standing("2024-03-05T12:12", trial=45),
            None,
            id="no fee while it runs",
        ),
        pytest.param(
            FIVE_MILLION,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-04-19T12:12",
            standing("2024-03-05T12:12", trial=45),
            2_000_000,
            id="a trial longer than a period",
        ),
        pytest.param(
            2 * FIVE_MILLION,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-03-18T12:12",
            standing("2024-03-10T12:12", replaces=Change.UPGRADE, trial=13, first_started_at="2024-03-05T12:12"),
            4_516_129,
            id="an upgrade extends it from the first start",
        ),
        pytest.param(
            FIVE_MILLION,
            schedule(MONTHLY, timezone=TOKYO, **ADVANCE),
            START,
            "2024-04-01T18:12",
            standing("2024-03-22T18:12", trial=10),
            4_833_333,
            id="ends on 2 April in Tokyo",
        ),
        pytest.param(
            FIVE_MILLION,
            schedule(MONTHLY, timezone=PARIS, **ADVANCE),
            RENEWAL,
            "2024-03-31T22:00",
            standing("2024-03-22T01:12", trial=10),
            FIVE_MILLION,
            id="ends on the day of a renewal",
        ),
        pytest.param(
            100, schedule(WEEKLY), RENEWAL, "2022-06-27", standing("2022-06-20T00:01", trial=3), 57, id="week, Monday"
        ),
        pytest.param(
            100, schedule(WEEKLY), RENEWAL, "2022-06-27", standing("2022-06-22", trial=3), 29, id="week, Wednesday"
        ),
        pytest.param(100, schedule(MONTHLY), RENEWAL, "2022-04-01", standing("2022-03-15", trial=3), 45, id="month"),
        pytest.param(
            3_500,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-03-11T21:00",
            standing("2024-03-04T21:00", trial=7),
            2_371,
            id="21 of 31 days",
        ),
        pytest.param(
            3_500,
            schedule(MONTHLY, **ADVANCE),
            START,
            "2024-03-11T23:05",
            standing("2024-03-11T23:05", trial=7, first_started_at="2024-03-04T21:00"),
            2_371,
            id="taken again, without a second trial",
        ),
        pytest.param(
            1_000,
            schedule(MONTHLY),
            RENEWAL,
            "2022-05-01",
            standing("2022-03-15", trial=3, billed=True),
            1_000,
            id="a trial before the period has no influence",
        ),
        pytest.param(
            36_600,
            schedule(YEARLY, bill_charges_monthly=True, **ADVANCE),
            START,
            "2024-02-14",
            standing("2024-01-15", trial=30),
            32_200,
            id="yearly, in the year",
        ),
    ],
)
def test_trials(amount: int, found: Schedule, occasion: Occasion, at: str, facts: Standing, cents: int | None) -> None:
    assert billed(amount, found, occasion, at, facts) == cents


def test_a_trial_ends_after_so_many_times_24_hours() -> None:
    assert trial_end(instant("2024-03-05T12:12"), 10) == instant("2024-03-15T12:12")
    assert trial_end(instant("2024-03-05T12:12"), Decimal("0.5")) == instant("2024-03-06T00:12")
    assert trial_end(instant("2024-03-05T12:12"), 0) is trial_end(instant("2024-03-05T12:12"), None) is None
    facts = standing("2024-03-05T12:12", trial=10)
    assert in_trial(facts, instant("2024-03-15T12:11"))
    assert not in_trial(facts, instant("2024-03-15T12:12"))


def test_one_fee_a_day_for_a_plan_in_advance() -> None:
    found, facts, at = schedule(MONTHLY, **ADVANCE), standing("2024-04-01"), instant("2024-04-01")
    assert has_fee(found, facts, at)
    assert not has_fee(found, facts, at, billed_today=True)


@pytest.mark.parametrize(
    ("advance", "at", "facts", "due"),
    [
        pytest.param(False, "2024-03-01", standing("2024-01-15"), False, id="a day of the split"),
        pytest.param(False, "2025-01-01", standing("2024-01-15"), True, id="the year's end"),
        pytest.param(True, "2024-01-15", standing("2024-01-15"), True, id="the start in advance"),
        pytest.param(True, "2024-03-01", standing("2024-01-15", billed=True), False, id="a day of the split, paid"),
        pytest.param(True, "2024-02-01", standing("2024-01-15", "2024-01-20"), False, id="started in the past"),
    ],
)
def test_a_longer_plan_has_its_fee_once_a_period(advance: bool, at: str, facts: Standing, due: bool) -> None:
    found = schedule(YEARLY, bill_charges_monthly=True, pay_in_advance=advance)
    assert has_fee(found, facts, instant(at)) is due


def test_a_longer_plan_in_advance_that_started_in_the_past_has_no_fee_in_its_first_month() -> None:
    """Made on the local day of its start, 1 January in Tokyo, but on a later day in UTC."""
    facts = standing("2024-12-31T16:00", "2025-01-01T02:00")
    assert not has_fee(schedule(YEARLY, timezone=TOKYO, **ADVANCE), facts, instant("2025-01-01T02:00"))
    assert has_fee(schedule(MONTHLY, timezone=TOKYO, **ADVANCE), facts, instant("2025-01-01T02:00"))


OCTOBER = tile("2022-10-01", "2022-10-31")
FEBRUARY = tile("2025-02-01", "2025-02-28")


@pytest.mark.parametrize(
    ("amount", "found", "ended_on", "upgrade", "trial_ends_at", "paid", "unused"),
    [
        (10_000, FEBRUARY, "2025-02-21", False, None, 7_500, "2500"),
        (10_000, FEBRUARY, "2025-02-08", False, None, 7_500, "7142.85714"),
        (5_000, tile("2023-02-01", "2023-02-28"), "2023-02-08", False, None, 3_750, "3571.42857"),
        (5_000, tile("2023-02-01", "2023-02-28"), "2023-02-07", False, None, 3_929, "3750"),
        (5_000, tile("2023-02-08", "2023-03-07"), "2023-02-08", False, None, 5_000, "4821.42857"),
        (3_100, OCTOBER, "2022-10-15", False, None, 3_100, "1600"),
        (3_100, OCTOBER, "2022-10-15", True, None, 3_100, "1700"),
        (3_100, OCTOBER, "2022-10-14", False, None, 3_100, "1700"),
        (3_100, OCTOBER, "2022-10-15", False, "2022-10-17T10:00", 3_100, "1500"),
        (3_100, OCTOBER, "2022-10-15", True, "2022-10-14T10:00", 1_800, "1800"),
        (3_100, OCTOBER, "2022-10-15", True, "2022-10-13T10:00", 1_900, "1700"),
        (3_100, OCTOBER, "2022-10-15", False, "2022-11-02T10:00", 3_100, "0"),
        (3_100, OCTOBER, "2022-10-31", False, None, 3_100, "0"),
        (999, tile("2023-02-28", "2023-03-29"), "2023-03-14", False, None, 999, "499.5"),
        (1_000, tile("2023-08-29", "2023-09-28"), "2023-09-28", True, None, 1_000, "32.25806"),
        (1_000, tile("2024-03-01", "2024-03-31"), "2024-03-12", True, None, 871, "645.16129"),
        (3_500, tile("2024-03-01", "2024-03-31"), "2024-03-11", False, "2024-03-11T21:00", 2_371, "2370.96774"),
        (3_500, tile("2024-03-01", "2024-03-31"), "2024-03-10", False, None, 1_000, "1000"),
    ],
)
def test_unused_days_of_a_paid_period(
    amount: int, found: Tile, ended_on: str, upgrade: bool, trial_ends_at: str | None, paid: int, unused: str
) -> None:
    trial = instant(trial_ends_at) if trial_ends_at else None
    left = unused_days(found, day(ended_on), upgrade=upgrade, trial_ends_at=trial)
    assert unused_amount(amount, left, found, paid) == Decimal(unused)


def test_what_was_credited_before_is_not_credited_again() -> None:
    assert unused_amount(3_100, 16, OCTOBER, 3_100, Decimal(1_000)) == 600
    assert unused_amount(3_100, 16, OCTOBER, 3_100, Decimal(2_000)) == 0


@pytest.mark.parametrize(
    ("found", "first_day", "ended_on", "trial_ends_at", "used"),
    [
        (FEBRUARY, "2025-02-08", "2025-02-21", None, 14),
        (OCTOBER, "2022-10-01", "2022-10-15", None, 15),
        (OCTOBER, "2022-10-01", "2022-10-15", "2022-10-11T12:00", 5),
        (OCTOBER, "2022-10-01", "2022-10-15", "2022-10-17T12:00", 0),
        (OCTOBER, "2022-10-01", "2022-11-15", None, 31),
    ],
)
def test_used_days_of_a_paid_period(
    found: Tile, first_day: str, ended_on: str, trial_ends_at: str | None, used: int
) -> None:
    trial = instant(trial_ends_at) if trial_ends_at else None
    assert used_days(found, day(first_day), day(ended_on), trial) == used


@given(st.integers(0, 10**12), st.dates(day("2000-01-01"), day("2099-01-01")), st.integers(0, 30))
def test_used_and_unused_days_make_the_period(amount: int, month: datetime, passed: int) -> None:
    found = schedule(MONTHLY).plan.tile(month)
    ended_on = found.first_day + timedelta(days=min(passed, found.days - 1))
    used, unused = used_days(found, found.first_day, ended_on), unused_days(found, ended_on, upgrade=False)
    assert used + unused == found.days
    assert unused_days(found, ended_on, upgrade=True) == unused + 1
    assert 0 <= unused_amount(amount, unused, found, amount) <= amount


@given(schedules(), instants, st.integers(0, 10**12))
def test_a_fee_is_never_more_than_the_price_nor_less_than_nothing(
    found: Schedule, started_at: datetime, amount: int
) -> None:
    facts = Standing(started_at=started_at, created_at=started_at)
    first = start_of_day(first_renewal_day(found, started_at, started_at), found.timezone)
    for occasion, at in ((START, started_at), (RENEWAL, first)):
        period = invoice_periods(found, occasion, at, started_at).subscription
        assert 0 <= fee(amount, found, facts, period) <= amount


@given(schedules(), instants, st.integers(1, 10**12), st.timedeltas(timedelta(0), timedelta(days=800)))
def test_an_upgrade_day_is_paid_by_the_new_plan_alone(
    found: Schedule, started_at: datetime, amount: int, lasted: timedelta
) -> None:
    """Both plans at one price: the two sides of an upgrade together cost the period, from the start on, once."""
    at = started_at + lasted
    in_arrears = replace(found, pay_in_advance=False)
    old = Standing(started_at=started_at, created_at=started_at, terminated_at=at, replaced_by=Change.UPGRADE)
    new = Standing(started_at=at, created_at=at, replaces=Change.UPGRADE)
    ended = invoice_periods(in_arrears, UPGRADE, at, started_at, at).subscription
    going_on = invoice_periods(replace(found, pay_in_advance=True), START, at, at).subscription
    undisturbed = invoice_periods(replace(found, pay_in_advance=True), START, at, started_at).subscription
    together = fee(amount, in_arrears, old, ended) + fee(amount, in_arrears, new, going_on)
    whole = fee(amount, in_arrears, Standing(started_at=started_at, created_at=started_at), undisturbed)
    if local_day(at, found.timezone) > local_day(started_at, found.timezone):
        assert together == whole
