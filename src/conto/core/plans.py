"""Plans compared: which change of plan is an upgrade (chapter 50 §1)."""

from conto.core.periods.tiles import Interval

PERIODS_A_YEAR = {
    Interval.YEARLY: 1,
    Interval.SEMIANNUAL: 2,
    Interval.QUARTERLY: 4,
    Interval.MONTHLY: 12,
    Interval.WEEKLY: 52,
}


def yearly_amount_cents(interval: str, amount_cents: int) -> int:
    """A plan's price for a year, in minor units, for comparison alone; currency and charges play no part."""
    return PERIODS_A_YEAR[Interval(interval)] * amount_cents
