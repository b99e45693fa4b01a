"""Units of a fixed charge over time: dated instructions, and what they come to in a period (chapter 53 §§3, 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from conto.core.days import DAY, local_day
from conto.core.money import ZERO
from conto.core.periods.ranges import Period


@dataclass(frozen=True, slots=True)
class Instruction:
    """So many units from `effective_at` on, as it was said at `given_at`."""

    units: Decimal
    effective_at: datetime
    given_at: datetime

    def __post_init__(self) -> None:
        assert self.units >= 0


def units_in(period: Period, instructions: Sequence[Instruction]) -> Decimal:
    """The full units of the period: what the last instruction that counts in it says; 0 without one.

    Of instructions given at the same instant the later of the sequence is the last.
    """
    counting = _counting(period, instructions)
    return counting[-1].units if counting else ZERO


def prorated_units_in(period: Period, instructions: Sequence[Instruction]) -> Fraction:
    """The units of the period weighted by the calendar days for which each instruction holds, exact.

    The weights are parts of the whole tile, also where the period covers a part of it only. A change
    that was put off to a later day is left out once an earlier one has superseded it.
    """
    holding = _not_superseded(_counting(period, instructions))
    starts = [local_day(max(each.effective_at, period.from_datetime), period.timezone) for each in holding]
    ends = [*starts[1:], local_day(period.to_datetime, period.timezone) + DAY]
    weighted = [
        Fraction(each.units) * max((end - start).days, 0)
        for each, start, end in zip(holding, starts, ends, strict=False)
    ]
    return sum(weighted, Fraction(0)) / period.tile.days


def _counting(period: Period, instructions: Sequence[Instruction]) -> list[Instruction]:
    """Those effective within the period, and of those effective before it the last given, in the order given."""
    given = sorted(instructions, key=lambda each: each.given_at)
    before = [each for each in given if each.effective_at < period.from_datetime]
    last_before = before[-1] if before else None
    return [
        each for each in given if each is last_before or period.from_datetime <= each.effective_at < period.to_datetime
    ]


def _not_superseded(given: Sequence[Instruction]) -> list[Instruction]:
    """Those that none given later comes into effect before."""
    kept: list[Instruction] = []
    for each in given:
        while kept and kept[-1].effective_at > each.effective_at:
            kept.pop()
        kept.append(each)
    return kept
