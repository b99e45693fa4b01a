"""Customers as JSON (chapter 10 §4)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.billing_entities import Adjustment, Anchor, Days
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
    Identifier,
    Identity,
    LocaleCode,
    RefusedAs,
    Text,
    TextOrNull,
    Timezone,
    TimezoneName,
    items,
    text,
)
from conto.schemas.taxes import TaxCodes, TaxObject

PaymentProvider = Literal["stripe", "adyen", "gocardless", "cashfree", "flutterwave", "moneyhash"]
ZeroAmountRule = Annotated[Literal["inherit", "skip", "finalize"], RefusedAs("invalid_value")]
IntegrationType = Literal["netsuite", "anrok", "avalara", "xero", "hubspot", "salesforce"]

ADDRESS = ("address_line1", "address_line2", "city", "country", "state", "zipcode")


class AddressInput(Struct, kw_only=True, frozen=True):
    """An address; only the keys present change."""

    address_line1: TextOrNull | None | UnsetType = UNSET
    address_line2: TextOrNull | None | UnsetType = UNSET
    city: TextOrNull | None | UnsetType = UNSET
    country: CountryCode | None | UnsetType = UNSET
    state: TextOrNull | None | UnsetType = UNSET
    zipcode: TextOrNull | None | UnsetType = UNSET


class CustomerConfigurationInput(Struct, kw_only=True, frozen=True):
    """How a customer is billed; null inherits from the billing entity."""

    invoice_grace_period: Days | None | UnsetType = UNSET
    subscription_invoice_issuing_date_anchor: Anchor | None | UnsetType = UNSET
    subscription_invoice_issuing_date_adjustment: Adjustment | None | UnsetType = UNSET
    document_locale: LocaleCode | None | UnsetType = UNSET
    payment_provider: Text | None | UnsetType = UNSET
    payment_provider_code: Text | None | UnsetType = UNSET
    provider_customer_id: TextOrNull | None | UnsetType = UNSET
    sync: Flag | None | UnsetType = UNSET
    sync_with_provider: Flag | None | UnsetType = UNSET
    provider_payment_methods: Annotated[list[Text], items(20)] | None | UnsetType = UNSET


class CustomerMetadataInput(Struct, kw_only=True, frozen=True):
    """An entry of a customer's metadata; with the `id` of one that exists it changes that one."""

    id: Identity | None | UnsetType = UNSET
    key: Annotated[str, text(20, mandatory=True)]
    value: Annotated[str, text(100, mandatory=True)]
    display_in_invoice: Flag | None | UnsetType = UNSET


class IntegrationCustomerInput(Struct, kw_only=True, frozen=True):
    """A link to an integration; those that name an unknown integration are skipped."""

    id: Identity | None | UnsetType = UNSET
    integration_type: IntegrationType | None | UnsetType = UNSET
    integration_code: Text | None | UnsetType = UNSET
    external_customer_id: Text | None | UnsetType = UNSET
    sync_with_provider: Flag | None | UnsetType = UNSET
    subsidiary_id: Text | None | UnsetType = UNSET
    targeted_object: Text | None | UnsetType = UNSET


class CustomerInput(Struct, kw_only=True, frozen=True):
    """A customer to make or change; on a change only the keys present count."""

    external_id: Code
    billing_entity_code: Identifier | None | UnsetType = UNSET
    name: Text | None | UnsetType = UNSET
    firstname: TextOrNull | None | UnsetType = UNSET
    lastname: TextOrNull | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    phone: TextOrNull | None | UnsetType = UNSET
    url: TextOrNull | None | UnsetType = UNSET
    logo_url: TextOrNull | None | UnsetType = UNSET
    legal_name: TextOrNull | None | UnsetType = UNSET
    legal_number: TextOrNull | None | UnsetType = UNSET
    tax_identification_number: TextOrNull | None | UnsetType = UNSET
    account_type: Literal["customer", "partner"] | None | UnsetType = UNSET
    customer_type: Literal["company", "individual"] | None | UnsetType = UNSET
    currency: ExactCurrencyCode | None | UnsetType = UNSET
    timezone: TimezoneName | None | UnsetType = UNSET
    address_line1: TextOrNull | None | UnsetType = UNSET
    address_line2: TextOrNull | None | UnsetType = UNSET
    city: TextOrNull | None | UnsetType = UNSET
    country: CountryCode | None | UnsetType = UNSET
    state: TextOrNull | None | UnsetType = UNSET
    zipcode: TextOrNull | None | UnsetType = UNSET
    shipping_address: AddressInput | None | UnsetType = UNSET
    net_payment_term: Days | None | UnsetType = UNSET
    invoice_grace_period: Days | None | UnsetType = UNSET
    finalize_zero_amount_invoice: ZeroAmountRule | None | UnsetType = UNSET
    skip_invoice_custom_sections: Flag | UnsetType = UNSET
    invoice_custom_section_codes: SectionCodes | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET
    billing_configuration: CustomerConfigurationInput | None | UnsetType = UNSET
    metadata: Annotated[list[CustomerMetadataInput], items(5)] | None | UnsetType = UNSET
    integration_customers: Annotated[list[IntegrationCustomerInput], items(100)] | None | UnsetType = UNSET


class AddressObject(Struct, kw_only=True, frozen=True):
    """An address."""

    address_line1: str | None
    address_line2: str | None
    city: str | None
    country: Country | None
    state: str | None
    zipcode: str | None


class CustomerConfiguration(Struct, kw_only=True, frozen=True):
    """How a customer is billed; null inherits from the billing entity."""

    invoice_grace_period: int | None
    subscription_invoice_issuing_date_anchor: Anchor | None
    subscription_invoice_issuing_date_adjustment: Adjustment | None
    document_locale: str | None
    payment_provider: PaymentProvider | None = None
    payment_provider_code: str | None = None
    provider_customer_id: str | None = None
    provider_payment_methods: list[str] | None = None
    sync: bool | None = None
    sync_with_provider: bool | None = None


class ErrorDetailObject(Struct, kw_only=True, frozen=True):
    """What keeps something of the customer from being done."""

    lago_id: UUID
    error_code: str
    details: dict[str, str]


class CustomerMetadataObject(Struct, kw_only=True, frozen=True):
    """An entry of a customer's metadata."""

    lago_id: UUID
    key: str
    value: str
    display_in_invoice: bool
    created_at: str


class CustomerObject(Struct, kw_only=True, frozen=True):
    """A customer as invoices embed it."""

    lago_id: UUID
    sequential_id: int
    slug: str
    external_id: str
    billing_entity_code: str
    address_line1: str | None
    address_line2: str | None
    applicable_timezone: Timezone
    city: str | None
    country: Country | None
    currency: Currency | None
    email: str | None
    legal_name: str | None
    legal_number: str | None
    logo_url: str | None
    name: str | None
    firstname: str | None
    lastname: str | None
    account_type: Literal["customer", "partner"]
    customer_type: Literal["company", "individual"] | None
    phone: str | None
    state: str | None
    tax_identification_number: str | None
    timezone: Timezone | None
    url: str | None
    zipcode: str | None
    net_payment_term: int | None
    created_at: str
    updated_at: str
    finalize_zero_amount_invoice: Literal["inherit", "skip", "finalize"]
    skip_invoice_custom_sections: bool
    billing_configuration: CustomerConfiguration
    shipping_address: AddressObject
    metadata: list[CustomerMetadataObject]
    external_salesforce_id: str | None
    integration_customers: list[Any]


class CustomerViesCheckObject(CustomerObject, kw_only=True, frozen=True):
    """A customer with what was found out about its VAT number."""

    vies_check: dict[str, Any]


class CustomerObjectListed(CustomerObject, kw_only=True, frozen=True):
    """A customer as lists show it."""

    taxes: list[TaxObject]


class CustomerObjectExtended(CustomerObjectListed, kw_only=True, frozen=True):
    """A customer as it answers for itself."""

    applicable_invoice_custom_sections: list[InvoiceCustomSectionObject]
    error_details: list[ErrorDetailObject]


def _fields(customer: Row[Any], metadata: Sequence[Row[Any]]) -> dict[str, Any]:
    same = (
        "sequential_id slug external_id billing_entity_code currency email legal_name legal_number logo_url name"
        " firstname lastname account_type customer_type phone tax_identification_number timezone url net_payment_term"
        " finalize_zero_amount_invoice skip_invoice_custom_sections"
    ).split()
    return {name: getattr(customer, name) for name in (*same, *ADDRESS)} | {
        "lago_id": customer.id,
        "applicable_timezone": customer.timezone or customer.entity_timezone,
        "created_at": instant(customer.created_at),
        "updated_at": instant(customer.updated_at),
        "billing_configuration": CustomerConfiguration(
            invoice_grace_period=customer.invoice_grace_period,
            subscription_invoice_issuing_date_anchor=customer.subscription_invoice_issuing_date_anchor,
            subscription_invoice_issuing_date_adjustment=customer.subscription_invoice_issuing_date_adjustment,
            document_locale=customer.document_locale,
            payment_provider=customer.payment_provider,
            payment_provider_code=customer.payment_provider_code,
        ),
        "shipping_address": AddressObject(**{name: getattr(customer, f"shipping_{name}") for name in ADDRESS}),
        "metadata": [
            CustomerMetadataObject(
                lago_id=entry.id,
                key=entry.key,
                value=entry.value,
                display_in_invoice=entry.display_in_invoice,
                created_at=instant(entry.created_at),
            )
            for entry in metadata
        ],
        "external_salesforce_id": None,
        "integration_customers": [],
    }


def show_customer(customer: Row[Any], metadata: Sequence[Row[Any]]) -> CustomerObject:
    """The customer as invoices embed it. The row carries its entity's code and time zone."""
    return CustomerObject(**_fields(customer, metadata))


def show_customer_listed(
    customer: Row[Any], metadata: Sequence[Row[Any]], taxes: Sequence[TaxObject]
) -> CustomerObjectListed:
    """The customer as lists show it."""
    return CustomerObjectListed(**_fields(customer, metadata), taxes=list(taxes))


def show_customer_vies_check(
    customer: Row[Any], metadata: Sequence[Row[Any]], answer: dict[str, Any]
) -> CustomerViesCheckObject:
    """The customer with what was found out about its VAT number."""
    return CustomerViesCheckObject(**_fields(customer, metadata), vies_check=answer)


def show_customer_extended(
    customer: Row[Any],
    metadata: Sequence[Row[Any]],
    taxes: Sequence[TaxObject],
    sections: Sequence[Row[Any]],
    error_details: Sequence[Row[Any]],
) -> CustomerObjectExtended:
    """The customer as it answers for itself."""
    return CustomerObjectExtended(
        **_fields(customer, metadata),
        taxes=list(taxes),
        applicable_invoice_custom_sections=[show_custom_section(section) for section in sections],
        error_details=[
            ErrorDetailObject(lago_id=error.id, error_code=error.error_code, details=error.details)
            for error in error_details
        ],
    )
