"""The price of usage, for invoices and for current usage alike: one result a bucket and group (chapters 40 §2, 31 §1).

A charge over a period becomes a question to the event store; what comes back is priced and rounded here, once per
filter and group. All questions of an invoice, or of several, are asked together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from conto.catalog.priced import PricedCharge, PricedFilter
from conto.core.charges import minimum, models
from conto.core.charges.fee_amounts import FeeAmounts, fee_amounts, is_kept
from conto.core.charges.filters import Filter, in_order, resolved
from conto.core.charges.in_advance import units_so_far
from conto.core.charges.models import Properties
from conto.core.charges.needs import needs, needs_in_advance
from conto.core.charges.percentage import Percentage, gather_counted
from conto.core.charges.price import Price, Usage
from conto.core.charges.properties import load, presentation_keys, pricing_group_keys
from conto.core.charges.proration import Window
from conto.core.days import first_day_touched, local_day
from conto.core.money import ZERO, plus
from conto.core.periods.ranges import Period
from conto.metering.carried import Asked, carries, carry, keep
from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Bucket, Group, Question, Span
from conto.work import Work

WITH_MARKS = frozenset({"sum_agg", "unique_count_agg"})
"""Aggregations whose units are billed once in a period when they are billed in advance."""


@dataclass(frozen=True, slots=True)
class ChargePeriod:
    """A charge of a subscription, and the span of its usage; `currency` is the plan's."""

    subscription_id: UUID
    external_subscription_id: str
    charge: PricedCharge
    currency: str
    span: Span


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

CHARGES_KEPT = 1024
"""Charges whose buckets are kept."""


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


async def usage_so_far(
    work: Work, periods: Sequence[ChargePeriod], view: View = WHOLE, *, last: bool = False
) -> list[list[Result]]:
    """Usage as current usage shows it, a list for each of `periods`; of charges in advance what was billed counts.

    `last`: it is the last that the unit of work asks the database for.
    """
    return await _results(work, periods, view, so_far=True, last=last)


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


def minimum_parent(results: Sequence[Result]) -> Result:
    """The result that a true-up belongs to: the first of the default bucket."""
    return next(result for result in results if result.filter is None)


def kept(results: Sequence[Result], *, filled_up: bool) -> list[Result]:
    """The results that become fees of an invoice; if a true-up fills them up, its parent is among them."""
    parent = minimum_parent(results) if filled_up else None
    return [result for result in results if is_kept(result.amounts, result.events_count, true_up=result is parent)]


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


def asked_of_one_event(period: ChargePeriod) -> Question:
    """The question of what one event in advance adds in the period that contains it."""
    question = asked(period, so_far=True).question
    aggregation = period.charge.metric.aggregation_type
    buckets = [
        replace(bucket, needs=needs_in_advance(bucket.properties, aggregation), presentation_keys=())
        for bucket in question.buckets
        if bucket.properties is not None
    ]
    return replace(question, buckets=tuple(buckets), marks=False)


async def keep_levels(work: Work, billed: Iterable[Sequence[Result]]) -> None:
    """Keep the levels at which weighted sums end in periods that are invoiced: the next period starts there."""
    await keep(
        work,
        [
            (asked(results[0].period, so_far=False), [result.aggregate for result in results])
            for results in billed
            if carries(results[0].charge.metric)
        ],
    )


async def _results(
    work: Work, periods: Sequence[ChargePeriod], view: View, *, so_far: bool, last: bool = False
) -> list[list[Result]]:
    questions = await carry(work, [asked(period, view, so_far=so_far) for period in periods])
    answers = await aggregate(work, questions, last=last)
    return [_priced(period, found, so_far=so_far) for period, found in zip(periods, answers, strict=True)]


def asked(period: ChargePeriod, view: View = WHOLE, *, so_far: bool) -> Asked:
    """The question to the event store, which does not know yet what weighted sums start from."""
    charge, metric = period.charge, period.charge.metric
    question = Question(
        external_subscription_id=period.external_subscription_id,
        metric=metric,
        buckets=_buckets(charge, view, prorated=_is_prorated(charge, so_far=so_far)),
        span=period.span,
        prorated=_is_prorated(charge, so_far=so_far),
        marks=so_far and charge.pay_in_advance and metric.aggregation_type in WITH_MARKS,
        only=view.only,
        currency=period.currency,
    )
    return Asked(question, period.subscription_id, charge.id)


def _is_prorated(charge: PricedCharge, *, so_far: bool) -> bool:
    """Whether units weigh by their days; those renewed in advance do not."""
    return charge.prorated and (so_far or not charge.pay_in_advance)


@lru_cache(CHARGES_KEPT)
def _whole_buckets(charge: PricedCharge, prorated: bool) -> tuple[Bucket, ...]:
    """The buckets of the whole view; a charge that is kept has them made once."""
    return _buckets_of(charge, WHOLE, prorated=prorated)


def _buckets(charge: PricedCharge, view: View, *, prorated: bool) -> tuple[Bucket, ...]:
    """The filters in the order in which they take events, then the default bucket."""
    if view == WHOLE:
        return _whole_buckets(charge, prorated)
    return _buckets_of(charge, view, prorated=prorated)


def _buckets_of(charge: PricedCharge, view: View, *, prorated: bool) -> tuple[Bucket, ...]:
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
                properties=properties,
            )
        )
    return tuple(found)


def _priced(period: ChargePeriod, found: Iterable[Aggregate], *, so_far: bool) -> list[Result]:
    """The results of a charge: its filters in their order, the default bucket last, groups by their values."""
    charge = period.charge
    by_filter: dict[UUID | None, list[Aggregate]] = {}
    for one in found:
        by_filter.setdefault(one.bucket.filter_id, []).append(one)
    return [
        _result(period, charge_filter, one, so_far=so_far)
        for charge_filter in (*charge.filters, None)
        for one in by_filter[charge_filter.id if charge_filter else None]
    ]


def group_order(group: Group) -> list[tuple[str, bool, str]]:
    """By what groups are ordered: their values, null last."""
    return [(key, value is None, value or "") for key, value in sorted(group.items())]


def _result(period: ChargePeriod, charge_filter: PricedFilter | None, found: Aggregate, *, so_far: bool) -> Result:
    charge = period.charge
    properties = found.bucket.properties
    assert properties is not None
    usage = found.usage
    shown = usage.shown_units
    if so_far and charge.pay_in_advance and charge.metric.aggregation_type in WITH_MARKS:
        usage, shown = in_advance(period, properties, found), max(shown, ZERO)
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
        fee_amounts(price, shown, period.currency, rate),
        empty=found.count == 0 and found.units == 0 and not any(found.group.values()),
    )


def in_advance(period: ChargePeriod, properties: Properties, found: Aggregate) -> Usage:
    """What current usage prices of a charge in advance: units that are active, and those that were billed."""
    units = units_so_far(
        found.units if found.full_units is None else found.full_units,
        found.marks,
        prorated=found.full_units is not None,
        share=period.span.days.carried_share,
        prorated_units=found.units,
    )
    usage = replace(found.usage, units=units, full_units=None)
    if isinstance(properties, Percentage) and period.charge.metric.aggregation_type == "unique_count_agg":
        return replace(usage, events=gather_counted(properties, units, found.count))
    return usage


def units_by(presented: Iterable[tuple[Group, Decimal]]) -> list[tuple[Group, Decimal]]:
    """Units of presentation keys, those of the same values added up, by their values."""
    found: dict[Any, tuple[Group, Decimal]] = {}
    for group, units in presented:
        key = tuple(group_order(group))
        before = found[key][1] if key in found else ZERO
        found[key] = (group, plus(before, units))
    return [found[key] for key in sorted(found)]
