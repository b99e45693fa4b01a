"""Issue the receipt of a payment that succeeded (chapter 70 §8)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select

from conto import counters
from conto.core.numbering import receipt_number
from conto.db.engine import insert_rows
from conto.db.tables import (
    customers,
    invoices,
    organizations,
    payment_receipts,
    payment_receipts_invoices,
    payments,
)
from conto.ids import new_id
from conto.jobs import Job
from conto.schemas.invoices import due_cents
from conto.work import ORGANIZATION, Work

DOCUMENT = "receipt_document"
"""The kind of job that makes a receipt's document."""

_OF_PAYMENT = (
    select(payment_receipts.c.id)
    .where(payment_receipts.c.organization_id == ORGANIZATION, payment_receipts.c.payment_id == bindparam("payment"))
    .scalar_subquery()
)
_TERMS = (
    select(
        organizations.c.issue_receipts,
        customers.c.slug,
        customers.c.account_type,
        _OF_PAYMENT.label("receipt_id"),
    )
    .join(customers, customers.c.organization_id == organizations.c.id)
    .where(organizations.c.id == ORGANIZATION, customers.c.id == bindparam("customer"))
)
_PAID = (
    select(invoices)
    .join(
        payments, (payments.c.organization_id == invoices.c.organization_id) & (payments.c.invoice_id == invoices.c.id)
    )
    .where(invoices.c.organization_id == ORGANIZATION, payments.c.id == bindparam("payment"))
)


async def issue(work: Work, payment: Row[Any]) -> UUID | None:
    """The payment's receipt, issued here unless it was before; None where there is none to be.

    The payment has succeeded and is written, its customer locked. This comes last in the unit of work, since it
    takes the customer's next number. What the receipt says of the invoices is as they are now.
    """
    terms = await work.one(_TERMS, payment=payment.id, customer=payment.customer_id)
    if terms.receipt_id is not None:
        return terms.receipt_id
    if not terms.issue_receipts or terms.account_type == "partner":
        return None
    paid = await work.rows(_PAID, payment=payment.id)
    receipt_id = new_id()
    work.emit("payment_receipt.created", receipt_id)
    work.enqueue(Job(DOCUMENT, receipt_id, once=True))
    await work.send()
    sequential_id = await counters.take(work, counters.PAYMENT_RECEIPTS, payment.customer_id)
    await work.execute(
        insert(payment_receipts).values(
            organization_id=work.organization.id,
            id=receipt_id,
            payment_id=payment.id,
            customer_id=payment.customer_id,
            billing_entity_id=paid[0].billing_entity_id,
            sequential_id=sequential_id,
            number=receipt_number(terms.slug, sequential_id),
            created_at=work.now,
            updated_at=work.now,
        )
    )
    await _store_lines(work, receipt_id, paid)
    return receipt_id


async def _store_lines(work: Work, receipt_id: UUID, paid: Sequence[Row[Any]]) -> None:
    """What each invoice was over, what has been paid of it so far, and what is left to pay."""
    await insert_rows(
        work.connection,
        payment_receipts_invoices,
        [
            {
                "organization_id": work.organization.id,
                "id": new_id(),
                "payment_receipt_id": receipt_id,
                "invoice_id": invoice.id,
                "position": position,
                "total_amount_cents": invoice.total_amount_cents,
                "paid_amount_cents": invoice.total_paid_amount_cents,
                "due_amount_cents": due_cents(invoice),
            }
            for position, invoice in enumerate(paid)
        ],
    )
