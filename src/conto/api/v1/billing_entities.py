"""Billing entities (chapter 10 §3)."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from conto.api.endpoint import get, post, put
from conto.api.envelope import Body
from conto.catalog.applied_taxes import shown_by_owner
from conto.catalog.selected_sections import sections_of_entity
from conto.db.tables import billing_entities_taxes
from conto.organizations import billing_entities, logos
from conto.organizations.queries import billing_entities_in_order, billing_entity, default_billing_entity
from conto.schemas.billing_entities import (
    BillingEntityCreateInput,
    BillingEntityObject,
    BillingEntityObjectExtended,
    BillingEntityUpdateInput,
    show_billing_entity,
    show_billing_entity_extended,
)
from conto.work import Work


class BillingEntityAnswer(Struct, kw_only=True, frozen=True):
    """One billing entity, with its taxes."""

    billing_entity: BillingEntityObjectExtended


class CreatedBillingEntityAnswer(Struct, kw_only=True, frozen=True):
    """A new billing entity."""

    billing_entity: BillingEntityObject


class BillingEntitiesAnswer(Struct, kw_only=True, frozen=True):
    """All billing entities."""

    billing_entities: list[BillingEntityObject]


@post("/billing_entities", resource="billing_entity", envelope="billing_entity")
async def create_billing_entity(work: Work, body: Body[BillingEntityCreateInput]) -> CreatedBillingEntityAnswer:
    """Create a billing entity."""
    entity = await billing_entities.create_billing_entity(work, body.read())
    return CreatedBillingEntityAnswer(billing_entity=show_billing_entity(entity, False, logos.link(work, entity)))


@get("/billing_entities", resource="billing_entity")
async def list_billing_entities(work: Work) -> BillingEntitiesAnswer:
    """List all billing entities, oldest first."""
    entities = await billing_entities_in_order(work)
    return BillingEntitiesAnswer(
        billing_entities=[
            show_billing_entity(entity, place == 0, logos.link(work, entity)) for place, entity in enumerate(entities)
        ]
    )


@get("/billing_entities/{code}", resource="billing_entity")
async def get_billing_entity(work: Work, code: str) -> BillingEntityAnswer:
    """Retrieve a billing entity."""
    return await _answer(work, await billing_entity(work, code))


@put("/billing_entities/{code}", resource="billing_entity", envelope="billing_entity")
async def update_billing_entity(work: Work, code: str, body: Body[BillingEntityUpdateInput]) -> BillingEntityAnswer:
    """Update a billing entity; its code cannot change."""
    found = await billing_entity(work, code)
    return await _answer(work, await billing_entities.update_billing_entity(work, found, body.read()))


async def _answer(work: Work, entity: Row[Any]) -> BillingEntityAnswer:
    taxes = await shown_by_owner(work, billing_entities_taxes, "billing_entity_id", [entity.id])
    is_default = (await default_billing_entity(work)).id == entity.id
    sections = await sections_of_entity(work, entity.id)
    shown = show_billing_entity_extended(entity, is_default, logos.link(work, entity), taxes[entity.id], sections)
    return BillingEntityAnswer(billing_entity=shown)
