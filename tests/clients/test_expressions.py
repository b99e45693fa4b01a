"""Expressions mean the same here as in the published package that checks them before they are sent (chapter 30 §2)."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conto.core.expression import EvaluationFailed, Event, InvalidExpression, evaluate, parse
from conto.core.expression.evaluation import DIVISION_DIGITS
from tests.clients.node import node
from tests.core.expressions import expressions, numeric_events, numeric_expressions, small, texts

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("packages")]

COUNT = 300
LEAST_DIFFERENCE = Decimal(1).scaleb(2 - DIVISION_DIGITS)

type_of_case = tuple[str, Event]

PIECES = [
    "",
    *("1", "2.5", ".", "'a'", "event.code", "event.timestamp", "event.properties.a", "event.", "code", "concat"),
    *("round", "Round", "rOund", "LEAST", "(", ")", ",", "+", "-", "*", "/", " ", "\t", "\n", "e", "'", "_", "%"),
]
EVENTS = st.builds(
    Event,
    st.just("calls"),
    st.integers(0, 2 * 10**9),
    st.dictionaries(st.sampled_from(["a", "b", "units", "event"]), st.one_of(small.map(str), texts)),
)


def drawn(cases: st.SearchStrategy[type_of_case], count: int = COUNT) -> list[type_of_case]:
    """So many different cases, the same each time."""
    found: dict[str, type_of_case] = {}

    @settings(
        max_examples=5 * count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def draw(case: type_of_case) -> None:
        found[case[0]] = case

    draw()
    assert len(found) >= count
    return list(found.values())[:count]


def theirs(cases: Iterable[type_of_case]) -> list[dict[str, Any]]:
    """What the package makes of the cases."""
    given_cases = [{"expression": expression, "event": asdict(event)} for expression, event in cases]
    return json.loads(node("--no-warnings", "expressions.mjs", environment=os.environ, given=json.dumps(given_cases)))


def ours(expression: str, event: Event) -> dict[str, Any]:
    """What we make of one, told as the package tells it; numbers stay decimals."""
    try:
        parsed = parse(expression)
    except InvalidExpression:
        return {"invalid": True}
    try:
        return {"value": evaluate(parsed, event)}
    except EvaluationFailed as failed:
        return {"failed": str(failed)}


def as_text(case: type_of_case) -> type_of_case:
    """The same case with its result as text: the package gives numbers as JavaScript's, which are not exact."""
    return f"concat({case[0]})", case[1]


def same(one: str, other: str) -> bool:
    """Whether two texts write the same number, up to where both are exact: we round divisions earlier."""
    return abs(Decimal(one) - Decimal(other)) <= abs(Decimal(other)) * LEAST_DIFFERENCE


def test_numbers_come_to_the_same() -> None:
    cases = drawn(st.tuples(numeric_expressions.map(str), numeric_events))
    for case, their in zip(cases, theirs(map(as_text, cases)), strict=True):
        assert same(ours(*as_text(case))["value"], their["value"]), case


def test_quotients_come_to_the_same() -> None:
    quotients = st.builds(lambda one, two: f"{one:f} / {two:f}", small, small.filter(bool))
    cases = drawn(st.tuples(quotients, numeric_events))
    for case, their in zip(cases, theirs(map(as_text, cases)), strict=True):
        assert same(ours(*as_text(case))["value"], their["value"]), case


def test_numbers_keep_the_same_decimals_in_texts() -> None:
    written = small.filter(bool).map("{:f}".format)
    decimals = st.one_of(
        written,
        st.builds("{} * -{}".format, written, written),
        st.builds("round({}, {})".format, written, st.integers(-3, 6)),
        st.builds("ceil({} * {}, {})".format, written, written, st.integers(0, 6)),
    )
    cases = drawn(st.tuples(decimals, numeric_events))
    for case, their in zip(cases, theirs(map(as_text, cases)), strict=True):
        assert ours(*as_text(case)) == {"value": f"{Decimal(their['value']):f}"}, case


def test_what_fails_fails_for_the_same_reason() -> None:
    cases = drawn(st.tuples(expressions.map(str), EVENTS))
    failures = 0
    for case, their in zip(cases, theirs(cases), strict=True):
        our = ours(*case)
        if our.get("failed") == "Division by zero":
            assert their == {"failed": "RuntimeError: unreachable"}, case
        elif our.get("failed") == "Number has too many digits":
            continue
        elif isinstance(our.get("value"), Decimal):
            assert their["value"] == pytest.approx(float(our["value"]), rel=1e-12), case
        else:
            assert our == their, case
        failures += "failed" in our
    assert failures >= COUNT // 4


def test_the_same_texts_are_expressions() -> None:
    """Texts of expressions in which a few characters are left out or put in."""
    changed = st.builds(
        lambda text, place, removed, piece: text[: place % len(text)] + piece + text[place % len(text) + removed :],
        expressions.map(str),
        st.integers(0, 500),
        st.integers(0, 2),
        st.sampled_from(PIECES),
    )
    cases = drawn(st.tuples(changed, EVENTS))
    invalid = 0
    for case, their in zip(cases, theirs(cases), strict=True):
        assert ("invalid" in ours(*case)) is ("invalid" in their), case
        invalid += "invalid" in their
    assert COUNT // 4 <= invalid <= COUNT * 9 // 10
