"""How the usage of a charge came to its amount: its events, units, and the arithmetic line by line.

It is what current usage shows for the present period, and for a past one what that would have shown at its end.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Row

from conto.catalog.priced import priced_plans
from conto.core.charges import explain
from conto.core.charges.arithmetic import Calculation, Line, number_text
from conto.core.charges.explain import Explained, Share
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Step
from conto.core.charges.properties import shown as shown_properties
from conto.core.days import start_of_day
from conto.core.numerals import decimal_text
from conto.core.periods.ranges import charges_period
from conto.errors import NotFound
from conto.metering.aggregations.scopes import scope
from conto.metering.carried import carry
from conto.metering.explained_events import explained_events
from conto.metering.postgres import Found, find_single_events, keys_in_order, steps, units_found
from conto.metering.show import charge_shown, metric_shown, values_shown
from conto.metering.store import Question, Span, place
from conto.metering.usage import WITH_MARKS, ChargePeriod, Result, View, asked, span_of, usage_so_far
from conto.schemas.encoding import instant
from conto.schemas.explanations import (
    CalculationLine,
    ExplainedResult,
    ExplanationEvents,
    ExplanationParameters,
    UnitsRounding,
    UsageExplanationObject,
)
from conto.schemas.usage import UsagePricingUnitDetails
from conto.subscriptions.queries import schedule_of, subscription
from conto.work import Work


async def explained_subscription(work: Work, external_id: str) -> Row[Any]:
    """The subscription whose usage can be explained: one that is active, or else has ended.

    Raises:
        NotFound: there is none with this external id.
    """
    return await subscription(work, external_id, ("active", "terminated"))


async def usage_explanation(work: Work, row: Row[Any], parameters: ExplanationParameters) -> UsageExplanationObject:
    """How the usage of a charge of the subscription came to its amount.

    Raises:
        NotFound: its plan has no such charge.
    """
    plan = (await priced_plans(work, [row.plan_id]))[row.plan_id]
    charge = next((one for one in plan.charges if one.code == parameters.charge_code), None)
    if charge is None:
        raise NotFound("charge")
    schedule = schedule_of(row)
    at = start_of_day(parameters.date, schedule.timezone) if parameters.date else work.now
    span = span_of(charges_period(schedule, at, row.started_at, row.terminated_at))
    period = ChargePeriod(row.id, row.external_id, charge, plan.amount_currency, span)
    view = View(only=parameters.group or {})
    (results,) = await usage_so_far(work, [period], view)
    (question,) = await carry(work, [asked(period, view, so_far=True)])
    events = await explained_events(work, question)
    shown = await _explained(work, question, results)
    return _shown(row, period, events, shown)


def _shown(
    row: Row[Any], period: ChargePeriod, events: ExplanationEvents, results: list[ExplainedResult]
) -> UsageExplanationObject:
    span, charge = period.span, period.charge
    calculation = Calculation()
    amounts = {f"result_{number}_cents": result.amount_cents for number, result in enumerate(results, 1)}
    note = "The results of all filters and groups, each rounded by itself."
    amount_cents = calculation.line("amount_cents", " + ".join(amounts), note, **amounts)
    return UsageExplanationObject(
        lago_subscription_id=row.id,
        external_subscription_id=row.external_id,
        charge=charge_shown(charge, code=charge.code),
        billable_metric=metric_shown(charge),
        from_datetime=instant(span.from_datetime),
        to_datetime=instant(span.to_datetime),
        timezone=span.timezone,
        days=span.days.days,
        period_days=span.days.period_days,
        currency=period.currency,
        events=events,
        results=results,
        total=_line(calculation.lines[0]),
        amount_cents=int(amount_cents),
    )


async def _explained(work: Work, question: Question, results: Sequence[Result]) -> list[ExplainedResult]:
    """The results with their calculations; single events are read where a price looks at them."""
    found: Found | None = None
    keys: dict[Any, Any] = {}
    if any(bucket.needs.every_value or bucket.needs.steps for bucket in question.buckets):
        found = await units_found(work, question, scope(work, question))
        await find_single_events(work, question, found)
        keys = {
            place(question.buckets[number].filter_id, found.scope.group(key)): key
            for number, own in keys_in_order(found).items()
            for key in own
        }
    explained: list[ExplainedResult] = []
    for result in results:
        key = keys.get(place(result.filter.id if result.filter else None, result.group))
        runs: Sequence[tuple[Decimal, int]] = ()
        climbed: Sequence[Step] = ()
        if found is not None and key is not None:
            runs, climbed = found.runs.get(key, ()), steps(question, found, key)
        explained.append(_result(result, question.span, runs, climbed))
    return explained


def _result(
    result: Result, span: Span, runs: Sequence[tuple[Decimal, int]], climbed: Sequence[Step]
) -> ExplainedResult:
    """One result with its calculation, which must end at the amount that current usage shows."""
    charge, found, unit = result.charge, result.aggregate, result.charge.pricing_unit
    aggregation = charge.metric.aggregation_type
    calculation = Calculation()
    if charge.pay_in_advance and aggregation in WITH_MARKS:
        whole = found.units if found.full_units is None else found.full_units
        share = Share(span.days.carried_days, span.days.period_days)
        prorated = None if found.full_units is None else found.units
        explain.units_in_advance(calculation, whole, found.marks, share, prorated)
    if isinstance(result.properties, Percentage) and aggregation != "sum_agg":
        runs = [(Decimal(1), found.count)] if found.count else ()
    rate = unit.conversion_rate if unit else None
    explained = Explained(result.usage, result.properties, result.period.currency, rate, runs, climbed)
    lines = explain.lines(explained, calculation)
    assert lines[-1].result == result.amounts.amount_cents
    metric, in_unit = charge.metric, result.amounts.pricing_unit
    return ExplainedResult(
        lago_charge_filter_id=result.filter.id if result.filter else None,
        filter_values=values_shown(result.filter),
        grouped_by=dict(result.group),
        properties=shown_properties((result.filter or charge).properties),
        events_count=result.events_count,
        units=decimal_text(result.units),
        total_aggregated_units=decimal_text(result.total_aggregated_units),
        prorated_units=None if found.full_units is None else decimal_text(found.units),
        units_rounding=None
        if metric.rounding_function is None
        else UnitsRounding(function=cast("Any", metric.rounding_function), precision=metric.rounding_precision),
        calculation=[_line(line) for line in lines],
        amount_cents=result.amounts.amount_cents,
        pricing_unit_details=unit
        and UsagePricingUnitDetails(
            amount_cents=in_unit.amount_cents if in_unit else 0,
            short_name=unit.short_name,
            conversion_rate=decimal_text(unit.conversion_rate),
        ),
    )


def _line(line: Line) -> CalculationLine:
    return CalculationLine(
        name=line.name,
        formula=line.formula,
        values={key: number_text(value) for key, value in line.values.items()},
        result=number_text(line.result),
        rounding=line.rounding,
        note=line.note,
    )
