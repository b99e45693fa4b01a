"""Reads of customers that several use cases share."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Table, Uuid, any_, bindparam, select

from conto.catalog.applied_taxes import shown_by_owner
from conto.catalog.selected_sections import sections_of_customer
from conto.db.nested import nested
from conto.db.tables import billing_entities, customer_error_details, customer_metadata, customers, customers_taxes
from conto.errors import NotFound
from conto.schemas.customers import (
    CustomerObject,
    CustomerObjectExtended,
    CustomerObjectListed,
    show_customer,
    show_customer_extended,
    show_customer_listed,
)
from conto.work import ORGANIZATION, Work

WITH_ENTITY = select(
    customers,
    billing_entities.c.code.label("billing_entity_code"),
    billing_entities.c.timezone.label("entity_timezone"),
    billing_entities.c.net_payment_term.label("entity_net_payment_term"),
    billing_entities.c.invoice_grace_period.label("entity_invoice_grace_period"),
    billing_entities.c.subscription_invoice_issuing_date_anchor.label("entity_issuing_date_anchor"),
    billing_entities.c.subscription_invoice_issuing_date_adjustment.label("entity_issuing_date_adjustment"),
    billing_entities.c.document_locale.label("entity_document_locale"),
    billing_entities.c.finalize_zero_amount_invoice.label("entity_finalize_zero_amount_invoice"),
    billing_entities.c.eu_tax_management.label("entity_eu_tax_management"),
    billing_entities.c.country.label("entity_country"),
).join(
    billing_entities,
    (billing_entities.c.organization_id == customers.c.organization_id)
    & (billing_entities.c.id == customers.c.billing_entity_id),
)
"""Customers, each with what it inherits from its billing entity."""

METADATA = nested(
    "metadata",
    select(customer_metadata)
    .where(
        customer_metadata.c.organization_id == customers.c.organization_id,
        customer_metadata.c.customer_id == customers.c.id,
    )
    .correlate(customers),
    "created_at",
    "position",
)
"""The metadata of a customer, in order of creation."""

_OF_ORGANIZATION = WITH_ENTITY.where(customers.c.organization_id == ORGANIZATION)
_BY_EXTERNAL_ID = _OF_ORGANIZATION.where(
    customers.c.external_id == bindparam("external_id"), customers.c.deleted_at.is_(None)
)
_BY_EXTERNAL_ID_LOCKED = _BY_EXTERNAL_ID.with_for_update(key_share=True, of=customers)
_BY_ID = _OF_ORGANIZATION.where(customers.c.id == bindparam("id"))
_BY_ID_LOCKED = _BY_ID.with_for_update(key_share=True, of=customers)
_EMBEDDED = _OF_ORGANIZATION.add_columns(METADATA.column).where(
    customers.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)
_METADATA = (
    select(customer_metadata)
    .where(
        customer_metadata.c.organization_id == ORGANIZATION,
        customer_metadata.c.customer_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    )
    .order_by(customer_metadata.c.created_at, customer_metadata.c.position)
)
_ERRORS = (
    select(customer_error_details)
    .where(
        customer_error_details.c.organization_id == ORGANIZATION,
        customer_error_details.c.customer_id == bindparam("id"),
    )
    .order_by(customer_error_details.c.created_at, customer_error_details.c.id)
)


def owner_locked(table: Table) -> Select[Any]:
    """The customer whose the row `id` of the table is, locked for a billing action before that row is."""
    return (
        select(customers.c.id)
        .where(
            customers.c.organization_id == ORGANIZATION,
            customers.c.id
            == select(table.c.customer_id)
            .where(table.c.organization_id == ORGANIZATION, table.c.id == bindparam("id"))
            .scalar_subquery(),
        )
        .with_for_update(key_share=True)
    )


def with_entity(work: Work) -> Select[Any]:
    """Customers of the organization, each with what it inherits from its billing entity."""
    return WITH_ENTITY.where(customers.c.organization_id == work.organization.id)


async def customer(work: Work, external_id: str, *, lock: bool = False) -> Row[Any]:
    """The customer with this external id, locked for a billing action where that is asked for.

    Raises:
        NotFound: there is none that is not deleted.
    """
    found = await work.first(_BY_EXTERNAL_ID_LOCKED if lock else _BY_EXTERNAL_ID, external_id=external_id)
    if found is None:
        raise NotFound("customer")
    return found


async def metadata_of(work: Work, customer_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The metadata of each customer, in order of creation."""
    rows = await work.rows(_METADATA, ids=list(customer_ids))
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(row)
    return found


async def embedded(work: Work, customer_ids: Iterable[UUID]) -> dict[UUID, CustomerObject]:
    """Customers as invoices embed them, deleted ones too."""
    rows = await work.rows(_EMBEDDED, ids=list(customer_ids))
    return {row.id: show_customer(row, METADATA.of(row)) for row in rows}


async def listed(work: Work, rows: Sequence[Row[Any]]) -> list[CustomerObjectListed]:
    """Customers as lists show them."""
    ids = [row.id for row in rows]
    metadata = await metadata_of(work, ids)
    taxes = await shown_by_owner(work, customers_taxes, "customer_id", ids)
    return [show_customer_listed(row, metadata[row.id], taxes[row.id]) for row in rows]


async def extended(work: Work, row: Row[Any]) -> CustomerObjectExtended:
    """A customer as it answers for itself."""
    metadata = await metadata_of(work, [row.id])
    taxes = await shown_by_owner(work, customers_taxes, "customer_id", [row.id])
    errors = await work.rows(_ERRORS, id=row.id)
    sections = await sections_of_customer(work, row)
    return show_customer_extended(row, metadata[row.id], taxes[row.id], sections, errors)


async def customer_by_id(work: Work, customer_id: UUID, *, lock: bool = False) -> Row[Any]:
    """The customer with this id of ours, deleted or not, locked for a billing action where that is asked for.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(_BY_ID_LOCKED if lock else _BY_ID, id=customer_id)
    if found is None:
        raise NotFound("customer")
    return found
