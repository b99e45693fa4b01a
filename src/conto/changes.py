"""Reading partial updates: only the keys that were sent change anything, and what they changed is told."""

from collections.abc import Iterable, Mapping
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


def differences(before: Any, after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the columns `after` change of the row `before`: each with both its values, without `updated_at`."""
    return {
        name: [old, new]
        for name, new in after.items()
        if name != "updated_at" and (old := getattr(before, name)) != new
    }
