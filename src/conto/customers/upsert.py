"""Create a customer, or change the one that has its external id (chapter 10 §§4.1-4.2)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, insert, select, update

from conto import counters, metadata
from conto.catalog.applied_taxes import known_taxes, link_taxes, replace_taxes
from conto.catalog.selected_sections import select_sections
from conto.changes import differences, given
from conto.core.numbering import customer_slug
from conto.customers import eu_taxes
from conto.customers.billing_settings import follow_change
from conto.customers.payment_provider import provider_columns, refuse_unknown_provider
from conto.customers.queries import customer_by_id
from conto.customers.vat_checks import clear_tax_error
from conto.db.tables import (
    customer_metadata,
    customers,
    customers_custom_sections,
    customers_taxes,
    invoices,
    organizations,
)
from conto.errors import Invalid
from conto.ids import new_id
from conto.invoices.stale import refresh_drafts_of_customer
from conto.organizations.queries import billing_entity, default_billing_entity
from conto.schemas.customers import ADDRESS, CustomerInput
from conto.schemas.reader import Problems
from conto.work import Work

NOT_COLUMNS = (
    "external_id",
    "billing_entity_code",
    "shipping_address",
    "billing_configuration",
    "invoice_custom_section_codes",
    "tax_codes",
    "metadata",
    "integration_customers",
    "account_type",
    "finalize_zero_amount_invoice",
)
CONFIGURED = (
    "invoice_grace_period",
    "subscription_invoice_issuing_date_anchor",
    "subscription_invoice_issuing_date_adjustment",
    "document_locale",
)


async def upsert_customer(work: Work, data: CustomerInput, problems: Problems) -> Row[Any]:
    """Create or change a customer; on a change only what is given counts.

    `problems` holds what the reader of the input found; it is told after a billing entity that is unknown.

    Raises:
        NotFound: the billing entity's code or a tax code names nothing.
        Invalid: a field, or integrations, payment provider, custom sections or metadata are not as they must be.
    """
    entity_id = await _billing_entity_id(work, data)
    _refuse_in_order(data, problems)
    problems.raise_if_any()
    _refuse_sections_both_ways(data)
    found = await _existing(work, data.external_id)
    refuse_unknown_provider(data, found)
    if found is None:
        changed = await customer_by_id(work, await _create(work, data, entity_id))
    else:
        before = await customer_by_id(work, found.id)
        await _change(work, data, found, entity_id)
        changed = await customer_by_id(work, found.id)
        await follow_change(work, before, changed)
    await eu_taxes.follow(work, found, changed, None if data.tax_codes is UNSET else data.tax_codes or [])
    return changed


async def _existing(work: Work, external_id: str) -> Row[Any] | None:
    return await work.first(
        select(customers)
        .where(
            customers.c.organization_id == work.organization.id,
            customers.c.external_id == external_id,
            customers.c.deleted_at.is_(None),
        )
        .with_for_update(key_share=True)
    )


async def _billing_entity_id(work: Work, data: CustomerInput) -> UUID | None:
    """The entity that the input names, None where it names none."""
    if data.billing_entity_code is UNSET or data.billing_entity_code is None:
        return None
    return (await billing_entity(work, data.billing_entity_code)).id


async def _create(work: Work, data: CustomerInput, entity_id: UUID | None) -> UUID:
    wanted = await known_taxes(work, data.tax_codes or [])
    customer_id = new_id()
    values = {
        "organization_id": work.organization.id,
        "id": customer_id,
        "billing_entity_id": entity_id or (await default_billing_entity(work)).id,
        "external_id": data.external_id,
        "account_type": data.account_type or "customer",
        "finalize_zero_amount_invoice": data.finalize_zero_amount_invoice or "inherit",
        "skip_invoice_custom_sections": False,
        "created_at": work.now,
        "updated_at": work.now,
        "eu_tax_decided": False,
        "vies_check_pending": False,
    } | _columns(data)
    prefix = (
        await work.one(select(organizations.c.document_number_prefix).where(organizations.c.id == work.organization.id))
    ).document_number_prefix
    work.emit("customer.created", customer_id)
    await work.send()
    sequential_id = await counters.take(work, counters.CUSTOMERS)
    values |= {"sequential_id": sequential_id, "slug": customer_slug(prefix, sequential_id)}
    await work.execute(insert(customers).values(values))
    await link_taxes(work, customers_taxes, "customer_id", customer_id, [tax.id for tax in wanted])
    await _select_sections(work, customer_id, data)
    await _set_metadata(work, customer_id, data)
    return customer_id


async def _change(work: Work, data: CustomerInput, found: Row[Any], entity_id: UUID | None) -> None:
    values = _columns(data) | provider_columns(data, found) | {"updated_at": work.now}
    if entity_id is not None:
        values["billing_entity_id"] = entity_id
    if data.finalize_zero_amount_invoice is not UNSET:
        values["finalize_zero_amount_invoice"] = data.finalize_zero_amount_invoice or "inherit"
    if data.account_type and data.account_type != found.account_type and not await _has_billing(work, found.id):
        values["account_type"] = data.account_type
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == found.id)
        .values(values)
    )
    changes: dict[str, Any] = differences(found, values)
    if data.tax_codes is not UNSET:
        changes |= await replace_taxes(work, customers_taxes, "customer_id", found.id, data.tax_codes or [])
        await refresh_drafts_of_customer(work, found.id)
    changes |= await _select_sections(work, found.id, data)
    changes |= await _set_metadata(work, found.id, data)
    if _moves(found, values):
        await clear_tax_error(work, found.id)
    work.emit("customer.updated", found.id, changes=changes)


def _moves(found: Row[Any], values: Mapping[str, Any]) -> bool:
    """Whether a change touches an address of the customer."""
    address = {name: value for name, value in values.items() if name.removeprefix("shipping_") in ADDRESS}
    return any(getattr(found, name) != value for name, value in address.items())


async def _has_billing(work: Work, customer_id: UUID) -> bool:
    """Whether the customer has anything that its account type has already decided about."""
    has_invoice = await work.first(
        select(invoices.c.id)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.customer_id == customer_id)
        .limit(1)
    )
    return has_invoice is not None


def _columns(data: CustomerInput) -> dict[str, Any]:
    """The columns that the input sets."""
    values = given(data, without=NOT_COLUMNS)
    if data.shipping_address:
        values |= {f"shipping_{name}": value for name, value in given(data.shipping_address).items()}
    elif data.shipping_address is None:
        values |= {f"shipping_{name}": None for name in ADDRESS}
    if data.billing_configuration:
        configured = given(data.billing_configuration)
        values |= {name: configured[name] for name in CONFIGURED if name in configured}
    if data.invoice_custom_section_codes is not UNSET and not data.skip_invoice_custom_sections:
        values["skip_invoice_custom_sections"] = False
    return values


def _refuse_in_order(data: CustomerInput, problems: Problems) -> None:
    """Refuse what is told alone, ahead of the other fields: each of these before the next."""
    for field, code in (("metadata", "invalid_count"), ("finalize_zero_amount_invoice", "invalid_value")):
        if code in problems.details.get(field, ()):
            raise Invalid({field: [code]})
    _refuse_doubled_integrations(data)


def _refuse_doubled_integrations(data: CustomerInput) -> None:
    links = data.integration_customers or []
    counts = Counter(link.integration_type for link in links if link.integration_type)
    if any(count > 1 for count in counts.values()):
        raise Invalid({"integration_customers": ["invalid_count_per_integration_type"]})


def _refuse_sections_both_ways(data: CustomerInput) -> None:
    if data.skip_invoice_custom_sections is True and data.invoice_custom_section_codes:
        raise Invalid({"invoice_custom_sections": ["skip_sections_and_selected_ids_sent_together"]})


async def _select_sections(work: Work, customer_id: UUID, data: CustomerInput) -> dict[str, Any]:
    """Replace the selected custom sections, where the input names some or says to skip them; what changed."""
    codes = [] if data.skip_invoice_custom_sections is True else data.invoice_custom_section_codes
    if codes is UNSET:
        return {}
    return await select_sections(work, customers_custom_sections, "customer_id", customer_id, codes)


async def _set_metadata(work: Work, customer_id: UUID, data: CustomerInput) -> dict[str, Any]:
    """Replace the metadata, where there is any in the input; what changed."""
    if data.metadata is UNSET:
        return {}
    return await metadata.replace(
        work,
        customer_metadata,
        "customer_id",
        customer_id,
        data.metadata or [],
        lambda entry: {"display_in_invoice": entry.display_in_invoice is True},
    )
