"""Reading an expression (chapter 30 §2.1): a grammar finds what it says, and nothing of it is run as a program."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from conto.core.expression.tree import (
    Call,
    EventField,
    EventProperty,
    Expression,
    Field,
    Function,
    Negation,
    Number,
    Operator,
    Product,
    Sum,
    Text,
    parts,
)

MOST_CHARACTERS = 5_000
MOST_LEVELS = 50
MOST_DIGITS = 300

GRAMMAR = r"""
    ?sum: product (SUM_OPERATOR product)*
    ?product: operand (PRODUCT_OPERATOR operand)*
    ?operand: "-" primary -> negation
        | primary
    ?primary: NUMBER -> number
        | TEXT -> text
        | EVENT_FIELD -> event_field
        | EVENT_PROPERTY -> event_property
        | call
        | "(" sum ")"
    call: ROUNDING "(" sum ("," sum)? ")"
        | GATHERING "(" sum ("," sum)* ")"

    SUM_OPERATOR: "+" | "-"
    PRODUCT_OPERATOR: "*" | "/"
    NUMBER: /[0-9]+(\.[0-9]+)?/
    TEXT: /'[^']*'/
    EVENT_FIELD: "event." ("code" | "timestamp")
    EVENT_PROPERTY: /event\.properties\.[A-Za-z][A-Za-z0-9_]*/
    ROUNDING: "round" | "ROUND" | "Round" | "ceil" | "CEIL" | "Ceil" | "floor" | "FLOOR" | "Floor"
    GATHERING: "concat" | "CONCAT" | "Concat" | "least" | "LEAST" | "Least" | "greatest" | "GREATEST" | "Greatest"

    %ignore " "
"""


class InvalidExpression(ValueError):
    """The text is not an expression, or one that is larger than may be."""


def parse(text: str) -> Expression:
    """The expression that `text` writes.

    Raises:
        InvalidExpression: it writes none, or one too long, too deep, or with a number of too many digits.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidExpression(f"more than {MOST_CHARACTERS} characters")
    try:
        found = _reader()(text)
    except UnexpectedInput as error:
        raise InvalidExpression(f"not an expression from character {error.pos_in_stream} on") from error
    _refuse_depth(found)
    return found


def _refuse_depth(expression: Expression) -> None:
    level = [expression]
    for _ in range(MOST_LEVELS):
        level = [part for each in level for part in parts(each)]
    if level:
        raise InvalidExpression(f"more than {MOST_LEVELS} levels")


class _Builder(Transformer[Token, Expression]):
    """Makes each part of an expression, as its rule is recognised."""

    def number(self, children: list[Token]) -> Number:
        if len(children[0]) > MOST_DIGITS:
            raise InvalidExpression(f"a number of more than {MOST_DIGITS} digits")
        return Number(Decimal(children[0]))

    def text(self, children: list[Token]) -> Text:
        return Text(children[0][1:-1])

    def event_field(self, children: list[Token]) -> EventField:
        return EventField(Field(children[0].removeprefix("event.")))

    def event_property(self, children: list[Token]) -> EventProperty:
        return EventProperty(children[0].removeprefix("event.properties."))

    def negation(self, children: list[Expression]) -> Negation:
        return Negation(children[0])

    def product(self, children: list[Any]) -> Product:
        return Product(children[0], _rest(children))

    def sum(self, children: list[Any]) -> Sum:
        return Sum(children[0], _rest(children))

    def call(self, children: list[Any]) -> Call:
        return Call(Function(children[0].lower()), tuple(children[1:]))


def _rest(children: list[Any]) -> tuple[tuple[Operator, Expression], ...]:
    """All operands but the first, each with the operator before it."""
    return tuple(
        (Operator(operator), operand) for operator, operand in zip(children[1::2], children[2::2], strict=True)
    )


@cache
def _reader() -> Callable[[str], Expression]:
    """What reads a text by the grammar, made once: building its tables takes longer than many readings."""
    parser = Lark(GRAMMAR, start="sum", parser="lalr", transformer=_Builder())
    return parser.parse  # pyright: ignore[reportReturnType, reportUnknownMemberType, reportUnknownVariableType]
