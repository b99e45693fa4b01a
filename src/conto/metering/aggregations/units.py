"""From what the statements measured to units: proration, means over time, and the metric's rounding (chapter 30 §4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from conto.catalog.priced import PricedMetric
from conto.core.money import ZERO, floor_at, plus, round_at, up_at, up_at_five_decimals
from conto.metering.aggregations.distinct import Distinct
from conto.metering.store import Question, Span

SECONDS_OF_DAY = 86_400
WEIGHTED_DECIMALS = 20
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
SECOND = timedelta(seconds=1)

ROUNDINGS: Mapping[str, Callable[[Decimal | Fraction, int], Decimal]] = {
    "round": round_at,
    "ceil": up_at,
    "floor": floor_at,
}


@dataclass(frozen=True, slots=True)
class Units:
    """Units before the metric's rounding; see `conto.metering.store.Aggregate`."""

    units: Decimal
    full_units: Decimal | None
    level: Decimal
    count: int

    def rounded(self, metric: PricedMetric) -> "Units":
        """After the metric's rounding. The level of a weighted sum is what it is."""
        if metric.rounding_function is None:
            return self
        units = rounded(self.units, metric)
        full = None if self.full_units is None else rounded(self.full_units, metric)
        level = self.level if metric.aggregation_type == "weighted_sum_agg" else units if full is None else full
        return Units(units, full, level, self.count)


def rounded(value: Decimal, metric: PricedMetric) -> Decimal:
    """The value as the metric rounds it (§4.6)."""
    if metric.rounding_function is None:
        return value
    return ROUNDINGS[metric.rounding_function](value, metric.rounding_precision)


def of_measures(question: Question, found: Mapping[str, Any], carried: Decimal) -> Units:
    """The units of everything but unique counts. Of nothing measured they are 0."""
    count = int(found.get("count") or 0)
    match question.metric.aggregation_type:
        case "sum_agg":
            full = found.get("sum") or ZERO
            if not question.prorated:
                return Units(full, None, full, count)
            return Units(prorated_sum(question.span, found), full, full, count)
        case "max_agg":
            units = found.get("greatest") or ZERO
        case "latest_agg":
            units = max(found["latest"][2], ZERO) if found else ZERO
        case "weighted_sum_agg":
            level = plus(carried, found.get("sum") or ZERO)
            return Units(weighted_mean(question.span, found, carried), None, level, count)
        case _:
            units = Decimal(count)
    return Units(units, None, units, count)


def of_distinct(question: Question, found: Distinct) -> Units:
    """The units of a unique count; its number of events is that of active values."""
    full = Decimal(found.active)
    if not question.prorated:
        return Units(full, None, full, found.active)
    units = up_at_five_decimals(Fraction(found.days, question.span.days.period_days))
    return Units(units, full, full, found.active)


def prorated_sum(span: Span, found: Mapping[str, Any]) -> Decimal:
    """Units that were there count for the window's days, those of its events from their day on (§4.7)."""
    days = Fraction(found.get("earlier") or 0) * span.days.carried_days + Fraction(found.get("weighed") or 0)
    return up_at_five_decimals(days / span.days.period_days)


def weighted_mean(span: Span, found: Mapping[str, Any], carried: Decimal) -> Decimal:
    """The mean over the whole period of a total that starts at `carried` (§4.5).

    Each event's value lasts from its instant to the end, so that the integral of the total is a sum over events.
    """
    begin, end = epoch_seconds(span.from_datetime), epoch_seconds(full_second(span.to_datetime))
    lasting = Fraction(found.get("sum") or 0) * end - Fraction(found.get("moment") or 0)
    integral = Fraction(carried) * (end - begin) + lasting
    return up_at(integral / (span.days.period_days * SECONDS_OF_DAY), WEIGHTED_DECIMALS)


def full_second(instant: datetime) -> datetime:
    """The first whole second that is not before the instant."""
    return instant.replace(microsecond=0) + SECOND if instant.microsecond else instant


def epoch_seconds(instant: datetime) -> Fraction:
    """The instant in seconds of the epoch, exactly."""
    return Fraction((instant - EPOCH) // timedelta(microseconds=1), 1_000_000)
