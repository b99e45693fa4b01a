"""What a scalar of an input may be, and what it is read as (chapter 01 §1.2).

A rule takes a decoded JSON scalar (text, whole number, `Decimal` or boolean) and gives the value that use
cases work with, or refuses it with the codes of the answer.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from conto.core.numerals import NUMERAL_LIMIT, read_numeral

NUMBER_DIGITS = 20
"""Digits that a number may have before its point, and after it."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
UUID_FORM = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[^\s\[\]/?#@:\\<>\"'%]+")
URL_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\\<>\"{}|^`]")
EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"\x00-\x1f]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"), "-")
INVISIBLE = dict.fromkeys(map(ord, "\x00\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"), None)

EXACT = Context(prec=3 * NUMBER_DIGITS, Emin=-999999999999999999, Emax=999999999999999999, traps=[InvalidOperation])
SMALLEST_STEP = Decimal(1).scaleb(-NUMBER_DIGITS)
FIRST_YEAR = 1900


class Refused(Exception):
    """The value is none of its kind, for the reasons that `codes` name."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = codes


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of scalar is read.

    `read` gives the value or raises `Refused`. With `blank_is_null` a blank text is read as null. With
    `mandatory` null is refused even where the field may be absent.
    """

    read: Callable[[Any], Any]
    blank_is_null: bool = True
    mandatory: bool = False


def is_blank(value: object) -> bool:
    """Whether the value is a text without a visible character."""
    return isinstance(value, str) and not value.replace("\0", "").strip()


def as_text(value: object) -> str:
    """The text that a text or number is.

    Raises:
        Refused: `value_is_invalid`; it is neither.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused("value_is_invalid")
    return str(value)


def bounded_text(value: object, max_length: int, *, trim: bool) -> str:
    """Free text: NUL characters are removed, with `trim` outer blanks too.

    Raises:
        Refused: `value_is_too_long`, `value_is_invalid`.
    """
    found = as_text(value).replace("\0", "")
    if trim:
        found = found.strip()
    if len(found) > max_length:
        raise Refused("value_is_too_long")
    return found


def identifying_text(value: object, max_length: int, *, trim: bool) -> str:
    """A text that names something: compared exactly, so a NUL character is refused, not removed.

    Raises:
        Refused: `value_is_too_long`, `value_is_invalid`.
    """
    if "\0" in as_text(value):
        raise Refused("value_is_invalid")
    return bounded_text(value, max_length, trim=trim)


def as_decimal(value: object, invalid: str = "value_is_invalid") -> Decimal:
    """The exact number that a whole number, decimal or numeral is.

    Raises:
        Refused: with the code `invalid`; it is none, or not finite.
    """
    if isinstance(value, str):
        numeral = read_numeral(value)
        if numeral is None:
            raise Refused(invalid)
        return numeral
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused(invalid)
    number = Decimal(value)
    if not number.is_finite():
        raise Refused(invalid)
    return number


def bounded_number(value: object, invalid: str, out_of_range: str) -> Decimal:
    """The number, without superfluous zeros, if it has few enough digits (`NUMBER_DIGITS`).

    Raises:
        Refused: with `invalid` if it is no number, with `out_of_range` if it has too many digits.
    """
    number = as_decimal(value, invalid)
    if not number:
        return Decimal(0)
    if number.adjusted() >= NUMBER_DIGITS:
        raise Refused(out_of_range)
    whole = EXACT.quantize(number, SMALLEST_STEP)
    if whole != number:
        raise Refused(out_of_range)
    short = EXACT.normalize(whole)
    return EXACT.quantize(short, Decimal(1)) if short == short.to_integral_value() else short


def whole_number(value: object, invalid: str, out_of_range: str) -> int:
    """The whole number that an integer, an integral decimal or a numeral is.

    Raises:
        Refused: with `invalid` if it is none, with `out_of_range` if it has too many digits.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = as_decimal(value, invalid)
    if not number:
        return 0
    if number.adjusted() >= NUMBER_DIGITS:
        raise Refused(out_of_range)
    if number != number.to_integral_value():
        raise Refused(invalid)
    return int(number)


def flag(value: object) -> bool:
    """A JSON boolean, or the text `true` or `false`.

    Raises:
        Refused: `value_is_invalid`.
    """
    if isinstance(value, bool):
        return value
    if value == "true":
        return True
    if value == "false":
        return False
    raise Refused("value_is_invalid")


def loose_flag(value: object) -> bool:
    """A boolean in any of the spellings of chapter 01 §1.2.

    Raises:
        Refused: `value_is_invalid`.
    """
    if not isinstance(value, str | int):
        raise Refused("value_is_invalid")
    word = value.lower() if isinstance(value, str) else value
    if word in (True, "true", "1", "t", "on"):
        return True
    if word in (False, "false", "0", "f", "off"):
        return False
    raise Refused("value_is_invalid")


def instant(value: object) -> datetime:
    """The instant in UTC that an ISO 8601 text names; a plain date is its midnight, no offset is UTC.

    Raises:
        Refused: `invalid_date`; it is none, or outside the years 1900 to 9999.
    """
    if not isinstance(value, str) or not INSTANT.fullmatch(value.strip()):
        raise Refused("invalid_date")
    try:
        read = datetime.fromisoformat(value.strip().upper())
        found = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("invalid_date") from None
    if found.year < FIRST_YEAR:
        raise Refused("invalid_date")
    return found


def day(value: object) -> date:
    """The calendar day that a text `YYYY-MM-DD` names.

    Raises:
        Refused: `invalid_date`; it is none, or outside the years 1900 to 9999.
    """
    if not isinstance(value, str) or not DAY.fullmatch(value.strip()):
        raise Refused("invalid_date")
    try:
        found = date.fromisoformat(value.strip())
    except ValueError:
        raise Refused("invalid_date") from None
    if found.year < FIRST_YEAR:
        raise Refused("invalid_date")
    return found


def uuid(value: object) -> UUID:
    """The UUID that a text is.

    Raises:
        Refused: `value_is_invalid`.
    """
    if not isinstance(value, str) or not UUID_FORM.fullmatch(value):
        raise Refused("value_is_invalid")
    return UUID(value)


def one_of(value: object, words: Collection[str | int], code: str) -> str | int:
    """The value if it is one of `words`, compared exactly.

    Raises:
        Refused: with `code`.
    """
    if isinstance(value, bool) or not isinstance(value, str | int) or value not in words:
        raise Refused(code)
    return value


def one_of_upper(value: object, words: Collection[str], code: str) -> str:
    """The value in upper case if that is one of `words`.

    Raises:
        Refused: with `code`.
    """
    if not isinstance(value, str) or (word := value.strip().upper()) not in words:
        raise Refused(code)
    return word


def emails(value: object, max_length: int) -> str:
    """One address, or several separated by commas, each checked (chapter 10).

    Look-alike dashes become `-`; invisible characters and outer blanks are dropped.

    Raises:
        Refused: `invalid_email_format`, `value_is_too_long`.
    """
    if not isinstance(value, str):
        raise Refused("invalid_email_format")
    found = value.translate(DASHES).translate(INVISIBLE).strip()
    if len(found) > max_length:
        raise Refused("value_is_too_long")
    if not all(is_email(address.strip()) for address in found.split(",")):
        raise Refused("invalid_email_format")
    return found


def is_email(address: str) -> bool:
    """Whether the text has the form of one e-mail address; letters beyond ASCII are allowed."""
    local, _, _ = address.rpartition("@")
    return (
        bool(EMAIL.fullmatch(address)) and not local.startswith(".") and not local.endswith(".") and ".." not in local
    )


def url(value: object, max_length: int) -> str:
    """An http or https address with a host.

    Raises:
        Refused: `url_is_invalid`, `value_is_too_long`.
    """
    if not isinstance(value, str):
        raise Refused("url_is_invalid")
    found = value.strip()
    if len(found) > max_length:
        raise Refused("value_is_too_long")
    if not is_url(found):
        raise Refused("url_is_invalid")
    return found


def is_url(text: str) -> bool:
    """Whether the text is an http or https address with a host and, if any, a port from 0 to 65535."""
    if URL_BREAKS.search(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(HOST.match(host))


def harmless(value: object) -> object:
    """Any JSON value, as it is, if the database can hold it.

    Raises:
        Refused: `value_is_invalid`; a text in it has a NUL character, or a number is absurdly long.
    """
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str):
            refuse_nul(item)
        elif isinstance(item, int | Decimal) and not isinstance(item, bool):
            refuse_absurd(item)
    return value


def refuse_nul(value: str) -> None:
    if "\0" in value:
        raise Refused("value_is_invalid")


def refuse_absurd(value: int | Decimal) -> None:
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > NUMERAL_LIMIT or len(str(number)) > 3 * NUMERAL_LIMIT:
        raise Refused("value_is_invalid")
