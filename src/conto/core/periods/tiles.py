"""Tiles: an interval's periods, laid over the calendar without gap or overlap (chapter 51 §2).

Where a month lacks the anchor's day, a tile starts on the month's last day. That is always taken from
the anchor, so a short month does not move later ones: 31 January, 29 February, 31 March.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from conto.core.days import DAY

WEEK = timedelta(weeks=1)


class Interval(StrEnum):
    """How long a plan's period is."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    YEARLY = "yearly"


MONTHS = {Interval.MONTHLY: 1, Interval.QUARTERLY: 3, Interval.SEMIANNUAL: 6, Interval.YEARLY: 12}


class BillingTime(StrEnum):
    """Where periods begin: with the calendar's own, or with the day of the anchor."""

    CALENDAR = "calendar"
    ANNIVERSARY = "anniversary"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One whole period: its first and its last day, both part of it."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        assert self.first_day <= self.last_day

    @property
    def days(self) -> int:
        """The period's length, by which prices are divided."""
        return (self.last_day - self.first_day).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Tiling:
    """A tiling of the calendar. `anchor` is the day, in the customer's zone, that anniversaries count from."""

    interval: Interval
    billing_time: BillingTime
    anchor: date

    def tile(self, day: date) -> Tile:
        """The tile that holds `day`."""
        if self.interval is Interval.WEEKLY:
            first = day - timedelta(days=(day.weekday() - self._weekday) % 7)
            return Tile(first, first + WEEK - DAY)
        months = MONTHS[self.interval]
        month = _month(day)
        month -= (month - self._phase) % months
        if self._start(month) > day:
            month -= months
        return Tile(self._start(month), self._start(month + months) - DAY)

    def next(self, day: date) -> Tile:
        """The tile after the one that holds `day`."""
        return self.tile(self.tile(day).last_day + DAY)

    def previous(self, day: date) -> Tile:
        """The tile before the one that holds `day`."""
        return self.tile(self.tile(day).first_day - DAY)

    def starts_on(self, day: date) -> bool:
        """Whether a tile starts on `day`."""
        return self.tile(day).first_day == day

    @property
    def _weekday(self) -> int:
        return 0 if self.billing_time is BillingTime.CALENDAR else self.anchor.weekday()

    @property
    def _phase(self) -> int:
        return 0 if self.billing_time is BillingTime.CALENDAR else _month(self.anchor)

    def _start(self, month: int) -> date:
        """The day of the month, counted from year 0, on which a tile starts."""
        day = 1 if self.billing_time is BillingTime.CALENDAR else self.anchor.day
        year, index = divmod(month, 12)
        return date(year, index + 1, min(day, monthrange(year, index + 1)[1]))


def _month(day: date) -> int:
    """The month of `day`, counted from January of year 0."""
    return day.year * 12 + day.month - 1
