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

_HELD = 10**60

MOST_CENTS = 10**15
"""The largest amount of a fee or document. It keeps sums within 64 bits, and within what JSON's readers keep exact."""

PRECISE_DECIMALS = 15
"""Decimals that precise amounts are kept with."""

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


def plus(first: Decimal, second: Decimal) -> Decimal:
    """The exact sum of two decimals, however far apart."""
    return exact_decimal(Fraction(first) + Fraction(second))


def minus(first: Decimal, second: Decimal) -> Decimal:
    """The exact difference of two decimals, however far apart."""
    return exact_decimal(Fraction(first) - Fraction(second))


def in_major_units(cents: Decimal, currency: str) -> Decimal:
    """Minor units of the currency, exactly, in its major ones."""
    return _shifted(cents, -exponent(currency))


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Major units of the currency, exactly, in its minor ones."""
    return _shifted(amount, exponent(currency))


def to_cents(value: Decimal | Fraction) -> int:
    """Round to a whole minor unit, half away from zero."""
    if isinstance(value, Fraction):
        doubled = 2 * abs(value.numerator) + value.denominator
        rounded = doubled // (2 * value.denominator)
        return rounded if value >= 0 else -rounded
    return int(value.to_integral_value(ROUND_HALF_UP))


def cut_to_cents(value: Decimal | Fraction) -> int:
    """The whole minor units in `value`; what is left of one is dropped."""
    return int(cut_at(value, 0))


def round_at(value: Decimal | Fraction, decimals: int) -> Decimal:
    """Round half away from zero at so many decimals; fewer than none are digits before the point."""
    return _at(value, decimals, ROUND_HALF_UP)


def up_at(value: Decimal | Fraction, decimals: int) -> Decimal:
    """Round towards positive infinity at so many decimals."""
    return _at(value, decimals, ROUND_CEILING)


def floor_at(value: Decimal | Fraction, decimals: int) -> Decimal:
    """Round towards negative infinity at so many decimals."""
    return _at(value, decimals, ROUND_FLOOR)


def cut_at(value: Decimal | Fraction, decimals: int) -> Decimal:
    """Drop what lies beyond so many decimals."""
    return _at(value, decimals, ROUND_DOWN)


def up_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round towards positive infinity at the fifth decimal."""
    return up_at(value, 5)


def cut_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Drop what lies beyond the fifth decimal."""
    return cut_at(value, 5)


def floor_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round towards negative infinity at the fifth decimal."""
    return floor_at(value, 5)


def round_at_five_decimals(value: Decimal | Fraction) -> Decimal:
    """Round half away from zero at the fifth decimal."""
    return round_at(value, 5)


def precise(value: Decimal | Fraction) -> Decimal:
    """The value as precise amounts are kept: rounded half away from zero at the fifteenth decimal (chapter 40 §2)."""
    return round_at(value, PRECISE_DECIMALS)


def ceiling(value: Decimal | Fraction) -> int:
    """The smallest whole number that is not less than `value`."""
    return -(-value.numerator // value.denominator) if isinstance(value, Fraction) else ceiling(Fraction(value))


def exact_decimal(value: Fraction) -> Decimal:
    """The decimal that equals the fraction; where there is none, `precise`."""
    numerator, denominator = value.as_integer_ratio()
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return precise(value)
    places = max(twos, fives)
    return _shifted(Decimal(numerator * 10**places // denominator), -places)


def _shifted(value: Decimal, places: int) -> Decimal:
    sign, digits, power = value.as_tuple()
    assert isinstance(power, int)
    return Decimal((sign, digits, power + places))


def _at(value: Decimal | Fraction, decimals: int, rounding: str) -> Decimal:
    """By whole numbers only, so that no number of digits is too many."""
    numerator, denominator = value.as_integer_ratio()
    if decimals >= 0:
        whole, rest = divmod(abs(numerator) * 10**decimals, denominator)
    else:
        denominator *= 10**-decimals
        whole, rest = divmod(abs(numerator), denominator)
    negative = numerator < 0
    magnitude = whole + _is_away(rest, denominator, rounding, negative=negative)
    result = Decimal(-magnitude if negative else magnitude)
    # Moving the point by the context is several times faster, but only right for what it can hold.
    return _CHECKED.scaleb(result, -decimals) if magnitude < _HELD else _shifted(result, -decimals)


def _is_away(rest: int, denominator: int, rounding: str, *, negative: bool) -> bool:
    """Whether what is left over rounds away from zero."""
    if rounding == ROUND_HALF_UP:
        return 2 * rest >= denominator
    if rounding == ROUND_DOWN or not rest:
        return False
    assert rounding in (ROUND_CEILING, ROUND_FLOOR)
    return negative == (rounding == ROUND_FLOOR)
