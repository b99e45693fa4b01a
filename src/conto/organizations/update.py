"""Update the organization; most of it is a setting of the default billing entity (chapter 10 §2)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, update

from conto.changes import differences, given
from conto.db.tables import organizations
from conto.organizations.billing_entities import (
    change_entity,
    lock_entity,
    refuse_settings_of_elsewhere,
    upper_cased_prefix,
)
from conto.organizations.queries import default_billing_entity
from conto.schemas.organizations import OrganizationUpdateInput
from conto.webhooks.endpoints import replace_first
from conto.work import Work


async def update_organization(work: Work, data: OrganizationUpdateInput) -> tuple[Row[Any], Row[Any]]:
    """Change what is given of the organization and its default billing entity; both as they are then.

    Both prefixes change together: the organization's forms the names of new customers, the entity's
    the numbers of documents.

    Raises:
        Invalid: the entity's e-invoices or EU VAT management do not exist in the new country, or the slug is
            another organization's (the unique index tells: other organizations' rows cannot be seen).
    """
    entity = await lock_entity(work, await default_billing_entity(work))
    values = upper_cased_prefix(given(data, without=("webhook_url", "billing_configuration", "slug", "issue_receipts")))
    if data.billing_configuration is not UNSET:
        values |= given(data.billing_configuration)
    if "document_numbering" in values and values["document_numbering"] == "per_organization":
        values["document_numbering"] = "per_billing_entity"
    refuse_settings_of_elsewhere(dict(entity._mapping) | values)
    changed_entity = await change_entity(work, entity, values)
    work.emit("billing_entities.updated", entity.id, changes=differences(entity, values))

    own: dict[str, Any] = {"updated_at": work.now}
    if "document_number_prefix" in values:
        own["document_number_prefix"] = values["document_number_prefix"]
    if data.slug is not UNSET:
        own["slug"] = data.slug.lower() if data.slug else None
    if data.issue_receipts is not UNSET:
        own["issue_receipts"] = data.issue_receipts
    changed = await work.one(
        update(organizations).where(organizations.c.id == work.organization.id).values(own).returning(organizations)
    )
    if data.webhook_url:
        await replace_first(work, data.webhook_url)
    return changed, changed_entity
