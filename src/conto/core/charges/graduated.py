"""Graduated: units fill one range after the other, each at its own price (chapter 40 §4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from conto.core.charges import ranges
from conto.core.charges.price import NOTHING, Details, Json, Price, Usage, over
from conto.core.charges.ranges import FREE_OF_CHARGE, PricedRange, spread
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO
from conto.core.numerals import decimal_text

GAPS = (0, 1)


@dataclass(frozen=True, slots=True)
class Graduated:
    """Properties of a graduated charge: ranges in order, the last one open."""

    ranges: tuple[PricedRange, ...] = (FREE_OF_CHARGE,)

    def __post_init__(self) -> None:
        assert self.ranges
        assert self.ranges[-1].to_value is None

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {"graduated_ranges": [one.stored() for one in self.ranges]}


def read(raw: Raw, codes: Codes) -> Graduated | None:
    """The properties in `raw`; None where a code was added."""
    found = ranges.read(raw, "graduated_ranges", GAPS, ranges.read_priced, codes)
    return None if found is None else Graduated(found)


def price(usage: Usage, graduated: Graduated) -> Price:
    """The price of the usage; a flat amount is due as soon as its range is entered, the first one always.

    With full units given, these fill the ranges and each weighs its share of the prorated ones (fixed charges,
    chapter 53 §5.1). Prorated charges have `prorated_graduated`.
    """
    parts = spread(usage.shown_units, graduated.ranges)
    share = Fraction(1) if usage.full_units is None else over(Fraction(usage.units), usage.full_units)
    amount = sum((total(one, part, share) + Fraction(one.flat_amount) for one, part in parts), NOTHING)
    return Price(amount, over(amount, usage.shown_units), details(parts, share))


def total(one: PricedRange, units: Fraction, share: Fraction) -> Fraction:
    """What the units cost in the range, without its flat amount."""
    return units * share * Fraction(one.per_unit_amount)


def details(parts: Sequence[tuple[PricedRange, Fraction]], share: Fraction) -> Details:
    """The ranges met, as the fee shows them."""
    return {"graduated_ranges": [row(one, units, total(one, units, share)) for one, units in parts]}


def row(one: PricedRange, units: Fraction, cost: Fraction) -> Details:
    """One range as the fee shows it."""
    return one.limits() | {
        "flat_unit_amount": decimal_text(one.flat_amount),
        "per_unit_amount": decimal_text(one.per_unit_amount if units else ZERO),
        "units": decimal_text(units),
        "per_unit_total_amount": decimal_text(cost),
        "total_with_flat_amount": decimal_text(cost + Fraction(one.flat_amount)),
    }
