"""Invoices that wait for their taxes: once those are known they are taxed and issued (chapters 10 §5.3 and 20 §2.1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto import agenda
from conto.agenda import Lane, Rank
from conto.credits.notes.apply import apply
from conto.credits.notes.drafts import finalize_notes
from conto.customers.queries import customer_by_id
from conto.customers.vat_checks import TAXES_KNOWN
from conto.db.tables import invoices
from conto.errors import Forbidden
from conto.invoices.finalize import awaits_taxes, finish
from conto.invoices.queries import lock, with_entity
from conto.invoices.subscription_invoice import ready_drafts
from conto.invoices.taxing import tax
from conto.work import Work

ISSUED = {"one_off": "invoice.one_off_created", "credit": "invoice.paid_credit_added"}
"""The webhook that tells of an invoice that is issued, by its type."""
ISSUED_OTHERWISE = "invoice.created"
CREDITED = ("subscription", "progressive_billing")
"""The types of invoices that use what their customer has in credit notes (chapter 20 §1)."""


def refuse_while_taxes_pending(invoice_type: str, customer: Row[Any]) -> None:
    """A draft whose taxes are not known cannot be finalized by a call (chapter 20 §7.5).

    Raises:
        Forbidden: its customer's VAT number is being checked.
    """
    if awaits_taxes(invoice_type, customer):
        raise Forbidden("cannot_finalize_with_pending_taxes")


@agenda.handles(TAXES_KNOWN, lane=Lane.CUSTOMER, rank=Rank.FINALIZATION)
async def issue_next(work: Work, customer_id: UUID) -> None:
    """Tax and issue the customer's oldest pending invoice, and come again for the next one; drafts follow at the end.

    Each goes in a transaction of its own. Where the customer's number is being checked anew, all wait on.
    """
    customer = await customer_by_id(work, customer_id)
    if customer.vies_check_pending:
        return
    invoice = await _oldest_pending(work, customer_id)
    if invoice is None:
        await ready_drafts(work, customer)
        return
    await agenda.put(work, TAXES_KNOWN, customer_id, lane=customer_id, due_at=work.now)
    taxed = await tax(work, invoice, customer)
    if invoice.invoice_type in CREDITED and await apply(work, taxed):
        taxed = await lock(work, invoice.id)
    await finish(work, taxed, customer, event_type=ISSUED.get(invoice.invoice_type, ISSUED_OTHERWISE))
    await finalize_notes(work, invoice.id)


async def _oldest_pending(work: Work, customer_id: UUID) -> Row[Any] | None:
    return await work.first(
        with_entity(work)
        .where(invoices.c.customer_id == customer_id, invoices.c.status == "pending")
        .order_by(invoices.c.created_at, invoices.c.id)
        .limit(1)
        .with_for_update(key_share=True, of=invoices)
    )
