"""Organizations as JSON: their own few fields, and those of the default billing entity (chapter 10 §2)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.billing_entities import Days, EmailSetting, EmailSettings, Footer, Prefix
from conto.schemas.encoding import instant
from conto.schemas.fields import (
    Country,
    CountryCode,
    Currency,
    CurrencyCode,
    Email,
    Flag,
    LocaleCode,
    TextOrNull,
    Timezone,
    TimezoneName,
    text,
)
from conto.schemas.taxes import TaxObject
from conto.schemas.webhook_endpoints import WebhookUrl

Slug = Annotated[str, text(63, trim=True, blank_is_null=True)]


class OrganizationConfigurationInput(Struct, kw_only=True, frozen=True):
    """Settings of the default billing entity's invoices; the grace period is in days."""

    invoice_footer: Footer | None | UnsetType = UNSET
    invoice_grace_period: Days | UnsetType = UNSET
    document_locale: LocaleCode | UnsetType = UNSET


class OrganizationUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of the organization and of its default billing entity: only the keys present."""

    webhook_url: WebhookUrl | None | UnsetType = UNSET
    country: CountryCode | None | UnsetType = UNSET
    default_currency: CurrencyCode | UnsetType = UNSET
    address_line1: TextOrNull | None | UnsetType = UNSET
    address_line2: TextOrNull | None | UnsetType = UNSET
    state: TextOrNull | None | UnsetType = UNSET
    zipcode: TextOrNull | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    city: TextOrNull | None | UnsetType = UNSET
    legal_name: TextOrNull | None | UnsetType = UNSET
    legal_number: TextOrNull | None | UnsetType = UNSET
    document_numbering: Literal["per_customer", "per_organization"] | UnsetType = UNSET
    document_number_prefix: Prefix | UnsetType = UNSET
    net_payment_term: Days | UnsetType = UNSET
    tax_identification_number: TextOrNull | None | UnsetType = UNSET
    timezone: TimezoneName | UnsetType = UNSET
    email_settings: EmailSettings | UnsetType = UNSET
    billing_configuration: OrganizationConfigurationInput | UnsetType = UNSET
    finalize_zero_amount_invoice: Flag | UnsetType = UNSET
    slug: Slug | None | UnsetType = UNSET
    issue_receipts: Flag | UnsetType = UNSET


class OrganizationConfiguration(Struct, kw_only=True, frozen=True):
    """Settings of the default billing entity's invoices; the grace period is in days."""

    invoice_footer: str | None
    invoice_grace_period: int
    document_locale: str


class OrganizationObject(Struct, kw_only=True, frozen=True):
    """An organization. `issue_receipts` is whether payments get receipts; `taxes` comes only in the answer to a
    change."""

    lago_id: UUID
    name: str
    created_at: str
    webhook_url: str
    webhook_urls: list[str]
    country: Country | None
    default_currency: Currency
    address_line1: str | None
    address_line2: str | None
    state: str | None
    zipcode: str | None
    email: str | None
    city: str | None
    legal_name: str | None
    legal_number: str | None
    document_numbering: Literal["per_customer", "per_organization"]
    document_number_prefix: str
    net_payment_term: int
    tax_identification_number: str | None
    timezone: Timezone
    billing_configuration: OrganizationConfiguration
    finalize_zero_amount_invoice: bool
    events_store: Literal["clickhouse", "postgres"]
    slug: str | None
    issue_receipts: bool
    email_settings: list[EmailSetting]
    taxes: list[TaxObject] | UnsetType = UNSET


def show_organization(
    organization: Row[Any],
    entity: Row[Any],
    webhook_urls: Sequence[str],
    taxes: Sequence[TaxObject] | UnsetType = UNSET,
) -> OrganizationObject:
    """The organization, with what its default billing entity says."""
    same = (
        "country default_currency address_line1 address_line2 state zipcode email city legal_name legal_number"
        " net_payment_term tax_identification_number timezone finalize_zero_amount_invoice email_settings"
    ).split()
    return OrganizationObject(
        **{name: getattr(entity, name) for name in same},
        lago_id=organization.id,
        name=organization.name,
        created_at=instant(organization.created_at),
        webhook_url=webhook_urls[0] if webhook_urls else "",
        webhook_urls=list(webhook_urls),
        document_numbering="per_customer" if entity.document_numbering == "per_customer" else "per_organization",
        document_number_prefix=organization.document_number_prefix,
        billing_configuration=OrganizationConfiguration(
            invoice_footer=entity.invoice_footer,
            invoice_grace_period=entity.invoice_grace_period,
            document_locale=entity.document_locale,
        ),
        events_store="postgres",
        slug=organization.slug,
        issue_receipts=organization.issue_receipts,
        taxes=taxes if taxes is UNSET else list(taxes),
    )
