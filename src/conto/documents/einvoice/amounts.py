"""The sums of an e-invoice: two decimals in every currency, and what is divided adds up (chapter 72 §9).

All amounts are whole hundredths of the currency's major unit, as the standard knows no smaller ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from conto.core.money import exponent, to_cents

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sums:
    """The totals at the end. Each follows from those before it, as the standard's rules BR-CO-10 to 16 ask."""

    lines: int
    allowances: int
    taxes: int
    prepaid: int

    @property
    def tax_basis(self) -> int:
        """What taxes are on: the subtotal without them."""
        return self.lines - self.allowances

    @property
    def grand_total(self) -> int:
        """The subtotal with taxes."""
        return self.tax_basis + self.taxes

    @property
    def due(self) -> int:
        """What is left to be paid."""
        return self.grand_total - self.prepaid


@dataclass(frozen=True, slots=True)
class Rated:
    """What the fees under one rate come to. The basis is what is left of their amounts after the allowance."""

    rate: Decimal
    amounts: int
    allowance: int
    tax: int

    @property
    def basis(self) -> int:
        """What the tax is on."""
        return self.amounts - self.allowance


def hundredths(cents: int | Decimal, currency: str) -> int:
    """Minor units in hundredths, rounded half away from zero where the currency has more than two decimals."""
    return to_cents(Fraction(cents) * 100 / 10 ** exponent(currency))


def rate_of(fee: Json) -> Decimal:
    """The rates of all taxes on the fee together, in percent."""
    return Decimal(str(fee["taxes_rate"]))


def sums(invoice: Json) -> Sums:
    """The totals of the invoice. In currencies with two decimals or none they are its own to the cent."""
    currency = invoice["currency"]
    return Sums(
        lines=sum(hundredths(fee["amount_cents"], currency) for fee in invoice["fees"]),
        allowances=hundredths(_allowances(invoice), currency),
        taxes=hundredths(invoice["taxes_amount_cents"], currency),
        prepaid=hundredths(prepaid_cents(invoice), currency),
    )


def _allowances(invoice: Json) -> int:
    return invoice["coupons_amount_cents"] + invoice["progressive_billing_credit_amount_cents"]


def prepaid_cents(invoice: Json) -> int:
    """What credit notes and prepaid credits have paid, in minor units."""
    return invoice["credit_notes_amount_cents"] + invoice["prepaid_credit_amount_cents"]


def by_rate(invoice: Json, whole: Sums) -> list[Rated]:
    """The breakdown by tax rate, lowest first.

    The tax of a rate is the sum of its fees' precise taxes, and the base what that tax is on; the rest of the
    fees' amounts is the rate's allowance. Without a tax, the allowance is the fees' share of all there are. The
    parts are rounded so that they add up to the invoice's own allowances and taxes.
    """
    groups: dict[Decimal, list[Json]] = {}
    for fee in sorted(invoice["fees"], key=rate_of):
        groups.setdefault(rate_of(fee), []).append(fee)
    currency = invoice["currency"]
    amounts = [sum(hundredths(fee["amount_cents"], currency) for fee in fees) for fees in groups.values()]
    taxes = [sum(Fraction(fee["taxes_precise_amount"]) * 100 for fee in fees) for fees in groups.values()]
    allowances = divided(
        whole.allowances,
        [
            max(Fraction(0), amount - tax * 100 / Fraction(rate)) if rate else _share(amount, whole)
            for rate, amount, tax in zip(groups, amounts, taxes, strict=True)
        ],
        otherwise=amounts,
    )
    bases = [(amount - allowance) * rate for rate, amount, allowance in zip(groups, amounts, allowances, strict=True)]
    taxed = divided(whole.taxes, taxes, otherwise=bases)
    return [Rated(*parts) for parts in zip(groups, amounts, allowances, taxed, strict=True)]


def _share(amount: int, whole: Sums) -> Fraction:
    return Fraction(whole.allowances * amount, whole.lines) if whole.lines else Fraction(0)


def divided(
    total: int, weights: Sequence[Fraction | int], *, otherwise: Sequence[Fraction | int | Decimal]
) -> list[int]:
    """Whole parts of `total` in proportion to the weights, or to `otherwise` where those are all nothing.

    The parts add up: what rounding down leaves goes to those that lost most by it, the first of equals first.
    """
    shares = [Fraction(weight) for weight in (weights if any(weights) else otherwise)]
    assert all(share >= 0 for share in shares)
    whole = sum(shares)
    if not whole:
        return [total, *[0] * (len(shares) - 1)] if shares else []
    exact = [total * share / whole for share in shares]
    parts = [int(value) for value in exact]
    losers = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for place in losers[: total - sum(parts)]:
        parts[place] += 1
    return parts
