"""Try an expression on an event that is not stored (chapter 30 §2.4)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from conto.core.expression import EvaluationFailed, Event, InvalidExpression, evaluate, parse, written
from conto.core.numerals import read_numeral
from conto.errors import Invalid
from conto.schemas.metrics import EvaluateExpressionInput
from conto.work import Work


def evaluate_expression(work: Work, data: EvaluateExpressionInput) -> str:
    """What the expression comes to for the event, as it would be stored.

    Raises:
        Invalid: the expression is missing or none, or comes to nothing for the event.
    """
    if not data.expression:
        raise Invalid({"expression": ["value_is_mandatory"]})
    try:
        expression = parse(data.expression)
    except InvalidExpression:
        raise Invalid({"expression": ["invalid_expression"]}) from None
    try:
        return written(evaluate(expression, event_of(work, data.event)))
    except EvaluationFailed:
        raise Invalid({"event": ["invalid_event"]}) from None


def event_of(work: Work, raw: Any) -> Event:
    """The event that was given; without a timestamp it happens now.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(raw, Mapping):
        raise Invalid({"event": ["invalid_event"]})
    given = cast("Mapping[str, Any]", raw)
    properties = given.get("properties") or {}
    code = given.get("code")
    seconds = seconds_of(given.get("timestamp"))
    if not isinstance(properties, Mapping) or not (code is None or isinstance(code, str)):
        raise Invalid({"event": ["invalid_event"]})
    moment = int(work.now.timestamp()) if seconds is None else seconds
    return Event(code or "", moment, cast("Mapping[str, object]", properties))


def seconds_of(value: object) -> int | None:
    """The whole seconds of a timestamp; None where there is none.

    Raises:
        Invalid: it is no number.
    """
    if value is None:
        return None
    number = read_numeral(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or abs(number) >= 10**12:
        raise Invalid({"event": ["invalid_event"]})
    return int(number)
