"""The system's clock: the only place that asks what time it is.

Everything else takes the instant from its unit of work (`Work.now`), which for a test organization
is the frozen time of its test clock.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def system_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo:
    """The time zone of a name that the API knows."""
    return ZoneInfo("Etc/GMT+12" if name == "GMT+12" else name)


def local_day(instant: datetime, timezone: str) -> date:
    """The calendar day of `instant` in the named time zone."""
    return instant.astimezone(zone(timezone)).date()
