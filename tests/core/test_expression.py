"""The expression language (chapter 30 §2)."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conto.core.expression import EvaluationFailed, Event, Expression, InvalidExpression, evaluate, parse, written
from conto.core.expression.evaluation import MOST_TEXT
from conto.core.expression.grammar import MOST_CHARACTERS, MOST_DIGITS, MOST_LEVELS
from conto.core.expression.tree import Negation, Number, Operator, Product, Sum
from tests.core.expressions import events, expressions, numeric_events, numeric_expressions, small


def result(text: str, **properties: object) -> str:
    """What the expression comes to for an event with these properties, as it is stored."""
    return written(evaluate(parse(text), Event("calls", 1234, properties)))


def failure(text: str, **properties: object) -> str:
    """Why the expression comes to nothing."""
    with pytest.raises(EvaluationFailed) as raised:
        result(text, **properties)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "properties", "expected"),
    [
        (
            "round(event.properties.value * event.properties.units)",
            {"value": Decimal("10.4"), "units": 2},
            "21.0",
        ),
        ("(123 - event.properties.a) / 10", {"a": Decimal("1.23")}, "12.177"),
        ("round(event.properties.a, -1)", {"a": Decimal("12.34")}, "10.0"),
        ("round(12.345, 2)", {}, "12.35"),
        ("ceil(12.351, 1)", {}, "12.4"),
        ("floor(12.351, 1)", {}, "12.3"),
        ("least(event.properties.a, 5.0)", {"a": "12.34"}, "5.0"),
        ("greatest(event.properties.a, 15.0)", {"a": "12.34"}, "15.0"),
        ("concat(event.properties.b, '-', 'suffix')", {"b": "test"}, "test-suffix"),
        ("event.timestamp", {}, "1234.0"),
        ("event.properties.test * 2", {"test": 200}, "400.0"),
        ("event.code", {}, "calls"),
        ("event.properties.a", {"a": "abc"}, "abc"),
    ],
)
def test_worked_examples(text: str, properties: dict[str, object], expected: str) -> None:
    assert result(text, **properties) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", "7.0"),
        ("(1 + 2) * 3", "9.0"),
        ("10 - 4 - 3", "3.0"),
        ("100 / 5 / 2 * 3", "30.0"),
        ("-2 - 3", "-5.0"),
        ("-2 * 3", "-6.0"),
        ("2 - -3", "5.0"),
        ("-(-3)", "3.0"),
        ("- 3", "-3.0"),
        ("0.1 + 0.2", "0.3"),
    ],
)
def test_operators_bind_as_in_arithmetic(text: str, expected: str) -> None:
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("round(2.5)", "3.0"),
        ("round(-2.5)", "-3.0"),
        ("round(25, -1)", "30.0"),
        ("ceil(-1.5)", "-1.0"),
        ("floor(-1.5)", "-2.0"),
        ("ceil(12.351, -1)", "20.0"),
        ("floor(1234, -2)", "1200.0"),
        ("round(1.23, 1.7)", "1.2"),
        ("round(5.26, 4)", "5.26"),
        ("round(-0.4)", "0.0"),
    ],
)
def test_roundings(text: str, expected: str) -> None:
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("concat('test', '-', round(123))", "test-123"),
        ("concat(event.properties.a)", "1.23"),
        ("concat(round(5.26, 4))", "5.2600"),
        ("concat(1000000 * 1000000 * 1000000 * 1000000)", "1000000000000000000000000"),
        ("concat(0.0000001 * 0.0000001)", "0.00000000000001"),
        ("concat(-0)", "0"),
        ("concat(event.timestamp, event.code)", "1234calls"),
        ("concat('')", ""),
    ],
)
def test_numbers_in_texts_are_plain(text: str, expected: str) -> None:
    assert result(text, a=Decimal("1.23")) == expected


@pytest.mark.parametrize("spelling", ["{}", "{} "])
@pytest.mark.parametrize("name", ["round", "ROUND", "Round", "ceil", "FLOOR", "Least", "GREATEST"])
def test_functions_are_written_in_three_ways_and_blanks_do_not_matter(name: str, spelling: str) -> None:
    assert result(spelling.format(name) + "( 2 )") == "2.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "invalid_expression",
        "1+",
        "+1",
        "--1",
        "1.1.1",
        "1.",
        ".5",
        "1e5",
        "1 2",
        "2(3)",
        "round()",
        "round(1,2,3)",
        "ceil()",
        "floor(1, 2, 3)",
        "concat()",
        "least()",
        "greatest(1,)",
        "rOund(1)",
        "rounded(1)",
        "()",
        "(1",
        "1)",
        '"text"',
        "'it''s'",
        "'open",
        "event",
        "event.properties",
        "event.properties._a",
        "event.properties.1a",
        "event.properties.é",
        "event.properties.a.b",
        "event . code",
        "event.codes",
        "Event.code",
        "1\t+ 2",
        "1 +\n2",
        "1 % 2",
        "1 ** 2",
        "__import__('os')",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(text)


@pytest.mark.parametrize(
    ("text", "properties", "message"),
    [
        ("event.properties.b", {}, "Variable: b not found"),
        ("event.properties.b", {"b": None}, "Variable: b not found"),
        ("event.properties.b + 'a'", {}, "Variable: b not found"),
        ("'a' + event.properties.b", {}, "Expected a decimal"),
        ("event.properties.b * 2", {"b": "many"}, "Expected a decimal"),
        ("event.properties.b * 2", {"b": ""}, "Expected a decimal"),
        ("event.properties.b * 2", {"b": " 5"}, "Expected a decimal"),
        ("event.properties.b * 2", {"b": True}, "Expected a decimal"),
        ("event.properties.b", {"b": [1]}, "Expected a decimal"),
        ("event.properties.b", {"b": Decimal("NaN")}, "Expected a decimal"),
        ("-'a'", {}, "Expected a decimal"),
        ("round('a')", {}, "Expected a decimal"),
        ("round(1, 'a')", {}, "Expected a decimal"),
        ("least(1, 'a')", {}, "Expected a decimal"),
        ("concat('1') + 1", {}, "Expected a decimal"),
        ("event.code + 1", {}, "Expected a decimal"),
        ("1 / event.properties.b", {"b": 0}, "Division by zero"),
        ("0 / 0", {}, "Division by zero"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text: str, properties: dict[str, object], message: str) -> None:
    assert failure(text, **properties) == message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.5", "13.5"),
        ("-3.0", "-2.0"),
        ("007", "8.0"),
        ("+5", "6.0"),
        (".5", "1.5"),
        ("5.", "6.0"),
        ("1e3", "1001.0"),
    ],
)
def test_text_that_reads_as_a_decimal_is_a_number(value: str, expected: str) -> None:
    assert result("event.properties.a + 1", a=value) == expected


@pytest.mark.parametrize("value", ["1_000", "0x10", "٣", "NaN", "Infinity", "1e9999", "12 "])
def test_other_text_is_text(value: str) -> None:
    assert result("concat(event.properties.a)", a=value) == value


def test_truth_is_text() -> None:
    assert result("concat(event.properties.a, event.properties.b)", a=True, b=False) == "truefalse"


def test_a_division_has_forty_digits() -> None:
    assert result("2 / 3") == "0." + "6" * 39 + "7"
    assert result("1 / 8") == "0.125"
    assert result("round(100 / 3 * 3)") == "100.0"


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("event.properties.a * event.properties.a", {"a": "9" * 200}),
        ("event.properties.a", {"a": "9" * 1000}),
        ("event.properties.a", {"a": 10**1000}),
        ("event.properties.a", {"a": Decimal("1E+999999")}),
        ("event.properties.a", {"a": Decimal("1E-999999")}),
        ("event.properties.a + 1", {"a": "1e999"}),
        ("event.properties.a + 1", {"a": "1e-999"}),
        ("event.properties.a + 0.1", {"a": "1e300"}),
        ("1 / event.properties.a / event.properties.a", {"a": "1e200"}),
        ("round(1.5, 1000000)", {}),
        ("round(1.5, -99999999999999999999)", {}),
    ],
)
def test_numbers_with_absurdly_many_digits_are_refused(text: str, properties: dict[str, object]) -> None:
    assert failure(text, **properties) == "Number has too many digits"


def test_long_texts_are_refused() -> None:
    long = "x" * (MOST_TEXT // 2)
    assert len(result("concat(event.properties.a, event.properties.a)", a=long)) == MOST_TEXT
    message = f"Text has more than {MOST_TEXT} characters"
    assert failure("concat(event.properties.a, event.properties.a, 'y')", a=long) == message
    assert failure("event.properties.a", a="x" * (MOST_TEXT + 1)) == message


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * MOST_CHARACTERS,
        "1" * (MOST_DIGITS + 1),
        "-(" * (MOST_LEVELS + 1) + "1" + ")" * (MOST_LEVELS + 1),
        "round(" * (MOST_LEVELS + 1) + "1" + ")" * (MOST_LEVELS + 1),
    ],
)
def test_large_expressions_are_refused(text: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(text)


def test_what_is_within_the_limits_is_evaluated() -> None:
    assert result("1" + "+1" * (MOST_CHARACTERS // 2 - 1)) == f"{MOST_CHARACTERS // 2}.0"
    assert result("(" * 2000 + "1" + ")" * 2000) == "1.0"
    nested = MOST_LEVELS - 1
    assert result("-(" * nested + "1" + ")" * nested) == "-1.0"
    assert result("1" * MOST_DIGITS) == "1" * MOST_DIGITS + ".0"


@given(expressions)
@example(
    Sum(Sum(Number(Decimal(1)), ((Operator.ADD, Number(Decimal(2))),)), ((Operator.SUBTRACT, Number(Decimal(3))),))
)
@example(Product(Negation(Number(Decimal(1))), ((Operator.DIVIDE, Negation(Number(Decimal("2.50")))),)))
def test_a_printed_expression_is_read_as_itself(expression: Expression) -> None:
    assert parse(str(expression)) == expression
    assert str(parse(str(expression))) == str(expression)


@given(expressions, events)
def test_an_evaluation_gives_a_value_within_limits_or_fails_in_words(expression: Expression, event: Event) -> None:
    try:
        value = evaluate(expression, event)
    except EvaluationFailed as failed:
        assert str(failed)
        return
    if isinstance(value, str):
        assert len(value) <= MOST_TEXT
    else:
        assert len(value.as_tuple().digits) <= MOST_DIGITS
        assert Decimal(written(value)) == value


@given(st.text("0123456789.+-*/(),' abcdeflnoprstuv\t", max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InvalidExpression:
        return
    assert parse(str(found)) == found


@given(numeric_expressions, numeric_events)
def test_what_is_made_of_numbers_comes_to_a_number(expression: Expression, event: Event) -> None:
    value = evaluate(expression, event)
    assert isinstance(value, Decimal)
    assert "." in written(value)
    assert "E" not in written(value)


@given(small, small, small)
def test_arithmetic_is_exact(one: Decimal, two: Decimal, three: Decimal) -> None:
    event = Event("calls", 0, {"a": one, "b": str(two)})
    value = evaluate(parse(f"event.properties.a * event.properties.b - {three:f}"), event)
    assert value == one * two - three
