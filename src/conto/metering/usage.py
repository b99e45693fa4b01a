"""The price of usage, for invoices and for current usage alike: one result a bucket and group (chapters 40 §2, 31 §1).

A charge over a period becomes a question to the event store; what comes back is priced and rounded here, once per
filter and group. All questions of an invoice, or of several, are asked together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast
from uuid import UUID

from conto.catalog.priced import PricedCharge, PricedFilter
from conto.core.charges import minimum, models
from conto.core.charges.fee_amounts import PRICING_UNIT_EXPONENT, FeeAmounts, fee_amounts, is_kept
from conto.core.charges.filters import Filter, in_order, resolved
from conto.core.charges.in_advance import units_so_far
from conto.core.charges.models import Properties
from conto.core.charges.needs import needs
from conto.core.charges.percentage import Percentage, gather_counted, gather_uncounted
from conto.core.charges.price import Price, Usage
from conto.core.charges.properties import load, presentation_keys, pricing_group_keys
from conto.core.charges.proration import Window
from conto.core.days import first_day_touched, local_day
from conto.core.money import ZERO, exact_decimal, exponent, plus
from conto.core.periods.ranges import Period
from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Bucket, Group, Question, Span
from conto.work import Work

Carried = Mapping[tuple[UUID | None, tuple[tuple[str, str | None], ...]], Decimal]
"""What weighted sums start from, by filter and group."""

NOTHING_CARRIED: Carried = {}
WITH_MARKS = frozenset({"sum_agg", "unique_count_agg"})
"""Aggregations whose units are billed once in a period when they are billed in advance."""


@dataclass(frozen=True, slots=True)
class ChargePeriod:
    """A charge of a subscription, and the span of its usage; `currency` is the plan's."""

    external_subscription_id: str
    charge: PricedCharge
    currency: str
    span: Span
    carried: Carried = field(default_factory=lambda: NOTHING_CARRIED)


@dataclass(frozen=True, slots=True)
class View:
    """How much of usage is looked at.

    Attributes:
        only: property values that events must have, by key; the keys are no longer grouped by.
        grouped: whether results are apart by the pricing keys.
        presentation: the presentation keys that are wanted; None for all of them.
    """

    only: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    grouped: bool = True
    presentation: frozenset[str] | None = None


WHOLE = View()


@dataclass(frozen=True, slots=True)
class Result:
    """What one bucket and group of a charge comes to; `filter` None is the default bucket.

    `usage` was priced; `amounts.units` are the units to show, `events_count` the events to show. `empty` tells of
    a grouped bucket without events, which stands for one group of nulls.
    """

    period: ChargePeriod
    filter: PricedFilter | None
    properties: Properties
    group: Group
    aggregate: Aggregate
    usage: Usage
    price: Price
    amounts: FeeAmounts
    empty: bool = False

    @property
    def charge(self) -> PricedCharge:
        """The charge."""
        return self.period.charge

    @property
    def units(self) -> Decimal:
        """The units to show: not prorated, never negative."""
        return self.amounts.units

    @property
    def total_aggregated_units(self) -> Decimal:
        """The level at the end: of a weighted sum not its mean."""
        weighted = self.charge.metric.aggregation_type == "weighted_sum_agg"
        return max(self.aggregate.level, ZERO) if weighted else self.units

    @property
    def events_count(self) -> int:
        """The events that took part."""
        return self.aggregate.count


def span_of(period: Period, *, upgraded: bool = False) -> Span:
    """The window of events of a charges period; `upgraded` if an upgrade ended the subscription in it."""
    days = Window(
        first_day_touched(period.from_datetime, period.timezone),
        local_day(period.to_datetime, period.timezone),
        period.tile.days,
        upgraded,
    )
    return Span(period.from_datetime, period.to_datetime, period.timezone, days)


async def billed_usage(work: Work, periods: Sequence[ChargePeriod]) -> list[list[Result]]:
    """Usage as invoices bill it when a period closes, a list for each of `periods`.

    A charge in advance on a recurring metric is renewed with all its units, not prorated (chapter 30 §4.7).
    """
    return await _results(work, periods, WHOLE, so_far=False)


async def usage_so_far(work: Work, periods: Sequence[ChargePeriod], view: View = WHOLE) -> list[list[Result]]:
    """Usage as current usage shows it, a list for each of `periods`; of charges in advance what was billed counts."""
    return await _results(work, periods, view, so_far=True)


def true_up(results: Sequence[Result]) -> FeeAmounts | None:
    """What is missing to the charge's minimum, prorated to the days of the span; `results` are all of the charge."""
    period = results[0].period
    unit = period.charge.pricing_unit
    days = period.span.days
    return minimum.true_up(
        period.charge.min_amount_cents,
        min(days.carried_days, days.period_days),
        days.period_days,
        [result.amounts for result in results],
        period.currency,
        unit.conversion_rate if unit else None,
    )


def kept(results: Sequence[Result], *, filled_up: bool) -> list[Result]:
    """The results that become fees of an invoice; the first is the one that a true-up belongs to, if there is one."""
    parent = next(result for result in results if result.filter is None)
    found = [
        result
        for result in results
        if is_kept(result.amounts, result.events_count, true_up=filled_up and result is parent)
    ]
    return sorted(found, key=lambda result: result is not parent) if filled_up else found


def properties_of(charge: PricedCharge, charge_filter: PricedFilter | None) -> Properties:
    """The prices of a bucket."""
    return load(charge.charge_model, (charge_filter or charge).properties)


def group_keys_of(charge: PricedCharge, charge_filter: PricedFilter | None) -> tuple[str, ...]:
    """The event properties by which a bucket is priced apart; a filter has its own or none (chapter 30 §6)."""
    stored = (charge_filter or charge).properties
    return pricing_group_keys(stored, accepts_target_wallet=charge.accepts_target_wallet)


def taking_order(charge: PricedCharge) -> list[Filter[UUID]]:
    """The charge's filters in the order in which they take an event."""
    oldest_first = sorted(charge.filters, key=lambda one: (one.created_at, one.id))
    return in_order(Filter(one.id, resolved(one.values, charge.metric.filters)) for one in oldest_first)


async def _results(work: Work, periods: Sequence[ChargePeriod], view: View, *, so_far: bool) -> list[list[Result]]:
    answers = await aggregate(work, [_question(period, view, so_far=so_far) for period in periods])
    return [_priced(period, view, found, so_far=so_far) for period, found in zip(periods, answers, strict=True)]


def _question(period: ChargePeriod, view: View, *, so_far: bool) -> Question:
    charge, metric = period.charge, period.charge.metric
    return Question(
        external_subscription_id=period.external_subscription_id,
        metric=metric,
        buckets=_buckets(charge, view, prorated=_is_prorated(charge, so_far=so_far)),
        span=period.span,
        prorated=_is_prorated(charge, so_far=so_far),
        marks=so_far and charge.pay_in_advance and metric.aggregation_type in WITH_MARKS,
        only=view.only,
        carried=period.carried,
    )


def _is_prorated(charge: PricedCharge, *, so_far: bool) -> bool:
    """Whether units weigh by their days; those renewed in advance do not."""
    return charge.prorated and (so_far or not charge.pay_in_advance)


def _buckets(charge: PricedCharge, view: View, *, prorated: bool) -> tuple[Bucket, ...]:
    """The filters in the order in which they take events, then the default bucket."""
    by_id = {one.id: one for one in charge.filters}
    ordered = [(by_id[one.id], one.values) for one in taking_order(charge)]
    presented = tuple(
        key.value
        for key in presentation_keys(charge.properties)
        if view.presentation is None or key.value in view.presentation
    )
    found: list[Bucket] = []
    for charge_filter, values in [*ordered, (None, cast("dict[str, frozenset[str]]", {}))]:
        keys = group_keys_of(charge, charge_filter) if view.grouped else ()
        properties = properties_of(charge, charge_filter)
        found.append(
            Bucket(
                filter_id=charge_filter.id if charge_filter else None,
                values=values,
                group_keys=tuple(key for key in keys if key not in view.only),
                presentation_keys=presented,
                needs=needs(properties, charge.metric.aggregation_type, prorated=prorated),
            )
        )
    return tuple(found)


def _priced(period: ChargePeriod, view: View, found: Iterable[Aggregate], *, so_far: bool) -> list[Result]:
    """The results of a charge: its filters in their order, the default bucket last, groups by their values."""
    charge = period.charge
    by_filter: dict[UUID | None, list[Aggregate]] = {}
    for one in found:
        by_filter.setdefault(one.bucket.filter_id, []).append(one)
    buckets = {one.filter_id: one for one in _buckets(charge, view, prorated=_is_prorated(charge, so_far=so_far))}
    results: list[Result] = []
    for charge_filter in (*charge.filters, None):
        bucket = buckets[charge_filter.id if charge_filter else None]
        aggregates = sorted(by_filter.get(bucket.filter_id, ()), key=lambda one: group_order(one.group))
        results += [
            _result(period, charge_filter, one, so_far=so_far)
            for one in aggregates or [_without_events(period, bucket, so_far=so_far)]
        ]
    return results


def group_order(group: Group) -> list[tuple[str, bool, str]]:
    """By what groups are ordered: their values, null last."""
    return [(key, value is None, value or "") for key, value in sorted(group.items())]


def _without_events(period: ChargePeriod, bucket: Bucket, *, so_far: bool) -> Aggregate:
    """What a bucket without events comes to: one group of nulls."""
    prorated = _is_prorated(period.charge, so_far=so_far)
    return Aggregate(
        bucket=bucket,
        group=dict.fromkeys(bucket.group_keys),
        units=ZERO,
        full_units=ZERO if prorated else None,
        level=ZERO,
        count=0,
    )


def _result(period: ChargePeriod, charge_filter: PricedFilter | None, found: Aggregate, *, so_far: bool) -> Result:
    charge = period.charge
    properties = properties_of(charge, charge_filter)
    usage = _usage(period, properties, found)
    shown = usage.shown_units
    if so_far and charge.pay_in_advance and charge.metric.aggregation_type in WITH_MARKS:
        usage = replace(usage, units=priced_units(period, found), full_units=None)
    graduated_steps = _is_prorated(charge, so_far=so_far) and not charge.pay_in_advance
    price = models.price(usage, properties, prorated=graduated_steps)
    rate = charge.pricing_unit.conversion_rate if charge.pricing_unit else None
    return Result(
        period,
        charge_filter,
        properties,
        found.group,
        found,
        usage,
        price,
        fee_amounts(price, max(shown, ZERO) if so_far else shown, period.currency, rate),
        empty=found.count == 0,
    )


def priced_units(period: ChargePeriod, found: Aggregate) -> Decimal:
    """The units of a charge in advance that current usage prices: what is active, and what was billed."""
    return units_so_far(
        found.units if found.full_units is None else found.full_units,
        found.marks,
        prorated=found.full_units is not None,
        share=period.span.days.carried_share,
        prorated_units=found.units,
    )


def _usage(period: ChargePeriod, properties: Properties, found: Aggregate) -> Usage:
    """The aggregate as its model takes it: amounts in major units, counted events as a percentage looks at them."""
    usage = found.usage
    if found.given_amount is not None:
        decimals = PRICING_UNIT_EXPONENT if period.charge.pricing_unit else exponent(period.currency)
        usage = replace(usage, given_amount=exact_decimal(Fraction(found.given_amount) / 10**decimals))
    if isinstance(properties, Percentage) and period.charge.metric.aggregation_type != "sum_agg":
        counts = period.charge.metric.aggregation_type in ("count_agg", "unique_count_agg")
        events = (
            gather_counted(properties, usage.units, found.count)
            if counts
            else gather_uncounted(properties, found.count)
        )
        usage = replace(usage, events=events)
    return usage


def amounts_by_unit(results: Iterable[Result]) -> int:
    """The cents of the results in their pricing unit."""
    return sum(result.amounts.pricing_unit.amount_cents for result in results if result.amounts.pricing_unit)


def units_by(presented: Iterable[tuple[Group, Decimal]]) -> list[tuple[Group, Decimal]]:
    """Units of presentation keys, those of the same values added up, by their values."""
    found: dict[Any, tuple[Group, Decimal]] = {}
    for group, units in presented:
        key = tuple(group_order(group))
        before = found[key][1] if key in found else ZERO
        found[key] = (group, plus(before, units))
    return [found[key] for key in sorted(found)]
