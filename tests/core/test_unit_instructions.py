"""Units of a fixed charge in a period (chapter 53 §4)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.days import MOMENT
from conto.core.periods.ranges import Period, fixed_charges_period
from conto.core.periods.tiles import Tile
from conto.core.unit_instructions import Instruction, prorated_units_in, units_in
from tests.core.periods.values import LOS_ANGELES, MONTHLY, day, instant, schedule


def ten_days(number: int = 0) -> Period:
    """The first period of ten days, or a later one."""
    first = day("2024-05-01") + timedelta(days=10 * number)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Period(Tile(first, first + timedelta(days=9)), start, start + timedelta(days=10) - MOMENT, "UTC")


def said(units: int, effective_at: int, given_at: int | None = None) -> Instruction:
    """Units from a day on, counted from the first period's, at noon; given then, unless said."""
    noon = instant("2024-04-30T12:00")
    given = effective_at if given_at is None else given_at
    return Instruction(Decimal(units), noon + timedelta(days=effective_at), noon + timedelta(days=given))


def put_off(units: int, given_at: int) -> Instruction:
    """Units from the next period on, given on a day of the first."""
    return Instruction(Decimal(units), ten_days().next_start, instant("2024-04-30T12:00") + timedelta(days=given_at))


@pytest.mark.parametrize(
    ("instructions", "prorated", "full"),
    [
        ([said(2, 6)], Fraction(1), 2),
        ([said(10, -9), said(100, -5)], Fraction(100), 100),
        ([said(100, -5), said(10, 10)], Fraction(91), 10),
        ([said(20, -5), put_off(10, 5)], Fraction(20), 20),
        ([said(20, -5), put_off(10, 5), said(100, 10)], Fraction(28), 100),
        ([said(10, -5), said(5, 3), said(0, 6)], Fraction(35, 10), 0),
        ([said(10, 3, 1), said(20, 8, 2), said(30, 5, 3)], Fraction(10 * 2 + 30 * 6, 10), 30),
        ([], Fraction(0), 0),
        ([said(7, 11)], Fraction(0), 0),
    ],
)
def test_units_are_weighted_by_the_days_for_which_they_hold(
    instructions: list[Instruction], prorated: Fraction, full: int
) -> None:
    assert prorated_units_in(ten_days(), instructions) == prorated
    assert units_in(ten_days(), instructions) == full


@pytest.mark.parametrize(
    ("instructions", "units"),
    [
        ([said(20, -5), put_off(10, 5)], 10),
        ([said(20, -5), put_off(10, 5), said(100, 10)], 100),
    ],
)
def test_a_change_that_was_put_off_is_superseded_by_one_that_comes_before_it(
    instructions: list[Instruction], units: int
) -> None:
    assert prorated_units_in(ten_days(1), instructions) == units


def test_january_with_a_change_on_the_twentieth() -> None:
    january = fixed_charges_period(schedule(MONTHLY), instant("2024-01-10"), instant("2024-01-01"))
    given = [
        Instruction(Decimal(10), instant("2024-01-01T00:00:01"), instant("2024-01-01")),
        Instruction(Decimal(7), instant("2024-01-20T15:00"), instant("2024-01-20T15:00")),
    ]
    assert prorated_units_in(january, given) == Fraction(10 * 19 + 7 * 12, 31)


@pytest.mark.parametrize(
    ("started_at", "terminated_at", "timezone", "days"),
    [
        ("2023-08-01", "2023-08-21T12:00", "UTC", 21),
        ("2023-08-21T12:00", None, "UTC", 11),
        ("2023-08-21T05:00", None, LOS_ANGELES, 12),
    ],
)
def test_both_sides_of_an_upgrade_count_its_day(
    started_at: str, terminated_at: str | None, timezone: str, days: int
) -> None:
    start = instant(started_at)
    ended = instant(terminated_at) if terminated_at else None
    period = fixed_charges_period(schedule(MONTHLY, timezone=timezone), start, start, ended)
    first = Instruction(Decimal(31), start + timedelta(seconds=1), start)
    assert prorated_units_in(period, [first]) == days
    assert units_in(period, [first]) == 31


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(-5, 25), st.integers(-5, 25)), max_size=8))
def test_prorated_units_lie_between_the_least_and_the_most_of_the_instructions(
    found: list[tuple[int, int, int]],
) -> None:
    instructions = [said(units, max(effective, given), given) for units, effective, given in found]
    if not instructions:
        return
    most = max(each.units for each in instructions)
    assert 0 <= prorated_units_in(ten_days(), instructions) <= most
    always = said(1, -20, -20)
    assert prorated_units_in(ten_days(), [always, *instructions]) >= min(1, *(each.units for each in instructions))


@given(st.permutations([said(20, -5), put_off(10, 5), said(100, 7), said(3, 9)]))
def test_the_order_in_which_instructions_are_read_does_not_matter(instructions: list[Instruction]) -> None:
    assert prorated_units_in(ten_days(), instructions) == 20 * Fraction(6, 10) + 100 * Fraction(2, 10) + 3 * Fraction(
        2, 10
    )
    assert units_in(ten_days(), instructions) == 3
