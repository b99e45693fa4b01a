"""What holds for every charge model, and what each needs of its events (chapter 40 §§2 and 4)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import custom, dynamic, models
from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.models import DEFAULTS, Properties
from conto.core.charges.needs import Needs, needs, needs_in_advance
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import FREE, Climb, Usage
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume
from tests.core.charges.given import rates, tiers, usage

TIERS = tiers(("0", "10", "5", "100"), ("11", None, "2", "50"))
EACH: list[Properties] = [
    Standard(Decimal(3)),
    Package(Decimal(100), 10, 2),
    Percentage(Decimal(5), fixed_amount=Decimal(1)),
    Graduated(TIERS),
    Volume(TIERS),
    GraduatedPercentage(rates(("0", "10", "5", "100"), ("11", None, "2", "50"))),
    Dynamic(),
    Custom(),
]


@pytest.mark.parametrize("properties", EACH)
def test_negative_units_cost_nothing_under_any_model(properties: Properties):
    assert models.price(usage(-1), properties) == FREE
    assert models.price(usage(1, full=-1), properties) == FREE


@pytest.mark.parametrize(("properties", "amount"), list(zip(EACH, [0, 0, 0, 100, 100, 100, 0, 0], strict=True)))
def test_without_units_tiered_models_cost_their_first_flat_amount(properties: Properties, amount: int):
    found = models.price(usage(0), properties)
    assert (found.amount, found.unit_amount) == (amount, 0)
    climb = Climb(Fraction(0), Fraction(0), Fraction(0), Fraction(0))
    nothing = Usage(Decimal(0), full_units=Decimal(0), climb=climb)
    assert models.price(nothing, properties, prorated=True).amount == amount


@pytest.mark.parametrize(
    ("properties", "units", "cents"),
    [
        (Standard(Decimal(20)), 0, 0),
        (Graduated(tiers(("0", "10", "2", "0"), ("11", None, "1", "50"))), 0, 0),
        (Package(Decimal(100), 10, 10), 0, 0),
        (Percentage(Decimal("0.05"), fixed_amount=Decimal(2)), 0, 0),
        (Volume(tiers(("0", "100", "2", "0"), ("101", None, "1", "0"))), 0, 0),
        (GraduatedPercentage(rates(("0", "10", "1", "0"), ("11", None, "0.5", "50"))), 0, 0),
        (Standard(Decimal(0)), 3, 0),
        (Package(Decimal(100), 10, 50), 3, 0),
        (Standard(Decimal(10)), 0, 0),
    ],
)
def test_usage_of_nothing_costs_nothing(properties: Properties, units: int, cents: int):
    assert models.price(usage(units), properties).amount == cents


@given(st.sampled_from(list(DEFAULTS.values())), st.decimals(0, 10**20, places=6))
def test_a_model_by_default_is_free(properties: Properties, units: Decimal):
    assert models.price(Usage(units), properties).amount == 0


def test_a_dynamic_charge_costs_what_its_events_say():
    found = dynamic.price(Usage(Decimal(4), given_amount=Decimal("9.12")), Dynamic())
    assert (found.amount, found.unit_amount, found.details) == (Decimal("9.12"), Decimal("2.28"), {})
    assert dynamic.price(Usage(Decimal(0), given_amount=Decimal("9.12")), Dynamic()).amount == 0


def test_a_custom_charge_costs_what_the_fold_says():
    """11 units worth 1.32 carried, and 1000 more worth 119.78."""
    found = custom.price(Usage(Decimal(1011), given_amount=Decimal("1.32") + Decimal("119.78")), Custom())
    assert (found.amount, found.unit_amount, found.details) == (Decimal("121.10"), Fraction(12110, 101100), {})


def test_a_graduated_charge_is_prorated_by_its_climb():
    climb = Climb(Fraction(7), Fraction(1), Fraction(1), Fraction(7, 10))
    assert (
        models.price(Usage(Decimal("0.7"), full_units=Decimal(1), climb=climb), Graduated(TIERS), prorated=True).amount
        == 107
    )


LIMITED = {"per_transaction_min_amount": Decimal(1)}


@pytest.mark.parametrize(
    ("properties", "aggregation", "found"),
    [
        (Standard(), "sum_agg", Needs()),
        (Graduated(), "sum_agg", Needs()),
        (Percentage(), "sum_agg", Needs()),
        (Percentage(free_units_per_events=3), "sum_agg", Needs(first_values=3)),
        (Percentage(free_units_per_total_aggregation=Decimal(15)), "sum_agg", Needs(values_until_above=Decimal(15))),
        (
            Percentage(free_units_per_events=3, free_units_per_total_aggregation=Decimal(15)),
            "sum_agg",
            Needs(first_values=3),
        ),
        (Percentage(free_units_per_total_aggregation=Decimal(0)), "sum_agg", Needs()),
        (Percentage(**LIMITED), "sum_agg", Needs(every_value=True)),
        (Percentage(**LIMITED, free_units_per_events=1), "sum_agg", Needs(every_value=True, in_order=True)),
        (Percentage(**LIMITED, free_units_per_events=1), "count_agg", Needs()),
        (Percentage(free_units_per_events=1), "unique_count_agg", Needs()),
        (Dynamic(), "sum_agg", Needs(given_amount=True)),
        (Custom(), "custom_agg", Needs(given_amount=True)),
    ],
)
def test_a_model_names_what_it_needs_of_its_events(properties: Properties, aggregation: str, found: Needs):
    assert needs(properties, aggregation) == found


def test_prorated_graduated_charges_need_their_steps():
    assert needs(Graduated(), "sum_agg", prorated=True) == Needs(steps=True)
    assert needs(Standard(), "sum_agg", prorated=True) == Needs()


def test_one_event_in_advance_needs_no_others_unless_some_are_free():
    assert needs_in_advance(Percentage(**LIMITED), "sum_agg") == Needs()
    free = Percentage(**LIMITED, free_units_per_events=1)
    assert needs_in_advance(free, "sum_agg") == Needs(every_value=True, in_order=True)
    assert needs_in_advance(Percentage(free_units_per_events=3), "sum_agg") == Needs(first_values=3)
