"""One event in advance: what it adds to the usage before it, in its bucket and group (chapter 30 §4.10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from conto.core.charges.in_advance import EventUsage, Increment
from conto.metering.store import Bucket, Group, Question
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that is to be priced. `id` is its place in the order of reception; None for one that is not stored.

    One that is not stored comes after all stored ones of its instant.
    """

    id: int | None
    timestamp: datetime
    properties: Mapping[str, Any]
    precise_total_amount_cents: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """What the event adds: where it belongs, the usage with it, and the units that it pays and shows."""

    bucket: Bucket
    group: Group
    usage: EventUsage
    increment: Increment


async def add(work: Work, question: Question, event: Happened) -> Addition | None:
    """What the event adds under an in-advance charge, whose question is about the period that contains it.

    None where it has no value that the metric could take, so that there is no fee.
    """
    raise NotImplementedError
