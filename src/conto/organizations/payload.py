"""What the activity log shows of billing entities (chapter 72 §3.1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from conto.catalog.applied_taxes import shown_by_owner
from conto.catalog.selected_sections import sections_of_entity
from conto.db.tables import billing_entities, billing_entities_taxes
from conto.errors import NotFound
from conto.organizations import logos
from conto.organizations.queries import default_billing_entity
from conto.schemas.billing_entities import BillingEntityObjectExtended, show_billing_entity_extended
from conto.webhooks.payloads import payload_of
from conto.work import Work


async def extended(work: Work, entity: Row[Any]) -> BillingEntityObjectExtended:
    """A billing entity as it answers for itself."""
    taxes = await shown_by_owner(work, billing_entities_taxes, "billing_entity_id", [entity.id])
    is_default = (await default_billing_entity(work)).id == entity.id
    sections = await sections_of_entity(work, entity.id)
    return show_billing_entity_extended(entity, is_default, logos.link(work, entity), taxes[entity.id], sections)


@payload_of("billing_entity")
async def billing_entity_payload(work: Work, entity_id: UUID, webhook_type: str) -> BillingEntityObjectExtended:
    """The billing entity with its taxes."""
    entity = await work.first(
        select(billing_entities).where(
            billing_entities.c.organization_id == work.organization.id, billing_entities.c.id == entity_id
        )
    )
    if entity is None:
        raise NotFound("billing_entity")
    return await extended(work, entity)
