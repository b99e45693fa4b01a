"""Mark an invoice overdue when its due date has passed unpaid (chapter 20 §2.2)."""

from uuid import UUID

from sqlalchemy import update

from conto.agenda import Lane, Rank, handles
from conto.db.tables import invoices
from conto.errors import NotFound
from conto.invoices.queries import lock
from conto.work import Work

OVERDUE = "invoices.overdue"


@handles(OVERDUE, lane=Lane.CUSTOMER, rank=Rank.OVERDUE)
async def mark_overdue(work: Work, invoice_id: UUID) -> None:
    """Mark the invoice overdue, unless it was paid, voided or disputed meanwhile."""
    try:
        invoice = await lock(work, invoice_id)
    except NotFound:
        return
    if invoice.status != "finalized" or invoice.payment_status == "succeeded" or invoice.payment_dispute_lost_at:
        return
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice_id)
        .values(payment_overdue=True, updated_at=work.now)
    )
    work.emit("invoice.payment_overdue", invoice_id)
