"""Create an organization with its first key and its default billing entity (chapter 10 §2)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from conto.core.numbering import default_prefix
from conto.db.tables import billing_entities, organizations
from conto.ids import new_id
from conto.organizations.keys import create_key
from conto.webhooks.keys import new_hmac_key
from conto.work import Organization, Work, Works


@dataclass(frozen=True, slots=True)
class CreatedOrganization:
    """A new organization and the one moment at which its key can be read."""

    id: UUID
    name: str
    api_key: str
    default_billing_entity_code: str
    frozen_time: datetime | None


async def create_organization(works: Works, name: str, *, frozen_time: datetime | None = None) -> CreatedOrganization:
    """Create an organization; with `frozen_time` it has a test clock, which starts there."""
    organization = Organization(new_id(), name, frozen_time)
    async with works.found(organization) as work:
        entity = entity_defaults(work, organization.id, code_of(name), name)
        await work.execute(
            insert(organizations).values(
                id=organization.id,
                name=name,
                slug=None,
                document_number_prefix=entity["document_number_prefix"],
                hmac_key=new_hmac_key(work.secrets),
                frozen_time=frozen_time,
                created_at=work.now,
                updated_at=work.now,
            )
        )
        await work.execute(insert(billing_entities).values(entity))
        created = await create_key(work, name=None, permissions=None, notice=None)
    return CreatedOrganization(organization.id, name, created.value, entity["code"], frozen_time)


def code_of(name: str) -> str:
    """A code made of a name: lower case, with every run of other characters turned into `_`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def entity_defaults(work: Work, entity_id: UUID, code: str, name: str) -> dict[str, Any]:
    """A billing entity's values where nothing else is said."""
    return {
        "organization_id": work.organization.id,
        "id": entity_id,
        "code": code,
        "name": name,
        "default_currency": "USD",
        "document_locale": "en",
        "document_numbering": "per_customer",
        "document_number_prefix": default_prefix(name, str(entity_id)),
        "finalize_zero_amount_invoice": True,
        "invoice_grace_period": 0,
        "subscription_invoice_issuing_date_anchor": "next_period_start",
        "subscription_invoice_issuing_date_adjustment": "align_with_finalization_date",
        "net_payment_term": 0,
        "timezone": "UTC",
        "email_settings": [],
        "eu_tax_management": False,
        "einvoicing": False,
        "created_at": work.now,
        "updated_at": work.now,
    }
