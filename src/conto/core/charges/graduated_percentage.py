"""Graduated percentage: units fill one range after the other, each at its own rate (chapter 40 §4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import ranges, reading
from conto.core.charges.price import NOTHING, Details, Json, Price, Usage, over
from conto.core.charges.ranges import Range, spread
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO, round_at
from conto.core.numerals import decimal_text

GAPS = (0, 1)


@dataclass(frozen=True, slots=True)
class RatedRange(Range):
    """A range with a rate in percent, and an amount in major units for entering it."""

    rate: Decimal
    flat_amount: Decimal

    def stored(self) -> dict[str, Json]:
        """The range as it is stored and shown."""
        return self.limits() | {
            "rate": reading.as_text(self.rate),
            "flat_amount": reading.as_text(self.flat_amount),
        }


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    """Properties of a graduated percentage charge: ranges in order, the last one open."""

    ranges: tuple[RatedRange, ...] = (RatedRange(ZERO, None, ZERO, ZERO),)

    def __post_init__(self) -> None:
        assert self.ranges
        assert self.ranges[-1].to_value is None

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {"graduated_percentage_ranges": [one.stored() for one in self.ranges]}


@dataclass(frozen=True, slots=True)
class Part:
    """What fell in one range: units, their share of the amount, and the flat amount that was due."""

    range: RatedRange
    units: Fraction
    cost: Fraction
    flat_amount: Fraction

    @property
    def total(self) -> Fraction:
        """All that is due for the range."""
        return self.cost + self.flat_amount


def read(raw: Raw, codes: Codes) -> GraduatedPercentage | None:
    """The properties in `raw`; None where a code was added."""
    found = ranges.read(raw, "graduated_percentage_ranges", GAPS, read_rated, codes)
    return None if found is None else GraduatedPercentage(found)


def read_rated(raw: Raw, limits: Range | None, codes: Codes) -> RatedRange | None:
    """The range in `raw`; None where a code was added or it has no limits."""
    flat_amount = reading.amount(raw, "flat_amount", "invalid_amount", codes)
    rate = reading.amount(raw, "rate", "invalid_rate", codes)
    if limits is None or rate is None or flat_amount is None:
        return None
    return RatedRange(limits.from_value, limits.to_value, rate, flat_amount)


def price(usage: Usage, graduated: GraduatedPercentage) -> Price:
    """The price of the usage; a flat amount is due as soon as its range is entered, the first one always."""
    found = parts(usage.units, graduated)
    amount = sum((part.total for part in found), NOTHING)
    rows = [row(part.range, part.units, part.flat_amount, part.cost, part.total) for part in found]
    return Price(amount, over(amount, usage.units), {"graduated_percentage_ranges": rows})


def parts(units: Decimal | Fraction, graduated: GraduatedPercentage) -> list[Part]:
    """What falls in each range that the units reach."""
    return [
        Part(one, part, part * Fraction(one.rate) / 100, Fraction(one.flat_amount))
        for one, part in spread(units, graduated.ranges)
    ]


def difference(full: Sequence[Part], without: Sequence[Part]) -> Details:
    """The details of one event in advance: what it added to each range (chapter 40 §10)."""
    rows: list[Details] = []
    for place, part in enumerate(full):
        before = without[place] if place < len(without) else Part(part.range, NOTHING, NOTHING, NOTHING)
        units, total = part.units - before.units, part.total - before.total
        per_unit = Fraction(round_at(over(total, units), 2))
        rows.append(row(part.range, units, part.flat_amount - before.flat_amount, per_unit, total))
    return {"graduated_percentage_ranges": rows}


def row(one: RatedRange, units: Fraction, flat_amount: Fraction, per_unit_total: Fraction, total: Fraction) -> Details:
    """One range as the fee shows it."""
    return one.limits() | {
        "flat_unit_amount": decimal_text(flat_amount),
        "rate": decimal_text(one.rate),
        "units": decimal_text(units),
        "per_unit_total_amount": decimal_text(per_unit_total),
        "total_with_flat_amount": decimal_text(total),
    }
