"""The filters of the lists of invoices and fees (chapter 20 §7.2)."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.fees import FeePaymentStatus, FeeType
from conto.schemas.fields import Cents, Flag, Instant, RefusedAs, Text, items
from conto.schemas.invoices import InvoiceType

VisibleStatus = Annotated[
    Literal["draft", "finalized", "voided", "pending", "failed"],
    RefusedAs("must be one of: draft, finalized, voided, pending, failed"),
]
WantedPaymentStatus = Annotated[
    Literal["pending", "succeeded", "failed"], RefusedAs("must be one of: pending, succeeded, failed")
]
Settlement = Annotated[Literal["payment", "credit_note"], RefusedAs("must be one of: payment, credit_note")]


class IssuingDateFilters(Struct, kw_only=True, frozen=True):
    """Filters of documents by their day of issue. An unreadable one is left out."""

    issuing_date_from: Text | UnsetType = UNSET
    issuing_date_to: Text | UnsetType = UNSET

    @property
    def issuing_day_from(self) -> date | None:
        """The first issuing date that is wanted."""
        return readable_day(self.issuing_date_from)

    @property
    def issuing_day_to(self) -> date | None:
        """The last issuing date that is wanted."""
        return readable_day(self.issuing_date_to)


class InvoiceFilters(IssuingDateFilters, kw_only=True, frozen=True):
    """Filters of invoices; all that are given must match."""

    external_customer_id: Text | UnsetType = UNSET
    customer_external_id: Text | UnsetType = UNSET
    status: list[VisibleStatus] | UnsetType = UNSET
    statuses: list[VisibleStatus] | UnsetType = UNSET
    payment_status: list[WantedPaymentStatus] | UnsetType = UNSET
    payment_statuses: list[WantedPaymentStatus] | UnsetType = UNSET
    payment_overdue: Flag | UnsetType = UNSET
    payment_dispute_lost: Flag | UnsetType = UNSET
    partially_paid: Flag | UnsetType = UNSET
    self_billed: Flag | UnsetType = UNSET
    settlements: list[Settlement] | UnsetType = UNSET
    invoice_type: InvoiceType | UnsetType = UNSET
    currency: Text | UnsetType = UNSET
    amount_from: Cents | UnsetType = UNSET
    amount_to: Cents | UnsetType = UNSET
    search_term: Text | UnsetType = UNSET
    billing_entity_codes: list[Text] | UnsetType = UNSET
    purchase_order_number: Text | UnsetType = UNSET
    metadata: Annotated[dict[str, Text], items(20)] | UnsetType = UNSET


class FeeFilters(Struct, kw_only=True, frozen=True):
    """Filters of fees; all that are given must match."""

    external_customer_id: Text | UnsetType = UNSET
    external_subscription_id: Text | UnsetType = UNSET
    billable_metric_code: Text | UnsetType = UNSET
    event_transaction_id: Text | UnsetType = UNSET
    fee_type: FeeType | UnsetType = UNSET
    payment_status: FeePaymentStatus | UnsetType = UNSET
    currency: Text | UnsetType = UNSET
    created_at_from: Instant | UnsetType = UNSET
    created_at_to: Instant | UnsetType = UNSET
    succeeded_at_from: Instant | UnsetType = UNSET
    succeeded_at_to: Instant | UnsetType = UNSET
    failed_at_from: Instant | UnsetType = UNSET
    failed_at_to: Instant | UnsetType = UNSET
    refunded_at_from: Instant | UnsetType = UNSET
    refunded_at_to: Instant | UnsetType = UNSET


def readable_day(text: str | UnsetType) -> date | None:
    """The day that the text is, None where it is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
