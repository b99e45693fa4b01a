"""Calculations that are written down as they are made: each line's formula, its values and what it comes to.

A formula is what is computed, not a description of it, so that a line cannot say one thing and hold another. It
knows `+ - * /`, `min`, `max`, `round` (half away from zero), `ceil`, and `up` at so many decimals; all is exact.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from conto.core.money import ceiling, exact_decimal, to_cents, up_at
from conto.core.numerals import decimal_text

Number = int | Decimal | Fraction

OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "min": min,
    "max": max,
    "round": to_cents,
    "ceil": ceiling,
    "up": lambda value, decimals: up_at(value, int(decimals)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One calculation. Later lines know its result by its name.

    `rounding` names the rounding in it, if there is one; `note` says what the line is about.
    """

    name: str
    formula: str
    values: Mapping[str, Fraction]
    result: Fraction
    rounding: str | None
    note: str


@dataclass(slots=True)
class Calculation:
    """Lines in the order in which they are made."""

    lines: list[Line] = field(default_factory=list[Line])

    def line(
        self, name: str, formula: str, note: str, *, rounding: str | None = None, **values: Number
    ) -> Fraction:
        """Compute the formula, note the line, and give its result."""
        assert all(line.name != name for line in self.lines)
        exact = {key: Fraction(value) for key, value in values.items()}
        result = evaluated(parsed(formula), exact)
        self.lines.append(Line(name, formula, exact, result, rounding, note))
        return result


@lru_cache(maxsize=1024)
def parsed(formula: str) -> ast.expr:
    """The formula as a tree."""
    return ast.parse(formula, mode="eval").body


def evaluated(node: ast.expr, values: Mapping[str, Fraction]) -> Fraction:
    """What the formula comes to.

    Raises:
        TypeError: it holds what no formula knows.
    """
    match node:
        case ast.BinOp(left=left, op=sign, right=right):
            return OPERATORS[type(sign)](evaluated(left, values), evaluated(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return Fraction(FUNCTIONS[name](*[evaluated(one, values) for one in arguments]))
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case _:
            raise TypeError(ast.dump(node))


def number_text(value: Fraction) -> str:
    """The number exactly: as a decimal, or as a fraction `1/3` where its decimals never end."""
    found = exact_decimal(value)
    return decimal_text(found) if Fraction(found) == value else f"{value.numerator}/{value.denominator}"
