"""Standard and package charges (chapter 40 §§4.1 and 4.2)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import package, standard
from conto.core.charges.package import Package
from conto.core.charges.price import Usage
from conto.core.charges.standard import Standard
from tests.core.charges.given import amounts, number, units_of_use, usage

packages = st.builds(Package, amounts, st.integers(1, 200), st.integers(0, 300))


def test_a_standard_charge_multiplies_the_units():
    found = standard.price(usage(4), Standard(Decimal("12.5")))
    assert (found.amount, found.unit_amount, found.details) == (50, Decimal("12.5"), {})


def test_a_standard_charge_without_units_costs_nothing():
    found = standard.price(usage(0), Standard(Decimal(20)))
    assert (found.amount, found.unit_amount) == (0, 0)


def test_prorated_units_are_paid_and_full_units_shown():
    """30 a seat over 20 of 30 days, and five seats over 15 of 31."""
    assert standard.price(usage("0.66667", full=1), Standard(Decimal(30))).amount == Decimal("20.0001")
    found = standard.price(usage("2.41936", full=5), Standard(Decimal(30)))
    assert (found.amount, found.unit_amount) == (Decimal("72.5808"), Decimal("14.51616"))


def test_a_seat_that_left_in_the_period_is_paid_without_a_unit_amount():
    found = standard.price(usage("0.51613", full=0), Standard(Decimal(1000)))
    assert (found.amount, found.unit_amount) == (Decimal("516.13"), 0)


@given(units_of_use, amounts)
def test_the_unit_amount_of_a_standard_charge_is_its_price(units: Decimal, amount: Decimal):
    found = standard.price(Usage(units), Standard(amount))
    assert found.amount == Fraction(units) * Fraction(amount)
    assert found.unit_amount == (amount if units else 0)


@given(units_of_use, units_of_use, amounts)
def test_a_standard_charge_is_the_sum_of_its_parts(one: Decimal, other: Decimal, amount: Decimal):
    priced = Standard(amount)
    together = Fraction(one) + Fraction(other)
    split = standard.price(Usage(one), priced).amount + standard.price(Usage(other), priced).amount
    assert split == together * Fraction(amount)


@pytest.mark.parametrize(
    ("units", "size", "free", "amount", "unit_amount", "details"),
    [
        (121, 10, 0, 1300, Fraction(1300, 121), ("0.0", "121.0", 10, "100.0")),
        (121, 10, 10, 1200, Fraction(1200, 111), ("10.0", "111.0", 10, "100.0")),
        (121, 10, 200, 0, 0, ("200.0", "0.0", 10, "100.0")),
        (12, 10, 5, 100, Fraction(100, 7), ("5.0", "7.0", 10, "100.0")),
        (3, 10, 5, 0, 0, ("5.0", "0.0", 10, "100.0")),
        (5, 10, 5, 0, 0, ("5.0", "0.0", 10, "100.0")),
        ("5.001", 10, 5, 100, 100_000, ("5.0", "0.001", 10, "100.0")),
        (3, 10, 50, 0, 0, ("50.0", "0.0", 10, "100.0")),
        (0, 10, 5, 0, 0, ("0.0", "0.0", 0, "0.0")),
        (0, 10, 0, 0, 0, ("0.0", "0.0", 0, "0.0")),
    ],
)
def test_a_package_is_billed_from_its_first_fraction(units, size, free, amount, unit_amount, details):
    found = package.price(usage(units), Package(Decimal(100), size, free))
    assert (found.amount, found.unit_amount) == (amount, unit_amount)
    assert list(found.details) == ["free_units", "paid_units", "per_package_size", "per_package_unit_amount"]
    assert tuple(found.details.values()) == details


def opened(units: Fraction, sold: Package) -> int:
    """Packages opened, by opening one after the other."""
    left, count = units - sold.free_units, 0
    while left > 0:
        left, count = left - sold.package_size, count + 1
    return count


@given(st.decimals(0, 2000, places=3), packages)
def test_packages_are_opened_one_after_the_other(units: Decimal, sold: Package):
    assert package.price(Usage(units), sold).amount == opened(Fraction(units), sold) * Fraction(sold.amount)


@given(units_of_use, units_of_use, packages)
def test_more_units_of_a_package_never_cost_less(one: Decimal, other: Decimal, sold: Package):
    less, more = sorted([one, other])
    assert package.price(Usage(less), sold).amount <= package.price(Usage(more), sold).amount


@given(units_of_use, packages)
def test_free_and_paid_units_of_a_package_make_up_the_units(units: Decimal, sold: Package):
    found = package.price(Usage(units), sold)
    free, paid = number(found.details["free_units"]), number(found.details["paid_units"])
    assert paid == max(Fraction(units) - sold.free_units, 0)
    assert free + paid >= Fraction(units) if units else free == 0
    assert found.unit_amount * paid == found.amount
