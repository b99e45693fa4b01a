"""What ends or changes a subscription (chapter 50 §§4 and 11)."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.custom_sections import InvoiceCustomSectionInput
from conto.schemas.fields import Flag, Identifier, Raw, Text, items, text
from conto.schemas.payment_methods import PaymentMethodInput
from conto.schemas.plans import PlanOverridesInput, UsageThresholdInput
from conto.schemas.subscriptions import (
    CreditNoteOption,
    InvoiceOption,
    IsoInstant,
    IsoInstantOrNone,
    PurchaseOrderNumber,
)


class SubscriptionUpdateInput(Struct, kw_only=True, frozen=True):
    """What of a subscription can be changed."""

    name: Annotated[str, text(trim=True)] | None | UnsetType = UNSET
    subscription_at: IsoInstant | None | UnsetType = UNSET
    ending_at: IsoInstantOrNone | None | UnsetType = UNSET
    billing_entity_code: Identifier | None | UnsetType = UNSET
    consolidate_invoice: Flag | None | UnsetType = UNSET
    progressive_billing_disabled: Flag | None | UnsetType = UNSET
    purchase_order_number: PurchaseOrderNumber | None | UnsetType = UNSET
    on_termination_credit_note: CreditNoteOption | None | UnsetType = UNSET
    on_termination_invoice: InvoiceOption | None | UnsetType = UNSET
    plan_overrides: PlanOverridesInput | None | UnsetType = UNSET
    usage_thresholds: Annotated[list[UsageThresholdInput], items(100)] | None | UnsetType = UNSET
    payment_method: PaymentMethodInput | None | UnsetType = UNSET
    invoice_custom_section: InvoiceCustomSectionInput | None | UnsetType = UNSET
    activation_rules: Raw | UnsetType = UNSET


class TerminationInput(Struct, kw_only=True, frozen=True):
    """Which subscription is to end, and how."""

    status: Text | None | UnsetType = UNSET
    on_termination_credit_note: CreditNoteOption | None | UnsetType = UNSET
    on_termination_invoice: InvoiceOption | None | UnsetType = UNSET
