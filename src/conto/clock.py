"""The system's clock: the only place that asks what time it is.

Everything else takes the instant from its unit of work (`Work.now`), which for a test organization
is the frozen time of its test clock.
"""

from datetime import UTC, datetime


def system_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
