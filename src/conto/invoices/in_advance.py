"""Price each event under its charges in advance, soon after it was taken in (chapters 41 §5 and 30 §4.10).

Events are noted as they are followed, and priced in their customer's lane. The price of one depends on what happened
up to its own instant alone, so the order in which they are priced does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Row, Text, Uuid, any_, bindparam, delete, select, text

from conto import agenda
from conto.agenda import Lane, Rank
from conto.catalog.priced import PricedCharge, PricedPlan, priced_plans
from conto.core.periods.ranges import Occasion, charges_period
from conto.customers.queries import customer_by_id
from conto.db.engine import insert_rows
from conto.db.tables import events, fees, unpriced_events
from conto.ids import new_id
from conto.invoices.billed import Reason, Side, gather
from conto.invoices.build import FeeDraft, LooseFee
from conto.invoices.charge_fees import fields_of_charge, fields_of_filter, whole_days
from conto.invoices.fee_taxes import TaxLevels, tax_levels
from conto.invoices.store import store_loose
from conto.invoices.subscription_invoice import bill_at_once
from conto.metering.event_price import EventPrice, price_event
from conto.metering.one_event import Happened
from conto.metering.stream import listens
from conto.metering.usage import ChargePeriod, span_of
from conto.subscriptions.queries import schedule_of, subscriptions_by_id
from conto.work import ORGANIZATION, Work

PRICING = "fees.pricing"
"""The kind of entry that prices a subscription's events."""

AT_ONCE = 50
"""Events priced in one transaction; a subscription's further ones wait for the next."""

_SUBSCRIPTIONS = text(
    """
    select subscriptions.id, subscriptions.customer_id, subscriptions.external_id,
        subscriptions.started_at, subscriptions.terminated_at,
        array(
            select billable_metrics.code
            from charges join billable_metrics
                on billable_metrics.organization_id = :organization
                and billable_metrics.id = charges.billable_metric_id
            where charges.organization_id = :organization and charges.plan_id = subscriptions.plan_id
                and charges.pay_in_advance and charges.deleted_at is null
                and billable_metrics.code = any(:codes) and billable_metrics.deleted_at is null
        ) as codes
    from subscriptions
    where subscriptions.organization_id = :organization and subscriptions.external_id = any(:external_ids)
        and subscriptions.status in ('active', 'terminated')
    order by subscriptions.terminated_at desc nulls first, subscriptions.started_at desc, subscriptions.id
    """
).bindparams(
    bindparam("organization", type_=Uuid()),
    bindparam("codes", type_=ARRAY(Text)),
    bindparam("external_ids", type_=ARRAY(Text)),
)
_NEXT = (
    select(unpriced_events.c.id)
    .where(
        unpriced_events.c.organization_id == ORGANIZATION,
        unpriced_events.c.subscription_id == bindparam("subscription", type_=Uuid()),
    )
    .order_by(unpriced_events.c.received)
    .limit(bindparam("most", type_=Integer))
    .scalar_subquery()
)
_TAKEN = (
    delete(unpriced_events)
    .where(unpriced_events.c.organization_id == ORGANIZATION, unpriced_events.c.id.in_(_NEXT))
    .returning(unpriced_events.c.transaction_id)
    .cte("taken")
)
_TAKE = (
    select(events)
    .select_from(_TAKEN)
    .outerjoin(
        events,
        (events.c.organization_id == ORGANIZATION)
        & (events.c.external_subscription_id == bindparam("external_id", type_=Text))
        & (events.c.transaction_id == _TAKEN.c.transaction_id),
    )
    .order_by(events.c.id)
)
_MADE = select(fees.c.charge_id, fees.c.event_transaction_id).where(
    fees.c.organization_id == ORGANIZATION,
    fees.c.subscription_id == bindparam("subscription", type_=Uuid()),
    fees.c.charge_id == any_(bindparam("charges", type_=ARRAY(Uuid))),
    fees.c.event_transaction_id == any_(bindparam("transactions", type_=ARRAY(Text))),
)


@listens
async def note_for_pricing(work: Work, rows: Sequence[Row[Any]]) -> None:
    """Note the events that a charge in advance is to price, and put their subscriptions on the agenda."""
    found = await _owned(work, [row for row in rows if row.external_subscription_id])
    noted = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "subscription_id": subscription.id,
            "transaction_id": row.transaction_id,
            "received": row.id,
            "created_at": work.now,
        }
        for row, subscription in found
    ]
    await insert_rows(work.connection, unpriced_events, noted)
    lanes = {subscription.id: subscription.customer_id for _, subscription in found}
    await agenda.put_all(work, PRICING, list(lanes.items()), due_at=work.now)


async def _owned(work: Work, rows: Sequence[Row[Any]]) -> list[tuple[Row[Any], Row[Any]]]:
    """The events whose subscription has a charge in advance on their metric, each with that subscription."""
    if not rows:
        return []
    candidates: dict[str, list[Row[Any]]] = {}
    for each in await work.rows(
        _SUBSCRIPTIONS,
        codes=list({row.code for row in rows}),
        external_ids=list({row.external_subscription_id for row in rows}),
    ):
        candidates.setdefault(each.external_id, []).append(each)
    owners = [(row, _owner(candidates.get(row.external_subscription_id, ()), row.timestamp)) for row in rows]
    return [(row, owner) for row, owner in owners if owner is not None and row.code in owner.codes]


def _owner(candidates: Iterable[Row[Any]], at: datetime) -> Row[Any] | None:
    """The subscription that an event of the instant belongs to, to the millisecond (chapter 30 §3.6)."""
    at = _to_the_millisecond(at)
    for each in candidates:
        ended = each.terminated_at is not None and _to_the_millisecond(each.terminated_at) < at
        if _to_the_millisecond(each.started_at) <= at and not ended:
            return each
    return None


def _to_the_millisecond(instant: datetime) -> datetime:
    return instant - timedelta(microseconds=instant.microsecond % 1000)


@dataclass(frozen=True, slots=True)
class Pricing:
    """A subscription whose events are priced, with its plan and taxes. The customer carries what it inherits."""

    customer: Row[Any]
    subscription: Row[Any]
    plan: PricedPlan
    levels: TaxLevels

    def charges(self, code: str) -> list[PricedCharge]:
        """The charges in advance on the metric."""
        return [charge for charge in self.plan.charges if charge.pay_in_advance and charge.metric.code == code]


@agenda.handles(PRICING, lane=Lane.CUSTOMER, rank=Rank.IN_ADVANCE)
async def price_events(work: Work, subscription_id: UUID) -> None:
    """Make the fees of the subscription's next events that wait, and come again where there may be more.

    An event makes one fee for each charge, be it over nothing: on an invoice of its own, which is issued at once, or
    on none where the charge is not invoiceable.
    """
    subscription = (await subscriptions_by_id(work, [subscription_id]))[subscription_id]
    taken = await work.rows(_TAKE, subscription=subscription_id, external_id=subscription.external_id, most=AT_ONCE)
    found = [event for event in taken if event.id is not None]
    if len(taken) == AT_ONCE:
        await agenda.put(work, PRICING, subscription_id, lane=subscription.customer_id, due_at=work.now)
    pricing = await _pricing(work, subscription)
    made = await _made(work, pricing, found)
    priced = [
        (event, charge, await _fee(work, pricing, charge, event))
        for event in found
        for charge in pricing.charges(event.code)
        if (charge.id, event.transaction_id) not in made
    ]
    loose = [fee for _, charge, fee in priced if fee is not None and not charge.invoiceable]
    entity_id, currency = subscription.issuer_id, pricing.plan.amount_currency
    await store_loose(work, [LooseFee(fee, subscription.customer_id, entity_id, currency) for fee in loose])
    # Invoices come last, as they take numbers.
    side = Side(subscription, Occasion.IN_ADVANCE, Reason.IN_ADVANCE)
    for event, charge, fee in priced:
        if fee is not None and charge.invoiceable:
            (one,) = await gather(work, [side], event.timestamp)
            await bill_at_once(work, pricing.customer, one, [fee])


async def _pricing(work: Work, subscription: Row[Any]) -> Pricing:
    customer = await customer_by_id(work, subscription.customer_id)
    plan = (await priced_plans(work, [subscription.plan_id]))[subscription.plan_id]
    in_advance = [charge.id for charge in plan.charges if charge.pay_in_advance]
    levels = await tax_levels(work, customer, charge_ids=in_advance, plan_ids=[plan.id])
    return Pricing(customer, subscription, plan, levels)


async def _made(work: Work, pricing: Pricing, taken: Sequence[Row[Any]]) -> set[tuple[UUID, str]]:
    """The charges and events that have had their fee, be it deleted since."""
    rows = await work.rows(
        _MADE,
        subscription=pricing.subscription.id,
        charges=[charge.id for charge in pricing.plan.charges],
        transactions=[event.transaction_id for event in taken],
    )
    return {(row.charge_id, row.event_transaction_id) for row in rows}


async def _fee(work: Work, pricing: Pricing, charge: PricedCharge, event: Row[Any]) -> FeeDraft | None:
    """The event's fee; None where it has no value that the metric could take."""
    subscription = pricing.subscription
    period = charges_period(
        schedule_of(subscription), event.timestamp, subscription.started_at, subscription.terminated_at
    )
    of_charge = ChargePeriod(
        subscription.id, subscription.external_id, charge, pricing.plan.amount_currency, span_of(period)
    )
    happened = Happened(event.id, event.timestamp, event.properties, event.precise_total_amount_cents)
    found = await price_event(work, of_charge, happened)
    if found is None:
        return None
    dates = (period.from_datetime, period.to_datetime) if charge.invoiceable else whole_days(period)
    return _draft(pricing, found, event.transaction_id, dates)


def _draft(pricing: Pricing, found: EventPrice, transaction_id: str, dates: tuple[datetime, datetime]) -> FeeDraft:
    return FeeDraft(
        **fields_of_charge(pricing.subscription.id, pricing.plan.id, found.charge, found.amounts, pricing.levels),
        **fields_of_filter(found.filter),
        grouped_by=dict(found.group),
        pay_in_advance=True,
        event_transaction_id=transaction_id,
        events_count=1,
        total_aggregated_units=found.amounts.units,
        amount_details=found.price.details,
        from_at=dates[0],
        to_at=dates[1],
    )
