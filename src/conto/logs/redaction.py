"""What no log may hold: passwords, keys, tokens. Their values are hidden, wherever in a JSON text they stand."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from conto.schemas.encoding import encode

HIDDEN = "[hidden]"

_IS_SECRET = re.compile(
    r"\w*password\w*|passphrase|\w*secret|\w*secret_\w+|(?:hmac|private|signing|encryption|webhook|access)_key|"
    r"authorization|(?:\w+_)?token|api_key",
    re.IGNORECASE,
)
_SIGNS = (b"password", b"passphrase", b"secret", b"_key", b"authorization", b"token", b"\\u")
"""A text without any of these, in lower case, names nothing secret. A name may be written with escapes."""

_OF_KEYS = frozenset({"api_key", "api_keys"})
"""Under these names the API shows its keys, each as an object whose `value` is the key itself."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def without_secrets(content: bytes) -> bytes:
    """The JSON text with what is secret hidden, and the very same text where it names nothing secret.

    Raises:
        ValueError: it is no JSON.
    """
    lowered = content.lower()
    # Looking for these first is much faster than to decode every text, or to search it for the names themselves.
    if not any(sign in lowered for sign in _SIGNS):
        return content
    return encode(hidden(_decoder.decode(content)))


def hidden(value: Any, *, of_key: bool = False) -> Any:
    """The decoded value with what is secret replaced; `of_key` says that it describes API keys."""
    if isinstance(value, list):
        return [hidden(item, of_key=of_key) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: HIDDEN if is_secret(name, inner, of_key=of_key) else hidden(inner, of_key=name in _OF_KEYS)
        for name, inner in value.items()
    }


def is_secret(name: str, value: Any, *, of_key: bool) -> bool:
    """Whether the value under the name is to be hidden: not where it is absent, an object or a list."""
    if value is None or isinstance(value, Mapping | list):
        return False
    return _IS_SECRET.fullmatch(name) is not None or (of_key and name == "value")
