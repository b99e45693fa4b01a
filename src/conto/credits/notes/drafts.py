"""Credit notes on invoices that are not final: they follow the draft, and become final with it (chapter 61 §8.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, select, update

from conto.core.credit_notes import Item, NoteAmounts, Parts, amounts, fitted
from conto.core.money import round_at_five_decimals
from conto.core.numbering import credit_note_number
from conto.credits.notes.issue import columns_of, store_parts, take_effect
from conto.credits.notes.queries import items_of
from conto.credits.notes.source import Source, source_of
from conto.db.tables import credit_note_items, credit_notes, credit_notes_taxes, fees
from conto.errors import NotFound
from conto.invoices.queries import lock
from conto.work import ORGANIZATION, Work

_OF_INVOICE = (
    select(credit_notes)
    .where(
        credit_notes.c.organization_id == ORGANIZATION,
        credit_notes.c.invoice_id == bindparam("invoice"),
        credit_notes.c.status != "deleted",
    )
    .order_by(credit_notes.c.id)
    .with_for_update(key_share=True)
)


async def follow_refresh(work: Work, invoice: Row[Any], moved: Mapping[UUID, UUID]) -> None:
    """Have a draft's notes follow its new fees: `moved` tells which fee took the place of which.

    Called while the old fees are still there, with the new ones stored and taxed. What was given back of a fee is
    scaled by the new amount over the old; of one without a successor nothing is given back any more.
    """
    notes = await work.rows(_OF_INVOICE, invoice=invoice.id)
    if not notes:
        return
    items = await items_of(work, [note.id for note in notes])
    known = await work.rows(
        select(fees.c.id, fees.c.amount_cents).where(
            fees.c.organization_id == work.organization.id,
            fees.c.id.in_({item.fee_id for item in items} | set(moved.values())),
        )
    )
    amounts_by_fee = {fee.id: fee.amount_cents for fee in known}
    for note in notes:
        source = await source_of(work, invoice, but=note.id)
        by_id = source.fees_by_id
        kept = [
            Item(by_id[moved[item.fee_id]], _scaled(item, amounts_by_fee, moved))
            for item in items
            if item.credit_note_id == note.id and item.fee_id in moved
        ]
        await _rewrite(work, note, source, kept)


def _scaled(item: Row[Any], amounts_by_fee: Mapping[UUID, int], moved: Mapping[UUID, UUID]) -> Decimal:
    old, new = amounts_by_fee[item.fee_id], amounts_by_fee[moved[item.fee_id]]
    if not old:
        return Decimal(0)
    return round_at_five_decimals(Fraction(item.precise_amount_cents) * new / old)


async def finalize_notes(work: Work, invoice_id: UUID) -> None:
    """Number the notes of an invoice that has just become final; its drafts become final, too, computed anew.

    Called when the invoice has its number, its coupons and its total. Customer and invoice are locked.
    """
    notes = await work.rows(_OF_INVOICE, invoice=invoice_id)
    for note in sorted(notes, key=lambda note: note.sequential_id):
        # The one before may have been set off against the invoice.
        try:
            invoice = await lock(work, invoice_id)
        except NotFound:
            # It was over nothing, and is closed instead.
            return
        number = credit_note_number(invoice.number, note.sequential_id)
        if note.status == "draft":
            source = await source_of(work, invoice, but=note.id)
            items = [
                Item(source.fees_by_id[item.fee_id], item.precise_amount_cents) for item in await _items(work, note)
            ]
            await _rewrite(work, note, source, items)
        changed = await _change(work, note, number=number, status="finalized")
        if note.status == "draft":
            await take_effect(work, changed, invoice)


async def delete_notes(work: Work, invoice_id: UUID) -> None:
    """Delete the notes of a draft that is deleted."""
    await work.execute(
        update(credit_notes)
        .where(
            credit_notes.c.organization_id == work.organization.id,
            credit_notes.c.invoice_id == invoice_id,
            credit_notes.c.status == "draft",
        )
        .values(status="deleted", updated_at=work.now)
    )


async def _rewrite(work: Work, note: Row[Any], source: Source, items: Sequence[Item]) -> None:
    """Write the note's items and amounts anew. Here its taxes are the sum of each tax's rounded amount."""
    found = amounts(items)
    taxes = sum(on.amount_cents for on in found.taxes)
    found = replace(found, precise_taxes_cents=Decimal(taxes))
    for table in (credit_notes_taxes, credit_note_items):
        await work.execute(
            delete(table).where(table.c.organization_id == work.organization.id, table.c.credit_note_id == note.id)
        )
    await store_parts(work, note, found)
    await _change(work, note, **columns_of(found, _parts_of(note, source, found)))


def _parts_of(note: Row[Any], source: Source, found: NoteAmounts) -> Parts:
    """The refund stays; so does the offset as far as that much is due; the rest is credit."""
    refund = min(note.refund_amount_cents, found.total_cents)
    offset = min(note.offset_amount_cents, max(source.due_cents, 0), found.total_cents - refund)
    parts = Parts(found.total_cents - refund - offset, refund, offset)
    return fitted(
        parts, found, refundable_cents=max(source.unrefunded_cents, 0), offsettable_cents=max(source.due_cents, 0)
    )


async def _items(work: Work, note: Row[Any]) -> Sequence[Row[Any]]:
    return await items_of(work, [note.id])


async def _change(work: Work, note: Row[Any], **values: Any) -> Row[Any]:
    return await work.one(
        update(credit_notes)
        .where(credit_notes.c.organization_id == work.organization.id, credit_notes.c.id == note.id)
        .values(**values, updated_at=work.now)
        .returning(credit_notes)
    )
