"""Reading partial updates: only the keys that were sent change anything."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Struct


def given(data: Struct, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of an input that were sent, by name."""
    left_out = set(without)
    return {
        name: value
        for name in data.__struct_fields__
        if name not in left_out and (value := getattr(data, name)) is not UNSET
    }
