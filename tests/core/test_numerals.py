"""Numbers as text (chapter 01 §1.2)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.numerals import decimal_text, read_numeral


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(10), "10.0"),
        (Fraction(1, 8), "0.125"),
        (Fraction(-7, 20), "-0.35"),
        (Fraction(0), "0.0"),
        (Fraction(1, 3), "0.333333333333333"),
        (Fraction(2, 3), "0.666666666666667"),
        (Fraction(1, 2**40), "0.0000000000009094947017729282379150390625"),
        (Decimal("1E+2"), "100.0"),
        (Decimal("0.10"), "0.1"),
    ],
)
def test_a_number_is_written_without_exponent_with_at_least_one_decimal(value: Decimal | Fraction, text: str):
    assert decimal_text(value) == text


@given(st.decimals(-(10**40), 10**40, places=40))
def test_a_decimal_is_written_alike_as_a_fraction(value: Decimal):
    assert decimal_text(Fraction(value)) == decimal_text(value)
    assert Fraction(decimal_text(value)) == Fraction(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_numeral_reads_as_the_number_it_is(value: Decimal):
    text = f"{value:e}"
    assert read_numeral(f" {text} ") == (value if len(text) <= 100 else None)


@pytest.mark.parametrize(
    "text", ["", " ", "a", "1a", "1 2", "NaN", "Infinity", "0x1", "1_0", "--1", ".", "e5", "٣", "1" * 101]
)
def test_anything_else_is_no_numeral(text: str):
    assert read_numeral(text) is None
