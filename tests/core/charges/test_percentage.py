"""Percentage charges (chapter 40 §4.6)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import percentage
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Price, SingleEvents, Usage
from tests.core.charges.given import number, shown, signed_values, values

SMALL = st.decimals(0, 20, places=2)


def of(
    rate: str,
    *,
    fixed: str | None = None,
    events: int | None = None,
    total: str | None = None,
    least: str | None = None,
    most: str | None = None,
) -> Percentage:
    """The properties of a percentage charge."""
    as_decimal = {
        "fixed_amount": fixed,
        "free_units_per_total_aggregation": total,
        "per_transaction_min_amount": least,
        "per_transaction_max_amount": most,
    }
    found = {key: None if value is None else Decimal(value) for key, value in as_decimal.items()}
    return Percentage(Decimal(rate), free_units_per_events=events, **found)


def summed(charge: Percentage, *given: str | int | Decimal) -> Price:
    """The price of a sum over these values."""
    runs = [(Decimal(value), 1) for value in given]
    units = sum((value for value, _ in runs), Decimal(0))
    return percentage.price(Usage(units, count=len(runs), events=percentage.gather(charge, runs)), charge)


def counted(charge: Percentage, units: str | int, count: int | None = None) -> Price:
    """The price of so many counted units."""
    count = int(units) if count is None else count
    events = percentage.gather_counted(charge, Decimal(units), count)
    return percentage.price(Usage(Decimal(units), count=count, events=events), charge)


percentages = st.builds(
    Percentage,
    SMALL,
    st.none() | SMALL,
    st.none() | st.integers(1, 8),
    st.none() | st.decimals(0, 300, places=2),
)


@st.composite
def limited(draw: st.DrawFn) -> Percentage:
    """Properties with a minimum, a maximum or both."""
    least, most = draw(st.none() | SMALL), draw(st.none() | SMALL)
    if least is None and most is None:
        least = Decimal("1.75")
    if least is not None and most is not None and most < least:
        least, most = most, least
    return replace(draw(percentages), per_transaction_min_amount=least, per_transaction_max_amount=most)


@pytest.mark.parametrize(
    ("charge", "events", "free", "amount"),
    [
        (of("1", fixed="5", events=3), [10] * 4, (30, 3), "5.1"),
        (of("1", fixed="5", total="15"), [4] * 4, (15, 3), "5.01"),
        (of("1", fixed="5", total="15"), [4] * 4 + [10], (15, 3), "10.11"),
        (of("1", fixed="5", events=3, total="15"), [1] * 4, (3, 3), "5.01"),
        (of("1", fixed="5", events=3, total="15"), [10, 10], (15, 1), "5.05"),
        (of("1", fixed="5", events=3, total="15"), [10, 10, 10], (15, 1), "10.15"),
        (of("1.3", fixed="2", events=3, total="250"), [50, 100, 250, 400], (250, 2), "11.15"),
        (of("1.3", fixed="2", total="250"), [50, 100, 250, 400], (250, 2), "11.15"),
        (of("1.3", fixed="2", events=3), [50, 100, 250, 400], (400, 3), "7.2"),
        (of("1.3", fixed="2"), [50, 100, 250, 400], (0, 0), "18.4"),
        (of("1.3", fixed="2", events=3, total="500"), [50, 100, 250, 400], (400, 3), "7.2"),
        (of("0", fixed="2"), [50, 100, 250, 400], (0, 0), "8"),
        (of("1", fixed="5", events=3), [10], (10, 1), "0"),
        (of("1", fixed="5", events=3), [10] * 3, (30, 3), "0"),
        (of("1", fixed="5", total="15"), [4] * 3, (12, 3), "0"),
        (of("50", events=1), [4, 4], (4, 1), "2"),
        (of("0.05", fixed="2"), [], (0, 0), "0"),
        (of("2.99"), [10, 80, 10000], (0, 0), "301.691"),
    ],
)
def test_free_units_and_events_come_off_first(charge, events, free, amount):
    found = summed(charge, *events)
    assert found.amount == Decimal(amount)
    assert (number(found.details["free_units"]), found.details["free_events"]) == free
    assert found.unit_amount == (Fraction(amount) / sum(events) if events else 0)


def test_a_percentage_charge_shows_what_is_free_and_paid():
    assert summed(of("1.3", fixed="2.0", events=3, total="250.0"), 50, 100, 250, 400).details == {
        "units": "800.0",
        "free_units": "250.0",
        "paid_units": "550.0",
        "free_events": 2,
        "paid_events": 2,
        "rate": "1.3",
        "per_unit_total_amount": "7.15",
        "fixed_fee_unit_amount": "2.0",
        "fixed_fee_total_amount": "4.0",
        "min_max_adjustment_total_amount": "0.0",
    }
    assert summed(of("1.3", fixed="2", events=3, total="250"), 50, 100, 250, 400).unit_amount == Decimal("0.0139375")


def test_without_a_paid_event_no_fixed_amount_is_shown():
    assert summed(of("5", fixed="1", events=2), 8).details["fixed_fee_unit_amount"] == "0.0"


def test_events_that_cancel_out_cost_nothing_though_their_free_units_show():
    found = summed(of("5", fixed="1", events=1), 5, -5)
    assert (found.amount, found.details["units"], found.details["free_units"]) == (0, "0.0", "5.0")
    assert found.details["paid_units"] == "0.0"


@pytest.mark.parametrize(
    ("charge", "amount"),
    [
        (of("2.99", least="1.75", most="12"), "16.142"),
        (of("2.99", least="1.75", most="12", fixed="2"), "18.691"),
        (of("2.99", least="1.75", most="12", events=2), "12"),
        (of("2.99", least="1.75", most="12", total="30"), "13.794"),
        (of("2.99", least="1.75", most="12", events=3, total="10000"), "2.691"),
    ],
)
def test_each_event_is_held_within_the_limits(charge, amount):
    assert summed(charge, 10, 80, 10000).amount == Decimal(amount)


@pytest.mark.parametrize(("events", "amount"), [([100], 2), ([100, 1000], 13), ([100, 1000, 10000], 25), ([], 0)])
def test_usage_grows_within_the_limits(events, amount):
    assert summed(of("1", fixed="1", least="1.75", most="12"), *events).amount == amount


def test_the_limits_show_as_an_adjustment():
    details = shown(summed(of("2.99", least="1.75", most="12", fixed="2"), 10, 80, 10000))
    assert details["per_unit_total_amount"] + details["fixed_fee_total_amount"] == Decimal("307.691")
    assert details["min_max_adjustment_total_amount"] == Decimal("18.691") - Decimal("307.691")


def test_an_event_that_uses_the_free_total_up_exactly_is_raised_to_the_minimum():
    assert summed(of("10", least="3", total="20"), 20).amount == 3
    assert summed(of("10", least="3", total="20"), 19).amount == 0


def test_every_counted_event_is_worth_one_unit():
    assert counted(of("10", least="0.5"), 3).amount == Decimal("1.5")
    assert counted(of("50", most="0.3", events=1), 3).amount == Decimal("0.6")


@given(st.lists(values, max_size=30), percentages)
def test_the_allowances_are_those_of_the_chapter(given: list[Decimal], charge: Percentage):
    events, total = charge.free_events, charge.free_total
    sums = [sum(given[: place + 1], Decimal(0)) for place in range(len(given))]
    if events:
        sums = sums[:events]
    elif total:
        above = [place for place, reached in enumerate(sums) if reached > total]
        sums = sums[: above[0] + 1] if above else sums
    else:
        sums = []
    free_units = Decimal(0)
    if sums and sums[-1]:
        free_units = sums[-1] if total == 0 or sums[-1] <= total else total
    below = len([reached for reached in sums if reached < total])
    free_events = min(filter(None, [events, below]), default=0)

    units = sum(given, Decimal(0))
    on_units = Fraction(max(units - free_units, Decimal(0))) * Fraction(charge.rate) / 100
    on_events = max(len(given) - free_events, 0) * Fraction(charge.fixed_amount or 0) if units else 0
    assert summed(charge, *given).amount == on_units + on_events


@given(st.lists(values, max_size=30), st.integers(1, 8), SMALL)
def test_free_events_leave_the_later_ones_to_pay(given: list[Decimal], events: int, rate: Decimal):
    paid = sum(map(Fraction, given[events:]), Fraction(0))
    assert summed(Percentage(rate, free_units_per_events=events), *given).amount == paid * Fraction(rate) / 100


@given(st.lists(values, max_size=30), st.decimals("0.01", 300, places=2), SMALL)
def test_a_free_total_leaves_what_is_above_it_to_pay(given: list[Decimal], total: Decimal, rate: Decimal):
    paid = max(sum(map(Fraction, given), Fraction(0)) - Fraction(total), Fraction(0))
    assert (
        summed(Percentage(rate, free_units_per_total_aggregation=total), *given).amount == paid * Fraction(rate) / 100
    )


@given(st.integers(0, 60), percentages)
def test_counted_units_run_up_one_by_one(units: int, charge: Percentage):
    events, total = charge.free_events, charge.free_total
    sums = list(range(1, units + 1)) if events or total else []
    free_units: Decimal | int = 0
    if sums:
        if 0 < events < len(sums):
            free_units = sums[events - 1]
        else:
            free_units = sums[-1] if total == 0 or sums[-1] <= total else total
    below = len([reached for reached in sums if reached < total])
    free_events = min(filter(None, [events, below]), default=0)

    on_units = Fraction(max(units - free_units, 0)) * Fraction(charge.rate) / 100
    assert counted(charge, units).amount == on_units + max(units - free_events, 0) * Fraction(charge.fixed_amount or 0)


def event_by_event(given: list[Decimal], charge: Percentage) -> list[Fraction]:
    """The amount of each event, as the chapter's three steps have it."""
    n, a = charge.free_events, charge.free_total
    amounts: list[Fraction] = []
    for value in given:
        paid = value
        if n > 0 or a > 0:
            n -= 1
            if a == 0:
                amounts.append(Fraction(0))
                continue
            if a > value:
                a -= value
                amounts.append(Fraction(0))
                continue
            paid = value - a
            a, n = Decimal(0), 0
        amount = Fraction(paid) * Fraction(charge.rate) / 100 + Fraction(charge.fixed_amount or 0)
        if charge.per_transaction_min_amount is not None and amount < charge.per_transaction_min_amount:
            amount = Fraction(charge.per_transaction_min_amount)
        elif charge.per_transaction_max_amount is not None and amount > charge.per_transaction_max_amount:
            amount = Fraction(charge.per_transaction_max_amount)
        amounts.append(amount)
    return amounts


@given(st.lists(signed_values, max_size=30), limited())
def test_limits_are_applied_event_by_event(given: list[Decimal], charge: Percentage):
    expected = event_by_event(given, charge)
    events = percentage.gather(charge, [(value, 1) for value in given])
    assert events.limited_amount == sum(expected)
    assert events.latest_amount == (expected[-1] if expected else 0)
    assert summed(charge, *given).amount == sum(expected)


@given(st.lists(st.tuples(signed_values, st.integers(1, 12)), max_size=12), limited() | percentages)
def test_equal_values_in_a_row_may_come_as_one(runs: list[tuple[Decimal, int]], charge: Percentage):
    singly = [(value, 1) for value, times in runs for _ in range(times)]
    assert percentage.gather(charge, runs) == percentage.gather(charge, singly)


@given(st.lists(signed_values, max_size=20), limited(), st.randoms(use_true_random=False))
def test_without_allowances_the_order_of_events_does_not_matter(given, charge, random):
    free = replace(charge, free_units_per_events=None, free_units_per_total_aggregation=None)
    counts = {value: given.count(value) for value in random.sample(given, len(given))}
    in_order = percentage.gather(free, [(value, 1) for value in given])
    assert percentage.gather(free, counts.items()).limited_amount == in_order.limited_amount


@given(st.lists(signed_values, max_size=20), limited())
def test_limits_hold_the_whole_between_them(given: list[Decimal], charge: Percentage):
    found, paid = summed(charge, *given).amount, len([one for one in event_by_event(given, charge) if one])
    if charge.per_transaction_max_amount is not None:
        assert found <= len(given) * Fraction(charge.per_transaction_max_amount)
    if charge.per_transaction_min_amount is not None:
        assert found >= paid * Fraction(charge.per_transaction_min_amount)


@given(st.lists(values, max_size=30), limited() | percentages)
def test_the_details_of_a_percentage_sum_to_its_amount(given: list[Decimal], charge: Percentage):
    found = summed(charge, *given)
    details = shown(found)
    parts = ("per_unit_total_amount", "fixed_fee_total_amount", "min_max_adjustment_total_amount")
    assert sum(number(found.details[part]) for part in parts) == found.amount
    assert details["free_events"] + details["paid_events"] == len(given)
    assert details["paid_units"] * details["rate"] / 100 == details["per_unit_total_amount"]
    if details["units"]:
        assert details["free_units"] + details["paid_units"] == details["units"]
        assert details["paid_events"] * details["fixed_fee_unit_amount"] == details["fixed_fee_total_amount"]


@given(st.lists(values, max_size=30), values, limited() | percentages)
def test_one_more_event_never_costs_less(given: list[Decimal], more: Decimal, charge: Percentage):
    assert summed(charge, *given).amount <= summed(charge, *given, more).amount


def test_a_stream_is_read_no_further_than_the_allowances_go():
    def endless() -> Iterator[tuple[Decimal, int]]:
        while True:
            yield Decimal(4), 1

    assert percentage.gather(of("1", events=3), endless()) == SingleEvents(3, Fraction(12), 0)
    assert percentage.gather(of("1", total="15"), endless()) == SingleEvents(4, Fraction(16), 3)
    assert percentage.gather(of("1"), endless()) == SingleEvents()


def test_many_equal_events_take_no_longer_than_one():
    charge = of("1", least="0.02", total="1000000000000.5")
    found = percentage.gather_counted(charge, Decimal(10**15), 10**15)
    assert found.totals == 10**15
    assert found.totals_below == 10**12
    assert found.limited_amount == (10**15 - 10**12) * Fraction(2, 100)


def test_other_metrics_have_no_running_totals():
    charge = of("10", fixed="1", events=2, total="5", least="2")
    events = percentage.gather_uncounted(charge, 3)
    assert (events.totals, events.totals_below) == (0, 0)
    assert percentage.parts(Usage(Decimal(50), count=3, events=events), charge).free_events == 2
