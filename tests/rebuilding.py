"""Amounts computed again from nothing but the lines of a calculation, as a reader of an explanation would."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any


def half_away(value: Fraction) -> int:
    """The nearest whole number, a half away from zero."""
    return int(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


def up(value: Fraction, decimals: int) -> Fraction:
    """Towards positive infinity at so many decimals."""
    return Fraction(ceil(value * 10**decimals), 10**decimals)


LANGUAGE = {"__builtins__": {}, "min": min, "max": max, "round": half_away, "ceil": ceil, "up": up}


def rebuilt(lines: Sequence[Mapping[str, Any]]) -> dict[str, Fraction]:
    """What each line comes to, by its name; each must say so, and take what earlier lines came to."""
    found: dict[str, Fraction] = {}
    for line in lines:
        values = {name: Fraction(text) for name, text in line["values"].items()}
        for name, value in values.items():
            assert found.get(name, value) == value, f"{line['name']} takes another {name}"
        result = Fraction(eval(line["formula"], dict(LANGUAGE), values))
        assert result == Fraction(line["result"]), f"{line['name']} is {result}"
        found[line["name"]] = result
    return found


def rebuilt_amount(explanation: Mapping[str, Any]) -> int:
    """What all results come to, in minor units."""
    amounts = [rebuilt(result["calculation"])["amount_cents"] for result in explanation["results"]]
    total = explanation["total"]
    assert [Fraction(value) for value in total["values"].values()] == amounts
    assert [result["amount_cents"] for result in explanation["results"]] == amounts
    return int(rebuilt([total])["amount_cents"])
