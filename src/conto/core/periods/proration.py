"""How many days of a period something covers, and what part of a price falls on them, exactly (chapter 51 §5.2).

Parts are fractions: a price is rounded once, at the end, where the fee's amount is made.
"""

from datetime import datetime
from fractions import Fraction

from conto.core.days import days_begun, days_touched
from conto.core.periods.ranges import Period
from conto.core.periods.tiles import Tile


def covered_days(period: Period) -> int:
    """How many calendar days the period touches, both ends included: `D` of prorated usage (chapter 30 §4.7)."""
    return days_touched(period.from_datetime, period.to_datetime, period.timezone)


def billed_days(period: Period) -> int:
    """How many days of the period a plan's price or a commitment is due for: `n` (51 §5.2), days covered (53 §12)."""
    return days_begun(period.from_datetime, period.to_datetime, period.timezone)


def days_left(period: Period, at: datetime) -> int:
    """How many calendar days the period touches from `at` on, that day included: `d` of prorated usage."""
    return days_touched(max(at, period.from_datetime), period.to_datetime, period.timezone)


def share(amount: int, days: int, tile: Tile) -> Fraction:
    """The part of `amount`, a price for the whole tile in minor units, that so many days of it cost."""
    return Fraction(amount * days, tile.days)


def part_left(period: Period, at: datetime) -> Fraction:
    """The part of the whole tile from the day of `at` on: what a change of units then costs (chapter 53 §5.3)."""
    return Fraction(days_left(period, at), period.tile.days)


def part_elapsed(period: Period, at: datetime) -> Fraction:
    """The part of the period's own days that has passed at `at`, that day counted in full (chapter 31 §2).

    Before the period it is 0, after it 1.
    """
    if at < period.from_datetime:
        return Fraction(0)
    if at >= period.to_datetime:
        return Fraction(1)
    return Fraction(days_touched(period.from_datetime, at, period.timezone), covered_days(period))
