"""The credit note for days that were paid in advance and are not used (chapter 61 §8.1)."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select

from conto.core.credit_notes import CreditableFee, Item, Parts, amounts
from conto.core.money import to_cents
from conto.credits.notes.issue import Terms, issue
from conto.credits.notes.source import Source, source_of
from conto.db.tables import credit_note_items, credit_notes
from conto.invoices.queries import lock
from conto.work import ORGANIZATION, Work

Way = Literal["credit", "refund", "offset"]
"""What becomes of the unused share; paid parts of it are sent back, unless all is credited."""

_CREDITED_ON = (
    select(func.coalesce(func.sum(credit_note_items.c.amount_cents), 0).label("cents"))
    .join(
        credit_notes,
        (credit_notes.c.organization_id == credit_note_items.c.organization_id)
        & (credit_notes.c.id == credit_note_items.c.credit_note_id),
    )
    .where(
        credit_note_items.c.organization_id == ORGANIZATION,
        credit_note_items.c.fee_id == bindparam("fee"),
        credit_notes.c.status != "deleted",
    )
)


async def credited_on(work: Work, fee_id: UUID) -> Decimal:
    """What earlier notes took of the fee, in minor units: what `unused_amount` of the core leaves out."""
    return Decimal((await work.one(_CREDITED_ON, fee=fee_id)).cents)


async def issue_for_unused(
    work: Work,
    fee: Row[Any],
    *,
    unused_cents: Decimal,
    used_cents: Decimal,
    way: Way = "credit",
    reason: str = "order_cancellation",
) -> Row[Any] | None:
    """Give back `unused_cents` of an invoiced subscription fee; the note, None where there is nothing to give.

    `unused_cents` is what the fee's unused days come to, less what earlier notes took, `used_cents` what the used ones
    do: minor units before coupons and taxes, cut at five decimals. Customer is locked. A refund or an offset for which
    the invoice has no room becomes credit.

    Raises:
        NotFound: the fee's invoice is not visible.
    """
    if unused_cents <= 0 or not fee.amount_cents:
        return None
    invoice = await lock(work, fee.invoice_id)
    if invoice.status == "voided":
        return None
    source = await source_of(work, invoice)
    credited = source.fees_by_id[fee.id]
    item = Item(credited, min(unused_cents, Decimal(credited.creditable_cents)))
    found = source.amounts_of([item])
    if found.total_cents <= 0:
        return None
    refund = 0 if way == "credit" else _refund(source, fee, credited, used_cents, found.total_cents)
    rest = found.total_cents - refund
    offset = min(rest, max(source.due_cents, 0)) if way == "offset" else 0
    return await issue(work, source, found, Parts(rest - offset, refund, offset), Terms(reason=reason))


def _refund(source: Source, fee: Row[Any], credited: CreditableFee, used_cents: Decimal, total_cents: int) -> int:
    """What was paid for the fee beyond its used share, up to the note's total."""
    invoice = source.invoice
    if not invoice.sub_total_including_taxes_amount_cents:
        return 0
    gross = fee.amount_cents - Fraction(fee.precise_coupons_amount_cents) + fee.taxes_amount_cents
    paid = gross * invoice.total_paid_amount_cents / invoice.sub_total_including_taxes_amount_cents
    used = amounts([Item(credited, used_cents)]).total_cents
    wanted = to_cents(max(Fraction(0), min(paid - used, Fraction(total_cents))))
    possible = 0 if source.paid_without_success else max(source.unrefunded_cents, 0)
    return min(wanted, possible)
