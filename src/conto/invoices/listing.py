"""The lists of invoices and of fees, with their filters (chapter 20 §7.2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import ColumnElement, Select, String, and_, exists, func, or_, select

from conto import metadata
from conto.db.tables import billable_metrics, customers, fees, invoice_metadata, invoices, payments, subscriptions
from conto.invoices.queries import fee_rows, with_entity
from conto.listing import Found, contains, page_of
from conto.organizations.queries import billing_entity_ids
from conto.schemas.invoice_filters import FeeFilters, InvoiceFilters
from conto.schemas.invoices import VISIBLE
from conto.work import Work


async def list_invoices(
    work: Work, filters: InvoiceFilters, *, offset: int, limit: int, customer_id: UUID | None = None
) -> Found:
    """Visible invoices by issuing date, then creation, newest first; of one customer where an id is given.

    Raises:
        NotFound: a billing entity's code names none.
    """
    statement = with_entity(work).join(
        customers,
        (customers.c.organization_id == invoices.c.organization_id) & (customers.c.id == invoices.c.customer_id),
    )
    conditions = [*_states(filters), *_amounts_and_dates(filters), *_words(filters, customer_id)]
    if customer_id is not None:
        conditions.append(invoices.c.customer_id == customer_id)
    conditions += metadata.matching(work, invoice_metadata, "invoice_id", invoices.c.id, filters.metadata or {})
    if filters.billing_entity_codes:
        ids = await billing_entity_ids(work, filters.billing_entity_codes)
        conditions.append(invoices.c.billing_entity_id.in_(ids))
    ordered = statement.where(*conditions).order_by(
        invoices.c.issuing_date.desc(), invoices.c.created_at.desc(), invoices.c.id
    )
    return await page_of(work, ordered, offset=offset, limit=limit)


def _states(filters: InvoiceFilters) -> list[ColumnElement[bool]]:
    wanted = filters.statuses or filters.status or VISIBLE
    conditions: list[ColumnElement[bool]] = [invoices.c.status.in_([state for state in wanted if state in VISIBLE])]
    if payment := filters.payment_statuses or filters.payment_status:
        conditions.append(invoices.c.payment_status.in_(payment))
    if filters.payment_overdue is not UNSET:
        conditions.append(invoices.c.payment_overdue.is_(filters.payment_overdue))
    if filters.self_billed is not UNSET:
        conditions.append(invoices.c.self_billed.is_(filters.self_billed))
    if filters.payment_dispute_lost is not UNSET:
        lost = invoices.c.payment_dispute_lost_at.is_not(None)
        conditions.append(lost if filters.payment_dispute_lost else ~lost)
    if filters.partially_paid is not UNSET:
        paid, total = invoices.c.total_paid_amount_cents, invoices.c.total_amount_cents
        partly = and_(paid > 0, paid < total)
        conditions.append(partly if filters.partially_paid else ~partly)
    if filters.settlements:
        conditions.append(or_(*(SETTLED[way]() for way in filters.settlements)))
    if filters.invoice_type:
        conditions.append(invoices.c.invoice_type == filters.invoice_type)
    return conditions


def _has_payment() -> ColumnElement[bool]:
    return exists().where(
        payments.c.organization_id == invoices.c.organization_id,
        payments.c.invoice_id == invoices.c.id,
        payments.c.payment_status == "succeeded",
    )


def _has_offset() -> ColumnElement[bool]:
    return invoices.c.total_offsetted_credit_note_amount_cents > 0


SETTLED: Mapping[str, Callable[[], ColumnElement[bool]]] = {"payment": _has_payment, "credit_note": _has_offset}
"""What shows that an invoice was settled in each way, wholly or in part."""


def _amounts_and_dates(filters: InvoiceFilters) -> list[ColumnElement[bool]]:
    bounds = (
        (invoices.c.total_amount_cents, filters.amount_from, filters.amount_to),
        (invoices.c.issuing_date, filters.issuing_day_from, filters.issuing_day_to),
    )
    conditions: list[ColumnElement[bool]] = []
    for column, lowest, highest in bounds:
        if lowest is not UNSET and lowest is not None:
            conditions.append(column >= lowest)
        if highest is not UNSET and highest is not None:
            conditions.append(column <= highest)
    return conditions


def _words(filters: InvoiceFilters, customer_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    external_id = filters.external_customer_id or filters.customer_external_id
    if external_id:
        conditions.append(customers.c.external_id == external_id)
    if filters.currency:
        conditions.append(invoices.c.currency == filters.currency)
    if filters.purchase_order_number:
        conditions.append(func.lower(invoices.c.purchase_order_number) == filters.purchase_order_number.lower())
    if filters.search_term and filters.search_term.strip():
        of_customer = [] if customer_id or external_id else [customers.c[name] for name in SEARCHED]
        conditions.append(
            or_(
                contains(filters.search_term, invoices.c.number, *of_customer),
                invoices.c.id.cast(String) == filters.search_term.strip().lower(),
            )
        )
    return conditions


SEARCHED: Sequence[str] = ("name", "firstname", "lastname", "external_id", "email")


async def list_fees(work: Work, filters: FeeFilters, *, offset: int, limit: int) -> Found:
    """Fees with or without an invoice, whatever its state, oldest first."""
    statement: Select[Any] = fee_rows(work)
    if filters.external_customer_id:
        statement = statement.where(customers.c.external_id == filters.external_customer_id)
    if filters.external_subscription_id:
        statement = statement.where(subscriptions.c.external_id == filters.external_subscription_id)
    if filters.billable_metric_code:
        statement = statement.where(fees.c.billable_metric_id.in_(_metric_ids(work, filters.billable_metric_code)))
    if filters.event_transaction_id:
        statement = statement.where(fees.c.event_transaction_id == filters.event_transaction_id)
    if filters.fee_type:
        statement = statement.where(fees.c.fee_type == filters.fee_type)
    if filters.payment_status:
        statement = statement.where(fees.c.payment_status == filters.payment_status)
    if filters.currency:
        statement = statement.where(fees.c.currency == filters.currency.upper())
    for column, first, last in (
        (fees.c.created_at, filters.created_at_from, filters.created_at_to),
        (fees.c.succeeded_at, filters.succeeded_at_from, filters.succeeded_at_to),
        (fees.c.failed_at, filters.failed_at_from, filters.failed_at_to),
        (fees.c.refunded_at, filters.refunded_at_from, filters.refunded_at_to),
    ):
        if first:
            statement = statement.where(column >= first)
        if last:
            statement = statement.where(column <= last)
    ordered = statement.order_by(fees.c.created_at, fees.c.invoice_id, fees.c.position, fees.c.id)
    return await page_of(work, ordered, offset=offset, limit=limit)


def _metric_ids(work: Work, code: str) -> Select[Any]:
    """The metrics that have or had the code: fees keep theirs when it is deleted."""
    return select(billable_metrics.c.id).where(
        billable_metrics.c.organization_id == work.organization.id, billable_metrics.c.code == code
    )
