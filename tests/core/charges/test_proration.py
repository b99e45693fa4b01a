"""What units weigh by the days of a period (chapters 40 §7 and 30 §4.7)."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import proration
from conto.core.charges.proration import Operation, Window
from conto.core.money import up_at_five_decimals
from tests.core.charges.given import signed_values

FIRST = date(2022, 7, 9)
PERIOD = Window(FIRST, date(2022, 8, 8), 31)
"""A period of 31 days, from 9 July to 8 August."""


def day(number: int) -> date:
    """The n-th day of the period."""
    return FIRST + timedelta(days=number - 1)


def read(story: str) -> list[Operation]:
    """Operations from words like `2+a` (a added on day 2) and `16-a`; `before` for one that is carried in."""
    found: list[Operation] = []
    for word in story.split():
        at, adds, value = word.partition("+") if "+" in word else word.partition("-")
        earlier = at == "before"
        found.append(Operation(value, FIRST - timedelta(days=9) if earlier else day(int(at)), adds == "+", earlier))
    return found


@pytest.mark.parametrize(
    ("story", "units", "full"),
    [
        ("before+a", "1", 1),
        ("11+a", "0.67742", 1),
        ("before+a 11+b", "1.67742", 2),
        ("before+a 16-a", "0.51613", 0),
        ("before+a 31-a", "1", 0),
        ("2+a 30-a", "0.93549", 0),
        ("2+a 2-a 2+a 2-a", "0.03226", 0),
        ("2+a 2-a 4+a 4-a 6+a 6-a", "0.09678", 0),
        ("before+a 2+a 2+a 2-a 2+a 4+a 4-a", "0.12904", 0),
        ("1+a", "1", 1),
        ("16+a", "0.51613", 1),
        ("before+a before-a", "0", 0),
        ("before+a before-a 11+b", "0.67742", 1),
        ("3-a 11+a", "0.67742", 1),
        ("", "0", 0),
    ],
)
def test_a_value_counts_on_the_days_on_which_it_was_active(story: str, units: str, full: int):
    operations = read(story)
    assert proration.prorated_count(operations, PERIOD) == Decimal(units)
    assert proration.full_count(operations) == full


def test_a_subscription_that_ends_or_begins_in_the_period_counts_its_days():
    carried = read("before+a")
    assert proration.prorated_count(carried, Window(FIRST, day(16), 31)) == Decimal("0.51613")
    assert proration.prorated_count(carried, Window(day(24), day(31), 31)) == Decimal("0.25807")


def test_five_seats_up_to_a_termination_on_the_fifteenth():
    july = Window(date(2024, 7, 1), date(2024, 7, 15), 31)
    seats = [Operation(str(number), date(2024, 6, 11 + number), adds=True, earlier=True) for number in range(5)]
    assert proration.prorated_count(seats, july) == Decimal("2.41936")
    assert proration.prorated_count(seats[:1], july) == Decimal("0.48388")


def test_seats_of_june_count_from_their_days():
    june = Window(date(2024, 6, 1), date(2024, 6, 30), 30)
    for place, units in enumerate("0.66667 0.63334 0.60000 0.56667 0.53334".split()):
        seat = Operation("seat", date(2024, 6, 11 + place), adds=True)
        assert proration.prorated_count([seat], june) == Decimal(units)


def test_the_exact_sum_is_rounded_up_once():
    """Two times 2.5 in March and two times 12 on 26 May; the same with 12.434."""
    may = Window(date(2023, 5, 1), date(2023, 5, 31), 31)
    twelve = [(Decimal(12), date(2023, 5, 26))]
    assert proration.prorated_sum(Decimal(5), twelve * 2, may) == Decimal("9.64517")
    more = [*twelve, (Decimal("12.434"), date(2023, 5, 26))]
    assert proration.prorated_sum(Decimal(5), more, may) == Decimal("9.72917")


def test_what_comes_out_even_is_not_rounded_up():
    june = Window(date(2024, 6, 1), date(2024, 6, 30), 30)
    assert proration.prorated_sum(Decimal(0), [(Decimal(30), date(2024, 6, 8))], june) == 23


def test_at_an_upgrade_carried_units_leave_the_last_day_to_the_new_plan():
    old = Window(date(2023, 10, 1), date(2023, 10, 18), 31, upgraded=True)
    assert old.carried_share == Fraction(17, 31)
    assert old.share_from(date(2023, 10, 17)) == Fraction(2, 31)
    assert Window(date(2023, 10, 18), date(2023, 10, 31), 31).carried_share == Fraction(14, 31)


def test_an_upgrade_on_the_first_day_leaves_carried_units_nothing():
    assert Window(FIRST, FIRST, 31, upgraded=True).carried_share == 0
    assert Window(FIRST, FIRST - timedelta(days=1), 31, upgraded=True).carried_share == 0


@pytest.mark.parametrize(
    ("units", "on", "billed"),
    [(4, 2, "3.86667"), (1, 2, "0.96667"), (1, 5, "0.86667"), (4, 4, "3.60000"), (1, 1, "1"), (1, 30, "0.03334")],
)
def test_an_increment_in_advance_weighs_its_days_rounded_up(units: int, on: int, billed: str):
    september = Window(date(2025, 9, 1), date(2025, 9, 30), 30)
    assert proration.prorated_increment(Decimal(units), date(2025, 9, on), september) == Decimal(billed)


VALUES = "abc"

stories = st.lists(st.tuples(st.integers(1, 31), st.sampled_from(VALUES), st.booleans()), max_size=20).map(
    lambda found: [Operation(value, day(on), adds) for on, value, adds in sorted(found, key=lambda one: one[0])]
)


def days_active(operations: list[Operation], value: str) -> int:
    """Distinct days on which the value was active at some moment, by looking at every moment of every day."""
    active, count = False, 0
    for number in range(1, 32):
        moments = [active]
        for one in operations:
            if one.on == day(number) and one.value == value:
                active = one.adds
                moments.append(active)
        count += any(moments)
    return count


@given(stories, st.lists(st.sampled_from(VALUES), unique=True))
def test_days_are_counted_day_by_day(operations: list[Operation], carried: list[str]):
    history = [Operation(value, FIRST - timedelta(days=3), adds=True, earlier=True) for value in carried] + operations
    days = sum(
        days_active([Operation(value, FIRST, adds=True)] * (value in carried) + operations, value) for value in VALUES
    )
    assert proration.prorated_count(history, PERIOD) == up_at_five_decimals(Fraction(days, 31))


@given(stories)
def test_the_steps_of_a_count_come_to_its_units(operations: list[Operation]):
    steps = list(proration.count_steps(operations, PERIOD))
    assert sum(step.units for step in steps) == proration.full_count(operations)
    together = sum(Fraction(step.prorated) for step in steps)
    units = proration.prorated_count(operations, PERIOD)
    assert 0 <= together - Fraction(units) + Fraction(1, 100_000) <= Fraction(len(steps) + 1, 100_000)


@given(signed_values, st.lists(st.tuples(signed_values, st.integers(1, 31).map(day)), max_size=10))
def test_the_steps_of_a_sum_come_to_its_units(carried: Decimal, changes: list[tuple[Decimal, date]]):
    steps = list(proration.sum_steps(carried, changes, PERIOD))
    assert sum(step.units for step in steps) == carried + sum(value for value, _ in changes)
    together = sum((Fraction(step.prorated) for step in steps), Fraction(0))
    assert proration.prorated_sum(carried, changes, PERIOD) == up_at_five_decimals(together)


@given(st.integers(2, 31), signed_values)
def test_two_windows_of_an_upgrade_carry_what_one_period_carries(on: int, carried: Decimal):
    old = Window(FIRST, day(on), 31, upgraded=True)
    new = Window(day(on), day(31), 31)
    assert old.carried_share + new.carried_share == PERIOD.carried_share == 1
