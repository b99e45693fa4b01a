"""Void a finalized invoice: it keeps its number, and what it said was owed is owed no longer (chapter 20 §7.7)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from conto import agenda, ledger
from conto.credits.notes.source import source_of
from conto.credits.notes.voided_invoice import credit_voided, refuse_more_than_left
from conto.db.tables import invoices
from conto.errors import NotAllowed
from conto.invoices.overdue import OVERDUE
from conto.invoices.queries import lock
from conto.schemas.invoices import VoidInput
from conto.work import Work


async def void(work: Work, invoice: Row[Any], data: VoidInput) -> None:
    """Void the invoice, paid or not; its amounts, fees and payment status stay.

    Where that is asked for, credit notes give back what the input says, and use up what else was creditable. What the
    invoice used of earlier credit notes stays used.

    Raises:
        NotAllowed: it is not finalized.
        Invalid: more is to be credited or refunded than is left.
    """
    invoice = await lock(work, invoice.id)
    source = await source_of(work, invoice) if data.generate_credit_note is True else None
    credit_cents, refund_cents = data.credit_amount or 0, data.refund_amount or 0
    if source is not None:
        refuse_more_than_left(source, credit_cents, refund_cents)
    if invoice.status != "finalized":
        raise NotAllowed("not_voidable")
    ledger.post(work, ledger.invoice_voided(invoice))
    await mark_voided(work, invoice.id)
    await agenda.drop(work, OVERDUE, invoice.id)
    work.emit("invoice.voided", invoice.id)
    if source is not None:
        await credit_voided(work, source, credit_cents, refund_cents)


async def mark_voided(work: Work, invoice_id: UUID) -> None:
    """Set the invoice's state; it is no longer overdue."""
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice_id)
        .values(status="voided", voided_at=work.now, payment_overdue=False, updated_at=work.now)
    )
