"""Money: integers in a currency's minor unit, exact decimals before that, and the only place that rounds.

Amounts named `…_cents` are in the minor unit, whatever the currency calls it. Everything before a
rounding is exact: `Decimal` in a context of 100 digits, which raises where a result would not be, or
`Fraction` where a division must not end early.
"""

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction

ZERO = Decimal(0)

EXACT = Context(
    prec=100,
    rounding=ROUND_HALF_UP,
    Emin=-999_999,
    Emax=999_999,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Wide enough for every product of amount, units and rate that the limits on input allow, and for sums of those."""

_CHECKED = EXACT.copy()
_CHECKED.traps[Inexact] = True

MOST_CENTS = 10**15
"""The largest amount of a fee or document. It keeps sums within 64 bits, and within what JSON's readers keep exact."""

_MINOR_UNITS_0 = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
_MINOR_UNITS_3 = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


def exponent(currency: str) -> int:
    """How many digits of the currency's amounts are minor units (ISO 4217)."""
    if currency in _MINOR_UNITS_0:
        return 0
    if currency == "CLF":
        return 4
    return 3 if currency in _MINOR_UNITS_3 else 2


def product(first: Decimal, second: Decimal) -> Decimal:
    """The exact product of two decimals."""
    return _CHECKED.multiply(first, second)


def percent(value: Decimal, rate: Decimal) -> Decimal:
    """The exact part of `value` that a rate of so many percent is."""
    return _CHECKED.scaleb(product(value, rate), -2)


def total(values: "list[Decimal]") -> Decimal:
    """The exact sum of decimals."""
    result = ZERO
    for value in values:
        result = _CHECKED.add(result, value)
    return result


def to_cents(value: Decimal | Fraction) -> int:
    """Round to a whole minor unit, half away from zero."""
    if isinstance(value, Fraction):
        doubled = 2 * abs(value.numerator) + value.denominator
        rounded = doubled // (2 * value.denominator)
        return rounded if value >= 0 else -rounded
    return int(value.to_integral_value(ROUND_HALF_UP))


def cut_to_cents(value: Decimal) -> int:
    """The whole minor units in `value`; what is left of one is dropped."""
    return int(value.to_integral_value(ROUND_DOWN))


def up_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round towards positive infinity at the fifth decimal."""
    return _at_five_decimals(value, ROUND_CEILING)


def cut_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Drop what lies beyond the fifth decimal."""
    return _at_five_decimals(value, ROUND_DOWN)


def floor_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round towards negative infinity at the fifth decimal."""
    return _at_five_decimals(value, ROUND_FLOOR)


def round_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round half away from zero at the fifth decimal."""
    return _at_five_decimals(value, ROUND_HALF_UP)


def ceiling(value: Decimal) -> int:
    """The smallest whole number that is not less than `value`."""
    return int(value.to_integral_value(ROUND_CEILING))


def _at_five_decimals(value: Decimal | Fraction, rounding: str) -> Decimal:
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.00001"), rounding, EXACT)
    scaled, rest = divmod(abs(value.numerator) * 100_000, value.denominator)
    negative = value < 0
    away = {
        ROUND_DOWN: False,
        ROUND_CEILING: rest > 0 and not negative,
        ROUND_FLOOR: rest > 0 and negative,
        ROUND_HALF_UP: 2 * rest >= value.denominator,
    }[rounding]
    magnitude = scaled + away
    return EXACT.scaleb(Decimal(-magnitude if negative else magnitude), -5)
