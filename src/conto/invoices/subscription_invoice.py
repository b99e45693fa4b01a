"""Invoices for subscriptions: made, left as drafts, built anew, issued (chapters 20 and 51 §6)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.days import local_day, start_of_day
from conto.core.invoice_dates import finalization_date, issuing_date_when_finalized
from conto.core.numbering import draft_number
from conto.core.periods.ranges import Occasion, Period
from conto.credits.notes.apply import apply
from conto.credits.notes.drafts import delete_notes, finalize_notes, follow_refresh
from conto.customers.queries import customer_by_id
from conto.db.tables import invoice_subscriptions, invoices
from conto.errors import NotFound
from conto.invoices.billed import Billed, Reason, Side, gather
from conto.invoices.build import (
    BilledPeriods,
    Dates,
    FeeDraft,
    InvoiceDraft,
    dates,
    dates_from,
    dating,
    subscription_dates,
)
from conto.invoices.charge_fees import billed_charges, by_subscription, charge_fees
from conto.invoices.commitment_fees import commitment_fees, counted_fees
from conto.invoices.custom_sections import sections_of_subscriptions
from conto.invoices.fee_taxes import tax_levels
from conto.invoices.finalize import awaits_taxes, finish
from conto.invoices.fixed_charge_fees import fixed_charge_books, fixed_charge_fees
from conto.invoices.loose_fees import renew_loose_fees
from conto.invoices.plan_fees import subscription_fees
from conto.invoices.queries import BY_ID, lock
from conto.invoices.stale import REFRESH
from conto.invoices.store import remove, replace, store, totals_without_taxes
from conto.metering.usage import keep_levels
from conto.subscriptions.queries import subscriptions_by_id
from conto.work import ORGANIZATION, Work

FINALIZATION = "invoices.finalization"
"""The kind of entry that issues a draft when its grace period is over."""

IMMEDIATE = frozenset({Reason.IN_ADVANCE, Reason.IN_ADVANCE_PERIODIC, Reason.PROGRESSIVE})
"""Reasons of invoices that have no grace period."""

_SIDES = select(invoice_subscriptions).where(
    invoice_subscriptions.c.organization_id == ORGANIZATION,
    invoice_subscriptions.c.invoice_id == bindparam("invoice"),
)


_DRAFTS_OF = (
    select(invoices.c.id)
    .join(
        invoice_subscriptions,
        (invoice_subscriptions.c.organization_id == invoices.c.organization_id)
        & (invoice_subscriptions.c.invoice_id == invoices.c.id),
    )
    .where(
        invoices.c.organization_id == ORGANIZATION,
        invoices.c.status == "draft",
        invoice_subscriptions.c.subscription_id == bindparam("subscription"),
    )
    .order_by(invoices.c.created_at, invoices.c.id)
)

_DRAFTS_OF_CUSTOMER = (
    select(invoices.c.id)
    .where(
        invoices.c.organization_id == ORGANIZATION,
        invoices.c.customer_id == bindparam("customer"),
        invoices.c.invoice_type == "subscription",
        invoices.c.status == "draft",
    )
    .order_by(invoices.c.created_at, invoices.c.id)
)


async def bill(work: Work, customer: Row[Any], sides: Sequence[Side], at: datetime) -> Row[Any]:
    """Make the invoice over the sides at billing time `at`: issued, or a draft where there is a grace period.

    The customer's row must be locked, and carries what it inherits from its billing entity. Sides that share an
    invoice agree in what `conto.subscriptions.renew` groups them by. A subscription that has been billed for the
    same reason and day is not billed again: the database refuses it.
    """
    billed = await gather(work, sides, at)
    draft = await _draft(work, customer, billed, _dates(customer, billed, at))
    stored = await store(work, draft)
    # Once, and for good: what becomes of a draft in its grace period does not touch them.
    await renew_loose_fees(work, customer, billed)
    grace = dating(customer).grace_period
    if grace and not _is_immediate(billed):
        await _keep_as_draft(work, stored, customer, billed[0])
    else:
        await _finish(work, stored, customer, billed, is_new=True)
    return stored


async def bill_at_once(work: Work, customer: Row[Any], one: Billed, fees: Sequence[FeeDraft]) -> Row[Any]:
    """Make an invoice over fees in advance that have no grace period, and issue it (chapters 41 §5.2 and 53 §5.3)."""
    stored = await store(work, await _draft(work, customer, [one], dates(customer, one.at), fees=fees))
    for fee in fees:
        work.emit("fee.created", fee.id)
    await _finish(work, stored, customer, [one], is_new=True)
    return stored


async def refresh(work: Work, invoice: Row[Any]) -> None:
    """Build a draft anew for the same billing time, with each subscription as it stood then (chapter 20 §7.4).

    Both the invoice's and its customer's row must be locked.
    """
    customer = await customer_by_id(work, invoice.customer_id)
    billed = await _billed_on(work, invoice)
    kept = Dates(invoice.issuing_date, invoice.payment_due_date, invoice.net_payment_term)
    await _build_anew(work, invoice, await _draft(work, customer, billed, kept, invoice))


async def issue(work: Work, invoice: Row[Any]) -> None:
    """Issue a draft today: built anew, dated, with what its customer has in credit taken off (chapter 20 §7.5).

    Both the invoice's and its customer's row must be locked.
    """
    customer = await customer_by_id(work, invoice.customer_id)
    billed = await _billed_on(work, invoice)
    issued = _dates_when_issued(work, customer, invoice, billed)
    await _build_anew(work, invoice, await _draft(work, customer, billed, issued, invoice))
    await agenda.drop(work, FINALIZATION, invoice.id)
    await _finish(work, await lock(work, invoice.id), customer, billed)
    if not awaits_taxes("subscription", customer):
        await finalize_notes(work, invoice.id)


async def _build_anew(work: Work, invoice: Row[Any], draft: InvoiceDraft) -> None:
    """Put new fees in the place of the old ones, and have credit notes on the draft follow."""
    old = await replace(work, invoice, draft)
    successors = {_identity(fee): fee.id for fee in draft.fees}
    moved = {fee.id: successors[key] for fee in old if (key := _identity(fee)) in successors}
    await follow_refresh(work, invoice, moved)
    await remove(work, old)


def _identity(fee: Any) -> object:
    """What makes a fee the same one when its draft is built anew."""
    return (
        fee.fee_type,
        fee.subscription_id,
        fee.charge_id,
        fee.charge_filter_id,
        fee.fixed_charge_id,
        tuple(sorted(fee.grouped_by.items())),
        fee.true_up_parent_fee_id is not None,
    )


async def _finish(
    work: Work, invoice: Row[Any], customer: Row[Any], billed: Sequence[Billed], *, is_new: bool = False
) -> None:
    """Take off what the customer has in credit notes, and issue the invoice."""
    usable = any(one.history.has_credit for one in billed) and not awaits_taxes(invoice.invoice_type, customer)
    if usable and await apply(work, invoice, is_new=is_new):
        invoice = await work.one(BY_ID, id=invoice.id)
    await finish(work, invoice, customer, event_type="invoice.created")


async def drafts_of(work: Work, subscription_id: UUID) -> list[UUID]:
    """The drafts that the subscription is on, the oldest first."""
    rows = await work.rows(_DRAFTS_OF, subscription=subscription_id)
    return [row.id for row in rows]


async def ready_drafts(work: Work, customer: Row[Any]) -> None:
    """Build the customer's drafts anew, as their taxes are known now, and tell that they can be issued.

    The customer's row must be locked.
    """
    for row in await work.rows(_DRAFTS_OF_CUSTOMER, customer=customer.id):
        await refresh(work, await lock(work, row.id))
        work.emit("invoice.ready_to_finalize", row.id)


async def drop(work: Work, invoice: Row[Any]) -> None:
    """Delete a draft; what it billed is not billed again (chapter 20 §7.6)."""
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(status="deleted", updated_at=work.now)
    )
    await delete_notes(work, invoice.id)
    await agenda.drop(work, FINALIZATION, invoice.id)
    work.emit("invoice.deleted", invoice.id)


@agenda.handles(REFRESH, lane=Lane.CUSTOMER, rank=Rank.HOUSEKEEPING)
async def refresh_stale(work: Work, invoice_id: UUID) -> None:
    """Build the draft anew, unless it was issued or deleted meanwhile."""
    try:
        invoice = await lock(work, invoice_id)
    except NotFound:
        return
    if invoice.status == "draft":
        await refresh(work, invoice)


@agenda.handles(FINALIZATION, lane=Lane.CUSTOMER, rank=Rank.FINALIZATION)
async def issue_in_time(work: Work, invoice_id: UUID) -> None:
    """Issue the draft, unless that was done or it was deleted meanwhile."""
    try:
        invoice = await lock(work, invoice_id)
    except NotFound:
        return
    if invoice.status == "draft":
        await issue(work, invoice)


async def _draft(
    work: Work,
    customer: Row[Any],
    billed: Sequence[Billed],
    dated: Dates,
    invoice: Row[Any] | None = None,
    fees: Sequence[FeeDraft] | None = None,
) -> InvoiceDraft:
    """The invoice over what is billed, or over these fees; with one that is built anew, what stays of it."""
    first = billed[0].subscription
    return InvoiceDraft(
        invoice_type="subscription",
        customer=customer,
        billing_entity_id=invoice.billing_entity_id if invoice else first.issuer_id,
        currency=billed[0].plan.amount_currency,
        purchase_order_number=invoice.purchase_order_number if invoice else first.purchase_order_number,
        skip_psp=False,
        taxes_pending=awaits_taxes("subscription", customer),
        fees=await _fees(work, customer, billed, invoice.id if invoice else None) if fees is None else fees,
        dates=dated,
        custom_sections=await sections_of_subscriptions(work, customer, [one.subscription for one in billed])
        if any(one.history.has_sections for one in billed)
        else (),
        subscriptions=[_periods(one) for one in billed],
    )


async def _fees(work: Work, customer: Row[Any], billed: Sequence[Billed], invoice_id: UUID | None) -> list[FeeDraft]:
    """All fees, a subscription's together: the plan's, its charges', its fixed charges', its commitment's."""
    levels = await tax_levels(
        work,
        customer,
        charge_ids=[charge.id for one in billed for charge in one.plan.charges],
        fixed_charge_ids=[charge.id for one in billed for charge in one.plan.fixed_charges],
        commitment_ids=[one.plan.commitment.id for one in billed if one.plan.commitment],
        plan_ids=[one.plan.id for one in billed],
    )
    found = await billed_charges(work, billed)
    if invoice_id is None:
        await keep_levels(work, [charge.results for charge in found])
    charges = by_subscription(found)
    books = await fixed_charge_books(work, billed, invoice_id)
    elsewhere = await counted_fees(work, billed, invoice_id)
    locale = customer.document_locale or customer.entity_document_locale
    fees: list[FeeDraft] = []
    for one in billed:
        key = one.subscription.id
        own = subscription_fees(one, levels)
        own += [fee for charge in charges.get(key, ()) for fee in charge_fees(charge, levels)]
        own += fixed_charge_fees(one, books, levels)
        own += commitment_fees(one, own, elsewhere.get(key, ()), levels, locale)
        fees += own
    return fees


async def _billed_on(work: Work, invoice: Row[Any]) -> list[Billed]:
    """What a draft bills, the subscriptions that began first before the others."""
    rows = await work.rows(_SIDES, invoice=invoice.id)
    found = await subscriptions_by_id(work, [row.subscription_id for row in rows])
    rows = sorted(rows, key=lambda row: began(found[row.subscription_id]))
    sides = [Side(found[row.subscription_id], Occasion(row.occasion), Reason(row.invoicing_reason)) for row in rows]
    return await gather(work, sides, rows[0].billed_at, invoice_id=invoice.id)


def began(subscription: Row[Any]) -> tuple[Any, ...]:
    """The order in which a customer's subscriptions are billed, the same whenever they are looked at."""
    return subscription.started_at, subscription.created_at, subscription.external_id


def _periods(one: Billed) -> BilledPeriods:
    """What the invoice says of the subscription's periods."""
    return BilledPeriods(
        subscription_id=one.subscription.id,
        invoicing_reason=one.side.reason.value,
        occasion=one.side.occasion.value,
        billed_at=one.at,
        billed_on=local_day(one.at, one.schedule.timezone),
        timezone=one.schedule.timezone,
        subscription=_range(one.periods.subscription),
        charges=one.periods.charges and _range(one.periods.charges),
        fixed_charges=one.periods.fixed_charges and _range(one.periods.fixed_charges),
    )


def _range(period: Period) -> tuple[datetime, datetime]:
    return period.from_datetime, period.to_datetime


def _is_immediate(billed: Sequence[Billed]) -> bool:
    return any(one.side.reason in IMMEDIATE for one in billed)


def _is_periodic(billed: Sequence[Billed]) -> bool:
    return all(one.side.reason is Reason.PERIODIC for one in billed)


def _dates(customer: Row[Any], billed: Sequence[Billed], at: datetime) -> Dates:
    """The days of a new invoice (chapter 20 §4)."""
    if _is_immediate(billed):
        return dates(customer, at)
    day = local_day(at, billed[0].schedule.timezone)
    return subscription_dates(customer, day, periodic=_is_periodic(billed))


def _dates_when_issued(work: Work, customer: Row[Any], invoice: Row[Any], billed: Sequence[Billed]) -> Dates:
    """The days of a draft that is issued now."""
    today = local_day(work.now, customer.timezone or customer.entity_timezone)
    issued_on: date = issuing_date_when_finalized(
        invoice.issuing_date, today, dating(customer), periodic=_is_periodic(billed)
    )
    return dates_from(customer, issued_on)


async def _keep_as_draft(work: Work, invoice: Row[Any], customer: Row[Any], first: Billed) -> None:
    """Leave the invoice open to changes until its grace period is over."""
    zone = first.schedule.timezone
    day = finalization_date(local_day(first.at, zone), dating(customer))
    waits = awaits_taxes("subscription", customer)
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(
            status="draft",
            number=draft_number(invoice.entity_document_number_prefix),
            **(totals_without_taxes(invoice.sub_total_excluding_taxes_amount_cents) if waits else {}),
        )
    )
    await agenda.put(work, FINALIZATION, invoice.id, lane=invoice.customer_id, due_at=start_of_day(day, zone))
    work.emit("invoice.drafted", invoice.id)
    if not waits:
        work.emit("invoice.ready_to_finalize", invoice.id)
