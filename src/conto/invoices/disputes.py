"""Record that a payment dispute was lost (chapter 20 §7.8)."""

from uuid import UUID

from sqlalchemy import update

from conto import agenda
from conto.db.tables import invoices
from conto.errors import NotAllowed
from conto.invoices.overdue import OVERDUE
from conto.invoices.queries import lock
from conto.work import Work

DISPUTABLE = ("finalized", "voided")


async def lose_dispute(work: Work, invoice_id: UUID) -> None:
    """Note when the dispute was lost, once; the invoice is not overdue any more.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: it was never final.
    """
    invoice = await lock(work, invoice_id)
    if invoice.status not in DISPUTABLE:
        raise NotAllowed("not_disputable")
    if invoice.payment_dispute_lost_at is not None:
        return
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice_id)
        .values(payment_dispute_lost_at=work.now, payment_overdue=False, updated_at=work.now)
    )
    await agenda.drop(work, OVERDUE, invoice_id)
    work.emit("invoice.payment_dispute_lost", invoice_id)
