"""Numbers as text: how a numeral is read, and how a decimal is written (chapter 01 §1.2)."""

import re
from decimal import Decimal
from fractions import Fraction

from conto.core.money import exact_decimal

NUMERAL_LIMIT = 100
"""Characters that a number written as text may have."""

NUMERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def read_numeral(text: str) -> Decimal | None:
    """The finite number that the text is, outer blanks aside; None if it is none or too long."""
    numeral = text.strip()
    if len(numeral) > NUMERAL_LIMIT or not NUMERAL.fullmatch(numeral):
        return None
    return Decimal(numeral)


def decimal_text(value: Decimal | Fraction) -> str:
    """The number without exponent or superfluous zeros, with at least one digit after the point.

    A fraction whose decimals never end is rounded at the fifteenth.

    Raises:
        ValueError: it is not finite.
    """
    number = exact_decimal(value) if isinstance(value, Fraction) else value
    if not number.is_finite():
        raise ValueError("not a finite number")
    plain = f"{number:f}" if number else "0"
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
