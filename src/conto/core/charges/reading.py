"""How the properties of a charge model are read from JSON: every finding is one code (chapter 40 §3)."""

from collections.abc import Mapping
from decimal import Decimal

from conto.core.numerals import decimal_text, read_numeral

Raw = Mapping[str, object]
"""A decoded JSON object: its numbers are `int` or `Decimal`."""

Codes = list[str]
"""What was found wrong so far."""

WHOLE_DIGITS = 20
"""Digits that an amount, a rate or a limit of a range may have before its point."""

DECIMALS = 60
"""Digits that it may have after its point."""


def bounded(value: Decimal) -> Decimal | None:
    """The number if it is finite, not negative and not absurdly long, else None."""
    if not value.is_finite() or value < 0:
        return None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if value == 0:
        return value.copy_abs() if -DECIMALS <= exponent <= 0 else Decimal(0)
    return value if value.adjusted() < WHOLE_DIGITS and exponent >= -DECIMALS else None


def amount(raw: Raw, key: str, code: str, codes: Codes) -> Decimal | None:
    """The amount or rate of the key: a text that is a finite decimal of at least 0."""
    value = raw.get(key)
    found = decimal(value) if isinstance(value, str) else None
    if found is None:
        codes.append(code)
    return found


def optional_amount(raw: Raw, key: str, code: str, codes: Codes) -> Decimal | None:
    """Like `amount`; a value that is null or not there is none, and no finding."""
    return None if raw.get(key) is None else amount(raw, key, code, codes)


def whole(raw: Raw, key: str, code: str, codes: Codes, *, at_least: int) -> int | None:
    """The whole number of the key: a JSON number, no text."""
    found = number(raw.get(key))
    if found is None or found < at_least or found != int(found):
        codes.append(code)
        return None
    return int(found)


def optional_whole(raw: Raw, key: str, code: str, codes: Codes, *, at_least: int) -> int | None:
    """Like `whole`; a value that is null or not there is none, and no finding."""
    return None if raw.get(key) is None else whole(raw, key, code, codes, at_least=at_least)


def decimal(value: object) -> Decimal | None:
    """The decimal that a JSON number or a numeral is; None if it is none, negative or absurdly long."""
    if isinstance(value, str):
        read = read_numeral(value)
        return None if read is None else bounded(read)
    return number(value)


def number(value: object) -> Decimal | None:
    """The number that a JSON number is; None if it is none, negative or absurdly long."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return bounded(Decimal(value))


def as_text(value: Decimal) -> str:
    """An amount or rate as it is stored: with the decimals it was given with, without an exponent."""
    return f"{value:f}"


def as_number(value: Decimal | None) -> int | Decimal | None:
    """A limit of a range as it is stored and shown: a whole number if it is one."""
    if value is None:
        return None
    return int(value) if value == int(value) else Decimal(decimal_text(value))
