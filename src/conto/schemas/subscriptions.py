"""Subscriptions as JSON (chapter 50 §12)."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.core.days import EARLIEST, LATEST
from conto.schemas.custom_sections import AppliedSectionObject, InvoiceCustomSectionInput
from conto.schemas.customers import CustomerObject
from conto.schemas.encoding import instant, instant_ms
from conto.schemas.fields import (
    Flag,
    Identifier,
    LongText,
    Raw,
    RefusedAs,
    identifier,
    items,
    ruled,
    text,
)
from conto.schemas.payment_methods import PaymentMethodInput
from conto.schemas.plans import ApplicableUsageThreshold, PlanObject, PlanOverridesInput, UsageThresholdInput
from conto.schemas.rules import Refused, Rule
from conto.schemas.rules import instant as read_instant

Status = Literal["active", "canceled", "incomplete", "pending", "terminated"]
BillingTime = Literal["calendar", "anniversary"]
CreditNoteOption = Annotated[Literal["credit", "refund", "offset", "skip"], RefusedAs("invalid_value")]
InvoiceOption = Annotated[Literal["generate", "skip"], RefusedAs("invalid_value")]

ExternalId = Annotated[str, identifier(mandatory=True, trim=True)]
PurchaseOrderNumber = Annotated[str, text(trim=True, blank_is_null=True)]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


def iso_instant(value: object) -> datetime:
    """An instant in ISO 8601 with a `T`, in UTC, whose periods can be told; a plain date is its midnight.

    Raises:
        Refused: `invalid_date`.
    """
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise Refused("invalid_date")
    found = read_instant(value)
    if not EARLIEST <= found.date() <= LATEST:
        raise Refused("invalid_date")
    return found


def read_billing_time(value: object) -> str:
    """How periods are counted; an empty text is missing, not wrong."""
    if value == "":
        raise Refused("value_is_mandatory")
    if value not in ("calendar", "anniversary"):
        raise Refused("value_is_invalid")
    return str(value)


IsoInstant = Annotated[datetime, ruled(Rule(iso_instant, blank_is_null=False), {"format": "date-time"})]
IsoInstantOrNone = Annotated[datetime, ruled(Rule(iso_instant), {"format": "date-time"})]


class PaymentMethodReference(Struct, kw_only=True, frozen=True):
    """How the subscription's invoices are paid."""

    payment_method_type: Literal["provider", "manual"]
    payment_method_id: UUID | None


class SubscriptionInput(Struct, kw_only=True, frozen=True):
    """A subscription to make. What is not given is a default, or that of the subscription it follows."""

    external_id: ExternalId
    external_customer_id: Annotated[str, identifier(trim=True)] | None | UnsetType = UNSET
    plan_code: Identifier | None | UnsetType = UNSET
    billing_entity_code: Identifier | None | UnsetType = UNSET
    name: Annotated[str, text(trim=True)] | None | UnsetType = UNSET
    billing_time: (
        Annotated[str, ruled(Rule(read_billing_time, blank_is_null=False), {"enum": ["calendar", "anniversary"]})]
        | None
        | UnsetType
    ) = UNSET
    subscription_at: IsoInstant | None | UnsetType = UNSET
    ending_at: IsoInstantOrNone | None | UnsetType = UNSET
    consolidate_invoice: Flag | None | UnsetType = UNSET
    progressive_billing_disabled: Flag | None | UnsetType = UNSET
    purchase_order_number: PurchaseOrderNumber | None | UnsetType = UNSET
    plan_overrides: PlanOverridesInput | None | UnsetType = UNSET
    usage_thresholds: Annotated[list[UsageThresholdInput], items(100)] | None | UnsetType = UNSET
    payment_method: PaymentMethodInput | None | UnsetType = UNSET
    invoice_custom_section: InvoiceCustomSectionInput | None | UnsetType = UNSET
    activation_rules: Raw | UnsetType = UNSET


class SubscriptionFilters(Struct, kw_only=True, frozen=True):
    """Filters of subscriptions; all that are given must match. An unknown status drops that filter."""

    external_customer_id: LongText | UnsetType = UNSET
    external_id: LongText | UnsetType = UNSET
    plan_code: LongText | UnsetType = UNSET
    currency: LongText | UnsetType = UNSET
    status: Annotated[list[LongText], items(20)] | UnsetType = UNSET
    overridden: Flag | UnsetType = UNSET
    overriden: Flag | UnsetType = UNSET
    billing_entity_codes: list[LongText] | UnsetType = UNSET


class SubscriptionObject(Struct, kw_only=True, frozen=True):
    """A subscription. `current_billing_period_…` is the usage charges' period in progress."""

    lago_id: UUID
    external_id: str
    lago_customer_id: UUID
    external_customer_id: str
    billing_entity_code: str
    name: str | None
    plan_code: str
    plan_amount_cents: int
    plan_amount_currency: str
    status: Status
    billing_time: BillingTime
    subscription_at: str
    started_at: str | None
    activated_at: str | None
    trial_ended_at: str | None
    ending_at: str | None
    terminated_at: str | None
    canceled_at: str | None
    cancellation_reason: Literal["payment_failed", "timeout"] | None
    created_at: str
    previous_plan_code: str | None
    next_plan_code: str | None
    downgrade_plan_date: str | None
    current_billing_period_started_at: str | None
    current_billing_period_ending_at: str | None
    on_termination_credit_note: Literal["credit", "refund", "offset", "skip"] | None
    on_termination_invoice: Literal["generate", "skip"]
    payment_method: PaymentMethodReference
    consolidate_invoice: bool
    activation_rules: list[Any]
    purchase_order_number: str | None
    progressive_billing_disabled: bool
    plan: PlanObject | UnsetType = UNSET
    customer: CustomerObject | UnsetType = UNSET
    entitlements: list[Any] | UnsetType = UNSET
    applicable_usage_thresholds: list[ApplicableUsageThreshold] | UnsetType = UNSET
    applied_invoice_custom_sections: list[AppliedSectionObject] | UnsetType = UNSET


def shown_or_none(value: datetime | None) -> str | None:
    """The instant as it is written, where there is one."""
    return instant(value) if value else None


def show_subscription(
    subscription: Row[Any], period: tuple[datetime, datetime] | None, downgrade_on: str | None, **parts: Any
) -> SubscriptionObject:
    """The subscription; its row is one of `conto.subscriptions.queries`, `period` the charges' period in progress."""
    same = (
        "external_id external_customer_id billing_entity_code name plan_code plan_amount_cents plan_amount_currency"
        " status billing_time cancellation_reason previous_plan_code next_plan_code on_termination_credit_note"
        " on_termination_invoice consolidate_invoice purchase_order_number progressive_billing_disabled"
    ).split()
    instants = "activated_at trial_ended_at ending_at terminated_at canceled_at".split()
    fields: dict[str, Any] = {name: getattr(subscription, name) for name in same}
    fields |= {name: shown_or_none(getattr(subscription, name)) for name in instants}
    return SubscriptionObject(
        **fields,
        lago_id=subscription.id,
        lago_customer_id=subscription.customer_id,
        subscription_at=instant(subscription.subscription_at),
        started_at=instant_ms(subscription.started_at) if subscription.started_at else None,
        created_at=instant(subscription.created_at),
        downgrade_plan_date=downgrade_on,
        current_billing_period_started_at=shown_or_none(period[0]) if period else None,
        current_billing_period_ending_at=shown_or_none(period[1]) if period else None,
        payment_method=PaymentMethodReference(
            payment_method_type=subscription.payment_method_type or "provider", payment_method_id=None
        ),
        activation_rules=[],
        **parts,
    )
