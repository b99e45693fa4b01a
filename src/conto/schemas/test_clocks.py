"""Test clocks as JSON."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Struct

from conto.schemas.fields import ruled
from conto.schemas.rules import Refused, Rule, instant

END_OF_TIME = datetime(3000, 1, 1, tzinfo=UTC)
"""Rehearsals end here: what follows from an instant, such as a due date, must be a date too."""


def frozen_time(value: object) -> datetime:
    """An instant that a test clock may show."""
    found = instant(value)
    if found >= END_OF_TIME:
        raise Refused("value_is_out_of_range")
    return found


class TestClockInput(Struct, kw_only=True, frozen=True):
    """What a test clock is to show."""

    __test__ = False

    frozen_time: Annotated[datetime, ruled(Rule(frozen_time))]


class TestClockObject(Struct, kw_only=True, frozen=True):
    """What a test clock shows."""

    __test__ = False

    frozen_time: str
