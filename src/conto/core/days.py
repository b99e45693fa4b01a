"""Days and instants: the calendar days of a time zone, and where each begins and ends in UTC (chapter 51 §1).

All arithmetic of periods is on days; only its results become instants. A day has 23 or 25 hours
where clocks change, and none at all where a zone left it out by moving over the date line, but no
count of days gains or loses one by that. Instants are aware and answered in UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
"""The smallest step between two instants. A period ends one before the next begins."""

EARLIEST = date(1900, 1, 1)
LATEST = date(9990, 12, 31)
"""From the first to the last of these days every period can be told; beyond them the calendar may run out."""


def zone(name: str) -> ZoneInfo:
    """The time zone of a name that the API knows."""
    return ZoneInfo("Etc/GMT+12" if name == "GMT+12" else name)


def local_day(instant: datetime, timezone: str) -> date:
    """The calendar day of `instant` in the named time zone: the latest that has begun there.

    Where clocks go back over midnight, a day that has begun goes on: the hour that comes round again
    belongs to it, though clocks then show the day before.
    """
    day = instant.astimezone(zone(timezone)).date()
    return day + DAY if start_of_day(day + DAY, timezone) <= instant else day


def start_of_day(day: date, timezone: str) -> datetime:
    """The first instant of `day` in the named time zone, which is later than midnight where that is left out."""
    return datetime.combine(day, time(), zone(timezone)).astimezone(UTC)


def end_of_day(day: date, timezone: str) -> datetime:
    """The last instant of `day`: 23:59:59.999999 in the named time zone."""
    return start_of_day(day + DAY, timezone) - MOMENT


def start_of_local_day(instant: datetime, timezone: str) -> datetime:
    """When the calendar day of `instant` begins; at that pending subscriptions start and others end (50 §3.5, §11)."""
    return start_of_day(local_day(instant, timezone), timezone)


def days_touched(start: datetime, end: datetime, timezone: str) -> int:
    """How many calendar days of the named time zone `start` to `end` touches, both included; 0 if `end` lies before."""
    if end < start:
        return 0
    return max((local_day(end, timezone) - first_day_touched(start, timezone)).days + 1, 1)


def first_day_touched(start: datetime, timezone: str) -> date:
    """The calendar day of `start`; of days that begin at one instant, because a zone left some out, the earliest."""
    if start_of_local_day(start, timezone) == start:
        return local_day(start - MOMENT, timezone) + DAY
    return local_day(start, timezone)


def days_begun(start: datetime, end: datetime, timezone: str) -> int:
    """Days to pay for from `start` to `end` (chapter 51 §5.2); 0 if `end` lies before.

    From a midnight these are the calendar days touched; an end at midnight counts its day. From
    another time of day (a trial's end) they are the spans of 24 hours begun, by local clocks.
    """
    if end < start:
        return 0
    if start_of_local_day(start, timezone) == start:
        return days_touched(start, end, timezone)
    if start_of_local_day(end, timezone) == end:
        end += timedelta(seconds=1)
    return max(-(-(clock(end, timezone) - clock(start, timezone)) // DAY), 1)


def clock(instant: datetime, timezone: str) -> datetime:
    """What clocks in the named time zone show at `instant`, as a naive date and time."""
    return instant.astimezone(zone(timezone)).replace(tzinfo=None, fold=0)
