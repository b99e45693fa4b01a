"""The invoice that a credit note is on: its fees, and what earlier notes took of it (chapter 61 §2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select

from conto.core.credit_notes import (
    CreditableFee,
    Item,
    NoteAmounts,
    amounts,
    creditable,
    credited_by,
    undiscounted_total,
)
from conto.core.money import ZERO, to_cents
from conto.core.taxes import Tax
from conto.db.nested import nested
from conto.db.tables import credit_note_items, credit_notes, fees, fees_taxes
from conto.schemas.invoices import due_cents
from conto.work import ORGANIZATION, Work

_ITS_TAXES = nested(
    "taxes",
    select(fees_taxes)
    .where(fees_taxes.c.organization_id == fees.c.organization_id, fees_taxes.c.fee_id == fees.c.id)
    .correlate(fees),
    "position",
)
_CREDITED = (
    select(func.coalesce(func.sum(credit_note_items.c.amount_cents), 0))
    .join(
        credit_notes,
        (credit_notes.c.organization_id == credit_note_items.c.organization_id)
        & (credit_notes.c.id == credit_note_items.c.credit_note_id),
    )
    .where(
        credit_note_items.c.organization_id == fees.c.organization_id,
        credit_note_items.c.fee_id == fees.c.id,
        credit_notes.c.status != "deleted",
        credit_notes.c.id.is_distinct_from(bindparam("but", type_=credit_notes.c.id.type)),
    )
    .correlate(fees)
    .scalar_subquery()
)
_FEES = (
    select(
        fees.c.id,
        fees.c.amount_cents,
        fees.c.precise_coupons_amount_cents,
        _CREDITED.label("credited"),
        _ITS_TAXES.column,
    )
    .where(fees.c.organization_id == ORGANIZATION, fees.c.invoice_id == bindparam("invoice"))
    .order_by(fees.c.position, fees.c.created_at, fees.c.id)
)
_IS_FINAL = credit_notes.c.status == "finalized"
_GIVEN = select(
    func.coalesce(func.sum(credit_notes.c.credit_amount_cents).filter(_IS_FINAL), 0).label("credits"),
    func.coalesce(func.sum(credit_notes.c.refund_amount_cents).filter(_IS_FINAL), 0).label("refunds"),
    func.coalesce(func.sum(credit_notes.c.offset_amount_cents).filter(_IS_FINAL), 0).label("offsets"),
    func.coalesce(
        func.sum(credit_notes.c.taxes_amount_cents - credit_notes.c.precise_taxes_amount_cents).filter(
            credit_notes.c.status != "deleted"
        ),
        0,
    ).label("rounded"),
    func.coalesce(func.max(credit_notes.c.sequential_id), 0).label("last"),
).where(
    credit_notes.c.organization_id == ORGANIZATION,
    credit_notes.c.invoice_id == bindparam("invoice"),
    credit_notes.c.id.is_distinct_from(bindparam("but", type_=credit_notes.c.id.type)),
)


@dataclass(frozen=True, slots=True)
class Source:
    """An invoice whose row is locked, its fees in order, and what its other notes gave back.

    `credits`, `refunds` and `offsets` are the parts of its final notes, in minor units; `rounded` is what all of them
    gained by rounding their taxes.
    """

    invoice: Row[Any]
    fees: tuple[CreditableFee, ...]
    credits_cents: int
    refunds_cents: int
    offsets_cents: int
    rounded_cents: Decimal
    last_sequential_id: int

    @property
    def fees_by_id(self) -> dict[object, CreditableFee]:
        """Its fees by their ids."""
        return {fee.id: fee for fee in self.fees}

    @property
    def discounts_cents(self) -> int:
        """What coupons and progressive billing credits took off its fees."""
        return self.invoice.coupons_amount_cents + self.invoice.progressive_billing_credit_amount_cents

    @property
    def creditable_cents(self) -> int:
        """What may still be given back, with taxes, rounded; nothing of drafts and of purchases of credits."""
        if self.invoice.status == "draft" or self.invoice.invoice_type == "credit":
            return 0
        return to_cents(creditable(self.fees, self.discounts_cents))

    @property
    def paid_without_success(self) -> bool:
        """Whether all is paid although the payment status says otherwise: then nothing can be refunded."""
        paid = self.invoice.total_paid_amount_cents
        return 0 < paid == self.invoice.total_amount_cents and self.invoice.payment_status != "succeeded"

    @property
    def refundable_cents(self) -> int:
        """What may still be sent back of what was paid."""
        if self.paid_without_success:
            return 0
        return max(0, min(self.unrefunded_cents, self.creditable_cents))

    @property
    def unrefunded_cents(self) -> int:
        """What was paid and is not to be sent back yet."""
        return self.invoice.total_paid_amount_cents - self.refunds_cents

    @property
    def due_cents(self) -> int:
        """What is still to be paid."""
        return due_cents(self.invoice)

    @property
    def offsettable_cents(self) -> int:
        """What may be set off against what is due."""
        return max(0, min(self.due_cents, self.creditable_cents))

    @property
    def undiscounted_cents(self) -> int:
        """Its fees with taxes, coupons not taken off."""
        return undiscounted_total(self.fees)

    def amounts_of(self, items: Sequence[Item]) -> NoteAmounts:
        """What the items come to; the last note on the invoice absorbs the rounding of the others."""
        last = creditable(credited_by(self.fees, items), self.discounts_cents) == 0
        return amounts(items, absorbed_cents=self.rounded_cents if last else ZERO)

    def estimated(self, items: Sequence[Item]) -> NoteAmounts:
        """What the items would come to; here the last note is one over all that remains."""
        last = sum(item.amount_cents for item in items) == sum(fee.creditable_cents for fee in self.fees)
        return amounts(items, absorbed_cents=self.rounded_cents if last else ZERO)

    def rest(self) -> list[Item]:
        """Items over all that is not given back yet."""
        return [Item(fee, Decimal(fee.creditable_cents)) for fee in self.fees if fee.creditable_cents]


async def source_of(work: Work, invoice: Row[Any], *, but: UUID | None = None) -> Source:
    """What notes on the invoice start from, the note `but` left out. The invoice is locked, so that it stays true."""
    rows = await work.rows(_FEES, invoice=invoice.id, but=but)
    given = await work.one(_GIVEN, invoice=invoice.id, but=but)
    return Source(
        invoice=invoice,
        fees=tuple(
            CreditableFee(
                id=row.id,
                amount_cents=row.amount_cents,
                precise_coupons_cents=row.precise_coupons_amount_cents,
                taxes=tuple(_as_tax(tax) for tax in _ITS_TAXES.of(row)),
                credited_cents=int(row.credited),
            )
            for row in rows
        ),
        credits_cents=int(given.credits),
        refunds_cents=int(given.refunds),
        offsets_cents=int(given.offsets),
        rounded_cents=Decimal(given.rounded),
        last_sequential_id=given.last,
    )


def _as_tax(tax: Any) -> Tax:
    return Tax(id=tax.tax_id, code=tax.tax_code, name=tax.tax_name, description=tax.tax_description, rate=tax.tax_rate)
