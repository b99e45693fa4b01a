"""A charge in advance: what one event costs on its arrival (chapters 40 §10 and 30 §4.10)."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import graduated_percentage, models, percentage
from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.fee_amounts import FeeAmounts, fee_amounts, rounded
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.models import Properties
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import FREE, NO_DETAILS, NO_EVENTS, NOTHING, Price, SingleEvents, Usage, over
from conto.core.charges.standard import Standard
from conto.core.money import ZERO, exact_decimal, minus, plus, up_at_five_decimals

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the events of a period came to so far, for one charge, filter and group.

    `current` is the net of their units; `highest` the highest that it was, never below 0: so much is billed.
    `highest_prorated` is the sum of the prorated units billed.
    """

    current: Decimal = ZERO
    highest: Decimal = ZERO
    highest_prorated: Decimal = ZERO

    def __post_init__(self) -> None:
        assert self.highest >= max(self.current, ZERO)


START = Marks()


@dataclass(frozen=True, slots=True)
class Increment:
    """What one event adds: units to price (`billed`, prorated where the charge is), units to show, the new marks."""

    billed: Decimal
    shown: Decimal
    marks: Marks


@dataclass(frozen=True, slots=True)
class EventUsage:
    """The usage of a period up to and with one event, in its bucket and group.

    `total` is the aggregate with the event, `billed` the units of it that the event pays, `count` the number of
    events with this one. `events` is for percentages: of all of them with this one, last. `given_amount` is the
    event's own amount in major units (dynamic, custom).
    """

    total: Decimal
    billed: Decimal
    count: int
    events: SingleEvents = NO_EVENTS
    given_amount: Decimal | None = None


def counted(marks: Marks) -> Increment:
    """An event of a count: one unit each."""
    return summed(marks, ONE)


def summed(marks: Marks, value: Decimal, share: Fraction | None = None) -> Increment:
    """An event of a sum: it pays the part of its value by which the total passes the highest so far.

    `share` is what the event weighs under a prorated charge; the units paid are rounded up at five decimals.
    """
    current = plus(marks.current, value)
    increment = max(minus(current, marks.highest), ZERO)
    billed = increment if share is None else up_at_five_decimals(Fraction(increment) * share)
    marks_then = Marks(
        current=current,
        highest=max(current, marks.highest),
        highest_prorated=plus(marks.highest_prorated, billed),
    )
    return Increment(billed, shown=increment or max(value, ZERO), marks=marks_then)


def added_or_removed(marks: Marks, change: int, share: Fraction | None = None) -> Increment:
    """An event of a unique count: `change` is 1 or −1 for a value that became active or no longer is, else 0."""
    assert change in (-1, 0, 1)
    return summed(marks, Decimal(change), share)


def price(properties: Properties, event: EventUsage) -> Price:
    """What the event costs: the usage with it less the usage without it, unrounded, and its details.

    Without units a first flat amount is not due yet, so the first event with units pays it. The unit amount is
    left at 0: it comes from the rounded amount, see `fee`.
    """
    if isinstance(properties, Dynamic | Custom):
        return Price(Fraction(event.given_amount or 0), NOTHING, NO_DETAILS)
    full, without = sides(event)
    amount = side(properties, full).amount - side(properties, without).amount
    match properties:
        case Percentage():
            parts = percentage.parts(full, properties), percentage.parts(without, properties)
            return Price(amount, NOTHING, percentage.difference(*parts, properties))
        case GraduatedPercentage():
            tiers = [
                graduated_percentage.parts(usage.units, properties) if usage.units > 0 else []
                for usage in (full, without)
            ]
            return Price(amount, NOTHING, graduated_percentage.difference(*tiers))
        case _:
            return Price(amount, NOTHING, NO_DETAILS)


def fee(
    properties: Properties,
    event: EventUsage,
    shown: Decimal,
    currency: str,
    conversion_rate: Decimal | None = None,
) -> tuple[FeeAmounts, Price]:
    """The amounts of the event's fee, which shows so many units, and the price they come from."""
    found = price(properties, event)
    unit_amount = over(rounded(found.amount, currency, conversion_rate), shown)
    found = replace(found, unit_amount=unit_amount)
    return fee_amounts(found, shown, currency, conversion_rate), found


def sides(event: EventUsage) -> tuple[Usage, Usage]:
    """The usage with the event, and without it; the running totals are those with it on both sides."""
    limited, latest = event.events.limited_amount, event.events.latest_amount
    before = None if limited is None or latest is None else limited - latest
    return (
        Usage(event.total, count=event.count, events=event.events),
        Usage(
            minus(event.total, event.billed),
            count=event.count - 1,
            events=replace(event.events, limited_amount=before),
        ),
    )


def side(properties: Properties, usage: Usage) -> Price:
    """The price of one side."""
    if isinstance(properties, Graduated | GraduatedPercentage) and usage.units == 0:
        return FREE
    return models.price(usage, properties)


def units_so_far(
    total: Decimal, marks: Marks | None, *, prorated: bool, share: Fraction, prorated_units: Decimal
) -> Decimal:
    """The units of a sum or unique count that current usage prices: what is active, and was billed (chapter 31 §1.4).

    `marks` is None where the period has no event yet. `share` is the part of the whole period that the window is,
    `prorated_units` the prorated aggregate; both matter to prorated charges only.
    """
    if not prorated:
        units = total if marks is None else plus(minus(total, marks.current), marks.highest)
    elif marks is None:
        units = total if share == 1 else prorated_units
    else:
        kept = (Fraction(total) - Fraction(max(marks.current, ZERO))) * share
        carried = exact_decimal(kept) if share == 1 else up_at_five_decimals(kept)
        units = plus(carried, marks.highest_prorated)
    return max(units, ZERO)


def instant_estimate(properties: Standard | Percentage, units: Decimal) -> Price:
    """The price of one event alone, without history or free units; negative units cost nothing (chapter 31 §6.2)."""
    units = max(units, ZERO)
    if isinstance(properties, Standard):
        return models.price(Usage(units), properties)
    limits = percentage.Limits(replace(properties, free_units_per_events=None, free_units_per_total_aggregation=None))
    limits.take(units, 1)
    return Price(limits.amount, over(limits.amount, units), NO_DETAILS)
