"""How values are written in JSON: answers, webhooks and MCP results share it (chapter 01 §1.2)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """The value as JSON; a `Decimal` becomes a number.

    Raises:
        ValueError: a `Decimal` in it is not finite.
    """
    body = ENCODER.encode(value)
    if b"NaN" in body or b"Infinity" in body:
        # The words are JSON inside a text only; a decoder tells which it is.
        msgspec.json.decode(body)
    return body


def instant(value: datetime) -> str:
    """An aware instant as `YYYY-MM-DDTHH:MM:SSZ`, its fraction cut."""
    assert value.tzinfo is not None
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def instant_ms(value: datetime) -> str:
    """An aware instant as `YYYY-MM-DDTHH:MM:SS.mmmZ`, cut at milliseconds."""
    return f"{instant(value)[:-1]}.{value.microsecond // 1000:03d}Z"


def decimal_text(value: Decimal) -> str:
    """The number without exponent or superfluous zeros, with at least one digit after the point.

    Raises:
        ValueError: it is not finite.
    """
    if not value.is_finite():
        raise ValueError("not a finite number")
    plain = f"{value:f}" if value else "0"
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def as_number(value: Decimal) -> Decimal:
    """The number in the form in which it is written as a JSON number: 20 becomes 20.0.

    Raises:
        ValueError: it is not finite.
    """
    return Decimal(decimal_text(value))


_PLAIN = msgspec.json.Decoder(float_hook=Decimal)


def as_json(value: Any) -> Any:
    """The value as it is read again from its JSON, with decimals exact: what documents are set from."""
    return _PLAIN.decode(encode(value))
