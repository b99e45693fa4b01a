"""Whether two sets of properties are the same: by value, so that `"10"` is `"10.0"` (chapter 52 §4.3)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

NUMERAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def same(one: object, other: object) -> bool:
    """Whether the two values, as they are stored in JSON, are equal; texts that read as decimals are compared so."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        left, right = cast("Mapping[str, object]", one), cast("Mapping[str, object]", other)
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(one, list) and isinstance(other, list):
        first, second = cast("list[object]", one), cast("list[object]", other)
        return len(first) == len(second) and all(map(same, first, second))
    number, number_of_other = numeral(cast("object", one)), numeral(other)
    if number is None or number_of_other is None:
        return one == other and isinstance(one, bool) == isinstance(other, bool)
    return number == number_of_other


def numeral(value: object) -> Decimal | None:
    """The number that a JSON number or text is, None if it is none."""
    if isinstance(value, str):
        return Decimal(value) if NUMERAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)
