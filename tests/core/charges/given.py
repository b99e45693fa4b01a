"""Values for the tests of charge models."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from hypothesis import strategies as st

from conto.core.charges.graduated_percentage import RatedRange
from conto.core.charges.price import Price, Usage
from conto.core.charges.ranges import PricedRange

amounts = st.decimals(0, 10**6, places=6) | st.decimals(0, 10**18, places=30) | st.just(Decimal(0))
units_of_use = st.decimals(0, 300, places=3) | st.integers(0, 300).map(Decimal) | st.decimals(0, 10**40, places=25)
signed_values = st.decimals(-50, 100, places=2) | st.integers(-50, 100).map(Decimal)
values = st.decimals(0, 100, places=2) | st.integers(0, 100).map(Decimal)


def usage(units: str | int, *, full: str | int | None = None, count: int = 0) -> Usage:
    """Usage of so many units; prorated where full ones are given."""
    return Usage(Decimal(units), full_units=None if full is None else Decimal(full), count=count)


def tiers(*rows: tuple[str, str | None, str, str]) -> tuple[PricedRange, ...]:
    """Priced ranges from rows (from, to, price of a unit, flat amount)."""
    return tuple(PricedRange(*limits(row), Decimal(row[2]), Decimal(row[3])) for row in rows)


def rates(*rows: tuple[str, str | None, str, str]) -> tuple[RatedRange, ...]:
    """Rated ranges from rows (from, to, rate, flat amount)."""
    return tuple(RatedRange(*limits(row), Decimal(row[2]), Decimal(row[3])) for row in rows)


def limits(row: tuple[str, str | None, str, str]) -> tuple[Decimal, Decimal | None]:
    return Decimal(row[0]), None if row[1] is None else Decimal(row[1])


@st.composite
def bounds(draw: st.DrawFn, *, adjacent: bool | None = None) -> list[tuple[Decimal, Decimal | None]]:
    """Limits of ranges that follow each other, in adjacent or in whole-number style."""
    touching = draw(st.booleans()) if adjacent is None else adjacent
    widths = draw(st.lists(st.integers(1, 60), max_size=4))
    found: list[tuple[Decimal, Decimal | None]] = []
    end = 0
    for place, width in enumerate(widths):
        begin = end if place == 0 or touching else end + 1
        end = begin + width
        found.append((Decimal(begin), Decimal(end)))
    begin = end if touching or not widths else end + 1
    return [*found, (Decimal(begin), None)]


@st.composite
def priced_ranges(draw: st.DrawFn, *, adjacent: bool | None = None) -> tuple[PricedRange, ...]:
    """Ranges with prices."""
    return tuple(PricedRange(*pair, draw(amounts), draw(amounts)) for pair in draw(bounds(adjacent=adjacent)))


@st.composite
def rated_ranges(draw: st.DrawFn, *, adjacent: bool | None = None) -> tuple[RatedRange, ...]:
    """Ranges with rates."""
    return tuple(RatedRange(*pair, draw(amounts), draw(amounts)) for pair in draw(bounds(adjacent=adjacent)))


R = TypeVar("R", PricedRange, RatedRange)


def walked(units: int, ranges: tuple[R, ...], cost: Callable[[R], Decimal | Fraction]) -> Fraction:
    """What units in tiers come to, by walking unit by unit: each in the first range that still holds it."""
    total = Fraction(ranges[0].flat_amount)
    place = 0
    for unit in range(1, units + 1):
        while (end := ranges[place].to_value) is not None and end < unit:
            place += 1
            total += Fraction(ranges[place].flat_amount)
        total += Fraction(cost(ranges[place]))
    return total


def shown(price: Price) -> dict[str, object]:
    """The details of a price with its decimals read as numbers."""
    return {key: read(value) for key, value in price.details.items()}


def read(value: object) -> object:
    if isinstance(value, list):
        return [{key: read(part) for key, part in row.items()} for row in value]
    return Fraction(value) if isinstance(value, str) else value


def number(text: object) -> Fraction:
    """A decimal that the API shows as text."""
    assert isinstance(text, str)
    assert "." in text
    assert "E" not in text
    return Fraction(text)
