"""Money: the only place that rounds (chapter 01 §1.2)."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core import money

decimals = st.decimals(min_value=-(10**35), max_value=10**35, places=20)
fractions = st.fractions(min_value=-(10**20), max_value=10**20, max_denominator=10**12)
halves = st.integers(-(10**20), 10**20).map(lambda whole: Fraction(2 * whole + 1, 2))


def half_away_from_zero(value: Fraction) -> int:
    """The rounding as the chapter words it, by comparing distances."""
    below = value.numerator // value.denominator
    rest = value - below
    if rest == Fraction(1, 2):
        return below + 1 if value > 0 else below
    return below + 1 if rest > Fraction(1, 2) else below


def as_decimal(value: Fraction) -> Decimal:
    return money.EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


@pytest.mark.parametrize(
    ("value", "cents"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("0.49999999999999999999", 0), ("-2.5", -3), ("109.6", 110)],
)
def test_half_a_cent_is_rounded_away_from_zero(value: str, cents: int):
    assert money.to_cents(Decimal(value)) == cents
    assert money.to_cents(Fraction(value)) == cents


@given(decimals)
def test_a_decimal_is_rounded_half_away_from_zero(value: Decimal):
    assert money.to_cents(value) == half_away_from_zero(Fraction(value))


@given(fractions | halves)
def test_a_fraction_is_rounded_half_away_from_zero(value: Fraction):
    assert money.to_cents(value) == half_away_from_zero(value)


@given(halves)
def test_decimal_and_fraction_agree_on_halves(value: Fraction):
    assert money.to_cents(as_decimal(value)) == money.to_cents(value) == -money.to_cents(-value)


@given(decimals | fractions)
def test_cutting_drops_what_is_left_of_a_cent(value: Decimal | Fraction):
    assert money.cut_to_cents(value) == int(Fraction(value))


@given(decimals | fractions)
def test_the_ceiling_is_the_smallest_whole_number_that_is_enough(value: Decimal | Fraction):
    found = money.ceiling(value)
    assert found - 1 < Fraction(value) <= found


@given(decimals | fractions)
def test_five_decimals_are_cut_floored_raised_or_rounded(value: Decimal | Fraction):
    scaled = Fraction(value) * 100_000
    expected = (int(scaled), scaled.__floor__(), scaled.__ceil__(), half_away_from_zero(scaled))
    found = (
        money.cut_at_five_decimals(value),
        money.floor_at_five_decimals(value),
        money.up_at_five_decimals(value),
        money.round_at_five_decimals(value),
    )
    assert tuple(Fraction(part) * 100_000 for part in found) == expected


@given(decimals | fractions, st.integers(-5, 30))
def test_any_number_of_decimals_is_cut_floored_raised_or_rounded(value: Decimal | Fraction, places: int):
    scaled = Fraction(value) * Fraction(10) ** places
    expected = (int(scaled), scaled.__floor__(), scaled.__ceil__(), half_away_from_zero(scaled))
    found = (
        money.cut_at(value, places),
        money.floor_at(value, places),
        money.up_at(value, places),
        money.round_at(value, places),
    )
    assert tuple(Fraction(part) * Fraction(10) ** places for part in found) == expected


@pytest.mark.parametrize(
    ("value", "places", "rounded", "up", "down"),
    [
        ("12.345", 2, "12.35", "12.35", "12.34"),
        ("-12.345", 2, "-12.35", "-12.34", "-12.35"),
        ("12.34", -1, "10", "20", "10"),
    ],
)
def test_units_are_rounded_at_a_metrics_precision(value: str, places: int, rounded: str, up: str, down: str):
    found = (
        money.round_at(Decimal(value), places),
        money.up_at(Decimal(value), places),
        money.floor_at(Decimal(value), places),
    )
    assert found == (Decimal(rounded), Decimal(up), Decimal(down))


def test_what_rounds_to_nothing_has_no_sign():
    assert str(money.round_at(Decimal("-0.4"), 0)) == "0"


def test_precise_amounts_keep_fifteen_decimals():
    assert money.precise(Fraction(2, 3)) == Decimal("0.666666666666667")
    assert money.precise(Decimal("1.25")) == Decimal("1.25")


@given(decimals)
def test_a_fraction_that_ends_is_its_decimal(value: Decimal):
    assert money.exact_decimal(Fraction(value)) == value


@given(fractions)
def test_a_fraction_that_does_not_end_is_precise(value: Fraction):
    assert abs(Fraction(money.exact_decimal(value)) - value) <= Fraction(1, 2 * 10**15)


@given(decimals, st.decimals(-(10**70), 10**70, places=70))
def test_sums_and_differences_are_exact_however_far_apart(one: Decimal, other: Decimal):
    assert Fraction(money.plus(one, other)) == Fraction(one) + Fraction(other)
    assert Fraction(money.minus(one, other)) == Fraction(one) - Fraction(other)


@given(st.decimals(-(10**70), 10**70, places=70), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_major_units_are_minor_units_shifted(value: Decimal, currency: str):
    major = money.in_major_units(value, currency)
    assert Fraction(major) * 10 ** money.exponent(currency) == Fraction(value)
    assert money.in_minor_units(major, currency) == value


@given(st.lists(decimals, max_size=20))
def test_sums_are_exact(values: list[Decimal]):
    assert Fraction(money.total(values)) == sum(map(Fraction, values))


@given(decimals, st.decimals(0, 100_000, places=20))
def test_products_and_percentages_are_exact(value: Decimal, rate: Decimal):
    assert Fraction(money.product(value, rate)) == Fraction(value) * Fraction(rate)
    assert Fraction(money.percent(value, rate)) == Fraction(value) * Fraction(rate) / 100


def test_a_result_that_would_not_be_exact_is_an_error():
    with pytest.raises(Inexact):
        money.product(Decimal("1." + "1" * 80), Decimal("1." + "1" * 80))


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XOF", 0)])
def test_a_currency_has_its_own_minor_unit(currency: str, digits: int):
    assert money.exponent(currency) == digits
