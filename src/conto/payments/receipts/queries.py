"""Reads of payment receipts (chapter 70 §8). Those of invisible invoices are left out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from conto.clock import system_now
from conto.db.tables import invoices, payment_receipts, payment_receipts_invoices, payments
from conto.errors import NotFound
from conto.listing import Found, page_of
from conto.payments.queries import all_payment_rows, as_filter
from conto.schemas.invoices import VISIBLE
from conto.schemas.payment_receipts import PaymentReceiptFilters, PaymentReceiptObject, show_payment_receipt
from conto.schemas.payments import show_payment
from conto.work import Work


def receipt_rows(work: Work) -> Select[Any]:
    """All receipts of the organization."""
    return select(payment_receipts).where(payment_receipts.c.organization_id == work.organization.id)


def line_rows(work: Work) -> Select[Any]:
    """What receipts say of invoices, with each invoice's number and day of issue, in the receipt's order."""
    return (
        select(payment_receipts_invoices, invoices.c.number, invoices.c.issuing_date)
        .join(
            invoices,
            (invoices.c.organization_id == payment_receipts_invoices.c.organization_id)
            & (invoices.c.id == payment_receipts_invoices.c.invoice_id),
        )
        .where(payment_receipts_invoices.c.organization_id == work.organization.id)
        .order_by(payment_receipts_invoices.c.payment_receipt_id, payment_receipts_invoices.c.position)
    )


def _visible(work: Work, invoice_id: UUID | None = None) -> Select[Any]:
    """Receipts that tell of a visible invoice; of one invoice where an id is given."""
    lines = line_rows(work).where(invoices.c.status.in_(VISIBLE)).order_by(None)
    if invoice_id is not None:
        lines = lines.where(payment_receipts_invoices.c.invoice_id == invoice_id)
    return receipt_rows(work).where(
        payment_receipts.c.id.in_(lines.with_only_columns(payment_receipts_invoices.c.payment_receipt_id))
    )


async def payment_receipt(work: Work, receipt_id: UUID) -> Row[Any]:
    """The receipt with this id.

    Raises:
        NotFound: there is none; the resource is named as chapter 01 §3.2 wants it.
    """
    found = await work.first(_visible(work).where(payment_receipts.c.id == receipt_id))
    if found is None:
        raise NotFound("invoice")
    return found


async def list_payment_receipts(work: Work, filters: PaymentReceiptFilters, *, offset: int, limit: int) -> Found:
    """Receipts, newest first.

    Raises:
        Invalid: the filter by invoice is no id.
    """
    statement = _visible(work, as_filter(filters.invoice_id) if filters.invoice_id else None)
    ordered = statement.order_by(payment_receipts.c.created_at.desc(), payment_receipts.c.id)
    return await page_of(work, ordered, offset=offset, limit=limit)


async def shown(work: Work, receipts: Sequence[Row[Any]]) -> list[PaymentReceiptObject]:
    """Receipts as the API and webhooks show them, each with its payment."""
    if not receipts:
        return []
    paid = await work.rows(all_payment_rows(work).where(payments.c.id.in_([row.payment_id for row in receipts])))
    by_id = {row.id: show_payment(row) for row in paid}
    now = system_now()
    return [show_payment_receipt(row, by_id[row.payment_id], work.files, now) for row in receipts]
