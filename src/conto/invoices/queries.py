"""Reads of invoices that several use cases share. Only visible invoices are found (chapter 20 §2.1)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Label, Row, Select, Table, Text, Uuid, any_, bindparam, func, literal, select

from conto.clock import system_now
from conto.customers.queries import METADATA, WITH_ENTITY, embedded, owner_locked
from conto.db.nested import Nested, nested
from conto.db.tables import (
    applied_invoice_custom_sections,
    billing_entities,
    credit_notes,
    credits,
    customers,
    fees,
    fees_taxes,
    invoice_metadata,
    invoice_subscriptions,
    invoices,
    invoices_taxes,
    subscriptions,
)
from conto.errors import NotFound
from conto.schemas.credits import show_credit
from conto.schemas.customers import show_customer
from conto.schemas.fees import FeeObject, show_fee
from conto.schemas.invoices import (
    VISIBLE,
    InvoiceObject,
    InvoiceObjectExtended,
    show_billing_period,
    show_invoice,
    show_invoice_extended,
)
from conto.subscriptions.queries import SUBSCRIPTION, called
from conto.subscriptions.show import shown
from conto.work import ORGANIZATION, Work

OF_ENTITY: tuple[Label[Any], ...] = (
    billing_entities.c.code.label("billing_entity_code"),
    billing_entities.c.document_numbering.label("entity_document_numbering"),
    billing_entities.c.document_number_prefix.label("entity_document_number_prefix"),
    billing_entities.c.timezone.label("entity_timezone"),
)
"""What an invoice's row carries of the billing entity that issues it."""

_WITH_ENTITY = select(invoices, *OF_ENTITY).join(
    billing_entities,
    (billing_entities.c.organization_id == invoices.c.organization_id)
    & (billing_entities.c.id == invoices.c.billing_entity_id),
)
BY_ID = _WITH_ENTITY.where(invoices.c.organization_id == ORGANIZATION, invoices.c.id == bindparam("id"))
"""The invoice with an id, in whatever state it is."""

_IS_VISIBLE = invoices.c.status == any_(literal(list(VISIBLE), ARRAY(Text)))
_VISIBLE_BY_ID = BY_ID.where(_IS_VISIBLE)
_VISIBLE_BY_ID_LOCKED = _VISIBLE_BY_ID.with_for_update(key_share=True, of=invoices)
_OWNER_LOCKED = owner_locked(invoices)


def _parts(table: Table, owner: Column[Any]) -> Select[Any]:
    """What the owners named have of a kind, each one's in its order."""
    return (
        select(table)
        .where(table.c.organization_id == ORGANIZATION, owner == any_(bindparam("ids", type_=ARRAY(Uuid))))
        .order_by(owner, table.c.position)
    )


def _its(name: str, table: Table) -> Nested:
    """What an invoice has of a kind, in its order."""
    of_invoice = (table.c.organization_id == invoices.c.organization_id) & (table.c.invoice_id == invoices.c.id)
    return nested(name, select(table).where(of_invoice).correlate(invoices), "position")


_METADATA = _parts(invoice_metadata, invoice_metadata.c.invoice_id)
_SECTIONS = _parts(applied_invoice_custom_sections, applied_invoice_custom_sections.c.invoice_id)
_INVOICE_TAXES = _parts(invoices_taxes, invoices_taxes.c.invoice_id)
_FEE_TAXES = _parts(fees_taxes, fees_taxes.c.fee_id)
_TRUE_UP = fees.alias("true_up")
_OF_FEE: tuple[Label[Any], ...] = (
    customers.c.external_id.label("external_customer_id"),
    subscriptions.c.external_id.label("external_subscription_id"),
    select(_TRUE_UP.c.id)
    .where(_TRUE_UP.c.organization_id == fees.c.organization_id, _TRUE_UP.c.true_up_parent_fee_id == fees.c.id)
    .limit(1)
    .correlate(fees)
    .scalar_subquery()
    .label("true_up_fee_id"),
)
"""What a fee's row carries of its customer, its subscription, and the fee that fills it up."""


def _with_names(rows: Select[Any]) -> Select[Any]:
    """Fees joined with what `_OF_FEE` names."""
    return rows.join(
        customers, (customers.c.organization_id == fees.c.organization_id) & (customers.c.id == fees.c.customer_id)
    ).outerjoin(
        subscriptions,
        (subscriptions.c.organization_id == fees.c.organization_id) & (subscriptions.c.id == fees.c.subscription_id),
    )


_FEES = (
    _with_names(
        select(
            fees,
            *_OF_FEE,
            func.coalesce(invoices.c.self_billed, customers.c.account_type == "partner").label("self_billed"),
        )
    )
    .outerjoin(invoices, (invoices.c.organization_id == fees.c.organization_id) & (invoices.c.id == fees.c.invoice_id))
    .where(fees.c.deleted_at.is_(None))
)
_ITS_TAXES = _its("applied_taxes", invoices_taxes)
_ITS_METADATA = _its("metadata", invoice_metadata)
_ITS_SECTIONS = _its("applied_sections", applied_invoice_custom_sections)
_ITS_FEES = nested(
    "fees",
    _with_names(select(fees, *_OF_FEE, invoices.c.self_billed))
    .where(fees.c.organization_id == invoices.c.organization_id, fees.c.invoice_id == invoices.c.id)
    .correlate(invoices),
    "position",
)
_ITS_PERIODS = nested(
    "billing_periods",
    select(invoice_subscriptions)
    .where(
        invoice_subscriptions.c.organization_id == invoices.c.organization_id,
        invoice_subscriptions.c.invoice_id == invoices.c.id,
    )
    .correlate(invoices),
    "created_at",
    "id",
)
_ITS_SUBSCRIPTIONS = nested(
    "subscriptions",
    SUBSCRIPTION.join(
        invoice_subscriptions,
        (invoice_subscriptions.c.organization_id == subscriptions.c.organization_id)
        & (invoice_subscriptions.c.subscription_id == subscriptions.c.id),
    )
    .where(
        invoice_subscriptions.c.organization_id == invoices.c.organization_id,
        invoice_subscriptions.c.invoice_id == invoices.c.id,
    )
    .correlate(invoices),
    "id",
)
_CREDITED_INVOICES = invoices.alias("credited_invoices")
_ITS_CREDITS = nested(
    "credits",
    select(
        credits,
        credit_notes.c.number.label("item_code"),
        _CREDITED_INVOICES.c.number.label("item_name"),
        credit_notes.c.description.label("item_description"),
    )
    .join(
        credit_notes,
        (credit_notes.c.organization_id == credits.c.organization_id) & (credit_notes.c.id == credits.c.credit_note_id),
    )
    .join(
        _CREDITED_INVOICES,
        (_CREDITED_INVOICES.c.organization_id == credit_notes.c.organization_id)
        & (_CREDITED_INVOICES.c.id == credit_notes.c.invoice_id),
    )
    .where(
        credits.c.organization_id == invoices.c.organization_id,
        credits.c.invoice_id == invoices.c.id,
        credits.c.given_back_at.is_(None),
    )
    .correlate(invoices),
    "position",
)
_ITS_CUSTOMER = nested(
    "customer",
    WITH_ENTITY.add_columns(METADATA.column)
    .where(customers.c.organization_id == invoices.c.organization_id, customers.c.id == invoices.c.customer_id)
    .correlate(invoices),
    "id",
)
_WHOLE = BY_ID.add_columns(
    _ITS_CUSTOMER.column,
    _ITS_METADATA.column,
    _ITS_TAXES.column,
    _ITS_SECTIONS.column,
    _ITS_FEES.column,
    _ITS_PERIODS.column,
    _ITS_SUBSCRIPTIONS.column,
    _ITS_CREDITS.column,
)
_VISIBLE_WHOLE = _WHOLE.where(_IS_VISIBLE)


def with_entity(work: Work) -> Select[Any]:
    """Invoices of the organization, each with what its row carries of its billing entity."""
    return _WITH_ENTITY.where(invoices.c.organization_id == work.organization.id)


async def invoice(work: Work, invoice_id: UUID) -> Row[Any]:
    """The visible invoice with this id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(_VISIBLE_BY_ID, id=invoice_id)
    if found is None:
        raise NotFound("invoice")
    return found


async def lock(work: Work, invoice_id: UUID) -> Row[Any]:
    """The visible invoice, with its customer's row and its own locked, in that order, for a billing action.

    Raises:
        NotFound: there is none.
    """
    await work.change(_OWNER_LOCKED, id=invoice_id)
    found = await work.first(_VISIBLE_BY_ID_LOCKED, id=invoice_id)
    if found is None:
        raise NotFound("invoice")
    return found


async def applied_taxes_of(work: Work, invoice_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The taxes on each invoice, in the order in which its fees brought them."""
    return await _by_invoice(work, _INVOICE_TAXES, invoice_ids)


def fee_rows(work: Work) -> Select[Any]:
    """Fees of the organization, with their customer's external id and whether they are self-billed."""
    return _FEES.where(fees.c.organization_id == work.organization.id)


async def fees_with_taxes(work: Work, rows: Sequence[Row[Any]]) -> list[FeeObject]:
    """Fees as they answer for themselves, with the taxes on each."""
    taxes = await work.rows(_FEE_TAXES, ids=[row.id for row in rows])
    by_fee: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for tax in taxes:
        by_fee[tax.fee_id].append(tax)
    return [show_fee(row, by_fee[row.id]) for row in rows]


async def listed(work: Work, rows: Sequence[Row[Any]]) -> list[InvoiceObject]:
    """Invoices as lists show them."""
    if not rows:
        return []
    customers_by_id = await embedded(work, {row.customer_id for row in rows})
    ids = [row.id for row in rows]
    taxes = await applied_taxes_of(work, ids)
    now = system_now()
    metadata = await metadata_of(work, ids)
    sections = await sections_on(work, ids)
    return [
        show_invoice(
            row, customers_by_id[row.customer_id], metadata[row.id], taxes[row.id], sections[row.id], work.files, now
        )
        for row in rows
    ]


async def metadata_of(work: Work, invoice_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The metadata of each invoice, in order of creation."""
    return await _by_invoice(work, _METADATA, invoice_ids)


async def sections_on(work: Work, invoice_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The custom sections of each invoice, in their order."""
    return await _by_invoice(work, _SECTIONS, invoice_ids)


async def _by_invoice(work: Work, statement: Select[Any], invoice_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in await work.rows(statement, ids=list(invoice_ids)):
        found[row.invoice_id].append(row)
    return found


async def extended(work: Work, invoice_id: UUID) -> InvoiceObjectExtended:
    """The visible invoice with this id, as it answers for itself.

    Raises:
        NotFound: there is none.
    """
    return _shown_whole(work, await work.first(_VISIBLE_WHOLE, id=invoice_id))


async def extended_in_any_state(work: Work, invoice_id: UUID) -> InvoiceObjectExtended:
    """An invoice as it answers for itself, visible or not: the answer to the call that made it.

    Raises:
        NotFound: there is none.
    """
    return _shown_whole(work, await work.first(_WHOLE, id=invoice_id))


def _shown_whole(work: Work, row: Row[Any] | None) -> InvoiceObjectExtended:
    if row is None:
        raise NotFound("invoice")
    (customer,) = _ITS_CUSTOMER.of(row)
    billed = {found.id: found for found in _ITS_SUBSCRIPTIONS.of(row)}
    periods = sorted(_ITS_PERIODS.of(row), key=lambda each: called(billed[each.subscription_id]))
    return show_invoice_extended(
        row,
        show_customer(customer, METADATA.of(customer)),
        _ITS_METADATA.of(row),
        _ITS_TAXES.of(row),
        _ITS_SECTIONS.of(row),
        [show_fee(fee) for fee in _ITS_FEES.of(row)],
        [shown(work, billed[each.subscription_id]) for each in periods],
        [show_billing_period(each, billed[each.subscription_id]) for each in periods],
        [show_credit(credit, row) for credit in _ITS_CREDITS.of(row)],
        work.files,
        system_now(),
    )
