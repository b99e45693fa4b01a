"""Invoices as JSON (chapter 20 §6)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.files import Files
from conto.schemas.credits import CreditObject
from conto.schemas.custom_sections import (
    InvoiceAppliedInvoiceCustomSectionObject,
    InvoiceCustomSectionInput,
    show_applied_section,
)
from conto.schemas.customers import CustomerObject
from conto.schemas.encoding import instant, instant_ms
from conto.schemas.fees import AppliedTaxObject, FeeObject, applied_tax_fields
from conto.schemas.fields import (
    NEEDED,
    Currency,
    ExactCurrencyCode,
    Flag,
    Identifier,
    Identity,
    LongText,
    NonNegativeCents,
    TextOrNull,
    items,
    number,
    text,
)
from conto.schemas.payment_methods import PaymentMethodInput
from conto.schemas.subscriptions import SubscriptionObject
from conto.schemas.taxes import TaxCodes

InvoiceType = Literal["subscription", "add_on", "credit", "one_off", "advance_charges", "progressive_billing"]
InvoiceStatus = Literal["draft", "finalized", "voided", "failed", "pending", "closed", "deleted"]
PaymentStatus = Literal["pending", "succeeded", "failed"]

Units = Annotated[Decimal, number(ge=0)]
Boundary = Annotated[str, text(40)]


InvoicingReason = Literal[
    "subscription_starting",
    "subscription_periodic",
    "subscription_terminating",
    "in_advance_charge",
    "in_advance_charge_periodic",
    "progressive_billing",
]


class OneOffFeeInput(Struct, kw_only=True, frozen=True):
    """A fee of a one-off invoice. What is not given is the add-on's; units default to 1."""

    add_on_code: Annotated[Identifier, NEEDED] | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    unit_amount_cents: NonNegativeCents | None | UnsetType = UNSET
    units: Units | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    from_datetime: Boundary | None | UnsetType = UNSET
    to_datetime: Boundary | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class OneOffInput(Struct, kw_only=True, frozen=True):
    """A one-off invoice to issue."""

    external_customer_id: Annotated[Identifier, NEEDED] | UnsetType = UNSET
    fees: Annotated[list[OneOffFeeInput], NEEDED] | UnsetType = UNSET
    billing_entity_code: Identifier | None | UnsetType = UNSET
    currency: ExactCurrencyCode | None | UnsetType = UNSET
    purchase_order_number: TextOrNull | None | UnsetType = UNSET
    skip_psp: Flag | None | UnsetType = UNSET
    payment_method: PaymentMethodInput | None | UnsetType = UNSET
    invoice_custom_section: InvoiceCustomSectionInput | None | UnsetType = UNSET


class RetryPaymentInput(Struct, kw_only=True, frozen=True):
    """How to collect an invoice again."""

    payment_method: PaymentMethodInput | None | UnsetType = UNSET


class PaymentFailure(Struct, kw_only=True, frozen=True):
    """What webhooks tell of a payment that could not be collected."""

    lago_invoice_id: UUID
    lago_customer_id: UUID
    external_customer_id: str
    provider_customer_id: str | None
    payment_provider: str | None
    payment_provider_code: str | None
    provider_error: dict[str, Any] | None
    error_details: dict[str, Any] | None


class PaymentUrl(Struct, kw_only=True, frozen=True):
    """A provider's page to pay an invoice on."""

    lago_customer_id: UUID
    lago_invoice_id: UUID
    external_customer_id: str
    payment_provider: str
    payment_url: str


class InvoiceMetadataInput(Struct, kw_only=True, frozen=True):
    """An entry of an invoice's metadata; with the `id` of one that exists it changes that one."""

    id: Identity | None | UnsetType = UNSET
    key: Annotated[str, text(20, mandatory=True)]
    value: Annotated[str, text(140, mandatory=True)]


class InvoiceUpdateInput(Struct, kw_only=True, frozen=True):
    """What of an invoice can be changed."""

    payment_status: PaymentStatus | UnsetType = UNSET
    metadata: Annotated[list[InvoiceMetadataInput], items(5)] | UnsetType = UNSET


class SalesforceInput(Struct, kw_only=True, frozen=True):
    """What an invoice is called at a CRM that is linked."""

    external_id: Identifier | None | UnsetType = UNSET
    integration_code: Identifier | None | UnsetType = UNSET


class VoidInput(Struct, kw_only=True, frozen=True):
    """How to void an invoice; amounts in minor units."""

    generate_credit_note: Flag | UnsetType = UNSET
    credit_amount: NonNegativeCents | UnsetType = UNSET
    refund_amount: NonNegativeCents | UnsetType = UNSET


class InvoiceAppliedTaxObject(AppliedTaxObject, kw_only=True, frozen=True):
    """A tax on an invoice. `fees_amount_cents` is its base, cut to whole minor units."""

    lago_invoice_id: UUID
    fees_amount_cents: int


class InvoiceMetadataObject(Struct, kw_only=True, frozen=True):
    """An entry of an invoice's metadata."""

    lago_id: UUID
    key: str
    value: str
    created_at: str


class InvoiceObject(Struct, kw_only=True, frozen=True):
    """An invoice as lists show it; amounts in minor units."""

    lago_id: UUID
    billing_entity_code: str
    sequential_id: int | None
    number: str
    purchase_order_number: str | None
    issuing_date: str
    payment_dispute_lost_at: str | None
    payment_due_date: str
    payment_overdue: bool
    net_payment_term: int
    invoice_type: InvoiceType
    status: InvoiceStatus
    payment_status: PaymentStatus
    currency: Currency
    fees_amount_cents: int
    coupons_amount_cents: int
    credit_notes_amount_cents: int
    sub_total_excluding_taxes_amount_cents: int
    taxes_amount_cents: int
    sub_total_including_taxes_amount_cents: int
    prepaid_credit_amount_cents: int
    prepaid_granted_credit_amount_cents: int | None
    prepaid_purchased_credit_amount_cents: int | None
    progressive_billing_credit_amount_cents: int
    total_amount_cents: int
    total_due_amount_cents: int
    total_paid_amount_cents: int
    total_offsetted_credit_note_amount_cents: int
    version_number: int
    self_billed: bool
    file_url: str | None
    xml_url: str | None
    web_url: str | None
    created_at: str
    updated_at: str
    voided_at: str | None
    customer: CustomerObject
    metadata: list[InvoiceMetadataObject]
    applied_taxes: list[InvoiceAppliedTaxObject]
    applied_invoice_custom_sections: list[InvoiceAppliedInvoiceCustomSectionObject]


class BillingPeriodObject(Struct, kw_only=True, frozen=True):
    """What an invoice bills of a subscription; both ends of each range are included."""

    lago_subscription_id: UUID
    external_subscription_id: str
    lago_plan_id: UUID
    subscription_from_datetime: str
    subscription_to_datetime: str
    charges_from_datetime: str | None
    charges_to_datetime: str | None
    fixed_charges_from_datetime: str | None
    fixed_charges_to_datetime: str | None
    invoicing_reason: InvoicingReason


class InvoiceObjectExtended(InvoiceObject, kw_only=True, frozen=True):
    """An invoice as it answers for itself and as webhooks tell of it."""

    fees: list[FeeObject] | UnsetType = UNSET
    credits: list[CreditObject]
    subscriptions: list[SubscriptionObject]
    billing_periods: list[BillingPeriodObject]
    error_details: list[Any]


VISIBLE = ("draft", "finalized", "voided", "pending", "failed")
"""The states in which an invoice can be seen."""


def due_cents(invoice: Row[Any]) -> int:
    """What is neither paid nor set off by credit notes; nothing of a voided invoice (chapter 20 §5.6)."""
    if invoice.status == "voided":
        return 0
    settled = invoice.total_paid_amount_cents + invoice.total_offsetted_credit_note_amount_cents
    return invoice.total_amount_cents - settled


def _fields(
    invoice: Row[Any],
    customer: CustomerObject,
    metadata: Sequence[Row[Any]],
    applied_taxes: Sequence[Row[Any]],
    applied_sections: Sequence[Row[Any]],
    files: Files,
    now: datetime,
) -> dict[str, Any]:
    same = (
        "billing_entity_code sequential_id number purchase_order_number payment_overdue net_payment_term invoice_type"
        " status payment_status currency fees_amount_cents coupons_amount_cents credit_notes_amount_cents"
        " sub_total_excluding_taxes_amount_cents taxes_amount_cents sub_total_including_taxes_amount_cents"
        " prepaid_credit_amount_cents progressive_billing_credit_amount_cents total_amount_cents"
        " total_paid_amount_cents total_offsetted_credit_note_amount_cents version_number self_billed"
    ).split()
    lost_at = invoice.payment_dispute_lost_at
    return {name: getattr(invoice, name) for name in same} | {
        "lago_id": invoice.id,
        "issuing_date": invoice.issuing_date.isoformat(),
        "payment_due_date": invoice.payment_due_date.isoformat(),
        "payment_dispute_lost_at": lost_at and instant_ms(lost_at),
        "prepaid_granted_credit_amount_cents": None,
        "prepaid_purchased_credit_amount_cents": None,
        "total_due_amount_cents": due_cents(invoice),
        "file_url": invoice.file_path and files.link(invoice.file_path, now),
        "xml_url": invoice.xml_path and files.link(invoice.xml_path, now),
        "web_url": None,
        "created_at": instant(invoice.created_at),
        "updated_at": instant(invoice.updated_at),
        "voided_at": invoice.voided_at and instant(invoice.voided_at),
        "customer": customer,
        "metadata": [
            InvoiceMetadataObject(
                lago_id=entry.id, key=entry.key, value=entry.value, created_at=instant(entry.created_at)
            )
            for entry in metadata
        ],
        "applied_taxes": [show_invoice_tax(tax) for tax in applied_taxes],
        "applied_invoice_custom_sections": [show_applied_section(section) for section in applied_sections],
    }


def show_invoice_tax(tax: Row[Any]) -> InvoiceAppliedTaxObject:
    """A tax on an invoice."""
    return InvoiceAppliedTaxObject(
        **applied_tax_fields(tax),
        lago_invoice_id=tax.invoice_id,
        fees_amount_cents=tax.fees_amount_cents,
    )


def show_invoice(
    invoice: Row[Any],
    customer: CustomerObject,
    metadata: Sequence[Row[Any]],
    applied_taxes: Sequence[Row[Any]],
    applied_sections: Sequence[Row[Any]],
    files: Files,
    now: datetime,
) -> InvoiceObject:
    """The invoice as lists show it. `now` is the system's clock, by which links to files end."""
    return InvoiceObject(**_fields(invoice, customer, metadata, applied_taxes, applied_sections, files, now))


def show_billing_period(billed: Row[Any], subscription: Row[Any]) -> BillingPeriodObject:
    """What an invoice bills of the subscription."""

    def ends(kind: str) -> dict[str, str | None]:
        names = (f"{kind}_from_datetime", f"{kind}_to_datetime")
        return {name: (at := getattr(billed, name)) and instant(at) for name in names}

    return BillingPeriodObject(
        lago_subscription_id=subscription.id,
        external_subscription_id=subscription.external_id,
        lago_plan_id=subscription.plan_id,
        invoicing_reason=billed.invoicing_reason,
        **cast("Any", ends("subscription") | ends("charges") | ends("fixed_charges")),
    )


def show_invoice_extended(
    invoice: Row[Any],
    customer: CustomerObject,
    metadata: Sequence[Row[Any]],
    applied_taxes: Sequence[Row[Any]],
    applied_sections: Sequence[Row[Any]],
    fees: Sequence[FeeObject] | UnsetType,
    subscriptions: Sequence[SubscriptionObject],
    billing_periods: Sequence[BillingPeriodObject],
    credits: Sequence[CreditObject],
    files: Files,
    now: datetime,
) -> InvoiceObjectExtended:
    """The invoice as it answers for itself."""
    return InvoiceObjectExtended(
        **_fields(invoice, customer, metadata, applied_taxes, applied_sections, files, now),
        fees=fees if fees is UNSET else list(fees),
        credits=list(credits),
        subscriptions=list(subscriptions),
        billing_periods=list(billing_periods),
        error_details=[],
    )
