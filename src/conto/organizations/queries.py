"""Reads of organizations and billing entities that several use cases share."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from conto.db.tables import billing_entities, organizations
from conto.errors import NotFound
from conto.work import Work

ORIGINAL_FIRST = billing_entities.c.id != billing_entities.c.organization_id
"""The entity that came with the organization has its id; on a frozen clock others are as old."""


async def organization(work: Work) -> Row[Any]:
    """The organization of the unit of work."""
    return await work.one(select(organizations).where(organizations.c.id == work.organization.id))


async def lock_organization(work: Work) -> None:
    """Have others that want this lock wait until the transaction's end."""
    await work.execute(
        select(organizations.c.id).where(organizations.c.id == work.organization.id).with_for_update(key_share=True)
    )


async def billing_entities_in_order(work: Work) -> Sequence[Row[Any]]:
    """The active billing entities, oldest first; the first is the default one."""
    return await work.rows(
        select(billing_entities)
        .where(billing_entities.c.organization_id == work.organization.id, billing_entities.c.archived_at.is_(None))
        .order_by(billing_entities.c.created_at, ORIGINAL_FIRST, billing_entities.c.id)
    )


async def default_billing_entity(work: Work) -> Row[Any]:
    """The oldest active billing entity; an organization always has one."""
    return (await billing_entities_in_order(work))[0]


async def billing_entity(work: Work, code: str) -> Row[Any]:
    """The active billing entity with this code.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(
        select(billing_entities).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.code == code,
            billing_entities.c.archived_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("billing_entity")
    return found


async def billing_entity_by_id(work: Work, entity_id: UUID) -> Row[Any]:
    """The billing entity with this id of ours, active or not, which something of the organization names."""
    return await work.one(
        select(billing_entities).where(
            billing_entities.c.organization_id == work.organization.id, billing_entities.c.id == entity_id
        )
    )


async def billing_entity_ids(work: Work, codes: Sequence[str]) -> list[UUID]:
    """The ids of the active billing entities with these codes, for filters of lists.

    Raises:
        NotFound: one of the codes names none.
    """
    wanted = set(codes)
    found = await work.rows(
        select(billing_entities.c.id, billing_entities.c.code).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.code.in_(wanted),
            billing_entities.c.archived_at.is_(None),
        )
    )
    if len(found) != len(wanted):
        raise NotFound("billing_entity")
    return [row.id for row in found]
