"""What a charge needs of its events beside units and their number, so that no more is read (chapter 40 §§2, 4, 7.1)."""

from dataclasses import dataclass
from decimal import Decimal

from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.graduated import Graduated
from conto.core.charges.models import Properties
from conto.core.charges.percentage import Percentage


@dataclass(frozen=True, slots=True)
class Needs:
    """What to ask the event store for.

    Attributes:
        first_values: the values of so many first events, in order of time.
        values_until_above: the values in order of time until their sum exceeds this, that one included.
        every_value: all values; in order of time where `in_order`, else values may be grouped with their number.
        in_order: see `every_value`.
        given_amount: the sum of the events' precise amounts (dynamic), or the amount of the metric's fold (custom).
        steps: the carried units and each event of the period, with their days.
    """

    first_values: int | None = None
    values_until_above: Decimal | None = None
    every_value: bool = False
    in_order: bool = False
    given_amount: bool = False
    steps: bool = False


NONE = Needs()


def needs(properties: Properties, aggregation_type: str, *, prorated: bool = False) -> Needs:
    """What pricing the usage takes. Counting metrics need nothing: see `percentage.gather_counted`."""
    match properties:
        case Percentage() if aggregation_type == "sum_agg":
            return of_percentage(properties)
        case Dynamic() | Custom():
            return Needs(given_amount=True)
        case Graduated() if prorated:
            return Needs(steps=True)
        case _:
            return NONE


def needs_in_advance(properties: Properties, aggregation_type: str) -> Needs:
    """What pricing one event takes: without allowances, limits per transaction look at this event alone."""
    found = needs(properties, aggregation_type)
    return NONE if found.every_value and not found.in_order else found


def of_percentage(percentage: Percentage) -> Needs:
    """What a percentage charge on a sum takes: the allowances look at the first events, the limits at all."""
    if percentage.has_limits:
        return Needs(every_value=True, in_order=percentage.has_allowance)
    if percentage.free_events:
        return Needs(first_values=percentage.free_events)
    if percentage.free_total:
        return Needs(values_until_above=percentage.free_total)
    return NONE
