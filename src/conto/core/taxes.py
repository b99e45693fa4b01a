"""Which taxes apply to a fee, and what they come to on fees and on the invoice (chapters 10 §5.2 and 20 §§5.2-5.3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from conto.core.money import ZERO, cut_to_cents, percent, round_at_five_decimals, to_cents, total

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax as a document copies it. `rate` is a percentage."""

    id: object
    code: str
    name: str
    description: str | None
    rate: Decimal

    def __post_init__(self) -> None:
        assert self.rate >= 0


@dataclass(frozen=True, slots=True)
class AppliedTax:
    """A tax on one fee: its amount in minor units, rounded for showing and exact for summing."""

    tax: Tax
    amount_cents: int
    precise_amount_cents: Decimal


@dataclass(frozen=True, slots=True)
class FeeTaxes:
    """The taxes on one fee."""

    rate: Decimal
    amount_cents: int
    precise_amount_cents: Decimal
    applied: tuple[AppliedTax, ...]


@dataclass(frozen=True, slots=True)
class InvoiceTax:
    """A tax over all fees of an invoice that have it."""

    tax: Tax
    base_cents: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class InvoiceTaxes:
    """The taxes on an invoice. `rate` is internal: the rates weighted by their bases."""

    rate: Decimal
    amount_cents: int
    applied: tuple[InvoiceTax, ...]


@dataclass(frozen=True, slots=True)
class TaxedFee:
    """What the taxes of an invoice need of a fee: its net after credits, in minor units, and its taxes."""

    net_cents: Decimal
    taxes: tuple[Tax, ...]


def applicable(levels: Iterable[Sequence[Tax]]) -> tuple[Tax, ...]:
    """All taxes of the first level that has any; levels never mix. No level with any: none."""
    for level in levels:
        if level:
            return tuple(level)
    return ()


def on_fee(net_cents: Decimal, precise_net_cents: Decimal, taxes: Sequence[Tax]) -> FeeTaxes:
    """The taxes on a fee whose amount less credits is `net_cents`; `precise_net_cents` is before rounding the fee."""
    amounts = [percent(net_cents, tax.rate) for tax in taxes]
    precise = [percent(precise_net_cents, tax.rate) for tax in taxes]
    return FeeTaxes(
        rate=total([tax.rate for tax in taxes]),
        amount_cents=to_cents(total(amounts)),
        precise_amount_cents=total(precise),
        applied=tuple(
            AppliedTax(tax, to_cents(amount), exact) for tax, amount, exact in zip(taxes, amounts, precise, strict=True)
        ),
    )


def on_invoice(fees: Sequence[TaxedFee]) -> InvoiceTaxes:
    """The taxes on an invoice: the unrounded amounts of all taxes are summed and rounded once."""
    order: dict[object, Tax] = {}
    bases: dict[object, Decimal] = {}
    for fee in fees:
        for tax in fee.taxes:
            order.setdefault(tax.id, tax)
            bases[tax.id] = total([bases.get(tax.id, ZERO), fee.net_cents])
    amounts = {key: percent(bases[key], tax.rate) for key, tax in order.items()}
    return InvoiceTaxes(
        rate=_weighted_rate(fees, order, bases),
        amount_cents=to_cents(total(list(amounts.values()))),
        applied=tuple(InvoiceTax(tax, cut_to_cents(bases[key]), to_cents(amounts[key])) for key, tax in order.items()),
    )


def _weighted_rate(fees: Sequence[TaxedFee], order: Mapping[object, Tax], bases: Mapping[object, Decimal]) -> Decimal:
    """Each rate weighted by the share of its base, or of its fees where the subtotal is nothing."""
    subtotal = total([fee.net_cents for fee in fees])
    if subtotal > 0:
        weights = {key: Fraction(bases[key]) / Fraction(subtotal) for key in order}
    else:
        weights = {
            key: Fraction(sum(any(tax.id == key for tax in fee.taxes) for fee in fees), len(fees) or 1) for key in order
        }
    return round_at_five_decimals(sum((Fraction(order[key].rate) * weights[key] for key in order), Fraction(0)))
