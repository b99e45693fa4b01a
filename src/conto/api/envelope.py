"""Request bodies: decoded without types, taken out of their envelope, read when asked (chapter 01 §1.3, §3.1)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from conto.errors import BadRequest
from conto.schemas.reader import Problems, read

T = TypeVar("T", bound=msgspec.Struct)

DEPTH_LIMIT = 100
"""Levels of objects and arrays that a body may have."""

DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Body(Generic[T]):
    """What a request carries for one action: `raw` as decoded, `read()` as the declared struct.

    A handler calls `read` after its lookups, so that an unknown object is answered before a bad field.
    """

    __slots__ = ("_envelope", "_optional", "_raw", "_struct", "content")

    def __init__(self, struct: type[T], content: bytes, envelope: str | None, *, optional: bool = False) -> None:
        self.content = content
        """The body as it came."""
        self._struct = struct
        self._envelope = envelope
        self._optional = optional
        self._raw: dict[str, Any] | None = None

    @classmethod
    def of(cls, struct: type[T], raw: dict[str, Any]) -> "Body[T]":
        """A body that holds these fields, for callers other than HTTP."""
        body = cls(struct, b"", None)
        body._raw = raw
        return body

    @property
    def raw(self) -> dict[str, Any]:
        """The fields as decoded, without the envelope.

        Raises:
            BadRequest: malformed JSON, or a missing or empty envelope.
        """
        if self._raw is None:
            self._raw = unwrapped(self.content, self._envelope, optional=self._optional)
        return self._raw

    def read(self, problems: Problems | None = None) -> T:
        """The fields as the struct; see `conto.schemas.reader.read`.

        Raises:
            BadRequest: as for `raw`.
            Invalid: some fields are wrong, and no `problems` was given to gather them.
        """
        return read(self._struct, self.raw, problems)


def decoded(content: bytes) -> Any:
    """The JSON value that the bytes are, its decimals exact.

    Raises:
        BadRequest: it is malformed, no UTF-8, or nested too deeply.
    """
    try:
        value = DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError):
        raise BadRequest("BadRequest: the body is not valid JSON") from None
    if content.count(b"{") + content.count(b"[") > DEPTH_LIMIT and too_deep(value):
        raise BadRequest("BadRequest: the body is nested too deeply")
    return value


def too_deep(value: Any) -> bool:
    """Whether a decoded value has more than `DEPTH_LIMIT` levels of objects and arrays."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [child for parent in level for child in children(parent) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def unwrapped(content: bytes, envelope: str | None, *, optional: bool) -> dict[str, Any]:
    """The fields that a body gives: those under the envelope's key, or its own where there is none.

    Without an envelope an empty body gives no fields; with one, only where it is `optional`.

    Raises:
        BadRequest: malformed JSON, no object, or a missing, empty or non-object envelope.
    """
    value = decoded(content) if content.strip() else {}
    if envelope is None:
        if not isinstance(value, dict):
            raise BadRequest("BadRequest: the body is not a JSON object")
        return value
    inner = value.get(envelope) if isinstance(value, Mapping) else None
    if isinstance(inner, dict) and inner:
        return inner
    if optional and (inner is None or inner == {}):
        return {}
    raise BadRequest(f"BadRequest: param is missing or the value is empty or invalid: {envelope}")
