"""Names in paths, and when two names are the same."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

BRACED = re.compile(r"\{\{?\s*([^{}\s]+)\s*\}?\}")


def path_parts(path: str) -> tuple[str, ...]:
    """A path cut at its parameters: texts, and at odd places the names of parameters."""
    return tuple(BRACED.split(path))


def path_names(path: str) -> tuple[str, ...]:
    """The names of a path's parameters."""
    return tuple(BRACED.findall(path))


def same(one: str, other: str) -> bool:
    """Whether two names are the same: `-` and `_` are not told apart."""
    return plain(one) == plain(other)


def plain(name: str) -> str:
    """A name as it is compared."""
    return name.replace("-", "_")


def find(name: str, among: Sequence[str]) -> str | None:
    """The very name among those there are, or one that is the same."""
    if name in among:
        return name
    return next((other for other in among if same(name, other)), None)


def lookup(values: Mapping[str, T], name: str) -> T | None:
    """What is kept under the name, or under one that is the same."""
    found = find(name, tuple(values))
    return None if found is None else values[found]
