"""Charges in advance: what one event costs on its arrival (chapters 40 §10, 30 §4.10 and 31 §§1.4, 6)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import in_advance, models, percentage
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.fee_amounts import FeeAmounts
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.in_advance import START, EventUsage, Marks
from conto.core.charges.models import Properties
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import NO_EVENTS, Price, Usage
from conto.core.charges.proration import Window
from conto.core.charges.standard import Standard
from tests.core.charges.given import amounts, number, priced_ranges, rated_ranges, rates, signed_values, tiers, values

ROW = ["from_value", "to_value", "flat_unit_amount", "rate", "units", "per_unit_total_amount", "total_with_flat_amount"]


def arrivals(
    properties: Properties, *given: str | int | Decimal, counted: bool = False
) -> list[tuple[FeeAmounts, Price]]:
    """The fees of events of a sum, or of a count, that arrive one after the other."""
    marks, found, runs, total = START, [], [], Decimal(0)
    for place, given_value in enumerate(given):
        value = Decimal(given_value)
        increment = in_advance.counted(marks) if counted else in_advance.summed(marks, value)
        marks, total = increment.marks, total + value
        runs.append((value, 1))
        events = NO_EVENTS
        if isinstance(properties, Percentage):
            events = (
                percentage.gather_counted(properties, total, place + 1)
                if counted
                else percentage.gather(properties, runs)
            )
        usage = EventUsage(total, increment.billed, place + 1, events)
        found.append(in_advance.fee(properties, usage, increment.shown, "EUR"))
    return found


def cents(properties: Properties, *given: str | int | Decimal, counted: bool = False) -> list[int]:
    return [fee.amount_cents for fee, _ in arrivals(properties, *given, counted=counted)]


FREE_TOTAL = Percentage(Decimal(5), fixed_amount=Decimal(1), free_units_per_total_aggregation=Decimal(120))
FREE_EVENTS = Percentage(Decimal(5), fixed_amount=Decimal(1), free_units_per_events=2)
SMALL_TOTAL = Percentage(Decimal(5), fixed_amount=Decimal(1), free_units_per_total_aggregation=Decimal(3))
LIMITS = Percentage(
    Decimal(1),
    fixed_amount=Decimal("0.5"),
    per_transaction_min_amount=Decimal("1.75"),
    per_transaction_max_amount=Decimal(2),
)
RATES = GraduatedPercentage(rates(("0", "100", "20", "10"), ("101", "200", "30", "7"), ("201", None, "40", "5")))


@pytest.mark.parametrize(
    ("properties", "given", "found"),
    [
        (Standard(Decimal(10)), [1, 1], [1000, 1000]),
        (Graduated(tiers(("0", "5", "0.02", "0.01"), ("6", None, "0.01", "0.01"))), [3, 1, 2], [7, 2, 4]),
        (Package(Decimal(100), 2, 3), [3, 1, 2], [0, 10000, 10000]),
        (FREE_TOTAL, [100, 10, 20, 20], [0, 0, 150, 200]),
        (FREE_EVENTS, [8, 5, 3], [0, 0, 115]),
        (SMALL_TOTAL, [5, 1], [110, 105]),
        (LIMITS, [100, 1000, 10000], [175, 200, 200]),
        (RATES, [50, 100, 300], [2000, 3200, 12000]),
        (Percentage(Decimal("0.5"), per_transaction_min_amount=Decimal(12)), [4, 20000], [1200, 10000]),
        (Percentage(Decimal(50), free_units_per_events=1), [4, 4], [0, 200]),
    ],
)
def test_an_event_costs_what_it_adds(properties: Properties, given: list[int], found: list[int]):
    assert cents(properties, *given) == found


def test_the_details_of_a_percentage_are_what_the_event_added():
    found = [dict(price.details) for _, price in arrivals(FREE_TOTAL, 100, 10, 20, 20)]
    assert found[0] == {
        "units": "100.0",
        "free_units": "100.0",
        "paid_units": "0.0",
        "free_events": "1.0",
        "paid_events": "0.0",
        "rate": "5.0",
        "per_unit_total_amount": "0.0",
        "fixed_fee_unit_amount": "0.0",
        "fixed_fee_total_amount": "0.0",
        "min_max_adjustment_total_amount": "0.0",
    }
    assert found[1] == found[0] | {"units": "10.0", "free_units": "10.0"}
    assert found[2] == found[0] | {
        "units": "20.0",
        "free_units": "10.0",
        "paid_units": "10.0",
        "free_events": "0.0",
        "paid_events": "1.0",
        "per_unit_total_amount": "0.5",
        "fixed_fee_unit_amount": "1.0",
        "fixed_fee_total_amount": "1.0",
    }
    assert found[3] == found[2] | {"free_units": "0.0", "paid_units": "20.0", "per_unit_total_amount": "1.0"}


def test_free_events_show_as_what_the_event_added():
    found = [dict(price.details) for _, price in arrivals(FREE_EVENTS, 8, 5, 3)]
    assert [row["free_units"] for row in found] == ["8.0", "5.0", "0.0"]
    assert [row["free_events"] for row in found] == ["1.0", "1.0", "0.0"]
    assert [row["fixed_fee_unit_amount"] for row in found] == ["0.0", "0.0", "1.0"]
    assert (found[2]["per_unit_total_amount"], found[2]["paid_units"]) == ("0.15", "3.0")


def test_the_details_of_a_graduated_percentage_are_what_the_event_added_to_each_range():
    def rows(*given: tuple[Any, ...]) -> dict[str, Any]:
        return {"graduated_percentage_ranges": [dict(zip(ROW, row, strict=True)) for row in given]}

    found = [price.details for _, price in arrivals(RATES, 50, 100, 300)]
    assert found[0] == rows((0, 100, "10.0", "20.0", "50.0", "0.4", "20.0"))
    assert found[1] == rows(
        (0, 100, "0.0", "20.0", "50.0", "0.2", "10.0"), (101, 200, "7.0", "30.0", "50.0", "0.44", "22.0")
    )
    assert found[2] == rows(
        (0, 100, "0.0", "20.0", "0.0", "0.0", "0.0"),
        (101, 200, "0.0", "30.0", "50.0", "0.3", "15.0"),
        (201, None, "5.0", "40.0", "250.0", "0.42", "105.0"),
    )


@pytest.mark.parametrize("properties", [Standard(Decimal(1)), Package(Decimal(1)), Graduated()])
def test_other_models_show_no_details_in_advance(properties: Properties):
    assert [price.details for _, price in arrivals(properties, 3, 4)] == [{}, {}]


def test_a_drop_of_the_sum_is_made_up_for_first():
    found = [fee for fee, _ in arrivals(Standard(Decimal(1)), 10, -4, 8)]
    assert [(fee.units, fee.amount_cents, fee.precise_unit_amount) for fee in found] == [
        (10, 1000, 1),
        (0, 0, 0),
        (4, 400, 1),
    ]
    assert cents(Standard(Decimal(1)), 4, -6, 12) == [400, 0, 600]
    assert in_advance.summed(Marks(Decimal(4), Decimal(10)), Decimal(10)).billed == 4


def test_units_below_the_mark_show_what_was_applied():
    found = [fee for fee, _ in arrivals(Standard(Decimal(1)), 10, -8, 5, 7)]
    assert [(fee.units, fee.amount_cents) for fee in found] == [(10, 1000), (0, 0), (5, 0), (4, 400)]


def test_a_mark_never_lies_below_nothing():
    """−5 and then 7 leave 2, and bill 2."""
    assert cents(Standard(Decimal(1)), -5, 7) == [0, 200]


def test_a_unique_item_is_billed_only_past_the_highest_number_of_the_period():
    """Added, removed, added again; another, the same again, a third, the third removed."""
    marks, found = START, []
    for change in (1, -1, 1, 1, 0, 1, -1):
        increment = in_advance.added_or_removed(marks, change)
        marks = increment.marks
        found.append((increment.billed, increment.shown))
    assert found == [(1, 1), (0, 0), (0, 1), (1, 1), (0, 0), (1, 1), (0, 0)]
    assert marks == Marks(Decimal(2), Decimal(3), Decimal(3))


def test_an_item_carried_in_removed_and_added_again_is_not_billed_again():
    removed = in_advance.added_or_removed(START, -1)
    again = in_advance.added_or_removed(removed.marks, 1)
    assert (removed.billed, again.billed, again.shown) == (0, 0, 1)


def test_every_counted_event_is_one_unit():
    found = [fee for fee, _ in arrivals(Standard(Decimal(10)), 1, 1, counted=True)]
    assert [(fee.units, fee.amount_cents) for fee in found] == [(1, 1000), (1, 1000)]


def test_counted_events_with_limits_cost_their_own_amount():
    assert cents(LIMITS, 1, 1, 1, counted=True) == [175, 175, 175]
    free = Percentage(Decimal(10), per_transaction_min_amount=Decimal("0.3"), free_units_per_events=1)
    assert cents(free, 1, 1, counted=True) == [0, 30]


def test_a_dynamic_event_costs_its_own_amount():
    """1234.56 cents for 5 units, and then 2.1 cents for 1."""
    for place, (units, amount, found) in enumerate([("5", "12.3456", 1235), ("1", "0.021", 2)]):
        usage = EventUsage(Decimal(units), Decimal(units), place + 1, given_amount=Decimal(amount))
        assert in_advance.fee(Dynamic(), usage, Decimal(units), "EUR")[0].amount_cents == found


def test_a_first_flat_amount_is_paid_once_by_the_first_event_with_units():
    charge = Graduated(tiers(("0", "5", "1", "10"), ("6", None, "1", "20")))
    assert cents(charge, 0, 3, -3, 3) == [0, 1300, 0, 0]


def test_the_unit_amount_comes_from_the_rounded_amount():
    fee, _ = arrivals(Standard(Decimal("0.3333")), 3)[0]
    assert (fee.amount_cents, fee.precise_amount_cents) == (100, Decimal("99.99"))
    assert fee.precise_unit_amount == Decimal("0.333333333333333")
    free, _ = arrivals(Standard(Decimal("0.001")), 3)[0]
    assert (free.amount_cents, free.precise_unit_amount) == (0, 0)


def test_an_event_in_a_pricing_unit_is_converted():
    usage = EventUsage(Decimal(3), Decimal(3), 1)
    fee, _ = in_advance.fee(Standard(Decimal(10)), usage, Decimal(3), "EUR", Decimal("0.25"))
    assert (fee.amount_cents, fee.precise_unit_amount) == (750, Decimal("2.5"))
    assert fee.pricing_unit is not None
    assert (fee.pricing_unit.amount_cents, fee.pricing_unit.unit_amount_cents) == (3000, 1000)


SEPTEMBER = Window(date(2025, 9, 1), date(2025, 9, 30), 30)
FEBRUARY = Window(date(2024, 2, 1), date(2024, 2, 29), 29)
FROM_23RD = Window(date(2024, 2, 23), date(2024, 2, 29), 29)


@pytest.mark.parametrize(
    ("price", "value", "on", "billed", "found"),
    [
        ("10", "4", date(2025, 9, 2), "3.86667", 3867),
        ("10", "4", date(2025, 9, 4), "3.6", 3600),
        ("10", "1", date(2025, 9, 2), "0.96667", 967),
        ("10", "1", date(2025, 9, 5), "0.86667", 867),
    ],
)
def test_prorated_units_in_advance_are_paid_by_their_days_and_shown_in_full(price, value, on, billed, found):
    increment = in_advance.summed(START, Decimal(value), SEPTEMBER.share_from(on))
    assert (increment.billed, increment.shown) == (Decimal(billed), Decimal(value))
    usage = EventUsage(Decimal(value), increment.billed, 1)
    fee, _ = in_advance.fee(Standard(Decimal(price)), usage, increment.shown, "EUR")
    assert (fee.amount_cents, fee.units) == (found, Decimal(value))


def test_seats_of_june_paid_in_advance():
    """30 and 30.12 a month, seats added from 11 to 15 June."""
    june = Window(date(2024, 6, 1), date(2024, 6, 30), 30)
    for amount, expected in (("30", [2000, 1900, 1800, 1700, 1600]), ("30.12", [2008, 1908, 1807, 1707, 1606])):
        marks, found = START, []
        for place in range(5):
            increment = in_advance.added_or_removed(marks, 1, june.share_from(date(2024, 6, 11 + place)))
            marks = increment.marks
            usage = EventUsage(Decimal(place + 1), increment.billed, place + 1)
            found.append(in_advance.fee(Standard(Decimal(amount)), usage, increment.shown, "EUR")[0].amount_cents)
        assert found == expected


def so_far(marks: Marks | None, total: int, window: Window, *, prorated: bool = True) -> Decimal:
    """The units that current usage prices; the aggregate weighs the whole window."""
    share = window.carried_share
    return in_advance.units_so_far(
        Decimal(total), marks, prorated=prorated, share=share, prorated_units=Decimal("0.24138")
    )


def test_current_usage_of_a_seat_added_and_removed_in_a_shortened_period():
    assert so_far(None, 1, FROM_23RD) == Decimal("0.24138")
    added = in_advance.added_or_removed(START, 1, FROM_23RD.share_from(date(2024, 2, 23))).marks
    assert so_far(added, 1, FROM_23RD) == Decimal("0.24138")
    removed = in_advance.added_or_removed(added, -1, FROM_23RD.share_from(date(2024, 2, 29))).marks
    assert so_far(removed, 0, FROM_23RD) == Decimal("0.24138")
    again = in_advance.added_or_removed(removed, 0, FROM_23RD.share_from(date(2024, 2, 29))).marks
    assert so_far(again, 0, FROM_23RD) == Decimal("0.24138")


def test_current_usage_keeps_what_was_billed_in_a_whole_period():
    """+10 on the 6th at 29 each, then −5, then +2."""
    marks, total, found = START, 0, []
    for value in (10, -5, 2):
        marks, total = (
            in_advance.summed(marks, Decimal(value), FEBRUARY.share_from(date(2024, 2, 6))).marks,
            total + value,
        )
        found.append(so_far(marks, total, FEBRUARY))
    assert found == [Decimal("8.27587")] * 3
    assert so_far(None, 7, FEBRUARY) == 7


def test_current_usage_of_a_seat_that_another_one_replaces():
    marks, found = START, []
    for change, total in ((1, 1), (-1, 0), (1, 1)):
        marks = in_advance.added_or_removed(marks, change).marks
        found.append(so_far(marks, total, FEBRUARY, prorated=False))
    assert found == [1, 1, 1]
    assert so_far(None, 3, FEBRUARY, prorated=False) == 3


def test_units_taken_off_what_was_carried_in_leave_a_prorated_charge_what_is_active():
    """Ten carried in, five of them taken off: prorated, the rest is priced; else all ten were billed."""
    marks = in_advance.summed(START, Decimal(-5), FEBRUARY.share_from(date(2024, 2, 6))).marks
    assert so_far(marks, 5, FEBRUARY) == 5
    assert so_far(marks, 5, FEBRUARY, prorated=False) == 10


def test_what_is_negative_counts_as_nothing_in_current_usage():
    assert so_far(None, -3, FEBRUARY, prorated=False) == 0
    assert so_far(START, -3, FEBRUARY) == 0


@pytest.mark.parametrize(
    ("properties", "units", "amount"),
    [
        (Percentage(Decimal("0.1"), fixed_amount=Decimal(0)), "400", "0.4"),
        (Percentage(Decimal("0.1")), "500", "0.5"),
        (Percentage(Decimal("0.1")), "300", "0.3"),
        (Percentage(Decimal(10)), "1", "0.1"),
        (Standard(Decimal(10)), "500", "5000"),
        (Standard(Decimal(10)), "400", "4000"),
        (Standard(Decimal(10)), "-4", "0"),
        (LIMITS, "1", "1.75"),
        (LIMITS, "1000", "2"),
        (Percentage(Decimal(10), free_units_per_events=3, free_units_per_total_aggregation=Decimal(9)), "5", "0.5"),
    ],
)
def test_an_instant_estimate_looks_at_the_one_event_alone(properties: Standard | Percentage, units: str, amount: str):
    assert in_advance.instant_estimate(properties, Decimal(units)).amount == Decimal(amount)


@given(st.lists(signed_values, max_size=20))
def test_billed_units_come_to_the_highest_sum_of_the_period(given: list[Decimal]):
    marks, billed = START, Decimal(0)
    for value in given:
        increment = in_advance.summed(marks, value)
        assert increment.shown >= increment.billed >= 0
        marks, billed = increment.marks, billed + increment.billed
    reached = [sum(given[:known], Decimal(0)) for known in range(len(given) + 1)]
    assert billed == marks.highest == max(reached)
    assert marks.current == reached[-1]


@given(st.lists(st.tuples(signed_values, st.integers(1, 30)), max_size=12))
def test_prorated_marks_add_up_what_was_billed(given: list[tuple[Decimal, int]]):
    marks, billed = START, Decimal(0)
    for value, day in given:
        share = SEPTEMBER.share_from(date(2025, 9, day))
        increment = in_advance.summed(marks, value, share)
        exact = Fraction(increment.marks.highest - marks.highest) * share
        assert 0 <= Fraction(increment.billed) - exact < Fraction(1, 100_000)
        marks, billed = increment.marks, billed + increment.billed
    assert marks.highest_prorated == billed


telescoping = (
    amounts.map(Standard)
    | st.builds(Package, amounts, st.integers(1, 50), st.integers(0, 50))
    | priced_ranges().map(Graduated)
    | rated_ranges().map(GraduatedPercentage)
)


@given(st.lists(signed_values, min_size=1, max_size=12), telescoping)
def test_events_in_advance_cost_together_what_the_highest_sum_costs(given: list[Decimal], properties: Properties):
    """Where the sum never passes nothing, no event costs anything."""
    together = sum((price.amount for _, price in arrivals(properties, *given)), Fraction(0))
    highest = max(sum(given[:known], Decimal(0)) for known in range(len(given) + 1))
    assert together == (models.price(Usage(highest), properties).amount if highest > 0 else 0)


SMALL = st.decimals(0, 20, places=2)
percentages = st.builds(
    Percentage, SMALL, st.none() | SMALL, st.none() | st.integers(1, 8), st.none() | st.decimals(0, 300, places=2)
)
limited = st.builds(
    Percentage,
    SMALL,
    st.none() | SMALL,
    st.none() | st.integers(1, 4),
    st.none() | SMALL,
    st.decimals(0, 1, places=2),
    st.decimals(1, 5, places=2),
)


@given(st.lists(values.filter(bool), min_size=1, max_size=12), percentages | limited)
def test_a_percentage_in_advance_comes_to_what_it_costs_in_arrears(given: list[Decimal], charge: Percentage):
    runs = [(value, 1) for value in given]
    usage = Usage(sum(given, Decimal(0)), count=len(given), events=percentage.gather(charge, runs))
    together = sum((price.amount for _, price in arrivals(charge, *given)), Fraction(0))
    assert together == percentage.price(usage, charge).amount


@given(st.lists(values.filter(bool), min_size=1, max_size=12), percentages | limited)
def test_the_details_of_an_event_sum_to_its_amount(given: list[Decimal], charge: Percentage):
    for fee, price in arrivals(charge, *given):
        parts = ("per_unit_total_amount", "fixed_fee_total_amount", "min_max_adjustment_total_amount")
        assert sum(number(price.details[part]) for part in parts) == price.amount
        assert number(price.details["free_units"]) + number(price.details["paid_units"]) == fee.units
        assert number(price.details["free_events"]) + number(price.details["paid_events"]) == 1


@given(st.lists(values.filter(bool), min_size=1, max_size=8), rated_ranges())
def test_the_ranges_of_an_event_sum_to_its_amount(given: list[Decimal], ranges):
    for fee, price in arrivals(GraduatedPercentage(ranges), *given):
        rows = price.details["graduated_percentage_ranges"]
        assert sum(number(row["total_with_flat_amount"]) for row in rows) == price.amount
        assert sum(number(row["units"]) for row in rows) == fee.units
