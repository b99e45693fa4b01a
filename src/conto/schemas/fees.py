"""Fees as JSON (chapter 20 §6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.core.money import EXACT, exponent, to_cents
from conto.schemas.encoding import as_number, decimal_text, instant
from conto.schemas.fields import Currency, Rate

FeeType = Literal["charge", "fixed_charge", "add_on", "subscription", "credit", "commitment"]
FeePaymentStatus = Literal["pending", "succeeded", "failed", "refunded"]


class FeeUpdateInput(Struct, kw_only=True, frozen=True):
    """What of a fee can be changed."""

    payment_status: FeePaymentStatus | UnsetType = UNSET


class AppliedTaxObject(Struct, kw_only=True, frozen=True):
    """A tax as a document keeps it; that on an estimated fee is kept nowhere."""

    lago_id: UUID | None
    lago_tax_id: UUID | None
    tax_name: str
    tax_code: str
    tax_rate: Rate
    tax_description: str | None
    amount_cents: int
    amount_currency: Currency
    created_at: str | None


class FeeAppliedTaxObject(AppliedTaxObject, kw_only=True, frozen=True):
    """A tax on a fee."""

    lago_fee_id: UUID | None


class FeeItem(Struct, kw_only=True, frozen=True):
    """What a fee is for."""

    type: FeeType
    code: str
    name: str
    description: str | None
    invoice_display_name: str
    filter_invoice_display_name: str | None
    filters: dict[str, list[str]] | None
    lago_item_id: UUID
    item_type: Literal["AddOn", "BillableMetric", "Subscription", "WalletTransaction"]
    grouped_by: dict[str, str | None]


class FeeObject(Struct, kw_only=True, frozen=True):
    """A fee. Fees inside an invoice carry no `applied_taxes`; one that is estimated has no id."""

    lago_id: UUID | None
    lago_charge_id: UUID | None
    lago_charge_filter_id: UUID | None
    lago_fixed_charge_id: UUID | None
    lago_invoice_id: UUID | None
    lago_true_up_fee_id: UUID | None
    lago_true_up_parent_fee_id: UUID | None
    lago_subscription_id: UUID | None
    lago_customer_id: UUID | None
    lago_original_fee_id: UUID | None
    external_customer_id: str | None
    external_subscription_id: str | None
    amount_cents: int
    precise_amount: str
    precise_total_amount: str
    amount_currency: Currency
    taxes_amount_cents: int
    taxes_precise_amount: str
    taxes_rate: Rate
    units: str
    precise_unit_amount: str
    total_aggregated_units: str | None
    total_amount_cents: int
    total_amount_currency: Currency
    events_count: int | None
    pay_in_advance: bool
    invoiceable: bool
    from_date: str | None | UnsetType = UNSET
    to_date: str | None | UnsetType = UNSET
    payment_status: FeePaymentStatus
    created_at: str | None
    succeeded_at: str | None
    failed_at: str | None
    refunded_at: str | None
    event_transaction_id: str | None
    description: str | None
    precise_coupons_amount_cents: str
    sub_total_excluding_taxes_amount_cents: int
    sub_total_excluding_taxes_precise_amount_cents: str
    amount_details: dict[str, Any]
    self_billed: bool
    item: FeeItem
    pricing_unit_details: dict[str, Any] | None
    presentation_breakdowns: list[dict[str, Any]]
    applied_taxes: list[FeeAppliedTaxObject] | UnsetType = UNSET


DATED = frozenset({"charge", "subscription", "add_on", "fixed_charge"})
"""The types of fees that show their dates."""

ITEMS: dict[str, tuple[Literal["AddOn", "BillableMetric", "Subscription", "WalletTransaction"], str]] = {
    "add_on": ("AddOn", "add_on_id"),
    "charge": ("BillableMetric", "billable_metric_id"),
    "commitment": ("Subscription", "subscription_id"),
    "fixed_charge": ("AddOn", "add_on_id"),
    "subscription": ("Subscription", "subscription_id"),
}
"""What fees of each type are for, and where its id stands."""


def applied_tax_fields(tax: Row[Any]) -> dict[str, Any]:
    """What the taxes on fees and on invoices have in common."""
    return {
        "lago_id": tax.id,
        "lago_tax_id": tax.tax_id,
        "tax_name": tax.tax_name,
        "tax_code": tax.tax_code,
        "tax_rate": as_number(tax.tax_rate),
        "tax_description": tax.tax_description,
        "amount_cents": tax.amount_cents,
        "amount_currency": tax.currency,
        "created_at": instant(tax.created_at),
    }


def show_fee(fee: Row[Any], applied_taxes: Sequence[Row[Any]] | None = None) -> FeeObject:
    """The fee; the row carries its customer's external id and whether its invoice is self-billed."""
    precise_net = EXACT.subtract(fee.precise_amount_cents, fee.precise_coupons_amount_cents)
    net = EXACT.subtract(Decimal(fee.amount_cents), fee.precise_coupons_amount_cents)
    precise_total = EXACT.add(fee.precise_amount_cents, fee.taxes_precise_amount_cents)
    return FeeObject(
        lago_id=fee.id,
        lago_charge_id=fee.charge_id,
        lago_charge_filter_id=fee.charge_filter_id,
        lago_fixed_charge_id=fee.fixed_charge_id,
        lago_invoice_id=fee.invoice_id,
        lago_true_up_fee_id=fee.true_up_fee_id,
        lago_true_up_parent_fee_id=fee.true_up_parent_fee_id,
        lago_subscription_id=fee.subscription_id,
        lago_customer_id=fee.customer_id,
        lago_original_fee_id=None,
        external_customer_id=fee.external_customer_id,
        external_subscription_id=fee.external_subscription_id,
        amount_cents=fee.amount_cents,
        precise_amount=in_major_units(fee.precise_amount_cents, fee.currency),
        precise_total_amount=in_major_units(precise_total, fee.currency),
        amount_currency=fee.currency,
        taxes_amount_cents=fee.taxes_amount_cents,
        taxes_precise_amount=in_major_units(fee.taxes_precise_amount_cents, fee.currency),
        taxes_rate=as_number(fee.taxes_rate),
        units=decimal_text(fee.units),
        precise_unit_amount=in_major_units(fee.precise_unit_amount_cents, fee.currency),
        total_aggregated_units=None if fee.total_aggregated_units is None else decimal_text(fee.total_aggregated_units),
        total_amount_cents=fee.amount_cents + fee.taxes_amount_cents,
        total_amount_currency=fee.currency,
        events_count=fee.events_count,
        pay_in_advance=fee.pay_in_advance,
        invoiceable=fee.invoiceable,
        from_date=offset_instant(fee.from_at) if fee.fee_type in DATED else UNSET,
        to_date=offset_instant(fee.to_at) if fee.fee_type in DATED else UNSET,
        payment_status=fee.payment_status,
        created_at=instant(fee.created_at),
        succeeded_at=fee.succeeded_at and instant(fee.succeeded_at),
        failed_at=fee.failed_at and instant(fee.failed_at),
        refunded_at=fee.refunded_at and instant(fee.refunded_at),
        event_transaction_id=fee.event_transaction_id,
        description=fee.description,
        precise_coupons_amount_cents=decimal_text(fee.precise_coupons_amount_cents),
        sub_total_excluding_taxes_amount_cents=to_cents(net),
        sub_total_excluding_taxes_precise_amount_cents=decimal_text(precise_net),
        amount_details=fee.amount_details,
        self_billed=fee.self_billed,
        item=show_item(fee),
        pricing_unit_details=fee.pricing_unit_details,
        presentation_breakdowns=fee.presentation_breakdowns or [],
        applied_taxes=UNSET
        if applied_taxes is None
        else [FeeAppliedTaxObject(**applied_tax_fields(tax), lago_fee_id=fee.id) for tax in applied_taxes],
    )


def show_item(fee: Row[Any]) -> FeeItem:
    """What the fee is for, as it was named when the fee was made."""
    item_type, item_id = ITEMS[fee.fee_type]
    return FeeItem(
        type=fee.fee_type,
        code=fee.item_code,
        name=fee.item_name,
        description=fee.item_description,
        invoice_display_name=fee.invoice_display_name,
        filter_invoice_display_name=fee.filter_invoice_display_name,
        filters=fee.filters,
        lago_item_id=getattr(fee, item_id),
        item_type=item_type,
        grouped_by=fee.grouped_by,
    )


def in_major_units(cents: Decimal, currency: str) -> str:
    """Precise minor units as a decimal text in major units."""
    return decimal_text(EXACT.scaleb(cents, -exponent(currency)))


def offset_instant(value: Any) -> str:
    """A fee's boundary: written with `+00:00` in place of `Z`."""
    return instant(value)[:-1] + "+00:00"
