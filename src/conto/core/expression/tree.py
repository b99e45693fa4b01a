"""What an expression is made of, and how it is written (chapter 30 §2.1)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import TypeAlias


class Operator(StrEnum):
    """What stands between two operands."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


class Function(StrEnum):
    """What may be called. The first three take one or two arguments, the others one or more."""

    ROUND = "round"
    CEIL = "ceil"
    FLOOR = "floor"
    CONCAT = "concat"
    LEAST = "least"
    GREATEST = "greatest"


class Field(StrEnum):
    """A value that every event has."""

    CODE = "code"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Number:
    """A number, not negative, with the decimals that it is written with."""

    value: Decimal

    def __str__(self) -> str:
        return f"{self.value:f}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text; it holds no single quote."""

    value: str

    def __str__(self) -> str:
        return f"'{self.value}'"


@dataclass(frozen=True, slots=True)
class EventField:
    """The event's code, or its timestamp in whole seconds of the epoch."""

    field: Field

    def __str__(self) -> str:
        return f"event.{self.field}"


@dataclass(frozen=True, slots=True)
class EventProperty:
    """A property of the event."""

    name: str

    def __str__(self) -> str:
        return f"event.properties.{self.name}"


@dataclass(frozen=True, slots=True)
class Negation:
    """The negative of an operand."""

    operand: "Expression"

    def __str__(self) -> str:
        return f"-{_inside(self.operand, Negation | Product | Sum)}"


@dataclass(frozen=True, slots=True)
class Product:
    """Operands multiplied and divided, from left to right."""

    first: "Expression"
    rest: "tuple[tuple[Operator, Expression], ...]"

    def __str__(self) -> str:
        return _chain(self, Product | Sum)


@dataclass(frozen=True, slots=True)
class Sum:
    """Operands added and subtracted, from left to right."""

    first: "Expression"
    rest: "tuple[tuple[Operator, Expression], ...]"

    def __str__(self) -> str:
        return _chain(self, Sum)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: Function
    arguments: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Expression: TypeAlias = Number | Text | EventField | EventProperty | Negation | Product | Sum | Call


def parts(expression: Expression) -> "tuple[Expression, ...]":
    """The expressions right below this one."""
    match expression:
        case Negation(operand):
            return (operand,)
        case Product(first, rest) | Sum(first, rest):
            return (first, *(operand for _, operand in rest))
        case Call(_, arguments):
            return arguments
        case _:
            return ()


def _chain(chain: Product | Sum, weaker: type | UnionType) -> str:
    rest = "".join(f" {operator} {_inside(operand, weaker)}" for operator, operand in chain.rest)
    return f"{_inside(chain.first, weaker)}{rest}"


def _inside(operand: Expression, weaker: type | UnionType) -> str:
    """The operand, in parentheses where it would be read as another without them."""
    return f"({operand})" if isinstance(operand, weaker) else str(operand)
