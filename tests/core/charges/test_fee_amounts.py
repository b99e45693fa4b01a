"""From a price to a fee's amounts, and pricing units (chapter 40 §§2 and 9)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import dynamic, models
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.fee_amounts import FeeAmounts, PricingUnitAmounts, fee_amounts, is_kept, rounded
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import NO_DETAILS, Price, Usage
from conto.core.charges.standard import Standard
from conto.core.money import exponent, in_major_units
from tests.core.charges.given import usage
from tests.core.test_money import half_away_from_zero

fractions = st.fractions(0, 10**12, max_denominator=10**9)
currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


def priced(amount: str | int | Fraction, unit_amount: str | int | Fraction = 0) -> Price:
    return Price(Fraction(amount), Fraction(unit_amount), NO_DETAILS)


@pytest.mark.parametrize(
    ("amount", "currency", "cents", "precise"),
    [
        ("12.5", "EUR", 1250, "1250"),
        ("0.005", "EUR", 1, "0.5"),
        ("0.0049999", "EUR", 0, "0.49999"),
        ("12.5", "JPY", 13, "12.5"),
        ("12.4999", "JPY", 12, "12.4999"),
        ("0.0005", "KWD", 1, "0.5"),
        ("50.62", "EUR", 5062, "5062"),
        ("50.61725", "EUR", 5062, "5061.725"),
        (Fraction(1, 3), "EUR", 33, "33.333333333333333"),
        (Fraction(2, 3), "EUR", 67, "66.666666666666667"),
    ],
)
def test_an_amount_is_rounded_once_to_the_currencys_decimals(amount, currency, cents, precise):
    found = fee_amounts(priced(amount), Decimal(1), currency)
    assert (found.amount_cents, found.precise_amount_cents) == (cents, Decimal(precise))


def test_the_unit_amount_keeps_fifteen_decimals_of_a_major_unit():
    found = fee_amounts(priced(1300, Fraction(1300, 121)), Decimal(121), "EUR")
    assert found.precise_unit_amount == Decimal("10.743801652892562")
    assert found.precise_unit_amount_cents == Decimal("1074.3801652892562")
    assert fee_amounts(priced(1, "0.0139375"), Decimal(800), "JPY").precise_unit_amount_cents == Decimal("0.0139375")


@pytest.mark.parametrize(("units", "amount"), [("-1", "5"), ("5", "-0.01"), ("-1", "-1")])
def test_what_is_negative_becomes_nothing(units: str, amount: str):
    for rate in (None, Decimal("0.5")):
        found = fee_amounts(priced(amount, 7), Decimal(units), "EUR", rate)
        assert (found.units, found.amount_cents, found.precise_amount_cents, found.precise_unit_amount) == (0, 0, 0, 0)


def test_a_fee_in_a_pricing_unit_is_converted_from_its_rounded_amount():
    found = fee_amounts(priced(300, 1), Decimal(300), "EUR", Decimal("0.5"))
    assert found.amount_cents == found.precise_amount_cents == 15000
    assert found.precise_unit_amount == Decimal("0.5")
    assert found.pricing_unit == PricingUnitAmounts(
        amount_cents=30000,
        precise_amount_cents=Decimal(30000),
        unit_amount_cents=100,
        precise_unit_amount=Decimal(1),
        conversion_rate=Decimal("0.5"),
    )


def test_the_conversion_takes_the_rounded_pricing_unit_and_the_cut_unit_amount():
    found = fee_amounts(priced("1.005", "0.3359"), Decimal(3), "EUR", Decimal("0.333"))
    assert found.pricing_unit is not None
    assert (found.pricing_unit.amount_cents, found.pricing_unit.precise_amount_cents) == (101, Decimal("100.5"))
    assert (found.pricing_unit.unit_amount_cents, found.pricing_unit.precise_unit_amount) == (33, Decimal("0.3359"))
    assert (found.amount_cents, found.precise_amount_cents) == (34, Decimal("33.633"))
    assert found.precise_unit_amount == Decimal("0.10989")


def test_a_pricing_unit_has_two_decimals_whatever_the_currency():
    found = fee_amounts(priced("10.5", "10.5"), Decimal(1), "JPY", Decimal(150))
    assert found.pricing_unit is not None
    assert (found.pricing_unit.amount_cents, found.amount_cents) == (1050, 1575)
    assert rounded(Fraction("1.5"), "JPY") == 2
    assert rounded(Fraction("1.505"), "JPY", Decimal(150)) == Decimal("1.51")


def test_dynamic_amounts_are_summed_in_minor_units_and_rounded_by_group():
    """Events of 10.1 and 901.9 cents: together 912, in two groups 10 and 902."""

    def cents(total: str) -> int:
        amount = in_major_units(Decimal(total), "EUR")
        found = dynamic.price(Usage(Decimal(10), given_amount=amount), Dynamic())
        return fee_amounts(found, Decimal(10), "EUR").amount_cents

    assert [cents("912.0"), cents("10.1"), cents("901.9")] == [912, 10, 902]


@pytest.mark.parametrize(
    ("units", "cents", "events", "how", "kept"),
    [
        (0, 0, 0, {}, False),
        (1, 0, 0, {}, True),
        (0, 1, 0, {}, True),
        (0, 0, 3, {}, True),
        (0, 0, 0, {"adjusted": True}, True),
        (0, 0, 0, {"true_up": True}, True),
    ],
)
def test_a_fee_of_nothing_vanishes(units: int, cents: int, events: int, how: dict[str, bool], kept: bool):
    amounts = FeeAmounts(Decimal(units), cents, Decimal(cents), Decimal(0), "EUR")
    assert is_kept(amounts, events, **how) == kept


def test_a_recurring_charge_over_two_limits_of_rounding():
    """Units of 5 at 10.12345: 50.61725 come to 50.62."""
    found = models.price(usage(5), Standard(Decimal("10.12345")))
    assert fee_amounts(found, Decimal(5), "EUR").amount_cents == 5062


@given(fractions, fractions, currencies)
def test_a_fee_is_within_half_a_cent_of_its_price(amount: Fraction, unit_amount: Fraction, currency: str):
    found = fee_amounts(priced(amount, unit_amount), Decimal(1), currency)
    exact = amount * 10 ** exponent(currency)
    assert found.amount_cents == half_away_from_zero(exact)
    assert abs(Fraction(found.precise_amount_cents) - exact) <= Fraction(1, 2 * 10**15)
    assert abs(Fraction(found.precise_unit_amount) - unit_amount) <= Fraction(1, 2 * 10**15)


@given(fractions, currencies)
def test_a_pricing_unit_at_par_is_the_currency_itself(amount: Fraction, currency: str):
    hundredths = Fraction(half_away_from_zero(amount * 100), 100)
    found = fee_amounts(priced(amount), Decimal(1), currency, Decimal(1))
    assert found.amount_cents == half_away_from_zero(hundredths * 10 ** exponent(currency))


def test_sixty_digits_are_priced_exactly():
    units, amount = Decimal("9" * 62 + "." + "9" * 30), Decimal("1234567890." + "1" * 60)
    found = models.price(Usage(units), Standard(amount))
    assert found.amount == Fraction(units) * Fraction(amount)
    cents = fee_amounts(found, units, "EUR")
    assert abs(cents.amount_cents - found.amount * 100) <= Fraction(1, 2)
    assert abs(Fraction(cents.precise_amount_cents) - found.amount * 100) <= Fraction(1, 2 * 10**15)
    tiny = models.price(Usage(Decimal("1e-60")), Percentage(Decimal("1e-60")))
    assert tiny.amount == Fraction(1, 10**122)
    assert tiny.details["per_unit_total_amount"] == "0." + "0" * 121 + "1"
