"""Expressions and events as hypothesis draws them."""

from decimal import Decimal

from hypothesis import strategies as st

from conto.core.expression.evaluation import Event
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

ROUNDING = (Function.ROUND, Function.CEIL, Function.FLOOR)
GATHERING = (Function.CONCAT, Function.LEAST, Function.GREATEST)
NAMES = ("a", "b", "units", "event", "round", "x1_y", "missing")

small = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**7), st.integers(0, 4))
texts = st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]), max_size=8)


def _chains(operands: st.SearchStrategy[Expression], *operators: Operator) -> st.SearchStrategy[Expression]:
    chain = Sum if Operator.ADD in operators else Product
    rest = st.lists(st.tuples(st.sampled_from(operators), operands), min_size=1, max_size=3).map(tuple)
    return st.builds(chain, operands, rest)


def _larger(smaller: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        _chains(smaller, Operator.ADD, Operator.SUBTRACT),
        _chains(smaller, Operator.MULTIPLY, Operator.DIVIDE),
        smaller.map(Negation),
        st.builds(Call, st.sampled_from(ROUNDING), st.tuples(smaller)),
        st.builds(Call, st.sampled_from(ROUNDING), st.tuples(smaller, smaller)),
        st.builds(Call, st.sampled_from(GATHERING), st.lists(smaller, min_size=1, max_size=3).map(tuple)),
    )


leaves: st.SearchStrategy[Expression] = st.one_of(
    small.map(Number),
    texts.map(Text),
    st.sampled_from(Field).map(EventField),
    st.sampled_from(NAMES).map(EventProperty),
)
expressions = st.recursive(leaves, _larger, max_leaves=12)
"""Any expression, most of which fail somewhere."""

_divisors = st.sampled_from(["2", "4", "5", "8", "20", "0.5", "0.25", "1000"]).map(Decimal).map(Number)
_places = st.integers(-3, 6).map(
    lambda places: Negation(Number(Decimal(-places))) if places < 0 else Number(Decimal(places))
)
_numeric_leaves: st.SearchStrategy[Expression] = st.one_of(
    small.map(Number),
    st.just(EventField(Field.TIMESTAMP)),
    st.sampled_from(["a", "b", "units"]).map(EventProperty),
)


def _larger_number(smaller: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    factors = st.tuples(st.just(Operator.MULTIPLY), smaller) | st.tuples(st.just(Operator.DIVIDE), _divisors)
    return st.one_of(
        _chains(smaller, Operator.ADD, Operator.SUBTRACT),
        st.builds(Product, smaller, st.lists(factors, min_size=1, max_size=3).map(tuple)),
        smaller.map(Negation),
        st.builds(Call, st.sampled_from(ROUNDING), st.tuples(smaller)),
        st.builds(Call, st.sampled_from(ROUNDING), st.tuples(smaller, _places)),
        st.builds(
            Call,
            st.sampled_from([Function.LEAST, Function.GREATEST]),
            st.lists(smaller, min_size=1, max_size=3).map(tuple),
        ),
    )


numeric_expressions = st.recursive(_numeric_leaves, _larger_number, max_leaves=8)
"""Expressions that come to a number for every event of `numeric_events`; divisions in them end."""

_signed = st.builds(lambda value, negative: -value if negative else value, small, st.booleans())
numeric_events = st.builds(
    lambda timestamp, *values: Event(
        "calls", timestamp, dict(zip(("a", "b", "units"), (f"{value:f}" for value in values), strict=True))
    ),
    st.integers(0, 2 * 10**9),
    _signed,
    _signed,
    _signed,
)
"""Events with numbers as text in `a`, `b` and `units`."""

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    texts,
    small.map(str),
    st.sampled_from(["", " 1", "1e9999", "1e999", "-.5", "5.", "NaN", "Infinity", "0x10", "٣", "1_000"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(texts, st.integers(), max_size=2),
)
events = st.builds(Event, texts, st.integers(-(10**12), 10**12), st.dictionaries(st.sampled_from(NAMES[:-1]), values))
"""Events with anything that JSON may bring in their properties."""
