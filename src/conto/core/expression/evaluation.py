"""What an expression comes to for an event (chapter 30 §2.2): a number, exactly, or a text.

Decimals are exact, but for a division, which is rounded at 40 significant digits. Numbers and texts
have a largest size, so that an event cannot make a small expression come to a large value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from typing import TypeAlias

from conto.core.expression.grammar import MOST_DIGITS
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
)

MOST_TEXT = 10_000
"""Characters of a text, on the way and at the end."""

DIVISION_DIGITS = 40

Value: TypeAlias = Decimal | str

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_EXACT = Context(
    prec=MOST_DIGITS, Emin=-MOST_DIGITS, Emax=MOST_DIGITS, traps=[Inexact, InvalidOperation, Overflow, Underflow]
)
_DIVIDING = Context(
    prec=DIVISION_DIGITS,
    rounding=ROUND_HALF_UP,
    Emin=-MOST_DIGITS,
    Emax=MOST_DIGITS,
    traps=[InvalidOperation, Overflow, Underflow],
)
_ROUNDING = Context(prec=MOST_DIGITS, Emin=-MOST_DIGITS, Emax=MOST_DIGITS, traps=[InvalidOperation])
_ROUNDINGS = {Function.ROUND: ROUND_HALF_UP, Function.CEIL: ROUND_CEILING, Function.FLOOR: ROUND_FLOOR}

EXPECTED_A_DECIMAL = "Expected a decimal"
TOO_MANY_DIGITS = "Number has too many digits"


class EvaluationFailed(ValueError):
    """The expression comes to nothing for the event; the message says why, in the API's words."""


@dataclass(frozen=True, slots=True)
class Event:
    """What of an event an expression may look at. `timestamp` is in whole seconds of the epoch."""

    code: str
    timestamp: int
    properties: Mapping[str, object]


def evaluate(expression: Expression, event: Event) -> Value:
    """The value of the expression for the event.

    Raises:
        EvaluationFailed: a property is missing, a text stands where a number is needed, a divisor is
            zero, or a value is too large.
    """
    try:
        return _value(expression, event)
    except (Inexact, InvalidOperation) as error:
        raise EvaluationFailed(TOO_MANY_DIGITS) from error


def written(value: Value) -> str:
    """A result as it is stored and shown: a number plainly, with at least one decimal and no needless zeros."""
    if isinstance(value, str):
        return value
    whole, _, decimals = f"{value:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


def _value(expression: Expression, event: Event) -> Value:
    match expression:
        case Number(value):
            return value
        case Text(value):
            return value
        case EventField(field):
            return event.code if field is Field.CODE else Decimal(event.timestamp)
        case EventProperty(name):
            return _property(name, event)
        case Negation(operand):
            return _EXACT.minus(_number(operand, event))
        case Product(first, rest) | Sum(first, rest):
            result = _number(first, event)
            for operator, operand in rest:
                result = _apply(operator, result, _number(operand, event))
            return result
        case Call(Function.CONCAT, arguments):
            return _concat(arguments, event)
        case Call(function, arguments):
            numbers = [_number(argument, event) for argument in arguments]
            return _rounded(function, *numbers) if function in _ROUNDINGS else _chosen(function, numbers)


def _number(expression: Expression, event: Event) -> Decimal:
    value = _value(expression, event)
    if isinstance(value, str):
        raise EvaluationFailed(EXPECTED_A_DECIMAL)
    return value


def _property(name: str, event: Event) -> Value:
    """The property's value: a number, or a text that reads as one, is a number; other text is text."""
    match event.properties.get(name):
        case None:
            raise EvaluationFailed(f"Variable: {name} not found")
        case bool(value):
            return str(value).lower()
        case int(value):
            return _EXACT.plus(Decimal(value))
        case Decimal() as value if value.is_finite():
            return _EXACT.plus(value)
        case str(value) if _DECIMAL.fullmatch(value):
            return _EXACT.plus(Decimal(value))
        case str(value):
            return _limited(value)
        case _:
            raise EvaluationFailed(EXPECTED_A_DECIMAL)


def _apply(operator: Operator, one: Decimal, other: Decimal) -> Decimal:
    match operator:
        case Operator.ADD:
            return _EXACT.add(one, other)
        case Operator.SUBTRACT:
            return _EXACT.subtract(one, other)
        case Operator.MULTIPLY:
            return _unsigned_zero(_EXACT.multiply(one, other))
        case Operator.DIVIDE:
            if other == 0:
                raise EvaluationFailed("Division by zero")
            return _unsigned_zero(_DIVIDING.divide(one, other))


def _rounded(function: Function, value: Decimal, decimals: Decimal = Decimal(0)) -> Decimal:
    """The value at so many decimals; a fraction of `decimals` is not looked at."""
    if abs(decimals) > MOST_DIGITS:
        raise EvaluationFailed(TOO_MANY_DIGITS)
    place = Decimal((0, (1,), -int(decimals)))
    return _unsigned_zero(value.quantize(place, _ROUNDINGS[function], _ROUNDING))


def _unsigned_zero(value: Decimal) -> Decimal:
    """The value, with no minus before a zero, which is written as a text by its sign."""
    return value if value else abs(value)


def _chosen(function: Function, numbers: list[Decimal]) -> Decimal:
    return min(numbers) if function is Function.LEAST else max(numbers)


def _concat(arguments: tuple[Expression, ...], event: Event) -> str:
    """The arguments as text, one after the other; numbers plainly, with the decimals they have."""
    texts: list[str] = []
    for argument in arguments:
        value = _value(argument, event)
        texts.append(value if isinstance(value, str) else f"{value:f}")
    return _limited("".join(texts))


def _limited(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise EvaluationFailed(f"Text has more than {MOST_TEXT} characters")
    return text
