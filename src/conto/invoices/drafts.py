"""Calls that concern invoices before they are final: refresh, finalize, delete, retry (chapter 20 §§7.4-7.6, 7.9)."""

from uuid import UUID

from conto.customers.queries import customer_by_id
from conto.errors import Forbidden, NotAllowed, NotFound
from conto.invoices import subscription_invoice
from conto.invoices.pending import refuse_while_taxes_pending
from conto.invoices.queries import lock
from conto.work import Work


async def refresh(work: Work, invoice_id: UUID) -> None:
    """Build a draft anew; what is no draft stays as it is.

    Raises:
        NotFound: no visible invoice has this id.
        Forbidden: it is no subscription invoice.
    """
    invoice = await lock(work, invoice_id)
    if invoice.invoice_type != "subscription":
        raise Forbidden("feature_unavailable")
    if invoice.status == "draft":
        await subscription_invoice.refresh(work, invoice)


async def finalize(work: Work, invoice_id: UUID) -> None:
    """Issue a draft now.

    Raises:
        NotFound: no draft has this id.
        Forbidden: its taxes are not known yet.
    """
    invoice = await lock(work, invoice_id)
    if invoice.status != "draft":
        raise NotFound("invoice")
    refuse_while_taxes_pending(invoice.invoice_type, await customer_by_id(work, invoice.customer_id))
    await subscription_invoice.issue(work, invoice)


async def delete(work: Work, invoice_id: UUID) -> None:
    """Drop a draft.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: it is no draft.
    """
    invoice = await lock(work, invoice_id)
    if invoice.status != "draft":
        raise NotAllowed("not_deletable")
    await subscription_invoice.drop(work, invoice)


async def retry(work: Work, invoice_id: UUID) -> None:
    """Ask for a failed invoice's taxes again.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: its taxes have not failed.
    """
    invoice = await lock(work, invoice_id)
    if invoice.status != "failed":
        raise NotAllowed("invalid_status")
