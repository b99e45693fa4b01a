"""Every amount is explained by lines from which it can be computed again."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import explain, models, percentage, prorated_graduated
from conto.core.charges.arithmetic import Calculation, Line, number_text
from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.explain import Explained, Share
from conto.core.charges.fee_amounts import fee_amounts
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.in_advance import Marks, units_so_far
from conto.core.charges.models import Properties
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Step, Usage
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume
from tests.core.charges.given import amounts, priced_ranges, rated_ranges, signed_values, units_of_use, values
from tests.rebuilding import rebuilt

CURRENCIES = ["EUR", "JPY", "KWD"]
rates_of_units = st.none() | st.decimals("0.001", 100, places=3)
few = st.integers(0, 5)
runs = st.lists(st.tuples(signed_values, st.integers(1, 4)), max_size=6)
limits = st.none() | st.decimals(0, 20, places=2)


@st.composite
def percentages(draw: st.DrawFn) -> Percentage:
    least, most = draw(limits), draw(limits)
    if least is not None and most is not None:
        least, most = sorted([least, most])
    return Percentage(
        rate=draw(values),
        fixed_amount=draw(st.none() | values),
        free_units_per_events=draw(st.none() | st.integers(1, 5)),
        free_units_per_total_aggregation=draw(st.none() | values),
        per_transaction_min_amount=least,
        per_transaction_max_amount=most,
    )


def printed(lines: list[Line]) -> list[dict[str, Any]]:
    """The lines as answers show them."""
    return [
        {
            "name": line.name,
            "formula": line.formula,
            "values": {name: number_text(value) for name, value in line.values.items()},
            "result": number_text(line.result),
        }
        for line in lines
    ]


def is_explained(explained: Explained, *, prorated: bool = False) -> None:
    """The lines lead to the amount that the model gives."""
    price = models.price(explained.usage, explained.properties, prorated=prorated)
    fee = fee_amounts(price, explained.usage.shown_units, explained.currency, explained.rate)
    found = rebuilt(printed(explain.lines(explained)))
    assert found["amount"] == price.amount
    assert found["amount_cents"] == fee.amount_cents
    if fee.pricing_unit:
        assert found["pricing_unit_cents"] == fee.pricing_unit.amount_cents


simple = st.one_of(
    st.builds(Standard, amounts),
    st.builds(Package, amounts, st.integers(1, 50), st.integers(0, 50)),
    st.builds(Graduated, priced_ranges()),
    st.builds(GraduatedPercentage, rated_ranges()),
    st.builds(Volume, priced_ranges(adjacent=False)),
)


@given(simple, units_of_use | st.decimals(-5, 0, places=2), st.sampled_from(CURRENCIES), rates_of_units)
def test_models_of_units_are_explained(properties: Properties, units: Decimal, currency: str, rate: Decimal | None):
    is_explained(Explained(Usage(units, count=3), properties, currency, rate))


@given(
    st.builds(Standard, amounts) | st.builds(Volume, priced_ranges(adjacent=False)),
    values,
    values,
    st.sampled_from(CURRENCIES),
)
def test_prorated_units_are_explained(properties: Properties, units: Decimal, full: Decimal, currency: str):
    is_explained(Explained(Usage(units, full_units=full, count=3), properties, currency))


@given(st.just(Dynamic()) | st.just(Custom()), signed_values, signed_values, st.sampled_from(CURRENCIES))
def test_amounts_that_events_bring_are_explained(properties: Properties, units: Decimal, given: Decimal, currency: str):
    amount = models.price(Usage(units, given_amount=given), properties).amount
    found = rebuilt(printed(explain.lines(Explained(Usage(units, given_amount=given), properties, currency))))
    fee = fee_amounts(models.price(Usage(units, given_amount=given), properties), units, currency)
    assert (found["amount"], found["amount_cents"]) == (amount, fee.amount_cents)


@given(percentages(), runs, st.sampled_from(CURRENCIES), rates_of_units)
def test_percentages_of_sums_are_explained(
    properties: Percentage, events: list[tuple[Decimal, int]], currency: str, rate: Decimal | None
):
    units = sum((value * times for value, times in events), Decimal(0))
    usage = Usage(units, count=sum(times for _, times in events), events=percentage.gather(properties, events))
    is_explained(Explained(usage, properties, currency, rate, runs=events))


@given(percentages(), st.integers(0, 30), st.sampled_from(CURRENCIES))
def test_percentages_of_counts_are_explained(properties: Percentage, count: int, currency: str):
    usage = Usage(Decimal(count), count=count, events=percentage.gather_counted(properties, Decimal(count), count))
    is_explained(Explained(usage, properties, currency, runs=[(Decimal(1), count)] if count else ()))


def test_of_many_single_events_the_rest_is_one_line():
    properties = Percentage(rate=Decimal(1), per_transaction_min_amount=Decimal("0.5"))
    events = [(Decimal(number), 1) for number in range(1000)]
    usage = Usage(Decimal(499500), count=1000, events=percentage.gather(properties, events))

    explained = Explained(usage, properties, "EUR", runs=events)

    is_explained(explained)
    assert len(explain.lines(explained)) == explain.MOST_SINGLE_EVENTS + 3


@given(
    st.builds(Graduated, priced_ranges()),
    st.lists(st.tuples(signed_values, st.fractions(0, 1, max_denominator=31)), max_size=8),
    st.sampled_from(CURRENCIES),
)
def test_climbs_are_explained(graduated: Graduated, given: list[tuple[Decimal, Fraction]], currency: str):
    steps = [Step(value, Fraction(value) * share) for value, share in given]
    climb = prorated_graduated.climb(graduated, steps)
    full = sum((step.units for step in steps), Decimal(0))
    usage = Usage(max(full, Decimal(0)), full_units=max(full, Decimal(0)), count=len(steps), climb=climb)
    is_explained(Explained(usage, graduated, currency, steps=steps), prorated=True)


@given(
    total=signed_values,
    change=st.none() | st.tuples(signed_values, values, values),
    days=st.integers(1, 31),
    prorated=st.none() | values,
)
def test_units_of_charges_in_advance_are_explained(
    total: Decimal, change: tuple[Decimal, Decimal, Decimal] | None, days: int, prorated: Decimal | None
):
    marks = None if change is None else Marks(change[0], max(change[0], change[1]), change[2])
    expected = units_so_far(
        total,
        marks,
        prorated=prorated is not None,
        share=Fraction(days, 31),
        prorated_units=prorated or Decimal(0),
    )
    calculation = Calculation()
    explain.units_in_advance(calculation, total, marks, Share(days, 31), prorated)
    assert rebuilt(printed(calculation.lines))["units"] == Fraction(expected)


def test_the_lines_are_those_that_a_reader_expects():
    package = Package(Decimal(100), package_size=10, free_units=10)

    lines = explain.lines(Explained(Usage(Decimal(121)), package, "EUR"))

    assert [(line.name, number_text(line.result)) for line in lines] == [
        ("paid_units", "111.0"),
        ("packages", "12.0"),
        ("amount", "1200.0"),
        ("amount_cents", "120000.0"),
    ]
    assert lines[0].values == {"units": 121, "free_units": 10}
    assert (lines[1].formula, lines[1].rounding) == ("ceil(paid_units / package_size)", "up to whole packages")
    assert lines[3].rounding == "half away from zero, once for each filter and group"
