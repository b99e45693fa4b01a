"""Prorated graduated: tiers are climbed with full units, the price is paid on prorated ones (chapter 40 §7.1)."""

from collections.abc import Iterable
from fractions import Fraction

from conto.core.charges.graduated import Graduated
from conto.core.charges.price import FREE, NO_DETAILS, NOTHING, Climb, Price, Step, Usage, over


def price(usage: Usage, graduated: Graduated) -> Price:
    """The price of the climb in `usage.climb`; flat amounts of all tiers reached are added, not prorated."""
    climbed = usage.climb
    assert climbed is not None
    if climbed.last < 0:
        return FREE
    if climbed.prorated == 0:
        amount = Fraction(graduated.ranges[0].flat_amount)
    else:
        amount = max(climbed.variable, NOTHING) + flat_amounts(climbed.highest, graduated)
    return Price(amount, over(amount, usage.shown_units), NO_DETAILS)


def climb(graduated: Graduated, steps: Iterable[Step]) -> Climb:
    """What the steps come to, in order of time (at one instant: of reception).

    A step up that weighs nothing is left out, and so is a step down that weighs nothing and would lead below 0.
    """
    last, highest, variable, prorated = NOTHING, NOTHING, NOTHING, NOTHING
    below = NOTHING
    for step in steps:
        units, weighed = Fraction(step.units), Fraction(step.prorated)
        reached = last + units
        if units == 0 or (weighed == 0 and (units > 0 or reached < 0)):
            continue
        above = cost(reached, graduated)
        variable += (above - below) * weighed / units
        prorated += weighed
        last, below, highest = reached, above, max(highest, reached)
    return Climb(variable, last, highest, prorated)


def cost(units: Fraction, graduated: Graduated) -> Fraction:
    """What it costs to climb from 0 to so many units without proration; units below 0 lie in the first tier."""
    total, begin = NOTHING, NOTHING
    for tier in graduated.ranges:
        end = None if tier.to_value is None else Fraction(tier.to_value)
        reach = units if end is None else min(units, end)
        total += (reach - begin) * Fraction(tier.per_unit_amount)
        if end is None or end >= units:
            break
        begin = end
    return total


def flat_amounts(units: Fraction, graduated: Graduated) -> Fraction:
    """The flat amounts of all tiers up to the one that contains the units."""
    total = NOTHING
    for tier in graduated.ranges:
        total += Fraction(tier.flat_amount)
        if tier.to_value is None or tier.to_value >= units:
            break
    return total
