"""Projected usage (chapters 40 §11 and 31 §2)."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import models, percentage, projected
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.models import Properties
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Climb, Usage
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume
from tests.core.charges.given import rates, tiers, units_of_use, usage

JULY = (date(2025, 7, 1), date(2025, 7, 31))
THIRD = projected.ratio(date(2025, 7, 3), *JULY)
TEN_TWENTY = tiers(("0", "10", "10", "2"), ("11", "20", "5", "3"), ("21", None, "5", "3"))


@pytest.mark.parametrize(
    ("today", "ratio"),
    [
        (date(2025, 7, 3), Fraction(3, 31)),
        (date(2025, 7, 1), Fraction(1, 31)),
        (date(2025, 7, 31), 1),
        (date(2025, 8, 1), 1),
        (date(2025, 6, 30), 0),
    ],
)
def test_today_counts_as_a_whole_day(today: date, ratio: Fraction):
    assert projected.ratio(today, *JULY) == ratio


def test_units_go_on_as_they_began():
    """On the third of 31 days, three events and one."""
    assert [projected.units(Decimal(units), THIRD) for units in (3, 1, 0)] == [31, Decimal("10.33"), 0]
    assert projected.amount(Standard(Decimal(10)), usage(3), THIRD) == 310
    assert projected.amount(Standard(Decimal(20)), usage(1), THIRD) == Decimal("206.60")


@pytest.mark.parametrize(
    ("properties", "units", "amount"),
    [
        (Package(Decimal(100), 10, 5), 1, 100),
        (Package(Decimal(100), 10, 11), 1, 0),
        (Graduated(TEN_TWENTY), 1, Fraction("102") + Fraction("0.33") * 5 + 3),
        (Graduated(TEN_TWENTY), 0, 0),
        (Volume(TEN_TWENTY), 1, Fraction("10.33") * 5 + 3),
        (Volume(TEN_TWENTY), 0, 2),
        (GraduatedPercentage(rates(("0", "10", "1", "200"), ("11", None, "2", "300"))), 1, Fraction("200.01") * 31 / 3),
    ],
)
def test_models_of_units_price_the_projected_ones(properties: Properties, units: int, amount: Fraction):
    assert projected.amount(properties, usage(units), THIRD) == amount


def test_other_models_go_on_as_they_are():
    charge = Percentage(Decimal(10), fixed_amount=Decimal(1))
    events = percentage.gather(charge, [(Decimal(20), 1)])
    assert projected.amount(charge, Usage(Decimal(20), count=1, events=events), THIRD) == 31
    assert projected.amount(Dynamic(), Usage(Decimal(1), given_amount=Decimal(3)), THIRD) == 31
    climb = Climb(Fraction(1), Fraction(2), Fraction(2), Fraction(1))
    prorated = Usage(Decimal(1), full_units=Decimal(2), climb=climb)
    assert projected.amount(Graduated(TEN_TWENTY), prorated, THIRD, prorated=True) == 31


def test_what_is_negative_is_projected_as_nothing():
    assert projected.units(Decimal(-3), THIRD) == 0
    assert projected.amount(Standard(Decimal(10)), usage(-3), THIRD) == 0
    assert projected.amount(Dynamic(), Usage(Decimal(1), given_amount=Decimal(-3)), THIRD) == 0


def test_before_the_period_nothing_is_projected():
    assert projected.amount(Standard(Decimal(10)), usage(3), Fraction(0)) == 0
    assert projected.amount(Percentage(Decimal(10)), usage(3), Fraction(0)) == 0


@given(units_of_use, st.integers(0, 30))
def test_on_the_last_day_the_projection_is_the_usage(units: Decimal, days: int):
    last = projected.ratio(JULY[1] + timedelta(days=days), *JULY)
    charge = Standard(Decimal(3))
    exact = models.price(Usage(units), charge).amount
    assert abs(projected.amount(charge, Usage(units), last) - exact) <= Fraction(3, 200)
