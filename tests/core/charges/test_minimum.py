"""The minimum of a charge (chapter 40 §8)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges.fee_amounts import FeeAmounts, fee_amounts
from conto.core.charges.minimum import true_up
from conto.core.charges.price import NO_DETAILS, Price
from tests.core.test_money import half_away_from_zero


def fees(*amounts: str, rate: str | None = None) -> list[FeeAmounts]:
    """Fees of these amounts in major units, or in pricing units."""
    conversion = None if rate is None else Decimal(rate)
    return [
        fee_amounts(Price(Fraction(one), Fraction(0), NO_DETAILS), Decimal(1), "EUR", conversion) for one in amounts
    ]


@pytest.mark.parametrize(
    ("minimum", "billed", "period", "used", "cents", "precise"),
    [
        (1000, 25, 28, ["8"], 93, "92.857142857142857"),
        (10000, 25, 28, ["70"], 1929, "1928.571428571428571"),
        (1000, 15, 31, ["2"], 284, "283.870967741935484"),
        (1000, 31, 31, ["2", "3.004"], 500, "499.6"),
        (1000, 31, 31, [], 1000, "1000"),
        (1000, 31, 31, ["9.994"], 1, "0.6"),
    ],
)
def test_a_fee_fills_up_to_the_prorated_minimum(minimum, billed, period, used, cents, precise):
    found = true_up(minimum, billed, period, fees(*used), "EUR")
    assert found is not None
    assert (found.units, found.amount_cents, found.precise_amount_cents) == (1, cents, Decimal(precise))
    assert abs(found.precise_unit_amount_cents - found.precise_amount_cents) < Decimal("1e-12")


@pytest.mark.parametrize(
    ("minimum", "billed", "used"), [(1000, 31, ["15"]), (1000, 31, ["10"]), (1000, 15, ["4.84"]), (0, 31, [])]
)
def test_a_minimum_that_is_reached_makes_no_fee(minimum: int, billed: int, used: list[str]):
    assert true_up(minimum, billed, 31, fees(*used), "EUR") is None


def test_a_minimum_in_a_pricing_unit_is_compared_there_and_converted():
    found = true_up(1000, 30, 30, fees("7", rate="0.25"), "EUR", Decimal("0.25"))
    assert found is not None
    assert (found.amount_cents, found.precise_amount_cents, found.precise_unit_amount) == (75, 75, Decimal("0.75"))
    assert found.pricing_unit is not None
    assert (found.pricing_unit.amount_cents, found.pricing_unit.unit_amount_cents) == (300, 300)
    assert (found.pricing_unit.precise_amount_cents, found.pricing_unit.precise_unit_amount) == (300, 3)
    assert true_up(1000, 30, 30, fees("10", rate="0.25"), "EUR", Decimal("0.25")) is None


def test_fees_rounded_down_together_leave_no_negative_precise_amount():
    found = true_up(1000, 30, 30, fees(*["0.094"] * 107), "EUR")
    assert found is not None
    assert (found.amount_cents, found.precise_amount_cents) == (37, 0)


@given(
    st.integers(0, 10**9),
    st.integers(1, 366).flatmap(lambda period: st.tuples(st.integers(0, period), st.just(period))),
    st.lists(st.integers(0, 10**8).map(lambda cents: str(Decimal(cents).scaleb(-2))), max_size=5),
)
def test_fees_and_what_fills_them_up_come_to_the_minimum(minimum: int, days: tuple[int, int], used: list[str]):
    paid = fees(*used)
    together = sum(fee.amount_cents for fee in paid)
    prorated = Fraction(minimum * days[0], days[1])
    found = true_up(minimum, *days, paid, "EUR")
    assert (found is None) == (together >= prorated)
    if found is not None:
        assert together + found.amount_cents == half_away_from_zero(prorated)
