"""Create and update billing entities, the legal sellers inside an organization (chapter 10 §3)."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, insert, select, update

from conto.catalog.applied_taxes import codes_in_any_case, replace_taxes
from conto.catalog.eu_taxes import generate
from conto.catalog.selected_sections import select_sections
from conto.changes import differences, given
from conto.core.eu_taxes import is_member
from conto.customers.billing_settings import INHERITED, entity_changed
from conto.customers.vat_checks import hurry
from conto.db.tables import billing_entities, billing_entities_custom_sections, billing_entities_taxes
from conto.errors import Invalid
from conto.ids import new_id
from conto.invoices.numbering import continue_numbering
from conto.invoices.stale import refresh_drafts_of_entity
from conto.organizations.create import entity_defaults
from conto.organizations.logos import name_of, replace_logo
from conto.schemas.billing_entities import BillingEntityCreateInput, BillingEntityUpdateInput
from conto.schemas.logos import LogoFile, logo_file
from conto.work import Work

E_INVOICING_COUNTRIES = ("FR", "DE")


async def create_billing_entity(work: Work, data: BillingEntityCreateInput) -> Row[Any]:
    """Create a billing entity.

    Raises:
        Invalid: its code is taken, or e-invoicing or EU VAT management is asked for in a country that has none.
    """
    taken = await work.first(
        select(billing_entities.c.id).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.code == data.code,
            billing_entities.c.archived_at.is_(None),
        )
    )
    if taken:
        raise Invalid({"code": ["value_already_exist"]})
    values = entity_defaults(work, new_id(), data.code, data.name) | settings_of(data)
    refuse_settings_of_elsewhere(values)
    logo = logo_given(data)
    values["logo_name"] = name_of(logo)
    created = await work.one(insert(billing_entities).values(values).returning(billing_entities))
    if logo is not None:
        await replace_logo(work, created.id, logo)
    if created.eu_tax_management:
        await generate(work)
    work.emit("billing_entities.created", created.id)
    return created


async def update_billing_entity(work: Work, entity: Row[Any], data: BillingEntityUpdateInput) -> Row[Any]:
    """Change what is given of a billing entity.

    Raises:
        NotFound: a tax code names no tax.
        Invalid: e-invoicing or EU VAT management is asked for in a country that has none.
    """
    entity = await lock_entity(work, entity)
    values = settings_of(data)
    changes: dict[str, Any] = {}
    refuse_settings_of_elsewhere(dict(entity._mapping) | values)
    if data.tax_codes is not UNSET:
        codes = await codes_in_any_case(work, data.tax_codes or [])
        changes |= await replace_taxes(work, billing_entities_taxes, "billing_entity_id", entity.id, codes)
        await refresh_drafts_of_entity(work, entity.id)
    logo = logo_given(data)
    if data.logo is not UNSET:
        values["logo_name"] = name_of(logo)
    changed = await change_entity(work, entity, values)
    if data.logo is not UNSET:
        await replace_logo(work, entity.id, logo)
    if data.invoice_custom_section_codes is not UNSET:
        codes = data.invoice_custom_section_codes
        changes |= await select_sections(work, billing_entities_custom_sections, "billing_entity_id", entity.id, codes)
    if data.eu_tax_management is True:
        await generate(work)
    elif entity.eu_tax_management and not changed.eu_tax_management:
        await hurry(work, entity.id)
    work.emit("billing_entities.updated", entity.id, changes=differences(entity, values) | changes)
    return changed


def logo_given(data: BillingEntityCreateInput | BillingEntityUpdateInput) -> LogoFile | None:
    """The logo that an input brings, None where it brings none."""
    return logo_file(data.logo) if data.logo else None


async def lock_entity(work: Work, entity: Row[Any]) -> Row[Any]:
    """The entity as it is, and stays until the transaction's end."""
    return await work.one(
        select(billing_entities)
        .where(billing_entities.c.organization_id == work.organization.id, billing_entities.c.id == entity.id)
        .with_for_update(key_share=True)
    )


async def change_entity(work: Work, entity: Row[Any], values: dict[str, Any]) -> Row[Any]:
    """Write the entity's new values. Where it starts to number its invoices itself, it goes on from their count.

    The entity must be locked.
    """
    changed = await work.one(
        update(billing_entities)
        .where(billing_entities.c.organization_id == work.organization.id, billing_entities.c.id == entity.id)
        .values(values | {"updated_at": work.now})
        .returning(billing_entities)
    )
    if any(getattr(entity, name) != getattr(changed, name) for name in INHERITED):
        await entity_changed(work, entity.id)
    if (entity.document_numbering, changed.document_numbering) == ("per_customer", "per_billing_entity"):
        await continue_numbering(work, changed.id)
    return changed


def settings_of(data: BillingEntityCreateInput | BillingEntityUpdateInput) -> dict[str, Any]:
    """The columns that an input sets."""
    values = given(data, without=("billing_configuration", "tax_codes", "invoice_custom_section_codes", "logo"))
    if data.billing_configuration is not UNSET:
        values |= given(data.billing_configuration)
    return upper_cased_prefix(values)


def upper_cased_prefix(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the document number prefix in upper case; without one the prefix is as it is."""
    if values.get("document_number_prefix") is None:
        values.pop("document_number_prefix", None)
    else:
        values["document_number_prefix"] = values["document_number_prefix"].upper()
    return values


def refuse_settings_of_elsewhere(values: Mapping[str, Any]) -> None:
    """E-invoices (chapter 72 §9) and EU VAT management (chapter 10 §5.3) exist for sellers in some countries alone.

    `values` are all those of the entity as it would be.

    Raises:
        Invalid: its country is none of those.
    """
    country = values.get("country")
    wrong: dict[str, list[str]] = {}
    if values.get("einvoicing") and country not in E_INVOICING_COUNTRIES:
        wrong["einvoicing"] = ["country_not_supported" if country else "country_must_be_present"]
    if values.get("eu_tax_management") and not is_member(country):
        wrong["eu_tax_management"] = ["billing_entity_must_be_in_eu"]
    if wrong:
        raise Invalid(wrong)
