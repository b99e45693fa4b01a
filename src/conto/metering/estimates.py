"""What one event would cost in advance, of which nothing is stored (chapter 31 §6)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.catalog.metrics import metric as metric_row
from conto.catalog.priced import PricedCharge, PricedFilter, PricedPlan, priced_plans
from conto.core.charges.fee_amounts import FeeAmounts, fee_amounts
from conto.core.charges.filters import as_texts, bucket, display_name
from conto.core.charges.in_advance import instant_estimate
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import FREE
from conto.core.charges.standard import Standard
from conto.core.expression import EvaluationFailed
from conto.core.money import ZERO, in_major_units, plus
from conto.core.numerals import decimal_text
from conto.core.periods.ranges import Period, charges_period
from conto.core.taxes import FeeTaxes, on_fee
from conto.customers.queries import customer_by_id
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.invoices.fee_taxes import tax_levels
from conto.metering.aggregations.units import rounded
from conto.metering.event_price import EventPrice, in_advance_group, price_event
from conto.metering.ingest import Metric, computed, failure, metrics_of, number_of
from conto.metering.one_event import Happened
from conto.metering.show import values_shown
from conto.metering.store import Group
from conto.metering.usage import (
    ChargePeriod,
    group_keys_of,
    properties_of,
    span_of,
    taking_order,
)
from conto.schemas.encoding import as_number
from conto.schemas.estimates import EventEstimateInput, FeeEstimateObject
from conto.schemas.events import NewEvent
from conto.schemas.fees import FeeAppliedTaxObject, FeeItem, FeeObject, offset_instant
from conto.schemas.reader import Problems
from conto.subscriptions.queries import active_subscriptions, schedule_of
from conto.work import Work

NUMBERS = frozenset({"sum_agg", "max_agg", "latest_agg"})
"""Aggregations of which an estimate refuses a value that is no number."""
NO_MATCH = {"code": ["does_not_match_an_instant_charge"]}


async def estimate_fees(work: Work, data: EventEstimateInput, problems: Problems) -> list[FeeObject]:
    """The fees that the event would make if it happened now, one for each charge in advance on its metric.

    Raises:
        NotFound: there is no such subscription or metric.
        Invalid: `problems` has some, the event has no usable value, or the plan no such charge.
    """
    external_id = data.external_subscription_id or ""
    subscription = (await active_subscriptions(work, [external_id])).get(external_id)
    if subscription is None:
        raise NotFound("subscription")
    problems.raise_if_any()
    event = await _computed(work, data)
    plan = (await priced_plans(work, [subscription.plan_id]))[subscription.plan_id]
    charges = [charge for charge in plan.charges if charge.pay_in_advance and charge.metric.code == event.code]
    if not charges:
        raise Invalid(NO_MATCH)
    period = charges_period(schedule_of(subscription), work.now, subscription.started_at)
    estimates = [await _estimate(work, subscription, plan, charge, period, event) for charge in charges]
    customer = await customer_by_id(work, subscription.customer_id)
    levels = await tax_levels(work, customer, charge_ids=[charge.id for charge in charges], plan_ids=[plan.id])
    self_billed = customer.account_type == "partner"
    return [
        _shown(
            subscription,
            one,
            period,
            event,
            on_fee(
                Decimal(one.amounts.amount_cents),
                one.amounts.precise_amount_cents,
                levels.of_charge(one.charge.id, plan.id),
            ),
            self_billed=self_billed,
        )
        for one in estimates
    ]


async def estimate_instant_fees(work: Work, events: Sequence[EventEstimateInput]) -> list[FeeEstimateObject]:
    """The fees of events that are looked at alone, by subscription in order of their first appearance.

    Raises:
        NotFound: a subscription is not active.
        Invalid: a subscription's plan has no charge that this can be told of.
    """
    by_subscription: dict[str, list[NewEvent]] = {}
    for event in await _computed_where_possible(work, events):
        by_subscription.setdefault(event.external_subscription_id or "", []).append(event)
    found = await active_subscriptions(work, list(by_subscription))
    if found.keys() != by_subscription.keys():
        raise NotFound("subscription")
    plans = await priced_plans(work, {row.plan_id for row in found.values()})
    fees: list[FeeEstimateObject] = []
    for external_id, own in by_subscription.items():
        subscription = found[external_id]
        plan = plans[subscription.plan_id]
        if not any(_is_instant(charge) for charge in plan.charges):
            raise Invalid(NO_MATCH)
        fees += [
            _shown_instant(subscription, plan, charge, event)
            for event in own
            for charge in plan.charges
            if _is_instant(charge) and charge.metric.code == event.code
        ]
    return fees


async def _computed(work: Work, data: EventEstimateInput) -> NewEvent:
    """The event with what its metric's expression comes to.

    Raises:
        NotFound: no metric has its code.
        Invalid: its value is no number where one is needed, or the expression fails.
    """
    metric = await metric_row(work, data.code or "")
    event = _event(data)
    value = event.properties.get(metric.field_name)
    if metric.aggregation_type in NUMBERS and value is not None and number_of(value) is None:
        raise Invalid({"properties": ["value_is_not_valid_number"]})
    found = (await metrics_of(work, [event])).get(event.code)
    try:
        _compute(work, event, found)
    except EvaluationFailed as error:
        raise Invalid(failure(error)) from error
    return event


async def _computed_where_possible(work: Work, events: Sequence[EventEstimateInput]) -> list[NewEvent]:
    """The events with what their metrics' expressions come to; one whose expression fails stays as it is."""
    found = [_event(data) for data in events]
    metrics = await metrics_of(work, found)
    for event in found:
        try:
            _compute(work, event, metrics.get(event.code))
        except EvaluationFailed:
            continue
    return found


def _event(data: EventEstimateInput) -> NewEvent:
    return NewEvent(
        transaction_id=data.transaction_id or str(new_id()),
        code=data.code or "",
        external_subscription_id=data.external_subscription_id,
        timestamp=None,
        properties=dict(data.properties or {}),
        precise_total_amount_cents=data.precise_total_amount_cents,
    )


def _compute(work: Work, event: NewEvent, metric: Metric | None) -> None:
    if metric is not None:
        event.properties = computed(event, metric, work.now)


async def _estimate(
    work: Work, subscription: Row[Any], plan: PricedPlan, charge: PricedCharge, period: Period, event: NewEvent
) -> EventPrice:
    """What the event would cost under the charge; without a usable value it adds nothing."""
    of_charge = ChargePeriod(subscription.id, subscription.external_id, charge, plan.amount_currency, span_of(period))
    happened = Happened(None, work.now, event.properties, event.precise_total_amount_cents)
    found = await price_event(work, of_charge, happened)
    if found is not None:
        return found
    rate = charge.pricing_unit.conversion_rate if charge.pricing_unit else None
    charge_filter = filter_of(charge, event.properties)
    amounts = fee_amounts(FREE, ZERO, plan.amount_currency, rate)
    return EventPrice(charge, charge_filter, group_of(charge, charge_filter, event.properties), amounts, FREE)


def filter_of(charge: PricedCharge, properties: Mapping[str, object]) -> PricedFilter | None:
    """The filter that takes an event with these properties."""
    found = bucket(taking_order(charge), as_texts(properties))
    return None if found is None else next(one for one in charge.filters if one.id == found.id)


def group_of(charge: PricedCharge, charge_filter: PricedFilter | None, properties: Mapping[str, object]) -> Group:
    """The group of an event with these properties."""
    given = as_texts(properties)
    return in_advance_group(charge, {key: given.get(key) or None for key in group_keys_of(charge, charge_filter)})


def _is_instant(charge: PricedCharge) -> bool:
    return charge.pay_in_advance and charge.charge_model in ("standard", "percentage")


def _shown(
    subscription: Row[Any], one: EventPrice, period: Period, event: NewEvent, taxes: FeeTaxes, *, self_billed: bool
) -> FeeObject:
    amounts, charge = one.amounts, one.charge
    currency = amounts.currency
    precise_total = plus(amounts.precise_amount_cents, taxes.precise_amount_cents)
    return FeeObject(
        lago_id=None,
        lago_charge_id=charge.id,
        lago_charge_filter_id=one.filter.id if one.filter else None,
        lago_fixed_charge_id=None,
        lago_invoice_id=None,
        lago_true_up_fee_id=None,
        lago_true_up_parent_fee_id=None,
        lago_subscription_id=subscription.id,
        lago_customer_id=subscription.customer_id,
        lago_original_fee_id=None,
        external_customer_id=subscription.external_customer_id,
        external_subscription_id=subscription.external_id,
        amount_cents=amounts.amount_cents,
        precise_amount=decimal_text(in_major_units(amounts.precise_amount_cents, currency)),
        precise_total_amount=decimal_text(in_major_units(precise_total, currency)),
        amount_currency=currency,
        taxes_amount_cents=taxes.amount_cents,
        taxes_precise_amount=decimal_text(in_major_units(taxes.precise_amount_cents, currency)),
        taxes_rate=as_number(taxes.rate),
        units=decimal_text(amounts.units),
        precise_unit_amount=decimal_text(amounts.precise_unit_amount),
        total_aggregated_units=decimal_text(amounts.units),
        total_amount_cents=amounts.amount_cents + taxes.amount_cents,
        total_amount_currency=currency,
        events_count=1,
        pay_in_advance=True,
        invoiceable=charge.invoiceable,
        from_date=offset_instant(period.from_datetime),
        to_date=offset_instant(period.to_datetime),
        payment_status="pending",
        created_at=None,
        succeeded_at=None,
        failed_at=None,
        refunded_at=None,
        event_transaction_id=event.transaction_id,
        description=None,
        precise_coupons_amount_cents="0.0",
        sub_total_excluding_taxes_amount_cents=amounts.amount_cents,
        sub_total_excluding_taxes_precise_amount_cents=decimal_text(amounts.precise_amount_cents),
        amount_details=dict(one.price.details),
        presentation_breakdowns=[],
        self_billed=self_billed,
        item=_item(charge, one.filter, one.group),
        pricing_unit_details=_pricing_unit(charge, amounts),
        applied_taxes=_applied(taxes, currency),
    )


def _applied(taxes: FeeTaxes, currency: str) -> list[FeeAppliedTaxObject]:
    return [
        FeeAppliedTaxObject(
            lago_id=None,
            lago_tax_id=UUID(str(one.tax.id)),
            tax_name=one.tax.name,
            tax_code=one.tax.code,
            tax_rate=as_number(one.tax.rate),
            tax_description=one.tax.description,
            amount_cents=one.amount_cents,
            amount_currency=currency,
            created_at=None,
            lago_fee_id=None,
        )
        for one in taxes.applied
    ]


def _pricing_unit(charge: PricedCharge, amounts: FeeAmounts) -> dict[str, Any] | None:
    unit, found = charge.pricing_unit, amounts.pricing_unit
    if unit is None or found is None:
        return None
    return {
        "lago_pricing_unit_id": unit.id,
        "pricing_unit_code": unit.code,
        "short_name": unit.short_name,
        "amount_cents": found.amount_cents,
        "precise_amount_cents": decimal_text(found.precise_amount_cents),
        "unit_amount_cents": found.unit_amount_cents,
        "precise_unit_amount": decimal_text(found.precise_unit_amount),
        "conversion_rate": decimal_text(found.conversion_rate),
    }


def _item(charge: PricedCharge, charge_filter: PricedFilter | None, group: Group) -> FeeItem:
    return FeeItem(
        type="charge",
        code=charge.metric.code,
        name=charge.metric.name,
        description=charge.metric.description,
        invoice_display_name=charge.display_name,
        filter_invoice_display_name=(
            display_name(charge_filter.values, charge_filter.invoice_display_name) if charge_filter else None
        ),
        filters=values_shown(charge_filter),
        lago_item_id=charge.metric.id,
        item_type="BillableMetric",
        grouped_by=dict(group),
    )


def _shown_instant(
    subscription: Row[Any], plan: PricedPlan, charge: PricedCharge, event: NewEvent
) -> FeeEstimateObject:
    charge_filter = filter_of(charge, event.properties)
    properties = properties_of(charge, charge_filter)
    assert isinstance(properties, Standard | Percentage)
    units = max(rounded(_units(charge, event), charge.metric), ZERO)
    rate = charge.pricing_unit.conversion_rate if charge.pricing_unit else None
    amounts = fee_amounts(instant_estimate(properties, units), units, plan.amount_currency, rate)
    precise = decimal_text(in_major_units(amounts.precise_amount_cents, amounts.currency))
    cents = decimal_text(Decimal(amounts.amount_cents))
    return FeeEstimateObject(
        lago_charge_id=charge.id,
        lago_charge_filter_id=charge_filter.id if charge_filter else None,
        lago_subscription_id=subscription.id,
        lago_customer_id=subscription.customer_id,
        external_customer_id=subscription.external_customer_id,
        external_subscription_id=subscription.external_id,
        amount_cents=cents,
        precise_amount=precise,
        precise_total_amount=precise,
        amount_currency=amounts.currency,
        units=decimal_text(units),
        precise_unit_amount=as_number(amounts.precise_unit_amount_cents),
        total_amount_cents=cents,
        total_amount_currency=amounts.currency,
        invoiceable=charge.invoiceable,
        event_transaction_id=event.transaction_id,
        item=_item(charge, charge_filter, {}),
    )


def _units(charge: PricedCharge, event: NewEvent) -> Decimal:
    """The event's own units: one where the metric has no field, none where the event lacks it."""
    field = charge.metric.field_name
    return Decimal(1) if field is None else number_of(event.properties.get(field)) or ZERO
