"""Billing entities (chapter 10 §3)."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from conto.api.endpoint import get, post, put
from conto.api.envelope import Body
from conto.organizations import billing_entities, logos
from conto.organizations.payload import extended
from conto.organizations.queries import billing_entities_in_order, billing_entity
from conto.schemas.billing_entities import (
    BillingEntityCreateInput,
    BillingEntityObject,
    BillingEntityObjectExtended,
    BillingEntityUpdateInput,
    show_billing_entity,
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
    return BillingEntityAnswer(billing_entity=await extended(work, entity))
