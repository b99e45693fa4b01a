"""The list of credit notes, with its filters (chapter 61 §6.1)."""

from typing import Any, get_args
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import ColumnElement, String, func, or_

from conto.credits.notes.queries import WITH_INVOICE
from conto.db.tables import credit_notes, customers, invoices
from conto.invoices.listing import SEARCHED
from conto.listing import Found, contains, page_of
from conto.organizations.queries import billing_entity_ids
from conto.schemas.credit_notes import CreditNoteFilters, CreditStatus, Part, Reason, RefundStatus, known
from conto.work import Work

PARTS: dict[str, ColumnElement[bool]] = {part: credit_notes.c[f"{part}_amount_cents"] > 0 for part in get_args(Part)}


async def list_credit_notes(
    work: Work, filters: CreditNoteFilters, *, offset: int, limit: int, customer_id: UUID | None = None
) -> Found:
    """Final credit notes, newest first; of one customer where an id is given.

    Raises:
        NotFound: a billing entity's code names none.
    """
    conditions = [*_words(filters), *_ranges(filters), *_search(filters)]
    if customer_id is not None:
        conditions.append(credit_notes.c.customer_id == customer_id)
    if filters.billing_entity_codes:
        ids = await billing_entity_ids(work, filters.billing_entity_codes)
        conditions.append(invoices.c.billing_entity_id.in_(ids))
    statement = (
        WITH_INVOICE.join(
            customers,
            (customers.c.organization_id == credit_notes.c.organization_id)
            & (customers.c.id == credit_notes.c.customer_id),
        )
        .where(
            credit_notes.c.organization_id == work.organization.id,
            credit_notes.c.status == "finalized",
            *conditions,
        )
        .order_by(credit_notes.c.created_at.desc(), credit_notes.c.id)
    )
    return await page_of(work, statement, offset=offset, limit=limit)


def _words(filters: CreditNoteFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    listed: tuple[tuple[ColumnElement[Any], Any], ...] = (
        (credit_notes.c.reason, known(filters.reason, Reason)),
        (credit_notes.c.credit_status, known(filters.credit_status, CreditStatus)),
        (credit_notes.c.refund_status, known(filters.refund_status, RefundStatus)),
    )
    conditions += [column.in_(words) for column, words in listed if words]
    if parts := known(filters.types, Part):
        conditions.append(or_(*(PARTS[part] for part in parts)))
    exact: tuple[tuple[ColumnElement[Any], Any], ...] = (
        (customers.c.external_id, filters.external_customer_id),
        (credit_notes.c.currency, filters.currency),
        (invoices.c.number, filters.invoice_number),
    )
    conditions += [column == wanted for column, wanted in exact if wanted]
    if filters.purchase_order_number:
        conditions.append(func.lower(invoices.c.purchase_order_number) == filters.purchase_order_number.lower())
    if filters.self_billed is not UNSET:
        conditions.append(invoices.c.self_billed.is_(filters.self_billed))
    return conditions


def _ranges(filters: CreditNoteFilters) -> list[ColumnElement[bool]]:
    bounds: tuple[tuple[ColumnElement[Any], Any, Any], ...] = (
        (credit_notes.c.total_amount_cents, filters.amount_from, filters.amount_to),
        (credit_notes.c.issuing_date, filters.issuing_day_from, filters.issuing_day_to),
    )
    lowest = [column >= first for column, first, _ in bounds if first is not UNSET and first is not None]
    highest = [column <= last for column, _, last in bounds if last is not UNSET and last is not None]
    return [*lowest, *highest]


def _search(filters: CreditNoteFilters) -> list[ColumnElement[bool]]:
    if not filters.search_term or not filters.search_term.strip():
        return []
    searched = (credit_notes.c.id.cast(String), credit_notes.c.number, *(customers.c[name] for name in SEARCHED))
    return [contains(filters.search_term, *searched)]
