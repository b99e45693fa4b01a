"""How answers write instants and numbers (chapter 01 §1.2)."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conto.schemas.encoding import as_number, decimal_text, encode, instant, instant_ms


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10", "10.0"),
        ("0.1250", "0.125"),
        ("1E+3", "1000.0"),
        ("1E-7", "0.0000001"),
        ("-0", "0.0"),
        ("0E+10", "0.0"),
        ("-2.50", "-2.5"),
        ("100.00", "100.0"),
    ],
)
def test_a_decimal_is_written_plainly_with_a_digit_after_the_point(value: str, expected: str):
    assert decimal_text(Decimal(value)) == expected


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_writing_a_decimal_keeps_its_value(value: Decimal):
    written = decimal_text(value)
    assert Decimal(written) == value
    assert "E" not in written
    assert "." in written


def test_a_rate_is_a_json_number_with_a_point():
    assert (
        encode({"rate": as_number(Decimal(20)), "exact": as_number(Decimal("19.60"))}) == b'{"rate":20.0,"exact":19.6}'
    )


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_never_written(value: str):
    with pytest.raises(ValueError, match="malformed"):
        encode({"a": [Decimal(value)]})
    with pytest.raises(ValueError, match="finite"):
        decimal_text(Decimal(value))


@settings(deadline=None)
@given(st.text())
def test_the_words_of_infinity_are_allowed_in_texts(text: str):
    for value in ([text, "NaN"], {f"{text}Infinity": text}):
        assert json.loads(encode(value)) == value


def test_instants_are_utc_without_fraction():
    paris = timezone(timedelta(hours=2))
    assert instant(datetime(2024, 7, 1, 1, 2, 3, 999_999, tzinfo=paris)) == "2024-06-30T23:02:03Z"
    assert instant_ms(datetime(2024, 7, 1, 1, 2, 3, 45_999, tzinfo=UTC)) == "2024-07-01T01:02:03.045Z"
    assert instant(datetime(1, 2, 3, tzinfo=UTC)) == "0001-02-03T00:00:00Z"


def test_an_instant_without_a_time_zone_is_a_mistake():
    with pytest.raises(AssertionError):
        instant(datetime(2024, 1, 1))
