"""Volume: all units are priced in the one range that they reach (chapter 40 §4.5)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import ranges
from conto.core.charges.price import FREE, Json, Price, Usage, over
from conto.core.charges.ranges import FREE_OF_CHARGE, PricedRange
from conto.core.charges.reading import Codes, Raw
from conto.core.numerals import decimal_text

GAPS = (1, 2)


@dataclass(frozen=True, slots=True)
class Volume:
    """Properties of a volume charge: ranges in order, the last one open."""

    ranges: tuple[PricedRange, ...] = (FREE_OF_CHARGE,)

    def __post_init__(self) -> None:
        assert self.ranges
        assert self.ranges[-1].to_value is None

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {"volume_ranges": [one.stored() for one in self.ranges]}


def read(raw: Raw, codes: Codes) -> Volume | None:
    """The properties in `raw`; None where a code was added."""
    found = ranges.read(raw, "volume_ranges", GAPS, ranges.read_priced, codes)
    return None if found is None else Volume(found)


def price(usage: Usage, volume: Volume) -> Price:
    """The price of the usage: full units choose the range, prorated ones are paid; its flat amount is not prorated."""
    if usage.shown_units < 0:
        return FREE
    one = reached(usage.shown_units, volume)
    total = Fraction(usage.units) * Fraction(one.per_unit_amount)
    amount = total + Fraction(one.flat_amount)
    details: dict[str, Json] = {
        "flat_unit_amount": decimal_text(one.flat_amount),
        "per_unit_amount": decimal_text(over(total, usage.shown_units)),
        "per_unit_total_amount": decimal_text(total),
    }
    return Price(amount, over(amount, usage.shown_units), details)


def reached(units: Decimal, volume: Volume) -> PricedRange:
    """The range that the units fall in; those between two ranges fall in the later one."""
    return next(one for one in volume.ranges if one.to_value is None or units <= one.to_value)
