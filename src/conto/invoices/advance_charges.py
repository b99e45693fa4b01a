"""Put fees that were paid without an invoice on one: `advance_charges` (chapter 41 §6)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import ARRAY, Boolean, DateTime, Row, Text, Uuid, any_, bindparam, or_, select, text

from conto import ledger
from conto.core.days import local_day
from conto.core.money import ZERO, round_at
from conto.core.periods.ranges import Occasion, Period, invoice_periods
from conto.core.taxes import InvoiceTax, InvoiceTaxes, Tax
from conto.db.tables import charges, fees, fees_taxes, subscriptions
from conto.emissions import Resource
from conto.invoices.billed import ENDS, Reason, Side
from conto.invoices.build import BilledPeriods, InvoiceDraft, dates
from conto.invoices.custom_sections import sections_of_invoice
from conto.invoices.finalize import finish
from conto.invoices.store import store_paid
from conto.payments.receipts.issue import issue
from conto.payments.record import store
from conto.schemas.payments import PaymentInput
from conto.subscriptions.queries import schedule_of, subscriptions_by_id
from conto.work import ORGANIZATION, Work

REFERENCE = "advance_charges"
"""What the payment is called that such an invoice is born with."""

# The run's subscriptions, with those that they replaced.
_LINEAGE = (
    select(subscriptions.c.id, subscriptions.c.plan_id, subscriptions.c.purchase_order_number)
    .where(
        subscriptions.c.organization_id == ORGANIZATION,
        subscriptions.c.customer_id == bindparam("customer", type_=Uuid()),
        subscriptions.c.external_id == any_(bindparam("external_ids", type_=ARRAY(Text))),
        or_(subscriptions.c.status == "active", subscriptions.c.status == "terminated"),
    )
    .cte("lineage")
)
_REGROUPS = (
    select(charges.c.id)
    .where(
        charges.c.organization_id == ORGANIZATION,
        charges.c.plan_id.in_(select(_LINEAGE.c.plan_id)),
        charges.c.pay_in_advance,
        ~charges.c.invoiceable,
        charges.c.regroup_paid_fees == "invoice",
        charges.c.deleted_at.is_(None),
    )
    .exists()
)
_PAID = (
    select(fees, _LINEAGE.c.purchase_order_number)
    .join(_LINEAGE, _LINEAGE.c.id == fees.c.subscription_id)
    .where(
        fees.c.organization_id == ORGANIZATION,
        fees.c.invoice_id.is_(None),
        fees.c.deleted_at.is_(None),
        fees.c.payment_status == "succeeded",
        fees.c.succeeded_at <= bindparam("at", type_=DateTime(timezone=True)),
        or_(bindparam("all", type_=Boolean), fees.c.to_at < bindparam("today", type_=DateTime(timezone=True))),
        _REGROUPS,
    )
    .order_by(fees.c.created_at, fees.c.id)
    .with_for_update(key_share=True, of=fees)
)
_TAXES = (
    select(fees_taxes)
    .where(
        fees_taxes.c.organization_id == ORGANIZATION,
        fees_taxes.c.fee_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    )
    .order_by(fees_taxes.c.created_at, fees_taxes.c.position, fees_taxes.c.id)
)
_PUT_ON = text(
    """
    update fees set invoice_id = :invoice, position = put.place - 1, updated_at = :now
    from unnest(:ids) with ordinality as put (id, place)
    where fees.organization_id = :organization and fees.id = put.id
    """
).bindparams(
    bindparam("organization", type_=Uuid()),
    bindparam("invoice", type_=Uuid()),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("ids", type_=ARRAY(Uuid)),
)


async def regroup(work: Work, customer: Row[Any], sides: Sequence[Side], at: datetime) -> None:
    """Put paid fees without an invoice, of these subscriptions and those that they replaced, on an invoice each group.

    The sides are renewed or end together at `at`, and have been billed. On a renewal of subscriptions that go on, a
    fee waits for the end of its period; what ends takes all. Where no plan of theirs regroups, nothing happens. The
    customer's row must be locked, and carries what it inherits from its billing entity.
    """
    today = local_day(at, schedule_of(sides[0].subscription).timezone)
    paid = await work.rows(
        _PAID,
        customer=customer.id,
        external_ids=list({side.subscription.external_id for side in sides}),
        at=at,
        all=any(side.occasion in ENDS or side.subscription.next_id is not None for side in sides),
        # Such fees tell their days from UTC midnight on, whatever the customer's zone.
        today=datetime.combine(today, time(), UTC),
    )
    if not paid:
        return
    own = {side.subscription.id: side.subscription for side in sides}
    others = {fee.subscription_id for fee in paid} - own.keys()
    billed = own | await subscriptions_by_id(work, others)
    period = _closed_period(billed, sides, at)
    for group in _groups(paid):
        await _bill(work, customer, group, billed, period, at)


def _groups(paid: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    """The fees that share an invoice: alike in all that it has one of."""
    found: dict[object, list[Row[Any]]] = defaultdict(list)
    for fee in paid:
        found[fee.purchase_order_number, fee.billing_entity_id, fee.currency].append(fee)
    return list(found.values())


def _closed_period(billed: Mapping[UUID, Row[Any]], sides: Sequence[Side], at: datetime) -> Period:
    """The charges period just closed of the subscription that started last."""
    latest = max(billed.values(), key=lambda row: (row.started_at, row.created_at, row.id))
    occasion = next((side.occasion for side in sides if side.subscription.id == latest.id), sides[0].occasion)
    ended_at = latest.terminated_at if occasion in ENDS else None
    periods = invoice_periods(schedule_of(latest), occasion, at, latest.started_at, ended_at)
    return periods.charges or periods.subscription


async def _bill(
    work: Work,
    customer: Row[Any],
    paid: Sequence[Row[Any]],
    billed: Mapping[UUID, Row[Any]],
    period: Period,
    at: datetime,
) -> None:
    """Issue an invoice over the fees, as paid by hand."""
    ids = [fee.id for fee in paid]
    draft = InvoiceDraft(
        invoice_type="advance_charges",
        customer=customer,
        billing_entity_id=paid[0].billing_entity_id,
        currency=paid[0].currency,
        purchase_order_number=paid[0].purchase_order_number,
        skip_psp=False,
        taxes_pending=False,
        fees=(),
        dates=dates(customer, at),
        custom_sections=await sections_of_invoice(work, customer, UNSET),
        subscriptions=[
            _periods(billed[subscription_id], period, at)
            for subscription_id in dict.fromkeys(fee.subscription_id for fee in paid)
        ],
    )
    taxes = summed_taxes(paid, await work.rows(_TAXES, ids=ids))
    stored = await store_paid(work, draft, [fee.amount_cents for fee in paid], taxes)
    await work.change(_PUT_ON, invoice=stored.id, ids=ids, now=work.now)
    payment = await _pay(work, stored) if stored.total_amount_cents else None
    await finish(work, stored, customer, event_type="invoice.created")
    if payment is not None:
        await issue(work, payment)


async def _pay(work: Work, invoice: Row[Any]) -> Row[Any]:
    """Record the payment of the whole invoice; the money came in before, fee by fee."""
    payment = await store(work, PaymentInput(reference=REFERENCE), invoice.total_amount_cents, invoice)
    ledger.post(work, [ledger.payment_received(payment)])
    work.emit("payment.recorded", payment.id, on=Resource("Invoice", invoice.id))
    return payment


def _periods(subscription: Row[Any], period: Period, at: datetime) -> BilledPeriods:
    """What the invoice says of a subscription that has fees on it: for all the same period."""
    told = (period.from_datetime, period.to_datetime)
    return BilledPeriods(
        subscription_id=subscription.id,
        invoicing_reason=Reason.IN_ADVANCE_PERIODIC.value,
        occasion=Occasion.IN_ADVANCE.value,
        billed_at=at,
        billed_on=local_day(at, period.timezone),
        timezone=period.timezone,
        subscription=told,
        charges=told,
        fixed_charges=None,
    )


def summed_taxes(paid: Sequence[Row[Any]], applied: Sequence[Row[Any]]) -> InvoiceTaxes:
    """The taxes that the fees have, added up and not computed anew; as it was applied last a tax is named."""
    amounts = {fee.id: fee.amount_cents for fee in paid}
    named: dict[UUID, Tax] = {}
    taxed: dict[UUID, int] = defaultdict(int)
    bases: dict[UUID, int] = defaultdict(int)
    for one in applied:
        named[one.tax_id] = Tax(one.tax_id, one.tax_code, one.tax_name, one.tax_description, one.tax_rate)
        taxed[one.tax_id] += one.amount_cents
        bases[one.tax_id] += amounts[one.fee_id]
    fees_cents, taxes_cents = sum(amounts.values()), sum(fee.taxes_amount_cents for fee in paid)
    return InvoiceTaxes(
        rate=round_at(Fraction(taxes_cents * 100, fees_cents), 2) if fees_cents else ZERO,
        amount_cents=taxes_cents,
        applied=tuple(InvoiceTax(tax, bases[tax_id], taxed[tax_id]) for tax_id, tax in named.items()),
    )
