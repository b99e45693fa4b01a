"""Make an invoice final: its number, and what follows from being issued (chapter 20 §§2.1, 3 and 8)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, update

from conto import agenda, counters, ledger
from conto.core.days import local_day
from conto.core.numbering import draft_number, number_per_billing_entity, number_per_customer
from conto.db.tables import invoices
from conto.invoices.overdue import OVERDUE
from conto.invoices.store import NO_TOTALS
from conto.jobs import Job
from conto.work import ORGANIZATION, Work

DOCUMENT = "document"
"""The kind of job that makes an invoice's document."""

_SET = update(invoices).where(invoices.c.organization_id == ORGANIZATION, invoices.c.id == bindparam("invoice"))


async def finish(work: Work, invoice: Row[Any], customer: Row[Any], *, event_type: str) -> None:
    """Issue the invoice, or close it where it is over nothing and the zero-amount rule says to skip.

    Its row carries what `conto.invoices.queries.OF_ENTITY` names of its billing entity.
    Closed ones have no webhook, document, payment or number. Nor have those whose taxes are not known yet:
    they are pending until `conto.invoices.pending` takes them up.
    """
    if awaits_taxes(invoice.invoice_type, customer):
        number = draft_number(invoice.entity_document_number_prefix)
        await _set(work, invoice, status="pending", number=number, **NO_TOTALS)
        return
    if invoice.fees_amount_cents == 0 and skips_zero_amounts(customer):
        await _set(work, invoice, status="closed", number=draft_number(invoice.entity_document_number_prefix))
        return
    ledger.post(work, ledger.invoice_issued(invoice))
    if invoice.payment_status != "succeeded":
        await agenda.put(work, OVERDUE, invoice.id, lane=invoice.customer_id, due_at=overdue_from(invoice))
    work.emit(event_type, invoice.id)
    work.enqueue(Job(DOCUMENT, invoice.id, once=True))
    # Counters come last: whoever numbers the next invoice waits from here to the commit.
    await work.send()
    await _number(work, invoice, customer)


def awaits_taxes(invoice_type: str, customer: Row[Any]) -> bool:
    """Whether the taxes of such an invoice depend on a check of the customer's VAT number that is under way.

    Purchases of prepaid credits are never taxed, and `advance_charges` take over their fees' taxes.
    """
    return customer.vies_check_pending and invoice_type not in ("credit", "advance_charges")


def skips_zero_amounts(customer: Row[Any]) -> bool:
    """Whether invoices of the customer whose fees sum to nothing are not issued."""
    if customer.finalize_zero_amount_invoice == "inherit":
        return not customer.entity_finalize_zero_amount_invoice
    return customer.finalize_zero_amount_invoice == "skip"


def overdue_from(invoice: Row[Any]) -> datetime:
    """The instant from which the invoice is overdue: the UTC day after its due date."""
    return datetime.combine(invoice.payment_due_date + timedelta(days=1), time(), UTC)


async def _number(work: Work, invoice: Row[Any], customer: Row[Any]) -> None:
    """Number the invoice as its billing entity does; self-billed ones always per customer."""
    prefix = invoice.entity_document_number_prefix
    sequential_id = await counters.take(work, counters.INVOICES, invoice.billing_entity_id, invoice.customer_id)
    entity_sequential_id = None
    number = number_per_customer(prefix, customer.sequential_id, sequential_id)
    if invoice.entity_document_numbering == "per_billing_entity" and not invoice.self_billed:
        entity_sequential_id = await counters.take(work, counters.BILLING_ENTITY_INVOICES, invoice.billing_entity_id)
        today = local_day(work.now, invoice.entity_timezone)
        number = number_per_billing_entity(prefix, today, entity_sequential_id)
    await _set(
        work,
        invoice,
        status="finalized",
        number=number,
        sequential_id=sequential_id,
        billing_entity_sequential_id=entity_sequential_id,
        finalized_at=work.now,
    )


async def _set(work: Work, invoice: Row[Any], **values: Any) -> None:
    await work.change(_SET, invoice=invoice.id, **values)
