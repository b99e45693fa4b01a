"""What a subscription's usage comes to by now, and will at the end of its period (chapter 31 §§1 and 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import UNSET
from sqlalchemy import Row

from conto.catalog.priced import PricedCharge, PricedPlan, priced_plans
from conto.core.charges import projected
from conto.core.charges.fee_amounts import fee_amounts
from conto.core.charges.price import NO_DETAILS, NOTHING, Price
from conto.core.charges.proration import Window
from conto.core.days import first_day_touched, local_day
from conto.core.periods.proration import part_elapsed
from conto.core.periods.ranges import Period, charges_period
from conto.core.taxes import TaxedFee, on_invoice
from conto.customers.queries import customer
from conto.errors import NotAllowed, NotFound
from conto.invoices.fee_taxes import Payer, TaxLevels, tax_levels
from conto.metering.show import Projection, line_of, show_charge_usage, show_projected_charge_usage
from conto.metering.store import Span
from conto.metering.usage import WHOLE, ChargePeriod, Result, View, span_of, usage_so_far
from conto.schemas.encoding import instant
from conto.schemas.usage import (
    CurrentUsageParameters,
    CustomerProjectedUsageObject,
    CustomerUsageObject,
    UsageParameters,
)
from conto.subscriptions.queries import active_subscriptions, schedule_of
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A customer's active subscription, its plan, and the charges period in progress."""

    subscription: Row[Any]
    plan: PricedPlan
    period: Period

    def periods(self, charges: Sequence[PricedCharge], span: Span) -> list[ChargePeriod]:
        """The charges over the span."""
        row = self.subscription
        return [ChargePeriod(row.id, row.external_id, charge, self.plan.amount_currency, span) for charge in charges]


async def current_usage(
    work: Work, external_customer_id: str, parameters: CurrentUsageParameters
) -> CustomerUsageObject:
    """The usage of the period in progress, or with `full_usage` since the subscription's start.

    Raises:
        NotFound: there is no such customer, or the plan has no such charge.
        NotAllowed: the subscription is not active, or its full usage cannot be told.
    """
    subscribed = await active(work, external_customer_id, parameters)
    restricted, fits = restriction(parameters)
    charges = [charge for charge in subscribed.plan.charges if fits(charge)]
    group = parameters.group or parameters.filter_by_group or {}
    if parameters.full_usage and (not (restricted or group) or any(charge.prorated for charge in charges)):
        raise NotAllowed("full_usage_not_allowed")
    if restricted and not charges:
        raise NotFound("charge")
    if not restricted:
        charges.sort(key=lambda charge: charge.metric.name.casefold())
    span = since_start(subscribed) if parameters.full_usage else span_of(subscribed.period)
    presentation = parameters.filter_by_presentation
    view = View(
        only=group,
        grouped=not parameters.skip_grouping,
        presentation=None if presentation is UNSET else presentation,
    )
    levels = await levels_of(work, subscribed, charges) if parameters.apply_taxes else None
    results = await usage_so_far(work, subscribed.periods(charges, span), view, last=True)
    amount_cents, taxes_cents = totals(subscribed, results, levels)
    return CustomerUsageObject(
        **dates(span),
        lago_invoice_id=None,
        currency=subscribed.plan.amount_currency,
        amount_cents=amount_cents,
        taxes_amount_cents=taxes_cents,
        total_amount_cents=amount_cents + taxes_cents,
        charges_usage=[
            show_charge_usage(charge, subscribed.plan.amount_currency, [line_of(result) for result in found])
            for charge, found in zip(charges, results, strict=True)
        ],
    )


async def projected_usage(
    work: Work, external_customer_id: str, parameters: UsageParameters
) -> CustomerProjectedUsageObject:
    """The usage of the period in progress, and what it will be at its end; taxes are those of now.

    Raises:
        NotFound: there is no such customer.
        NotAllowed: the subscription is not active.
    """
    subscribed = await active(work, external_customer_id, parameters)
    charges = sorted(subscribed.plan.charges, key=lambda charge: charge.metric.name.casefold())
    span = span_of(subscribed.period)
    elapsed = part_elapsed(subscribed.period, work.now)
    levels = await levels_of(work, subscribed, charges) if parameters.apply_taxes else None
    results = await usage_so_far(work, subscribed.periods(charges, span), WHOLE, last=True)
    lines = [[line_of(result, projection(result, elapsed)) for result in found] for found in results]
    amount_cents, taxes_cents = totals(subscribed, results, levels)
    return CustomerProjectedUsageObject(
        **dates(span),
        lago_invoice_id=None,
        currency=subscribed.plan.amount_currency,
        amount_cents=amount_cents,
        projected_amount_cents=sum(
            line.projection.amount_cents for found in lines for line in found if line.projection
        ),
        taxes_amount_cents=taxes_cents,
        total_amount_cents=amount_cents + taxes_cents,
        charges_usage=[
            show_projected_charge_usage(charge, subscribed.plan.amount_currency, found)
            for charge, found in zip(charges, lines, strict=True)
        ],
    )


async def active(work: Work, external_customer_id: str, parameters: UsageParameters) -> Subscribed:
    """The customer's active subscription. Its customer is only looked for where there is none.

    Raises:
        NotFound: there is no such customer.
        NotAllowed: the customer has no active subscription with this external id.
    """
    external_id = parameters.external_subscription_id or ""
    row = (await active_subscriptions(work, [external_id])).get(external_id)
    if row is None or row.external_customer_id != external_customer_id:
        await customer(work, external_customer_id)
        raise NotAllowed("no_active_subscription")
    plans = await priced_plans(work, [row.plan_id])
    return Subscribed(row, plans[row.plan_id], charges_period(schedule_of(row), work.now, row.started_at))


def restriction(parameters: CurrentUsageParameters) -> tuple[bool, Callable[[PricedCharge], bool]]:
    """Whether only some charges are asked for, and which: the first of the parameters decides."""
    if charge_id := parameters.charge_id or parameters.filter_by_charge_id:
        return True, lambda charge: str(charge.id) == charge_id.lower()
    if charge_code := parameters.charge_code or parameters.filter_by_charge_code:
        return True, lambda charge: charge.code == charge_code
    if metric_code := parameters.billable_metric_code or parameters.filter_by_metric_code:
        return True, lambda charge: charge.metric.code == metric_code
    return False, lambda _: True


def since_start(subscribed: Subscribed) -> Span:
    """From the subscription's start to the end of the period in progress; all of it is the whole period."""
    period, started_at = subscribed.period, subscribed.subscription.started_at
    days = Window(
        first_day_touched(started_at, period.timezone), local_day(period.to_datetime, period.timezone), period_days=1
    )
    return Span(started_at, period.to_datetime, period.timezone, replace(days, period_days=days.days))


def dates(span: Span) -> dict[str, str]:
    """The bounds of the span, and the day on which an invoice over it would be issued."""
    return {
        "from_datetime": instant(span.from_datetime),
        "to_datetime": instant(span.to_datetime),
        "issuing_date": span.days.last_on.isoformat(),
    }


async def levels_of(work: Work, subscribed: Subscribed, charges: Sequence[PricedCharge]) -> TaxLevels:
    """The taxes that may apply to fees over the charges."""
    row = subscribed.subscription
    payer = Payer(row.customer_id, row.customer_entity_id)
    return await tax_levels(work, payer, charge_ids={charge.id for charge in charges}, plan_ids=[subscribed.plan.id])


def totals(subscribed: Subscribed, results: Sequence[Sequence[Result]], levels: TaxLevels | None) -> tuple[int, int]:
    """What all results come to, and their taxes, totalled as on an invoice; both in minor units."""
    every = [result for found in results for result in found]
    amount_cents = sum(result.amounts.amount_cents for result in every)
    if levels is None:
        return amount_cents, 0
    fees = [
        TaxedFee(Decimal(result.amounts.amount_cents), levels.of_charge(result.charge.id, subscribed.plan.id))
        for result in every
    ]
    return amount_cents, on_invoice(fees).amount_cents


def projection(result: Result, elapsed: Fraction) -> Projection:
    """What a result will be when the whole period has elapsed; usage of recurring metrics stays."""
    charge, unit = result.charge, result.amounts.pricing_unit
    if charge.metric.recurring:
        cents = unit.amount_cents if unit else None
        return Projection(result.units, result.amounts.amount_cents, cents, result.aggregate.presented)
    amount = projected.amount(result.properties, result.usage, elapsed)
    units = projected.units(result.units, elapsed)
    rate = charge.pricing_unit.conversion_rate if charge.pricing_unit else None
    found = fee_amounts(Price(amount, NOTHING, NO_DETAILS), units, result.amounts.currency, rate)
    return Projection(
        units,
        found.amount_cents,
        found.pricing_unit.amount_cents if found.pricing_unit else None,
        [(group, projected.units(units, elapsed)) for group, units in result.aggregate.presented],
    )
