"""Estimates of fees in advance as JSON (chapter 31 §6)."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.events import PreciseAmount, Timestamp
from conto.schemas.fees import FeeItem
from conto.schemas.fields import NEEDED, Currency, Identifier, Rate, Raw, items

MOST_EVENTS = 100
"""Events of a batch."""


class EventEstimateInput(Struct, kw_only=True, frozen=True):
    """An event that is thought of."""

    code: Annotated[Identifier, NEEDED] | None = None
    external_subscription_id: Annotated[Identifier, NEEDED] | None = None
    transaction_id: Identifier | None = None
    timestamp: Timestamp = None
    properties: dict[str, Raw] | None = None
    precise_total_amount_cents: PreciseAmount | None = None


class EventEstimateItem(EventEstimateInput, kw_only=True, frozen=True):
    """One event of a batch, bare or in an envelope."""

    event: EventEstimateInput | UnsetType = UNSET


class EventEstimateBatchInput(Struct, kw_only=True, frozen=True):
    """Up to 100 events that are thought of."""

    events: (
        Annotated[list[EventEstimateItem], NEEDED, items(MOST_EVENTS, invalid="no_events", too_many="too_many_events")]
        | UnsetType
    ) = UNSET


class FeeEstimateObject(Struct, kw_only=True, frozen=True):
    """A fee that one event alone would have; amounts in cents are texts."""

    lago_id: None = None
    lago_charge_id: UUID
    lago_charge_filter_id: UUID | None
    lago_invoice_id: None = None
    lago_true_up_fee_id: None = None
    lago_true_up_parent_fee_id: None = None
    lago_subscription_id: UUID
    lago_customer_id: UUID
    external_customer_id: str
    external_subscription_id: str
    amount_cents: str
    precise_amount: str
    precise_total_amount: str
    amount_currency: Currency
    taxes_amount_cents: int = 0
    taxes_precise_amount: Rate = Decimal(0)
    taxes_rate: Rate = Decimal(0)
    units: str
    description: None = None
    precise_unit_amount: Rate
    precise_coupons_amount_cents: str = "0.0"
    total_amount_cents: str
    total_amount_currency: Currency
    events_count: int = 1
    pay_in_advance: bool = True
    invoiceable: bool
    payment_status: Literal["pending"] = "pending"
    created_at: None = None
    succeeded_at: None = None
    failed_at: None = None
    refunded_at: None = None
    event_transaction_id: str
    amount_details: None = None
    item: FeeItem
