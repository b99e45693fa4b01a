"""The database's dialect, with JSON that keeps decimals exact both ways."""

from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: object) -> str:
    """The text of a JSON value."""
    return _encoder.encode(value).decode()


def decode_json(text: str | bytes) -> Any:
    """The value of a JSON text; numbers that are no integers are decimals."""
    return _decoder.decode(text)


DIALECT = PGDialect_asyncpg(json_serializer=encode_json, json_deserializer=decode_json)
"""What statements are compiled for where no engine does it."""
