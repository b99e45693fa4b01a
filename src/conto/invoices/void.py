"""Void a finalized invoice: it keeps its number, and what it said was owed is owed no longer (chapter 20 §7.7)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from conto import agenda, ledger
from conto.db.tables import invoices
from conto.errors import Forbidden, NotAllowed
from conto.invoices.overdue import OVERDUE
from conto.invoices.queries import lock
from conto.schemas.invoices import VoidInput
from conto.work import Work


async def void(work: Work, invoice: Row[Any], data: VoidInput) -> None:
    """Void the invoice, paid or not; its amounts, fees and payment status stay.

    Raises:
        Forbidden: a credit note is asked for, which needs credit notes.
        NotAllowed: it is not finalized.
    """
    if data.generate_credit_note is True:
        raise Forbidden("feature_unavailable")
    invoice = await lock(work, invoice.id)
    if invoice.status != "finalized":
        raise NotAllowed("not_voidable")
    await ledger.post(work, ledger.invoice_voided(invoice))
    await mark_voided(work, invoice.id)
    await agenda.drop(work, OVERDUE, invoice.id)
    work.emit("invoice.voided", invoice.id)


async def mark_voided(work: Work, invoice_id: UUID) -> None:
    """Set the invoice's state; it is no longer overdue."""
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice_id)
        .values(status="voided", voided_at=work.now, payment_overdue=False, updated_at=work.now)
    )
