"""Which taxes apply, and what they come to (chapters 10 §5.2 and 20 §§5.2-5.4)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.taxes import FeeTaxes, InvoiceTaxes, Tax, TaxedFee, applicable, on_fee, on_invoice
from tests.core.test_money import half_away_from_zero

TAXES = tuple(
    Tax(id=place, code=f"tax_{rate}", name=f"{rate} %", description=None, rate=Decimal(rate))
    for place, rate in enumerate(
        ["0", "5.5", "7.7", "8.875", "10", "12", "20", "33.33333333333333333333", "0.00000000000000000001"]
    )
)

rates = st.lists(st.sampled_from(TAXES), unique=True, max_size=4).map(tuple)
nets = st.decimals(0, 10**15, places=5) | st.integers(0, 10**15).map(Decimal)
taxed_fees = st.lists(st.builds(TaxedFee, nets, rates), max_size=12)


def tax(rate: str) -> Tax:
    return Tax(id=rate, code=rate, name=rate, description=None, rate=Decimal(rate))


def fee(net: str, *taxes: Tax) -> FeeTaxes:
    return on_fee(Decimal(net), Decimal(net), taxes)


def invoice(*fees: tuple[str, list[Tax]]) -> InvoiceTaxes:
    return on_invoice([TaxedFee(Decimal(net), tuple(taxes)) for net, taxes in fees])


def test_the_taxes_of_an_invoice_are_summed_before_they_are_rounded():
    """Worked example A: the fees' taxes are 45 and 84, and so is by chance their sum 129."""
    ten, twenty = tax("10"), tax("20")
    assert fee("151", ten, twenty).amount_cents == 45
    assert fee("279", ten, twenty).amount_cents == 84
    taxed = invoice(("151", [ten, twenty]), ("279", [ten, twenty]))
    assert taxed.amount_cents == 129
    assert [(applied.base_cents, applied.amount_cents) for applied in taxed.applied] == [(430, 43), (430, 86)]


def test_a_tax_shows_its_base_cut_to_whole_cents():
    """Worked example B: a coupon of 1000 leaves 666.67 and 1333.33."""
    ten, twelve = tax("10"), tax("12")
    taxed = invoice(("666.66667", [ten]), ("1333.33333", [ten, twelve]))
    assert [(applied.base_cents, applied.amount_cents) for applied in taxed.applied] == [(2000, 200), (1333, 160)]
    assert taxed.amount_cents == 360


def test_each_fee_is_taxed_by_its_own_rates():
    """Worked example C: nets of 9500, 4750, 2850 and 1900."""
    none, ten, twenty = tax("0"), tax("10"), tax("20")
    fees = [("9500", [ten]), ("4750", [none]), ("2850", [twenty]), ("1900", [twenty])]
    assert [fee(net, *taxes).amount_cents for net, taxes in fees] == [950, 0, 570, 380]
    assert invoice(*fees).amount_cents == 1900


def test_a_fee_that_coupons_eat_up_keeps_its_rate():
    """Worked example D."""
    taxed = fee("0", tax("10"))
    assert (taxed.amount_cents, taxed.rate) == (0, 10)
    assert invoice(("0", [tax("10")])).rate == 10


def test_a_tax_is_rounded_half_up():
    """Worked example E: 109.6."""
    assert fee("548", tax("20")).amount_cents == 110


def test_a_fees_taxes_are_summed_before_they_are_rounded():
    taxed = fee("25", tax("10"), tax("10.0"), tax("10.00"))
    assert [applied.amount_cents for applied in taxed.applied] == [3, 3, 3]
    assert (taxed.amount_cents, taxed.rate) == (8, 30)


def test_an_invoices_taxes_may_differ_from_the_sum_of_its_fees_by_a_cent():
    ten = tax("10")
    assert [fee("5", ten).amount_cents, fee("5", ten).amount_cents] == [1, 1]
    assert invoice(("5", [ten]), ("5", [ten])).amount_cents == 1


def test_precise_taxes_come_from_the_unrounded_fee():
    taxed = on_fee(Decimal(33), Decimal("33.333"), [tax("10")])
    assert (taxed.amount_cents, taxed.precise_amount_cents) == (3, Decimal("3.3333"))


def test_a_tax_of_nothing_is_listed_too():
    assert [applied.amount_cents for applied in invoice(("100", [tax("0")])).applied] == [0]


def test_an_invoices_rate_weighs_each_rate_by_its_base():
    assert invoice(("100", [tax("10")]), ("300", [tax("20")])).rate == Decimal("17.5")
    assert invoice(("100", []), ("200", [tax("10")])).rate == Decimal("6.66667")


def test_an_invoice_over_nothing_weighs_rates_by_the_number_of_fees():
    assert invoice(("0", [tax("10")]), ("0", [tax("20")]), ("0", [tax("20")])).rate == Decimal("16.66667")


def test_without_fees_there_are_no_taxes():
    assert on_invoice([]) == InvoiceTaxes(Decimal(0), 0, ())


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([["10"], ["20"], ["5"]], ["10"]),
        ([[], ["20", "5"], ["10"]], ["20", "5"]),
        ([[], [], ["0"]], ["0"]),
        ([[], [], []], []),
    ],
)
def test_the_first_level_with_any_tax_gives_all_of_its_own(levels: list[list[str]], found: list[str]):
    assert [applied.code for applied in applicable([[tax(rate) for rate in level] for level in levels])] == found


@given(st.lists(rates))
def test_levels_never_mix(levels: list[tuple[Tax, ...]]):
    found = applicable(levels)
    assert found in levels if found else not any(levels)


@given(nets, rates)
def test_a_fees_taxes_are_its_unrounded_parts_rounded_once(net: Decimal, taxes: tuple[Tax, ...]):
    parts = [Fraction(net) * Fraction(tax.rate) / 100 for tax in taxes]
    taxed = on_fee(net, net, taxes)
    assert taxed.amount_cents == half_away_from_zero(sum(parts, Fraction(0)))
    assert Fraction(taxed.precise_amount_cents) == sum(parts)
    assert [applied.amount_cents for applied in taxed.applied] == [half_away_from_zero(part) for part in parts]


@given(taxed_fees)
def test_an_invoices_taxes_are_all_unrounded_parts_rounded_once(fees: list[TaxedFee]):
    parts = [Fraction(fee.net_cents) * Fraction(tax.rate) / 100 for fee in fees for tax in fee.taxes]
    assert on_invoice(fees).amount_cents == half_away_from_zero(sum(parts, Fraction(0)))


@given(taxed_fees, st.randoms(use_true_random=False))
def test_the_order_of_fees_does_not_matter(fees: list[TaxedFee], random):
    shuffled = random.sample(fees, len(fees))
    one, other = on_invoice(fees), on_invoice(shuffled)
    assert (one.amount_cents, one.rate, set(one.applied)) == (other.amount_cents, other.rate, set(other.applied))


@given(taxed_fees)
def test_rounding_moves_an_invoices_taxes_by_less_than_its_parts(fees: list[TaxedFee]):
    taxed = on_invoice(fees)
    of_fees = sum(on_fee(fee.net_cents, fee.net_cents, fee.taxes).amount_cents for fee in fees)
    of_taxes = sum(applied.amount_cents for applied in taxed.applied)
    assert 2 * abs(taxed.amount_cents - of_fees) <= len(fees) + 1
    assert 2 * abs(taxed.amount_cents - of_taxes) <= len(taxed.applied) + 1
