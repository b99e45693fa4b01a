"""An invoice before it is stored: its fees, the periods that it bills, its days (chapter 20 §§4-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.core.charges.price import Details
from conto.core.custom_sections import Section
from conto.core.days import local_day
from conto.core.invoice_dates import Adjustment, Anchor, Dating, issuing_date, payment_due_date
from conto.core.taxes import Tax
from conto.ids import new_id


@dataclass(frozen=True, slots=True)
class FeeDraft:
    """A fee before it is stored. Precise amounts are in minor units, unrounded.

    `tax_codes` are those that the fee itself names, kept so that it can be taxed anew. What a fee is for
    stands in the ids that it has: an add-on, a subscription, and of that a charge with a filter or a fixed charge.
    """

    fee_type: str
    item_code: str
    item_name: str
    item_description: str | None
    invoice_display_name: str
    units: Decimal
    precise_unit_amount_cents: Decimal
    precise_amount_cents: Decimal
    amount_cents: int
    from_at: datetime
    to_at: datetime
    taxes: tuple[Tax, ...]
    description: str | None = None
    tax_codes: tuple[str, ...] = ()
    add_on_id: UUID | None = None
    subscription_id: UUID | None = None
    billable_metric_id: UUID | None = None
    charge_id: UUID | None = None
    charge_filter_id: UUID | None = None
    fixed_charge_id: UUID | None = None
    true_up_parent_fee_id: UUID | None = None
    filters: Mapping[str, Sequence[str]] | None = None
    filter_invoice_display_name: str | None = None
    grouped_by: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    pay_in_advance: bool = False
    invoiceable: bool = True
    event_transaction_id: str | None = None
    events_count: int | None = None
    total_aggregated_units: Decimal | None = None
    amount_details: Details = field(default_factory=dict)
    pricing_unit_details: Details | None = None
    presentation_breakdowns: Sequence[Mapping[str, Any]] | None = None
    id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        assert self.units >= 0
        assert self.amount_cents >= 0
        assert self.from_at <= self.to_at


@dataclass(frozen=True, slots=True)
class LooseFee:
    """A fee that is to be on no invoice, and what it would have from one."""

    fee: FeeDraft
    customer_id: UUID
    billing_entity_id: UUID
    currency: str


@dataclass(frozen=True, slots=True)
class BilledPeriods:
    """A subscription on an invoice: why it is there, and which ranges it is billed for (chapter 51 §4).

    `billed_at` is the billing time, `billed_on` its day in the customer's time zone of then, `timezone`.
    """

    subscription_id: UUID
    invoicing_reason: str
    occasion: str
    billed_at: datetime
    billed_on: date
    timezone: str
    subscription: tuple[datetime, datetime]
    charges: tuple[datetime, datetime] | None
    fixed_charges: tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice before it is stored; `customer` carries what it inherits from its billing entity.

    While its `taxes_pending` it has neither taxes nor totals.
    """

    invoice_type: str
    customer: Row[Any]
    billing_entity_id: UUID
    currency: str
    purchase_order_number: str | None
    skip_psp: bool
    taxes_pending: bool
    fees: Sequence[FeeDraft]
    dates: "Dates"
    custom_sections: Sequence[Section] = ()
    subscriptions: Sequence[BilledPeriods] = ()

    def taxes_of(self, fee: FeeDraft) -> tuple[Tax, ...]:
        """The taxes that one of the fees has by now."""
        return () if self.taxes_pending else fee.taxes


@dataclass(frozen=True, slots=True)
class Dates:
    """An invoice's days, in the customer's time zone, and its term in days."""

    issuing_date: date
    payment_due_date: date
    net_payment_term: int


def dates(customer: Row[Any], now: datetime) -> Dates:
    """The dates of an invoice that is issued on the day of `now`, as all but subscription invoices are."""
    return dates_from(customer, local_day(now, customer.timezone or customer.entity_timezone))


def dates_from(customer: Row[Any], issued_on: date) -> Dates:
    """The dates of an invoice that is issued on a day, by the term that holds for its customer now."""
    term = customer.entity_net_payment_term if customer.net_payment_term is None else customer.net_payment_term
    return Dates(issued_on, payment_due_date(issued_on, term), term)


def subscription_dates(customer: Row[Any], billing_day: date, *, periodic: bool) -> Dates:
    """The dates of a subscription invoice that is made on the day, as far as they are known then."""
    return dates_from(customer, issuing_date(billing_day, dating(customer), periodic=periodic))


def dating(customer: Row[Any]) -> Dating:
    """The customer's settings for subscription invoices, each its own or its billing entity's."""
    anchor = customer.subscription_invoice_issuing_date_anchor
    adjustment = customer.subscription_invoice_issuing_date_adjustment
    grace = customer.invoice_grace_period
    return Dating(
        grace_period=customer.entity_invoice_grace_period if grace is None else grace,
        anchor=Anchor(anchor or customer.entity_issuing_date_anchor),
        adjustment=Adjustment(adjustment or customer.entity_issuing_date_adjustment),
    )
