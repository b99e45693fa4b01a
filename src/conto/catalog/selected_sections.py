"""The custom sections that billing entities and customers have selected: replaced as a list, read in its order."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    literal,
    select,
    union_all,
)

from conto.core.custom_sections import of_customer
from conto.db.engine import insert_rows
from conto.db.tables import (
    billing_entities_custom_sections,
    customers_custom_sections,
    invoice_custom_sections,
    subscriptions_custom_sections,
)
from conto.ids import new_id
from conto.work import ORGANIZATION, Work

_LIVE = (invoice_custom_sections.c.organization_id == ORGANIZATION, invoice_custom_sections.c.deleted_at.is_(None))
_BY_CODE = select(invoice_custom_sections).where(
    *_LIVE, invoice_custom_sections.c.code == any_(bindparam("codes", type_=ARRAY(Text)))
)


def _selected(links: Table, owner_column: str) -> Select[Any]:
    """The sections that the owner has selected, each with whose selection it is in, and its place there."""
    of_section = (links.c.organization_id == invoice_custom_sections.c.organization_id) & (
        links.c.invoice_custom_section_id == invoice_custom_sections.c.id
    )
    return (
        select(invoice_custom_sections, literal(owner_column).label("level"), links.c.position)
        .join(links, of_section)
        .where(*_LIVE, links.c[owner_column] == bindparam(owner_column, type_=Uuid()))
    )


_OF_ENTITY = _selected(billing_entities_custom_sections, "billing_entity_id").order_by("position")
_OF_SUBSCRIPTION = (
    _selected(subscriptions_custom_sections, "subscription_id")
    .add_columns(
        subscriptions_custom_sections.c.id.label("link_id"),
        subscriptions_custom_sections.c.created_at.label("selected_at"),
    )
    .order_by("position")
)
_LEVELS = union_all(
    _selected(customers_custom_sections, "customer_id"),
    _selected(billing_entities_custom_sections, "billing_entity_id"),
).order_by("position")


def _owned(links: Table, owner: ColumnElement[Any], condition: ColumnElement[bool]) -> Select[Any]:
    """The sections that owners have selected, each with its owner and its place there."""
    of_section = (links.c.organization_id == invoice_custom_sections.c.organization_id) & (
        links.c.invoice_custom_section_id == invoice_custom_sections.c.id
    )
    return (
        select(invoice_custom_sections, owner.label("owner_id"), links.c.position)
        .join(links, of_section)
        .where(*_LIVE, condition)
    )


_FOR_BILLING = union_all(
    _owned(
        subscriptions_custom_sections,
        subscriptions_custom_sections.c.subscription_id,
        subscriptions_custom_sections.c.subscription_id == any_(bindparam("subscription_ids", type_=ARRAY(Uuid))),
    ),
    _owned(
        customers_custom_sections,
        customers_custom_sections.c.customer_id,
        customers_custom_sections.c.customer_id == bindparam("customer_id", type_=Uuid()),
    ),
    _owned(
        billing_entities_custom_sections,
        billing_entities_custom_sections.c.billing_entity_id,
        billing_entities_custom_sections.c.billing_entity_id == bindparam("billing_entity_id", type_=Uuid()),
    ),
).order_by("position")


async def sections_by_code(work: Work, codes: Sequence[str]) -> list[Row[Any]]:
    """The live sections that the codes name, each once, in their order; codes that name none are left out."""
    if not codes:
        return []
    found = {row.code: row for row in await work.rows(_BY_CODE, codes=list(set(codes)))}
    return [found[code] for code in dict.fromkeys(codes) if code in found]


async def sections_of_entity(work: Work, billing_entity_id: UUID) -> Sequence[Row[Any]]:
    """What a billing entity has selected."""
    return await work.rows(_OF_ENTITY, billing_entity_id=billing_entity_id)


async def sections_of_subscription(work: Work, subscription_id: UUID) -> Sequence[Row[Any]]:
    """What a subscription has selected, with the id and the instant of each selection."""
    return await work.rows(_OF_SUBSCRIPTION, subscription_id=subscription_id)


async def sections_for_billing(
    work: Work, customer: Row[Any], subscription_ids: Collection[UUID]
) -> tuple[dict[UUID, list[Row[Any]]], tuple[Row[Any], ...]]:
    """What each of the subscriptions has selected, in its order, and what applies to their customer; one read."""
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    rows = await work.rows(
        _FOR_BILLING,
        subscription_ids=list(subscription_ids),
        customer_id=customer.id,
        billing_entity_id=customer.billing_entity_id,
    )
    for row in rows:
        found[row.owner_id].append(row)
    own, of_entity = found[customer.id], found[customer.billing_entity_id]
    return found, of_customer(customer.skip_invoice_custom_sections, own, of_entity)


async def sections_of_customer(work: Work, customer: Row[Any]) -> tuple[Row[Any], ...]:
    """What applies to a customer, whose row this is: its own selection or its billing entity's, none if it skips."""
    if customer.skip_invoice_custom_sections:
        return ()
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await work.rows(_LEVELS, customer_id=customer.id, billing_entity_id=customer.billing_entity_id):
        found[row.level].append(row)
    return of_customer(False, found["customer_id"], found["billing_entity_id"])


async def select_sections(
    work: Work, links: Table, owner_column: str, owner_id: UUID, codes: Sequence[str]
) -> dict[str, list[list[str]]]:
    """Make the owner's selection the sections that the codes name, in their order; unknown codes are dropped.

    The owner's row is locked, or new. Answers with what changed, as `conto.changes.differences` does.
    """
    removed = await work.rows(
        delete(links)
        .where(links.c.organization_id == work.organization.id, links.c[owner_column] == owner_id)
        .where(
            invoice_custom_sections.c.organization_id == links.c.organization_id,
            invoice_custom_sections.c.id == links.c.invoice_custom_section_id,
        )
        .returning(invoice_custom_sections.c.code, links.c.position)
    )
    selected = await sections_by_code(work, codes)
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            owner_column: owner_id,
            "invoice_custom_section_id": section.id,
            "position": place,
            "created_at": work.now,
        }
        for place, section in enumerate(selected)
    ]
    await insert_rows(work.connection, links, rows)
    before = [row.code for row in sorted(removed, key=lambda row: row.position)]
    after = [section.code for section in selected]
    return {"invoice_custom_section_codes": [before, after]} if before != after else {}
