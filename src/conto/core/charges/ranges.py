"""Ranges of units: how they are read, and how units are spread over them (chapter 40 §§3.2 and 4.3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar, cast

from conto.core.charges import reading
from conto.core.charges.price import Json
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Range:
    """Limits of units, both inclusive; a range without `to_value` is open."""

    from_value: Decimal
    to_value: Decimal | None

    def limits(self) -> dict[str, Json]:
        """The limits as they are stored and shown."""
        return {"from_value": reading.as_number(self.from_value), "to_value": reading.as_number(self.to_value)}


@dataclass(frozen=True, slots=True)
class PricedRange(Range):
    """A range with a price, in major units: for each unit, and for entering it."""

    per_unit_amount: Decimal
    flat_amount: Decimal

    def stored(self) -> dict[str, Json]:
        """The range as it is stored and shown."""
        return self.limits() | {
            "per_unit_amount": reading.as_text(self.per_unit_amount),
            "flat_amount": reading.as_text(self.flat_amount),
        }


R = TypeVar("R", bound=Range)

FREE_OF_CHARGE = PricedRange(ZERO, None, ZERO, ZERO)
"""The one range of a graduated or volume charge whose properties were not given."""


def read_priced(raw: Raw, limits: Range | None, codes: Codes) -> PricedRange | None:
    """The priced range in `raw`; None where a code was added or it has no limits."""
    per_unit_amount = reading.amount(raw, "per_unit_amount", "invalid_amount", codes)
    flat_amount = reading.amount(raw, "flat_amount", "invalid_amount", codes)
    if limits is None or per_unit_amount is None or flat_amount is None:
        return None
    return PricedRange(limits.from_value, limits.to_value, per_unit_amount, flat_amount)


def read(
    raw: Raw,
    name: str,
    gaps: tuple[int, ...],
    read_one: Callable[[Raw, Range | None, Codes], R | None],
    codes: Codes,
) -> tuple[R, ...] | None:
    """The ranges under the key `name`; each begins one of `gaps` after the end of the one before it.

    None where codes were added: `missing_…` with the name if there is none, `invalid_…` for each range that does
    not follow, besides what `read_one` finds.
    """
    given = raw.get(name)
    if given is None or given == []:
        codes.append(f"missing_{name}")
        return None
    if not isinstance(given, list):
        codes.append(f"invalid_{name}")
        return None
    items = cast("list[object]", given)
    found: list[R] = []
    before: Range | None = None
    for place, item in enumerate(items):
        entry = cast("Raw", item if isinstance(item, Mapping) else {})
        limits = read_limits(entry)
        one = read_one(entry, limits, codes)
        first, last = place == 0, place == len(items) - 1
        if limits is None or not (begins_well(limits, before, gaps, first=first) and ends_well(limits, last=last)):
            codes.append(f"invalid_{name}")
        elif one is not None:
            found.append(one)
        before = limits
    return tuple(found) if len(found) == len(items) else None


def read_limits(raw: Raw) -> Range | None:
    """The limits of one range; None where they are no numbers."""
    from_value = reading.decimal(raw.get("from_value"))
    end = raw.get("to_value")
    to_value = None if end is None else reading.decimal(end)
    if from_value is None or (to_value is None and end is not None):
        return None
    return Range(from_value, to_value)


def begins_well(limits: Range, before: Range | None, gaps: tuple[int, ...], *, first: bool) -> bool:
    """Whether the range begins where the one before it ends; the first begins at 0, or 1."""
    if first:
        return limits.from_value in (0, 1)
    if before is None or before.to_value is None:
        return False
    return Fraction(limits.from_value) - Fraction(before.to_value) in gaps


def ends_well(limits: Range, *, last: bool) -> bool:
    """Whether the range is open if it is the last, and ends after its beginning if it is not."""
    if last or limits.to_value is None:
        return last and limits.to_value is None
    return limits.to_value > limits.from_value


def are_adjacent(ranges: Sequence[Range]) -> bool:
    """Whether every range begins at the very end of the one before it, and not one after it."""
    return len(ranges) > 1 and all(after.from_value == before.to_value for before, after in pairwise(ranges))


def spread(units: Decimal | Fraction, ranges: Sequence[R]) -> list[tuple[R, Fraction]]:
    """The ranges that the units reach, each with its part of them; the first one always."""
    reached = Fraction(units)
    gap = 0 if are_adjacent(ranges) else 1
    parts: list[tuple[R, Fraction]] = []
    for place, one in enumerate(ranges):
        end = None if one.to_value is None else Fraction(one.to_value)
        reach = reached if end is None else min(reached, end)
        part = reach if place == 0 else reach - Fraction(one.from_value) + gap
        parts.append((one, part))
        if end is None or end >= reached:
            break
    return parts
