"""Payments as JSON (chapter 70 §§1-2)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import NEEDED, Currency, Identifier, Instant, Text, ruled, text
from conto.schemas.rules import Refused, Rule


def whole_positive(value: object) -> int:
    """An amount that is a JSON integer above 0."""
    if type(value) is not int or value <= 0:
        raise Refused("invalid_value")
    return value


class PaymentInput(Struct, kw_only=True, frozen=True):
    """A payment that was made outside; its amount is in minor units of the invoice's currency."""

    invoice_id: Annotated[Identifier, NEEDED] | None | UnsetType = UNSET
    amount_cents: Annotated[int, ruled(Rule(whole_positive), ge=1), NEEDED] | UnsetType = UNSET
    reference: Annotated[str, text(40, blank_is_null=True), NEEDED] | None | UnsetType = UNSET
    paid_at: Instant | None | UnsetType = UNSET


class PaymentFilters(Struct, kw_only=True, frozen=True):
    """Filters of payments; all that are given must match."""

    external_customer_id: Text | UnsetType = UNSET
    invoice_id: Text | UnsetType = UNSET


class PaymentObject(Struct, kw_only=True, frozen=True):
    """A payment of one invoice."""

    lago_id: UUID
    lago_customer_id: UUID
    external_customer_id: str
    invoice_ids: list[UUID]
    invoice_numbers: list[str]
    lago_payable_id: UUID
    payable_type: Literal["Invoice", "PaymentRequest"]
    amount_cents: int
    amount_currency: Currency
    status: str
    payment_status: Literal["succeeded", "failed", "pending", "processing"]
    type: Literal["manual", "provider"]
    reference: str | None
    payment_provider_code: str | None
    payment_provider_type: str | None
    external_payment_id: str | None
    provider_payment_id: str | None
    provider_customer_id: str | None
    next_action: dict[str, Any]
    created_at: str


def show_payment(payment: Row[Any]) -> PaymentObject:
    """The payment; the row carries its customer's external id and its invoice's number."""
    return PaymentObject(
        lago_id=payment.id,
        lago_customer_id=payment.customer_id,
        external_customer_id=payment.external_customer_id,
        invoice_ids=[payment.invoice_id],
        invoice_numbers=[payment.invoice_number],
        lago_payable_id=payment.invoice_id,
        payable_type="Invoice",
        amount_cents=payment.amount_cents,
        amount_currency=payment.currency,
        status=payment.status,
        payment_status=payment.payment_status,
        type=payment.payment_type,
        reference=payment.reference,
        payment_provider_code=None,
        payment_provider_type=None,
        external_payment_id=None,
        provider_payment_id=None,
        provider_customer_id=None,
        next_action={},
        created_at=instant(payment.created_at),
    )
