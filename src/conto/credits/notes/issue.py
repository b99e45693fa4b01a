"""Store a credit note over items of an invoice, and what follows once it is final (chapter 61 §§3.1-3.2)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, update

from conto import ledger
from conto.core.credit_notes import NoteAmounts, Parts, fitted
from conto.core.days import local_day
from conto.core.numbering import credit_note_number
from conto.credits.notes.metadata import Metadata
from conto.credits.notes.source import Source
from conto.customers.queries import customer_by_id
from conto.db.engine import insert_rows
from conto.db.tables import credit_note_items, credit_notes, credit_notes_taxes, invoices
from conto.ids import new_id
from conto.invoices.update import set_payment_status
from conto.jobs import Job
from conto.schemas.invoices import due_cents
from conto.work import Work

DOCUMENT = "credit_note_document"
"""The kind of job that makes a credit note's document."""

NOT_FINAL = ("draft", "pending")
"""Invoices in these states change before they are issued; so do the notes on them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a note says besides its amounts."""

    reason: str = "other"
    description: str | None = None
    metadata: Metadata | None = None


async def issue(work: Work, source: Source, found: NoteAmounts, parts: Parts, terms: Terms) -> Row[Any]:
    """Store the note, on an invoice that is not final as a draft, else final, with all that follows; the note's row.

    Its customer and its invoice are locked. The parts are fitted to the items' amounts by a cent where those differ.
    """
    parts = fitted(
        parts, found, refundable_cents=max(source.unrefunded_cents, 0), offsettable_cents=max(source.due_cents, 0)
    )
    note = await _store(work, source, found, parts, terms)
    await store_parts(work, note, found)
    if note.status == "finalized":
        await take_effect(work, note, source.invoice)
    return note


async def _store(work: Work, source: Source, found: NoteAmounts, parts: Parts, terms: Terms) -> Row[Any]:
    invoice = source.invoice
    customer = await customer_by_id(work, invoice.customer_id)
    sequential_id = source.last_sequential_id + 1
    return await work.one(
        insert(credit_notes)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            customer_id=invoice.customer_id,
            invoice_id=invoice.id,
            sequential_id=sequential_id,
            number=credit_note_number(invoice.number, sequential_id),
            issuing_date=local_day(work.now, customer.timezone or customer.entity_timezone),
            status="draft" if invoice.status in NOT_FINAL else "finalized",
            credit_status="available",
            refund_status="pending" if parts.refund_cents else None,
            reason=terms.reason,
            description=terms.description,
            currency=invoice.currency,
            **columns_of(found, parts),
            metadata=terms.metadata,
            created_at=work.now,
            updated_at=work.now,
        )
        .returning(credit_notes)
    )


def columns_of(found: NoteAmounts, parts: Parts) -> dict[str, Any]:
    """The columns of a note that hold its amounts; its balance is its whole credit."""
    return {
        "credit_amount_cents": parts.credit_cents,
        "refund_amount_cents": parts.refund_cents,
        "offset_amount_cents": parts.offset_cents,
        "total_amount_cents": parts.total_cents,
        "balance_amount_cents": parts.credit_cents,
        "taxes_amount_cents": found.taxes_cents,
        "precise_taxes_amount_cents": found.precise_taxes_cents,
        "taxes_rate": found.taxes_rate,
        "sub_total_excluding_taxes_amount_cents": found.sub_total_cents,
        "coupons_adjustment_amount_cents": found.coupons_adjustment_cents,
        "precise_coupons_adjustment_amount_cents": found.precise_coupons_adjustment_cents,
        "precise_total_amount_cents": found.precise_total_cents,
    }


async def store_parts(work: Work, note: Row[Any], found: NoteAmounts) -> None:
    """Insert the note's items and the taxes on them."""
    common = {"organization_id": work.organization.id, "credit_note_id": note.id, "currency": note.currency}
    await insert_rows(
        work.connection,
        credit_note_items,
        [
            common
            | {
                "id": new_id(),
                "fee_id": item.fee.id,
                "position": position,
                "amount_cents": item.amount_cents,
                "precise_amount_cents": item.precise_amount_cents,
                "created_at": work.now,
            }
            for position, item in enumerate(found.items)
        ],
    )
    await insert_rows(
        work.connection,
        credit_notes_taxes,
        [
            common
            | {
                "id": new_id(),
                "tax_id": on.tax.id,
                "position": position,
                "tax_code": on.tax.code,
                "tax_name": on.tax.name,
                "tax_description": on.tax.description,
                "tax_rate": on.tax.rate,
                "amount_cents": on.amount_cents,
                "base_amount_cents": on.base_cents,
                "created_at": work.now,
            }
            for position, on in enumerate(found.taxes)
        ],
    )


async def take_effect(work: Work, note: Row[Any], invoice: Row[Any]) -> None:
    """What follows once a note is final: the books, the invoice that is owed less, the webhook, the document.

    An invoice of which nothing is due any more is paid.
    """
    ledger.post(work, ledger.credit_note_issued(note))
    if note.offset_amount_cents or note.refund_amount_cents:
        invoice = await _count_in(work, note)
    if note.offset_amount_cents and due_cents(invoice) == 0 and invoice.payment_status != "succeeded":
        await set_payment_status(work, invoice, "succeeded")
    work.emit("credit_note.created", note.id)
    work.enqueue(Job(DOCUMENT, note.id, once=True))


async def _count_in(work: Work, note: Row[Any]) -> Row[Any]:
    """Add the note's parts to what its invoice sums up; the invoice as it is then."""
    return await work.one(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == note.invoice_id)
        .values(
            total_refunded_amount_cents=invoices.c.total_refunded_amount_cents + note.refund_amount_cents,
            total_offsetted_credit_note_amount_cents=invoices.c.total_offsetted_credit_note_amount_cents
            + note.offset_amount_cents,
            updated_at=work.now,
        )
        .returning(invoices)
    )
