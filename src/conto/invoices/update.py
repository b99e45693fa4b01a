"""Change an invoice's payment status by hand, and its metadata (chapter 20 §7.3)."""

from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, update

from conto import agenda, metadata
from conto.changes import differences
from conto.db.tables import fees, invoice_metadata, invoices
from conto.errors import NotAllowed
from conto.invoices.finalize import overdue_from
from conto.invoices.overdue import OVERDUE
from conto.invoices.queries import lock
from conto.schemas.invoices import InvoiceUpdateInput
from conto.schemas.reader import Problems
from conto.work import Work


async def update_invoice(work: Work, invoice_id: UUID, data: InvoiceUpdateInput, problems: Problems) -> None:
    """Change what is given. What has been paid is another matter: it stays as it is.

    `problems` holds what the reader of the input found; it is told after what the invoice's state forbids.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: it is voided, or a draft whose payment status or metadata would change.
        Invalid: a field is not as it must be, or a key of the metadata would stand twice.
    """
    invoice = await lock(work, invoice_id)
    refuse_where_fixed(invoice, data)
    problems.raise_if_any()
    if data.metadata is not UNSET:
        await metadata.replace(work, invoice_metadata, "invoice_id", invoice.id, data.metadata)
    if data.payment_status is not UNSET and data.payment_status != invoice.payment_status:
        await set_payment_status(work, invoice, data.payment_status)


def refuse_where_fixed(invoice: Row[Any], data: InvoiceUpdateInput) -> None:
    """Voided invoices do not change, drafts have neither metadata nor a payment status of their own."""
    if invoice.status == "voided":
        raise NotAllowed("update_on_voided_invoice")
    if invoice.status == "draft" and data.metadata is not UNSET:
        raise NotAllowed("metadata_on_draft_invoice")
    if invoice.status == "draft" and data.payment_status not in (UNSET, invoice.payment_status):
        raise NotAllowed("payment_status_update_on_draft_invoice")


async def set_payment_status(work: Work, invoice: Row[Any], status: str) -> None:
    """Set the payment status; the fees take it over without instants of their own (chapter 41 §8).

    What is paid is no longer overdue.
    """
    paid = status == "succeeded"
    values = {
        "payment_status": status,
        "payment_overdue": invoice.payment_overdue and not paid,
        "updated_at": work.now,
    }
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(values)
    )
    await work.execute(
        update(fees)
        .where(fees.c.organization_id == work.organization.id, fees.c.invoice_id == invoice.id)
        .values(payment_status=status, updated_at=work.now)
    )
    if paid:
        await agenda.drop(work, OVERDUE, invoice.id)
    elif invoice.payment_status == "succeeded":
        await agenda.put(work, OVERDUE, invoice.id, lane=invoice.customer_id, due_at=overdue_from(invoice))
    work.emit("invoice.payment_status_updated", invoice.id, changes=differences(invoice, values))
