"""Filters that the logs share (chapter 72 §3)."""

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from conto.schemas import rules
from conto.schemas.fields import Instant, ruled
from conto.schemas.rules import Rule


def last_instant(value: object) -> datetime:
    """The instant that a text names; of a plain date its last, in UTC, so that the day counts.

    Raises:
        Refused: `invalid_date`.
    """
    found = rules.instant(value)
    plain = rules.DAY.fullmatch(str(value).strip())
    # The rest of the day at once: a whole day later, the last of all dates would be none.
    return found + (timedelta(days=1) - timedelta(microseconds=1)) if plain else found


LastInstant = Annotated[datetime, ruled(Rule(last_instant), {"format": "date-time"})]
"""The end of a span of time, itself within it."""


class LogFilters(Struct, kw_only=True, frozen=True):
    """The span of time in which it was logged."""

    from_date: Instant | UnsetType = UNSET
    to_date: LastInstant | UnsetType = UNSET
