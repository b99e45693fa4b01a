"""Calculations that are written down as they are made: each line's formula, its values and what it comes to.

A formula is what is computed, not a description of it, so that a line cannot say one thing and hold another. It
knows `+ - * /`, `min`, `max`, `round` (half away from zero), `ceil`, and `up` at so many decimals; all is exact.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from conto.core.money import ceiling, exact_decimal, to_cents, up_at
from conto.core.numerals import decimal_text

Number = int | Decimal | Fraction


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

    def line(self, name: str, formula: str, note: str, rounding: str | None = None, /, **values: Number) -> Fraction:
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
            return combined(sign, evaluated(left, values), evaluated(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return Fraction(called(name, [evaluated(one, values) for one in arguments]))
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case _:
            raise TypeError(ast.dump(node))


def combined(sign: ast.operator, left: Fraction, right: Fraction) -> Fraction:
    """Both sides of an operator together.

    Raises:
        TypeError: no formula knows it.
    """
    match sign:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case _:
            raise TypeError(ast.dump(sign))


def called(name: str, arguments: Sequence[Fraction]) -> Number:
    """What a function makes of its arguments.

    Raises:
        TypeError: no formula knows it.
    """
    match name, arguments:
        case "min", _:
            return min(arguments)
        case "max", _:
            return max(arguments)
        case "round", [value]:
            return to_cents(value)
        case "ceil", [value]:
            return ceiling(value)
        case "up", [value, decimals]:
            return up_at(value, int(decimals))
        case _:
            raise TypeError(name)


def number_text(value: Fraction) -> str:
    """The number exactly: as a decimal, or as a fraction `1/3` where its decimals never end."""
    found = exact_decimal(value)
    return decimal_text(found) if Fraction(found) == value else f"{value.numerator}/{value.denominator}"
