"""Volume charges (chapter 40 §4.5)."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given

from conto.core.charges import volume
from conto.core.charges.price import Usage
from conto.core.charges.ranges import PricedRange
from conto.core.charges.volume import Volume
from tests.core.charges.given import number, priced_ranges, shown, tiers, units_of_use, usage

THREE = Volume(tiers(("0", "100", "2", "10"), ("101", "200", "1", "0"), ("201", None, "0.5", "50")))


@pytest.mark.parametrize(
    ("units", "full", "amount", "unit_amount", "details"),
    [
        (0, None, 10, 0, ("10.0", "0.0", "0.0")),
        (1, None, 12, 12, ("10.0", "2.0", "2.0")),
        (100, None, 210, Decimal("2.1"), ("10.0", "2.0", "200.0")),
        ("100.5", None, Decimal("100.5"), 1, ("0.0", "1.0", "100.5")),
        (300, None, 200, Fraction(2, 3), ("50.0", "0.5", "150.0")),
        ("198.6", 300, Decimal("149.3"), Fraction(1493, 3000), ("50.0", "0.331", "99.3")),
        ("1", 3, 12, 4, ("10.0", "0.666666666666667", "2.0")),
    ],
)
def test_all_units_are_priced_in_one_range(units, full, amount, unit_amount, details):
    found = volume.price(usage(units, full=full), THREE)
    assert (found.amount, found.unit_amount) == (amount, unit_amount)
    assert list(found.details) == ["flat_unit_amount", "per_unit_amount", "per_unit_total_amount"]
    assert tuple(found.details.values()) == details


def test_usage_falls_from_one_range_into_the_next():
    two = Volume(tiers(("0", "10", "5", "100"), ("11", None, "2", "50")))
    assert [volume.price(usage(units), two).amount for units in (5, 15)] == [125, 80]


def test_units_between_two_ranges_are_priced_in_the_later_one():
    gap = Volume(tiers(("0", "10", "5", "0"), ("12", None, "2", "0")))
    assert [volume.price(usage(units), gap).amount for units in (10, 11, "10.2")] == [50, 22, Decimal("20.4")]


def test_negative_units_of_a_volume_charge_cost_nothing():
    assert volume.price(usage(-1), THREE).amount == 0


def by_the_chapter(units: Decimal, ranges: tuple[PricedRange, ...]) -> PricedRange:
    """The first range with `from` at most the units rounded up, and `to` at least the units."""
    return next(
        one for one in ranges if one.from_value <= ceil(units) and (one.to_value is None or units <= one.to_value)
    )


@given(units_of_use, units_of_use, priced_ranges(adjacent=False))
def test_full_units_choose_the_range_and_prorated_ones_are_paid(units: Decimal, full: Decimal, ranges):
    one = by_the_chapter(full, ranges)
    found = volume.price(Usage(units, full_units=full), Volume(ranges))
    assert found.amount == Fraction(units) * Fraction(one.per_unit_amount) + Fraction(one.flat_amount)
    assert found.unit_amount == (found.amount / Fraction(full) if full else 0)


@given(units_of_use, priced_ranges(adjacent=False))
def test_the_details_of_a_volume_charge_sum_to_its_amount(units: Decimal, ranges):
    found = volume.price(Usage(units), Volume(ranges))
    details = shown(found)
    assert number(found.details["flat_unit_amount"]) + details["per_unit_total_amount"] == found.amount
    if units:
        assert details["per_unit_amount"] * Fraction(units) == details["per_unit_total_amount"]
        assert details["per_unit_amount"] == by_the_chapter(units, ranges).per_unit_amount
