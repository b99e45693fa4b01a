"""Graduated percentage charges (chapter 40 §4.4)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import graduated_percentage
from conto.core.charges.graduated_percentage import GraduatedPercentage, RatedRange
from conto.core.charges.price import Price, Usage
from tests.core.charges.given import number, rated_ranges, rates, units_of_use, usage, walked

THREE = GraduatedPercentage(rates(("0", "10", "1", "200"), ("11", "20", "2", "300"), ("21", None, "3", "400")))


def rows(price: Price) -> list[dict[str, object]]:
    found = price.details["graduated_percentage_ranges"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("units", "amount", "unit_amount"),
    [
        (0, "200", 0),
        (1, "200.01", Decimal("200.01")),
        (10, "200.1", Decimal("20.01")),
        (11, "500.12", Fraction(50012, 1100)),
        (12, "500.14", Fraction(50014, 1200)),
    ],
)
def test_units_fill_one_rate_after_the_other(units, amount, unit_amount):
    found = graduated_percentage.price(usage(units), THREE)
    assert (found.amount, found.unit_amount) == (Decimal(amount), unit_amount)


def test_usage_passes_into_the_second_rate():
    two = GraduatedPercentage(rates(("0", "100", "5", "0"), ("101", None, "2", "10")))
    assert graduated_percentage.price(usage(50), two).amount == Decimal("2.5")
    assert graduated_percentage.price(usage(150), two).amount == 16


def test_a_graduated_percentage_shows_the_ranges_it_met():
    assert rows(graduated_percentage.price(usage(11), THREE)) == [
        {
            "from_value": 0,
            "to_value": 10,
            "flat_unit_amount": "200.0",
            "rate": "1.0",
            "units": "10.0",
            "per_unit_total_amount": "0.1",
            "total_with_flat_amount": "200.1",
        },
        {
            "from_value": 11,
            "to_value": 20,
            "flat_unit_amount": "300.0",
            "rate": "2.0",
            "units": "1.0",
            "per_unit_total_amount": "0.02",
            "total_with_flat_amount": "300.02",
        },
    ]


def test_without_units_the_first_range_keeps_its_rate():
    assert rows(graduated_percentage.price(usage(0), THREE)) == [
        {
            "from_value": 0,
            "to_value": 10,
            "flat_unit_amount": "200.0",
            "rate": "1.0",
            "units": "0.0",
            "per_unit_total_amount": "0.0",
            "total_with_flat_amount": "200.0",
        }
    ]


def test_adjacent_rates_count_no_unit_twice():
    adjacent = GraduatedPercentage(rates(("0", "10", "1", "0"), ("10", None, "2", "0")))
    found = graduated_percentage.price(usage(15), adjacent)
    assert [number(row["units"]) for row in rows(found)] == [10, 5]
    assert found.amount == Decimal("0.2")


@given(st.integers(0, 250), rated_ranges())
def test_a_graduated_percentage_is_walked_unit_by_unit(units: int, ranges: tuple[RatedRange, ...]):
    assert graduated_percentage.price(Usage(Decimal(units)), GraduatedPercentage(ranges)).amount == walked(
        units, ranges, lambda one: Fraction(one.rate) / 100
    )


@given(units_of_use, rated_ranges())
def test_the_ranges_sum_to_the_whole(units: Decimal, ranges: tuple[RatedRange, ...]):
    found = graduated_percentage.price(Usage(units), GraduatedPercentage(ranges))
    assert sum(number(row["units"]) for row in rows(found)) == Fraction(units)
    assert sum(number(row["total_with_flat_amount"]) for row in rows(found)) == found.amount
    for row in rows(found):
        assert number(row["per_unit_total_amount"]) == number(row["units"]) * number(row["rate"]) / 100


@given(units_of_use, units_of_use, rated_ranges())
def test_more_units_of_a_graduated_percentage_never_cost_less(one: Decimal, other: Decimal, ranges):
    less, more = sorted([one, other])
    rated = GraduatedPercentage(ranges)
    assert (
        graduated_percentage.price(Usage(less), rated).amount <= graduated_percentage.price(Usage(more), rated).amount
    )
