"""Create, change, delete and read taxes (chapter 10 §5.1)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, delete, insert, select, update

from conto.catalog.applied_taxes import link_taxes
from conto.changes import given
from conto.db.tables import (
    add_ons_taxes,
    billing_entities_taxes,
    charges_taxes,
    customers_taxes,
    fixed_charges_taxes,
    minimum_commitments_taxes,
    plans_taxes,
    taxes,
)
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.invoices.stale import refresh_drafts_with_tax
from conto.organizations.queries import default_billing_entity
from conto.schemas.taxes import TaxCreateInput, TaxUpdateInput
from conto.work import Work


async def tax(work: Work, code: str) -> Row[Any]:
    """The live tax with this code.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(
        select(taxes).where(
            taxes.c.organization_id == work.organization.id, taxes.c.code == code, taxes.c.deleted_at.is_(None)
        )
    )
    if found is None:
        raise NotFound("tax")
    return found


async def create_tax(work: Work, data: TaxCreateInput) -> Row[Any]:
    """Create a tax; with `applied_to_organization` the default billing entity has it.

    Raises:
        Invalid: the code is taken.
    """
    await refuse_taken_code(work, data.code)
    created = await work.one(
        insert(taxes)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            code=data.code,
            name=data.name,
            rate=data.rate,
            description=None if data.description is UNSET else data.description,
            auto_generated=False,
            created_at=work.now,
            updated_at=work.now,
        )
        .returning(taxes)
    )
    if data.applied_to_organization is True:
        await apply_to_default_entity(work, created)
    return created


async def update_tax(work: Work, found: Row[Any], data: TaxUpdateInput) -> Row[Any]:
    """Change what is given. Finalized documents keep their copies.

    Raises:
        Invalid: the new code is another tax's.
    """
    if data.code is not UNSET and data.code != found.code:
        await refuse_taken_code(work, data.code)
    values = given(data, without=("applied_to_organization",)) | {"updated_at": work.now}
    changed = await work.one(
        update(taxes)
        .where(taxes.c.organization_id == work.organization.id, taxes.c.id == found.id)
        .values(values)
        .returning(taxes)
    )
    if data.applied_to_organization is True:
        await apply_to_default_entity(work, changed)
    elif data.applied_to_organization is False:
        await take_off_default_entity(work, changed)
    await refresh_drafts_with_tax(work, changed.id)
    return changed


async def delete_tax(work: Work, found: Row[Any]) -> None:
    """Delete a tax: its code becomes free, and it is taken off everything that is not yet a document."""
    await refresh_drafts_with_tax(work, found.id)
    await work.execute(
        update(taxes)
        .where(taxes.c.organization_id == work.organization.id, taxes.c.id == found.id)
        .values(deleted_at=work.now)
    )
    for links in (
        billing_entities_taxes,
        customers_taxes,
        add_ons_taxes,
        plans_taxes,
        charges_taxes,
        fixed_charges_taxes,
        minimum_commitments_taxes,
    ):
        await work.execute(
            delete(links).where(links.c.organization_id == work.organization.id, links.c.tax_id == found.id)
        )


async def refuse_taken_code(work: Work, code: str) -> None:
    """Codes are unique among the organization's live taxes."""
    taken = await work.first(
        select(taxes.c.id).where(
            taxes.c.organization_id == work.organization.id, taxes.c.code == code, taxes.c.deleted_at.is_(None)
        )
    )
    if taken:
        raise Invalid({"code": ["value_already_exist"]})


async def apply_to_default_entity(work: Work, found: Row[Any]) -> None:
    """Add the tax to those of the default billing entity."""
    await take_off_default_entity(work, found)
    entity = await default_billing_entity(work)
    await link_taxes(work, billing_entities_taxes, "billing_entity_id", entity.id, [found.id])


async def take_off_default_entity(work: Work, found: Row[Any]) -> None:
    """Take the tax off the default billing entity."""
    entity = await default_billing_entity(work)
    links = billing_entities_taxes
    await work.execute(
        delete(links).where(
            links.c.organization_id == work.organization.id,
            links.c.billing_entity_id == entity.id,
            links.c.tax_id == found.id,
        )
    )
