"""Entries of a plan's lists, each read by itself, for only the first wrong one is told (chapter 52 §2)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec

from conto.schemas.reader import Problems, read

T = TypeVar("T", bound=msgspec.Struct)

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One entry, and what was wrong with its fields."""

    data: T
    problems: Problems


def entries(struct: type[T], raw: Mapping[str, Any], key: str, problems: Problems) -> list[Entry[T]] | None:
    """The entries of the list under the key, None where it is not given; what is no list of objects is a problem."""
    given = raw.get(key)
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in cast("list[object]", given)):
        problems.add(key, "value_is_invalid")
        return None
    if len(cast("list[object]", given)) > MOST_ENTRIES:
        problems.add(key, "invalid_count")
        return None
    found: list[Entry[T]] = []
    for item in cast("list[dict[str, Any]]", given):
        own = Problems()
        found.append(Entry(read(struct, item, own), own))
    return found


def data_of(found: Sequence[Entry[T]] | None) -> list[T]:
    """The entries' fields."""
    return [entry.data for entry in found or ()]


def generated_code(base: str, taken: Collection[str]) -> str:
    """The base itself where it is free, else with the suffix after the highest one in use for it, from `_2` on."""
    if base not in taken:
        return base
    suffixes = [
        int(tail)
        for code in taken
        if code.startswith(f"{base}_") and (tail := code[len(base) + 1 :]).isascii() and tail.isdigit()
        if len(tail) < 10
    ]
    return f"{base}_{max([1, *suffixes]) + 1}"


def tell(problems: Problems, field: str, codes: Sequence[str]) -> None:
    """Note every finding of a field, also those that have a code in common (chapter 40 §1.2)."""
    if codes:
        problems.details.setdefault(field, []).extend(codes)
