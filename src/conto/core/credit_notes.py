"""What a credit note gives back of an invoice, and what may still be given back (chapter 61 §§2-5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from conto.core.money import ZERO, minus, round_at_five_decimals, to_cents, total
from conto.core.taxes import Tax


@dataclass(frozen=True, slots=True)
class CreditableFee:
    """A fee of the invoice, in minor units.

    `precise_coupons_cents` is its part of coupons and progressive billing credits, `credited_cents` the sum of the
    whole amounts of all credit note items on it so far.
    """

    id: object
    amount_cents: int
    precise_coupons_cents: Decimal
    taxes: tuple[Tax, ...]
    credited_cents: int

    def __post_init__(self) -> None:
        assert self.amount_cents >= 0
        assert self.credited_cents >= 0
        assert 0 <= self.precise_coupons_cents <= self.amount_cents

    @property
    def creditable_cents(self) -> int:
        """What of its amount, before coupons and taxes, is not given back yet."""
        return max(self.amount_cents - self.credited_cents, 0)

    @property
    def taxes_rate(self) -> Decimal:
        """The rates of all its taxes together, in percent."""
        return total([tax.rate for tax in self.taxes])

    def credited_by(self, amount_cents: int) -> "CreditableFee":
        """The fee once so much more of it is given back."""
        return replace(self, credited_cents=self.credited_cents + amount_cents)


@dataclass(frozen=True, slots=True)
class Item:
    """What is given back of one fee, before coupons and taxes, in minor units with at most five decimals."""

    fee: CreditableFee
    precise_amount_cents: Decimal

    def __post_init__(self) -> None:
        assert self.precise_amount_cents >= 0

    @property
    def amount_cents(self) -> int:
        """The amount as it is shown, and as it counts against the fee."""
        return to_cents(self.precise_amount_cents)

    @property
    def coupons_cents(self) -> Fraction:
        """The item's share of what coupons took off its fee, exact."""
        if not self.fee.amount_cents:
            return Fraction(0)
        share = Fraction(self.precise_amount_cents) / self.fee.amount_cents
        return Fraction(self.fee.precise_coupons_cents) * share

    @property
    def net_cents(self) -> Fraction:
        """What its taxes are on, exact."""
        return Fraction(self.precise_amount_cents) - self.coupons_cents


@dataclass(frozen=True, slots=True)
class NoteTax:
    """A tax over all items whose fees have it, rounded for showing."""

    tax: Tax
    base_cents: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class NoteAmounts:
    """What the items come to; precise amounts are minor units with five decimals."""

    items: tuple[Item, ...]
    precise_coupons_adjustment_cents: Decimal
    precise_taxes_cents: Decimal
    taxes_rate: Decimal
    taxes: tuple[NoteTax, ...]

    @property
    def precise_items_cents(self) -> Decimal:
        """The items together."""
        return total([item.precise_amount_cents for item in self.items])

    @property
    def precise_total_cents(self) -> Decimal:
        """Items less coupons, with taxes."""
        return total([self._precise_net_cents, self.precise_taxes_cents])

    @property
    def sub_total_cents(self) -> int:
        """Items less coupons, without taxes."""
        return to_cents(self._precise_net_cents)

    @property
    def coupons_adjustment_cents(self) -> int:
        """The items' share of coupons."""
        return to_cents(self.precise_coupons_adjustment_cents)

    @property
    def taxes_cents(self) -> int:
        """The taxes; their precise sum is rounded once."""
        return to_cents(self.precise_taxes_cents)

    @property
    def total_cents(self) -> int:
        """What the items give back, coupons and taxes considered."""
        return to_cents(self.precise_total_cents)

    @property
    def _precise_net_cents(self) -> Decimal:
        return minus(self.precise_items_cents, self.precise_coupons_adjustment_cents)


@dataclass(frozen=True, slots=True)
class Parts:
    """How a credit note's total is divided."""

    credit_cents: int = 0
    refund_cents: int = 0
    offset_cents: int = 0

    def __post_init__(self) -> None:
        assert self.credit_cents >= 0
        assert self.refund_cents >= 0
        assert self.offset_cents >= 0

    @property
    def total_cents(self) -> int:
        """All parts together."""
        return self.credit_cents + self.refund_cents + self.offset_cents


def amounts(items: Sequence[Item], *, absorbed_cents: Decimal = ZERO) -> NoteAmounts:
    """Coupons and taxes on the items (§§4.1-4.2).

    The last note on an invoice absorbs in its taxes what the notes before it gained by rounding theirs.
    """
    order: dict[object, Tax] = {}
    bases: dict[object, Fraction] = {}
    for item in items:
        for tax in item.fee.taxes:
            order.setdefault(tax.id, tax)
            bases[tax.id] = bases.get(tax.id, Fraction(0)) + item.net_cents
    exact = {key: bases[key] * Fraction(tax.rate) / 100 for key, tax in order.items()}
    precise_taxes = round_at_five_decimals(sum(exact.values(), Fraction(0)) - Fraction(absorbed_cents))
    return NoteAmounts(
        items=tuple(items),
        precise_coupons_adjustment_cents=round_at_five_decimals(
            sum((item.coupons_cents for item in items), Fraction(0))
        ),
        precise_taxes_cents=max(precise_taxes, ZERO),
        taxes_rate=_weighted_rate(items, order, bases),
        taxes=tuple(NoteTax(tax, to_cents(bases[key]), to_cents(exact[key])) for key, tax in order.items()),
    )


def _weighted_rate(items: Sequence[Item], order: dict[object, Tax], bases: dict[object, Fraction]) -> Decimal:
    """Each rate weighted by the share of its base, or of its items where all are discounted to nothing."""
    net = sum((item.net_cents for item in items), Fraction(0))
    if net > 0:
        weights = {key: bases[key] / net for key in order}
    else:
        weights = {
            key: Fraction(sum(any(tax.id == key for tax in item.fee.taxes) for item in items), len(items) or 1)
            for key in order
        }
    return round_at_five_decimals(sum((Fraction(order[key].rate) * weights[key] for key in order), Fraction(0)))


def creditable(fees: Sequence[CreditableFee], discounts_cents: int) -> Fraction:
    """What may still be given back of an invoice, with taxes; it may have fractions of a minor unit (§2).

    `discounts_cents` is what coupons and progressive billing credits took off the fees.
    """
    remaining = sum(fee.creditable_cents for fee in fees)
    if not remaining:
        return Fraction(0)
    adjustment = Fraction(discounts_cents, sum(fee.amount_cents for fee in fees)) * remaining
    taxes = sum(
        (
            (fee.creditable_cents - adjustment * fee.creditable_cents / remaining) * Fraction(fee.taxes_rate) / 100
            for fee in fees
        ),
        Fraction(0),
    )
    return remaining - adjustment + to_cents(taxes)


def undiscounted_total(fees: Sequence[CreditableFee]) -> int:
    """The fees with their taxes, coupons not taken off: what all notes together may not exceed (§3.1)."""
    taxes = sum((Fraction(fee.amount_cents) * Fraction(fee.taxes_rate) / 100 for fee in fees), Fraction(0))
    return sum(fee.amount_cents for fee in fees) + to_cents(taxes)


def credited_by(fees: Sequence[CreditableFee], items: Sequence[Item]) -> list[CreditableFee]:
    """The invoice's fees once the items are given back, too."""
    taken: dict[object, int] = {}
    for item in items:
        taken[item.fee.id] = taken.get(item.fee.id, 0) + item.amount_cents
    return [fee.credited_by(taken.get(fee.id, 0)) for fee in fees]


def fitted(parts: Parts, found: NoteAmounts, *, refundable_cents: int, offsettable_cents: int) -> Parts:
    """The parts with their total moved one cent towards subtotal and taxes, where it differs from them (§4.3).

    The cent goes to the credit, else to the refund, else to the offset. A refund or an offset that has no room for
    one more, which `refundable_cents` and `offsettable_cents` bound, stays as it is.
    """
    difference = found.sub_total_cents + found.taxes_cents - parts.total_cents
    if not difference:
        return parts
    cent = 1 if difference > 0 else -1
    if parts.credit_cents:
        return replace(parts, credit_cents=parts.credit_cents + cent)
    if parts.refund_cents and parts.refund_cents + cent <= refundable_cents:
        return replace(parts, refund_cents=parts.refund_cents + cent)
    if parts.offset_cents and parts.offset_cents + cent <= offsettable_cents:
        return replace(parts, offset_cents=parts.offset_cents + cent)
    return parts


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the items would give back at most (§5), in minor units."""

    amounts: NoteAmounts
    taxes_cents: int
    most_creditable_cents: int
    unadjusted_cents: int


def estimate(found: NoteAmounts) -> Estimate:
    """The items' total with the cent moved that rounding leaves: off the total, or else off the taxes."""
    items = sum(item.amount_cents for item in found.items)
    whole = to_cents(
        Fraction(items) - Fraction(found.precise_coupons_adjustment_cents) + Fraction(found.precise_taxes_cents)
    )
    taxes = found.taxes_cents
    if whole - taxes > found.sub_total_cents:
        return Estimate(found, taxes, whole - 1, whole)
    if whole - taxes < found.sub_total_cents and taxes > 0:
        return Estimate(found, taxes - 1, whole, whole)
    return Estimate(found, taxes, whole, whole)


@dataclass(frozen=True, slots=True)
class Balance:
    """A note with something left of its credit, in minor units."""

    id: object
    balance_cents: int


@dataclass(frozen=True, slots=True)
class Use:
    """What an invoice takes of a note's balance."""

    note: Balance
    amount_cents: int

    def __post_init__(self) -> None:
        assert 0 < self.amount_cents <= self.note.balance_cents

    @property
    def left_cents(self) -> int:
        """What is left of the balance."""
        return self.note.balance_cents - self.amount_cents


def uses(notes: Sequence[Balance], total_cents: int) -> list[Use]:
    """What an invoice over `total_cents` takes of the notes, in their order, until it comes to nothing (§9)."""
    found: list[Use] = []
    left = total_cents
    for note in notes:
        amount = min(note.balance_cents, left)
        if amount > 0:
            found.append(Use(note, amount))
            left -= amount
    return found
