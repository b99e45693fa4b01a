"""Properties are the same by value (chapter 52 §4.3)."""

from decimal import Decimal

import pytest

from conto.core.charges.sameness import same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount": "10"}, {"amount": "10.0"}),
        ({"package_size": 10}, {"package_size": Decimal("10.0")}),
        ({"graduated_ranges": [{"flat_amount": "0"}]}, {"graduated_ranges": [{"flat_amount": "0.00"}]}),
        ({"a": None, "b": "x"}, {"b": "x", "a": None}),
    ],
)
def test_numbers_are_compared_as_numbers(one: object, other: object):
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount": "10"}, {"amount": "10.01"}),
        ({"amount": "10"}, {"amount": "10", "free_units": 0}),
        ({"ranges": [1]}, {"ranges": [1, 2]}),
        ({"to_value": None}, {"to_value": 0}),
        ({"flag": True}, {"flag": 1}),
        ({"key": "1e1"}, {"key": "10"}),
    ],
)
def test_other_values_are_not(one: object, other: object):
    assert not same(one, other)
    assert not same(other, one)
