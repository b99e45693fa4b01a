"""Prorated graduated charges: full units climb, prorated ones pay (chapter 40 §7.1)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import graduated, prorated_graduated
from conto.core.charges.graduated import Graduated
from conto.core.charges.price import Price, Step, Usage
from conto.core.charges.proration import Operation, Window, count_steps, full_count, sum_steps
from conto.core.money import round_at
from tests.core.charges.given import priced_ranges, signed_values, tiers

TWO = Graduated(tiers(("0", "5", "10", "100"), ("6", None, "5", "50")))
THREE = Graduated(tiers(("0", "5", "10", "100"), ("6", "15", "5", "50"), ("16", None, "2", "0")))

SEPTEMBER = Window(date(2023, 9, 1), date(2023, 9, 30), 30)
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31), 31)


def of_steps(charge: Graduated, steps: list[Step], full: Decimal | int | None = None) -> Price:
    units = sum((step.units for step in steps), Decimal(0)) if full is None else Decimal(full)
    prorated = sum((Fraction(step.prorated) for step in steps), Fraction(0))
    usage = Usage(
        round_at(max(prorated, Fraction(0)), 5), full_units=units, climb=prorated_graduated.climb(charge, steps)
    )
    return prorated_graduated.price(usage, charge)


def of_sum(charge: Graduated, carried: int, changes: list[tuple[int, date]], window: Window) -> Decimal:
    dated = [(Decimal(value), on) for value, on in changes]
    return round_at(of_steps(charge, list(sum_steps(Decimal(carried), dated, window))).amount, 2)


def of_count(charge: Graduated, operations: list[Operation], window: Window) -> Decimal:
    steps = list(count_steps(operations, window))
    return round_at(of_steps(charge, steps, full_count(operations)).amount, 2)


def add(value: str, on: date, *, earlier: bool = False) -> Operation:
    return Operation(value, on, adds=True, earlier=earlier)


def remove(value: str, on: date, *, earlier: bool = False) -> Operation:
    return Operation(value, on, adds=False, earlier=earlier)


@pytest.mark.parametrize(
    ("full", "prorated", "amount"),
    [
        ("2 5 10 -6", "1.4 2.66667 2 -2.2", "184.33"),
        ("5 5 10 -6", "3.5 2.66667 2 -2.2", "197.33"),
        ("1 4 1 -5 -1", "0.7097 1.54839 0.2258 -0.80645 -0.0645", "165.81"),
        ("5 -2", "3.5 -1", "125"),
        ("4 2 -3", "2.8 1 -0.6", "180.50"),
        ("5 2 -4 10", "3.5 1 -1.6 2", "190"),
        ("5 -100", "2 -33.33", "0"),
        ("1", "0.7", "107"),
    ],
)
def test_tiers_are_climbed_with_full_units_and_paid_with_prorated_ones(full: str, prorated: str, amount: str):
    pairs = zip(full.split(), prorated.split(), strict=True)
    found = of_steps(TWO, [Step(Decimal(units), Decimal(weighed)) for units, weighed in pairs])
    assert round_at(found.amount, 2) == Decimal(amount)
    assert found.details == {}
    total = sum(map(int, full.split()))
    assert found.unit_amount == (found.amount / total if total > 0 else 0)


def test_a_piece_of_one_step_lies_in_each_tier():
    found = of_steps(THREE, [Step(Decimal(75), Decimal(75))])
    assert found.amount == 50 + 50 + 120 + 150 == 370


def test_without_any_step_the_first_flat_amount_is_due():
    assert of_steps(THREE, []).amount == 100


def test_a_removal_an_overflow_and_the_next_period():
    """Events of September 2023, and what current usage shows after each."""
    changes = [
        (2, date(2023, 9, 10)),
        (5, date(2023, 9, 16)),
        (-6, date(2023, 9, 20)),
        (10, date(2023, 9, 25)),
        (4, date(2023, 9, 26)),
        (60, date(2023, 9, 30)),
    ]
    amounts = [of_sum(THREE, 0, changes[:known], SEPTEMBER) for known in range(len(changes) + 1)]
    assert amounts == [Decimal(text) for text in "100.00 114.00 184.00 165.67 179.67 183.00 187.00".split()]
    assert of_sum(THREE, 75, [], OCTOBER) == 370
    assert of_sum(THREE, 75, [(20, date(2023, 10, 17))], OCTOBER) == Decimal("389.35")


def test_carried_units_count_up_to_the_termination():
    """Seven units of October less one of November; one more on 7 December, the day of the end."""
    charge = Graduated(tiers(("0", "5", "0", "0"), ("6", None, "10", "0")))
    december = Window(date(2023, 12, 1), date(2023, 12, 31), 31)
    ended = Window(date(2023, 12, 1), date(2023, 12, 7), 31)
    assert of_sum(charge, 6, [], december) == 10
    assert of_sum(charge, 6, [(1, date(2023, 12, 7))], december) == Decimal("18.06")
    assert of_sum(charge, 6, [(1, date(2023, 12, 7))], ended) == Decimal("2.58")


def test_an_upgrade_leaves_the_day_of_the_change_to_the_new_plan():
    """75 units carried and 20 of 17 October; the plan changes on the 18th."""
    old = Window(date(2023, 10, 1), date(2023, 10, 18), 31, upgraded=True)
    new = Window(date(2023, 10, 18), date(2023, 10, 31), 31)
    assert of_sum(THREE, 75, [(20, date(2023, 10, 17))], old) == Decimal("273.23")
    assert of_sum(THREE, 95, [], new) == Decimal("267.42")
    assert of_sum(THREE, 95, [], Window(date(2023, 11, 1), date(2023, 11, 30), 30)) == 410


def test_a_removed_item_pays_its_days_and_its_place_is_taken_by_the_next():
    charge = Graduated(tiers(("0", "1", "10", "100"), ("2", None, "5", "50")))
    first = add("1111", date(2023, 9, 10))
    assert of_count(charge, [first], SEPTEMBER) == 107
    carried = add("1111", date(2023, 9, 10), earlier=True)
    assert of_count(charge, [carried], OCTOBER) == 110
    removed = remove("1111", date(2023, 10, 17))
    assert of_count(charge, [carried, removed], OCTOBER) == Decimal("105.48")
    after = [carried, removed, add("2222", date(2023, 10, 19))]
    assert of_count(charge, after, OCTOBER) == Decimal("109.68")
    november = Window(date(2023, 11, 1), date(2023, 11, 30), 30)
    past = [Operation(one.value, one.on, one.adds, earlier=True) for one in after]
    assert of_count(charge, past, november) == 110


def test_several_items_of_one_day_climb_one_by_one():
    operations = [add("1", date(2023, 10, 10))]
    operations += [add(str(number), date(2023, 10, 20)) for number in range(2, 6)]
    amounts = [of_count(TWO, operations[:known], OCTOBER) for known in range(1, 6)]
    assert amounts == [Decimal(text) for text in "107.10 110.97 114.84 118.71 122.58".split()]
    assert of_count(TWO, [*operations, add("6", date(2023, 10, 25))], OCTOBER) == Decimal("173.71")
    carried = [add(str(number), date(2023, 10, 10), earlier=True) for number in range(6)]
    assert of_count(TWO, carried, Window(date(2023, 11, 1), date(2023, 11, 30), 30)) == 205


def test_a_carried_and_a_new_item_up_to_the_termination():
    charge = Graduated(tiers(("0", "1", "5", "10"), ("2", None, "15", "30")))
    carried, new = add("1111", date(2023, 10, 5), earlier=True), add("2222", date(2023, 12, 7))
    december = Window(date(2023, 12, 1), date(2023, 12, 31), 31)
    ended = Window(date(2023, 12, 1), date(2023, 12, 7), 31)
    assert of_count(charge, [carried], december) == 15
    assert of_count(charge, [carried, new], december) == Decimal("57.10")
    assert of_count(charge, [carried, new], ended) == Decimal("41.61")


def test_a_backdated_event_enters_the_carried_units():
    """Three taken off in the first period, one added to it later, four in the second: two units from below 0."""
    charge = Graduated(tiers(("0", "2", "0", "0"), ("3", None, "150", "0")))
    window = Window(date(2026, 5, 8), date(2026, 6, 7), 31)
    changes = [(1, date(2026, 5, 9))] * 4
    assert of_sum(charge, -2, changes, window) == 0


def test_an_item_removed_before_the_period_moves_nothing():
    charge = Graduated(tiers(("0", "1", "10", "0"), ("2", None, "5", "0")))
    gone = [
        add("a", date(2023, 8, 1), earlier=True),
        add("b", date(2023, 8, 2), earlier=True),
        remove("a", date(2023, 8, 9), earlier=True),
    ]
    assert of_count(charge, [*gone, add("c", date(2023, 9, 1))], SEPTEMBER) == 15
    assert list(count_steps(gone, SEPTEMBER)) == [Step(Decimal(1), Decimal(1))]


def test_a_step_up_that_weighs_nothing_is_left_out_and_so_is_one_down_to_below_nothing():
    down, up = Step(Decimal(-1), Decimal(0)), Step(Decimal(4), Decimal(0))
    one = Step(Decimal(1), Decimal(1))
    assert prorated_graduated.climb(TWO, [up, down, one]) == prorated_graduated.climb(TWO, [one])
    assert prorated_graduated.climb(TWO, [one, down, one]).highest == 1


def piece_by_piece(charge: Graduated, steps: list[tuple[int, Fraction]]) -> Fraction:
    """The variable part by single units: each in the tier where it lies, all units of a step with one weight."""
    total, at = Fraction(0), 0
    for units, share in steps:
        for _ in range(abs(units)):
            unit = at + 1 if units > 0 else at
            tier = next(one for one in charge.ranges if one.to_value is None or unit <= one.to_value)
            total += (1 if units > 0 else -1) * share * Fraction(tier.per_unit_amount)
            at += 1 if units > 0 else -1
    return total


steps_of_units = st.lists(
    st.tuples(st.integers(-40, 60), st.integers(1, 31).map(lambda days: Fraction(days, 31))), max_size=8
)


@given(steps_of_units, priced_ranges())
def test_the_way_is_cut_at_the_tiers_unit_by_unit(steps: list[tuple[int, Fraction]], ranges):
    charge = Graduated(ranges)
    found = prorated_graduated.climb(charge, [Step(Decimal(units), units * share) for units, share in steps])
    assert found.variable == piece_by_piece(charge, steps)
    assert found.last == sum(units for units, _ in steps)
    reached = [sum(units for units, _ in steps[:known]) for known in range(len(steps) + 1)]
    assert found.highest == max(reached)


@given(st.decimals("0.001", 400, places=3), priced_ranges())
def test_one_step_of_full_weight_is_a_graduated_charge(units: Decimal, ranges):
    charge = Graduated(ranges)
    assert of_steps(charge, [Step(units, units)]).amount == graduated.price(Usage(units), charge).amount


@given(st.lists(signed_values, min_size=1, max_size=6), priced_ranges(adjacent=True))
def test_a_way_up_and_down_at_one_weight_depends_on_its_end_only(given: list[Decimal], ranges):
    share, charge = Fraction(7, 31), Graduated(ranges)
    found = prorated_graduated.climb(charge, [Step(value, Fraction(value) * share) for value in given])
    straight = prorated_graduated.cost(sum(map(Fraction, given), Fraction(0)), charge)
    assert found.variable == straight * share


@given(steps_of_units, priced_ranges())
def test_a_prorated_graduated_charge_is_never_negative(steps: list[tuple[int, Fraction]], ranges):
    given = [Step(Decimal(units), units * share) for units, share in steps]
    total = sum(units for units, _ in steps)
    found = of_steps(Graduated(ranges), given)
    assert found.amount >= 0
    if total < 0:
        assert found.amount == 0
