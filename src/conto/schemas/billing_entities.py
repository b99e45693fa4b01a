"""Billing entities as JSON (chapter 10 §3)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.custom_sections import InvoiceCustomSectionObject, SectionCodes, show_custom_section
from conto.schemas.encoding import instant
from conto.schemas.fields import (
    Code,
    Country,
    CountryCode,
    Currency,
    Email,
    ExactCurrencyCode,
    Flag,
    LocaleCode,
    Mandatory,
    RefusedAs,
    TextOrNull,
    Timezone,
    TimezoneName,
    integer,
    items,
    ruled,
    text,
)
from conto.schemas.logos import Logo
from conto.schemas.rules import Rule
from conto.schemas.taxes import TaxCodes, TaxObject

Anchor = Literal["current_period_end", "next_period_start"]
Adjustment = Literal["align_with_finalization_date", "keep_anchor"]
EmailSetting = Annotated[
    Literal["invoice.finalized", "credit_note.created", "payment_receipt.created"], RefusedAs("unsupported_value")
]
EmailSettings = Annotated[list[EmailSetting], items(10, invalid="unsupported_value", too_many="unsupported_value")]
Prefix = Annotated[str, text(10, trim=True, mandatory=True)]
Footer = Annotated[str, text(600)]
Days = Annotated[int, integer(ge=0, le=100_000)]
"""A term or period in days, short enough for every date that it leads to."""
Numbering = Literal["per_customer", "per_billing_entity"]
ChangedNumbering = Annotated[
    str,
    ruled(
        Rule(lambda value: "per_customer" if value == "per_customer" else "per_billing_entity"),
        {"enum": list(get_args(Numbering))},
    ),
]
"""On a change, any value other than `per_customer` means `per_billing_entity`."""


class BillingEntityConfiguration(Struct, kw_only=True, frozen=True):
    """Settings of a billing entity's invoices; the grace period is in days."""

    invoice_footer: Footer | None | UnsetType = UNSET
    document_locale: LocaleCode | UnsetType = UNSET
    invoice_grace_period: Days | UnsetType = UNSET
    subscription_invoice_issuing_date_anchor: Anchor | UnsetType = UNSET
    subscription_invoice_issuing_date_adjustment: Adjustment | UnsetType = UNSET


class _Settings(Struct, kw_only=True, frozen=True):
    """What creation and update of a billing entity share."""

    default_currency: ExactCurrencyCode | UnsetType = UNSET
    document_number_prefix: Prefix | None | UnsetType = UNSET
    finalize_zero_amount_invoice: Flag | UnsetType = UNSET
    billing_configuration: BillingEntityConfiguration | UnsetType = UNSET
    net_payment_term: Days | UnsetType = UNSET
    address_line1: TextOrNull | None | UnsetType = UNSET
    address_line2: TextOrNull | None | UnsetType = UNSET
    city: TextOrNull | None | UnsetType = UNSET
    state: TextOrNull | None | UnsetType = UNSET
    country: CountryCode | None | UnsetType = UNSET
    zipcode: TextOrNull | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    phone: TextOrNull | None | UnsetType = UNSET
    legal_name: TextOrNull | None | UnsetType = UNSET
    legal_number: TextOrNull | None | UnsetType = UNSET
    tax_identification_number: TextOrNull | None | UnsetType = UNSET
    timezone: TimezoneName | UnsetType = UNSET
    email_settings: EmailSettings | UnsetType = UNSET
    eu_tax_management: Flag | UnsetType = UNSET
    einvoicing: Flag | UnsetType = UNSET
    logo: Logo | None | UnsetType = UNSET


class BillingEntityCreateInput(_Settings, kw_only=True, frozen=True):
    """A new billing entity."""

    code: Code
    name: Mandatory
    document_numbering: Numbering | UnsetType = UNSET


class BillingEntityUpdateInput(_Settings, kw_only=True, frozen=True):
    """A change of a billing entity: only the keys present; its code cannot change."""

    name: Mandatory | UnsetType = UNSET
    document_numbering: ChangedNumbering | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET
    invoice_custom_section_codes: SectionCodes | UnsetType = UNSET


class BillingEntityObject(Struct, kw_only=True, frozen=True):
    """A billing entity. `taxes` and `selected_invoice_custom_sections` come only where one is asked for or changed."""

    lago_id: UUID
    code: str
    name: str
    default_currency: Currency
    document_locale: str
    document_numbering: Numbering
    document_number_prefix: str
    finalize_zero_amount_invoice: bool
    invoice_footer: str | None
    invoice_grace_period: int
    subscription_invoice_issuing_date_anchor: Anchor
    subscription_invoice_issuing_date_adjustment: Adjustment
    is_default: bool
    net_payment_term: int
    address_line1: str | None
    address_line2: str | None
    city: str | None
    state: str | None
    country: Country | None
    zipcode: str | None
    email: str | None
    phone: str | None
    legal_name: str | None
    legal_number: str | None
    tax_identification_number: str | None
    timezone: Timezone
    email_settings: list[EmailSetting]
    eu_tax_management: bool
    einvoicing: bool
    logo_url: str | None
    created_at: str
    updated_at: str


class BillingEntityObjectExtended(BillingEntityObject, kw_only=True, frozen=True):
    """A billing entity with its default taxes and selected custom sections."""

    taxes: list[TaxObject]
    selected_invoice_custom_sections: list[InvoiceCustomSectionObject]


def _fields(entity: Row[Any], is_default: bool, logo_url: str | None) -> dict[str, Any]:
    same = (
        "code name default_currency document_locale document_numbering document_number_prefix"
        " finalize_zero_amount_invoice invoice_footer invoice_grace_period subscription_invoice_issuing_date_anchor"
        " subscription_invoice_issuing_date_adjustment net_payment_term address_line1 address_line2 city state country"
        " zipcode email phone legal_name legal_number tax_identification_number timezone email_settings"
        " eu_tax_management einvoicing"
    ).split()
    return {name: getattr(entity, name) for name in same} | {
        "lago_id": entity.id,
        "is_default": is_default,
        "logo_url": logo_url,
        "created_at": instant(entity.created_at),
        "updated_at": instant(entity.updated_at),
    }


def show_billing_entity(entity: Row[Any], is_default: bool, logo_url: str | None = None) -> BillingEntityObject:
    """The billing entity as lists and creation show it."""
    return BillingEntityObject(**_fields(entity, is_default, logo_url))


def show_billing_entity_extended(
    entity: Row[Any], is_default: bool, logo_url: str | None, taxes: Sequence[TaxObject], sections: Sequence[Row[Any]]
) -> BillingEntityObjectExtended:
    """The billing entity with its default taxes and selected custom sections."""
    return BillingEntityObjectExtended(
        **_fields(entity, is_default, logo_url),
        taxes=list(taxes),
        selected_invoice_custom_sections=[show_custom_section(section) for section in sections],
    )
