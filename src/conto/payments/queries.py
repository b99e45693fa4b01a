"""Reads of payments (chapter 70 §2.1). Those of invisible invoices are left out."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from conto.db.tables import customers, invoices, payments
from conto.errors import Invalid, NotFound
from conto.listing import Found, page_of
from conto.schemas.invoices import VISIBLE
from conto.schemas.payments import PaymentFilters
from conto.work import Work


def payment_rows(work: Work) -> Select[Any]:
    """Payments of visible invoices, each with its customer's external id and its invoice's number."""
    return all_payment_rows(work).where(invoices.c.status.in_(VISIBLE))


def all_payment_rows(work: Work) -> Select[Any]:
    """Payments of invoices in any state, each with its customer's external id and its invoice's number."""
    return (
        select(
            payments, customers.c.external_id.label("external_customer_id"), invoices.c.number.label("invoice_number")
        )
        .join(
            customers,
            (customers.c.organization_id == payments.c.organization_id) & (customers.c.id == payments.c.customer_id),
        )
        .join(
            invoices,
            (invoices.c.organization_id == payments.c.organization_id) & (invoices.c.id == payments.c.invoice_id),
        )
        .where(payments.c.organization_id == work.organization.id)
    )


async def payment(work: Work, payment_id: UUID) -> Row[Any]:
    """The payment with this id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(payment_rows(work).where(payments.c.id == payment_id))
    if found is None:
        raise NotFound("payment")
    return found


async def list_payments(
    work: Work, filters: PaymentFilters, *, offset: int, limit: int, customer_id: UUID | None = None
) -> Found:
    """Payments, newest first; of one customer where an id is given.

    Raises:
        Invalid: the filter by invoice is no id.
    """
    statement = payment_rows(work)
    if customer_id is not None:
        statement = statement.where(payments.c.customer_id == customer_id)
    if filters.external_customer_id:
        statement = statement.where(customers.c.external_id == filters.external_customer_id)
    if filters.invoice_id:
        statement = statement.where(payments.c.invoice_id == as_filter(filters.invoice_id))
    return await page_of(
        work, statement.order_by(payments.c.created_at.desc(), payments.c.id), offset=offset, limit=limit
    )


def as_filter(text: str) -> UUID:
    """The id that a filter names."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid({"invoice_id": ["is in invalid format"]}) from None
