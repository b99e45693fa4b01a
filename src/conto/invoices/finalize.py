"""Make an invoice final: its number, and what follows from being issued (chapter 20 §§2.1, 3 and 8)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from conto import agenda, counters, ledger
from conto.clock import local_day
from conto.core.numbering import draft_number, number_per_billing_entity, number_per_customer
from conto.db.tables import billing_entities, invoices
from conto.invoices.overdue import OVERDUE
from conto.jobs import Job
from conto.work import Work

DOCUMENT = "document"
"""The kind of job that makes an invoice's document."""


async def finish(work: Work, invoice: Row[Any], customer: Row[Any], *, event_type: str) -> None:
    """Issue the invoice, or close it where it is over nothing and the zero-amount rule says to skip.

    Closed ones have no webhook, document, payment or number.
    """
    entity = await _entity(work, invoice)
    if invoice.fees_amount_cents == 0 and skips_zero_amounts(customer):
        await _set(work, invoice, status="closed", number=draft_number(entity.document_number_prefix))
        return
    await ledger.post(work, ledger.invoice_issued(invoice))
    if invoice.payment_status != "succeeded":
        await agenda.put(work, OVERDUE, invoice.id, lane=invoice.customer_id, due_at=overdue_from(invoice))
    work.emit(event_type, invoice.id)
    work.enqueue(Job(DOCUMENT, invoice.id, once=True))
    # Counters come last: whoever numbers the next invoice waits from here to the commit.
    await work.send()
    await _number(work, invoice, customer, entity)


def skips_zero_amounts(customer: Row[Any]) -> bool:
    """Whether invoices of the customer whose fees sum to nothing are not issued."""
    if customer.finalize_zero_amount_invoice == "inherit":
        return not customer.entity_finalize_zero_amount_invoice
    return customer.finalize_zero_amount_invoice == "skip"


def overdue_from(invoice: Row[Any]) -> datetime:
    """The instant from which the invoice is overdue: the UTC day after its due date."""
    return datetime.combine(invoice.payment_due_date + timedelta(days=1), time(), UTC)


async def _entity(work: Work, invoice: Row[Any]) -> Row[Any]:
    return await work.one(
        select(
            billing_entities.c.document_numbering,
            billing_entities.c.document_number_prefix,
            billing_entities.c.timezone,
        ).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.id == invoice.billing_entity_id,
        )
    )


async def _number(work: Work, invoice: Row[Any], customer: Row[Any], entity: Row[Any]) -> None:
    """Number the invoice as its billing entity does at this moment; self-billed ones always per customer."""
    sequential_id = await counters.take(work, counters.INVOICES, invoice.billing_entity_id, invoice.customer_id)
    entity_sequential_id = None
    number = number_per_customer(entity.document_number_prefix, customer.sequential_id, sequential_id)
    if entity.document_numbering == "per_billing_entity" and not invoice.self_billed:
        entity_sequential_id = await counters.take(work, counters.BILLING_ENTITY_INVOICES, invoice.billing_entity_id)
        number = number_per_billing_entity(
            entity.document_number_prefix, local_day(work.now, entity.timezone), entity_sequential_id
        )
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
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(values)
    )
