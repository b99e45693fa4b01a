"""Graduated charges (chapter 40 §4.3), and as fixed charges prorate them (chapter 53 §5.1)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import graduated
from conto.core.charges.graduated import Graduated
from conto.core.charges.price import Price, Usage
from conto.core.charges.ranges import PricedRange
from tests.core.charges.given import amounts, number, priced_ranges, tiers, units_of_use, usage, walked

THREE = Graduated(tiers(("0", "10", "10", "2"), ("11", "20", "5", "3"), ("21", None, "5", "3")))
ADJACENT = Graduated(tiers(("0", "0.1", "10", "0"), ("0.1", "1", "5", "0"), ("1", None, "2", "0")))


def rows(price: Price) -> list[dict[str, object]]:
    found = price.details["graduated_ranges"]
    assert isinstance(found, list)
    return found


def totals(price: Price) -> list[Fraction]:
    return [number(row["total_with_flat_amount"]) for row in rows(price)]


@pytest.mark.parametrize(
    ("units", "of_ranges", "amount", "unit_amount"),
    [
        (0, [2], 2, 0),
        (1, [12], 12, 12),
        (10, [102], 102, Decimal("10.2")),
        (11, [102, 8], 110, 10),
        (12, [102, 13], 115, Fraction(115, 12)),
        (21, [102, 53, 8], 163, Fraction(163, 21)),
    ],
)
def test_units_fill_one_range_after_the_other(units, of_ranges, amount, unit_amount):
    found = graduated.price(usage(units), THREE)
    assert (totals(found), found.amount, found.unit_amount) == (of_ranges, amount, unit_amount)


def test_a_graduated_charge_shows_the_ranges_it_met():
    assert rows(graduated.price(usage(12), THREE)) == [
        {
            "from_value": 0,
            "to_value": 10,
            "flat_unit_amount": "2.0",
            "per_unit_amount": "10.0",
            "units": "10.0",
            "per_unit_total_amount": "100.0",
            "total_with_flat_amount": "102.0",
        },
        {
            "from_value": 11,
            "to_value": 20,
            "flat_unit_amount": "3.0",
            "per_unit_amount": "5.0",
            "units": "2.0",
            "per_unit_total_amount": "10.0",
            "total_with_flat_amount": "13.0",
        },
    ]


def test_without_units_the_first_range_shows_no_price():
    assert rows(graduated.price(usage(0), THREE)) == [
        {
            "from_value": 0,
            "to_value": 10,
            "flat_unit_amount": "2.0",
            "per_unit_amount": "0.0",
            "units": "0.0",
            "per_unit_total_amount": "0.0",
            "total_with_flat_amount": "2.0",
        }
    ]


def test_a_part_of_a_unit_lies_in_the_range_after_the_last_whole_one():
    found = graduated.price(usage("10.5"), THREE)
    assert [number(row["units"]) for row in rows(found)] == [10, Decimal("0.5")]
    assert found.amount == 102 + Decimal("2.5") + 3


@pytest.mark.parametrize(
    ("units", "amount", "of_ranges"),
    [
        ("0.05", "0.5", ["0.05"]),
        ("0.5", "3", ["0.1", "0.4"]),
        ("0.1", "1", ["0.1"]),
        ("3", "9.5", ["0.1", "0.9", "2.0"]),
    ],
)
def test_adjacent_ranges_share_their_limits(units, amount, of_ranges):
    found = graduated.price(usage(units), ADJACENT)
    assert found.amount == Decimal(amount)
    assert [row["units"] for row in rows(found)] == of_ranges
    assert [row["from_value"] for row in rows(found)][1:] in ([], [Decimal("0.1")], [Decimal("0.1"), 1])


def test_four_events_at_a_cent_and_a_flat_of_a_cent_make_five():
    cents = Graduated(tiers(("0", "10", "0.01", "0.01"), ("11", None, "0.01", "0.01")))
    assert graduated.price(usage(4), cents).amount == Decimal("0.05")


def test_ranges_of_both_styles_count_as_whole_number_style():
    mixed = Graduated(tiers(("0", "10", "1", "0"), ("10", "20", "1", "0"), ("21", None, "1", "0")))
    assert [number(row["units"]) for row in rows(graduated.price(usage(25), mixed))] == [10, 11, 5]


def test_ranges_that_begin_at_one_count_from_nothing():
    for second in ("11", "10"):
        ranges = Graduated(tiers(("1", "10", "1", "0"), (second, None, "3", "0")))
        assert graduated.price(usage(12), ranges).amount == 10 + 2 * 3


def test_the_full_units_of_a_fixed_charge_fill_the_ranges_and_the_prorated_ones_are_paid():
    """20 units, of which a half is paid: ten at 10 and ten at 5, halved, and both flat amounts."""
    found = graduated.price(usage(10, full=20), THREE)
    assert (found.amount, found.unit_amount) == (Fraction(100 + 50, 2) + 5, Fraction(80, 20))
    assert graduated.price(usage(5, full=0), THREE).amount == 2


@given(st.integers(0, 250), priced_ranges())
def test_a_graduated_charge_is_walked_unit_by_unit(units: int, ranges: tuple[PricedRange, ...]):
    assert graduated.price(Usage(Decimal(units)), Graduated(ranges)).amount == walked(
        units, ranges, lambda one: one.per_unit_amount
    )


@given(units_of_use, priced_ranges())
def test_the_ranges_sum_to_the_whole(units: Decimal, ranges: tuple[PricedRange, ...]):
    found = graduated.price(Usage(units), Graduated(ranges))
    assert sum(number(row["units"]) for row in rows(found)) == Fraction(units)
    assert sum(totals(found)) == found.amount
    for row in rows(found):
        cost = number(row["units"]) * number(row["per_unit_amount"])
        assert cost == number(row["per_unit_total_amount"])
        assert cost + number(row["flat_unit_amount"]) == number(row["total_with_flat_amount"])


@given(units_of_use, units_of_use, priced_ranges())
def test_more_units_of_a_graduated_charge_never_cost_less(one: Decimal, other: Decimal, ranges):
    less, more = sorted([one, other])
    assert (
        graduated.price(Usage(less), Graduated(ranges)).amount <= graduated.price(Usage(more), Graduated(ranges)).amount
    )


@given(units_of_use, amounts)
def test_one_open_range_is_a_standard_charge(units: Decimal, amount: Decimal):
    one = Graduated((PricedRange(Decimal(0), None, amount, Decimal(0)),))
    assert graduated.price(Usage(units), one).amount == Fraction(units) * Fraction(amount)


@given(st.decimals(0, 200, places=2), priced_ranges(adjacent=True))
def test_splitting_a_range_in_two_changes_nothing(at: Decimal, ranges: tuple[PricedRange, ...]):
    *first, last = ranges
    cut = last.from_value + at + 1
    halves = (
        PricedRange(last.from_value, cut, last.per_unit_amount, last.flat_amount),
        PricedRange(cut, None, last.per_unit_amount, Decimal(0)),
    )
    for units in (Decimal(7), cut, cut + 5):
        whole, split = Graduated(ranges), Graduated((*first, *halves))
        assert graduated.price(Usage(units), whole).amount == graduated.price(Usage(units), split).amount


@given(units_of_use.filter(bool), units_of_use.filter(bool), priced_ranges())
def test_fully_weighted_units_cost_what_they_cost_unprorated(units: Decimal, share: Decimal, ranges):
    priced = Graduated(ranges)
    assert graduated.price(Usage(units, full_units=units), priced) == graduated.price(Usage(units), priced)
    flats = sum(number(row["flat_unit_amount"]) for row in rows(graduated.price(Usage(units), priced)))
    prorated = graduated.price(Usage(share, full_units=units), priced).amount - flats
    full = graduated.price(Usage(units), priced).amount - flats
    assert prorated * Fraction(units) == full * Fraction(share)
