"""What may be combined on one charge (chapter 40 §1.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import combinations
from conto.core.charges.combinations import Combination
from conto.core.charges.models import NAMES

AGGREGATIONS = "count_agg sum_agg max_agg unique_count_agg weighted_sum_agg latest_agg custom_agg".split()
WRONG = ["invalid_aggregation_type_or_charge_model"]
WRONG_PRORATION = ["invalid_billable_metric_or_charge_model"]


@pytest.mark.parametrize(
    ("charge", "problems"),
    [
        (Combination("standard", "count_agg"), {}),
        (Combination("volume", "count_agg", pay_in_advance=True), {"pay_in_advance": WRONG}),
        (Combination("standard", "max_agg", pay_in_advance=True), {"pay_in_advance": WRONG}),
        (Combination("volume", "max_agg", pay_in_advance=True), {"pay_in_advance": WRONG}),
        (Combination("dynamic", "count_agg"), {"charge_model": WRONG}),
        (Combination("dynamic", "sum_agg", pay_in_advance=True), {}),
        (Combination("custom", "count_agg"), {"charge_model": WRONG}),
        (Combination("custom", "custom_agg"), {}),
        (Combination("percentage", "latest_agg"), {"properties": ["invalid_value"]}),
        (Combination("graduated_percentage", "latest_agg"), {"properties": ["invalid_value"]}),
        (Combination("percentage", "max_agg"), {}),
        (Combination("standard", "count_agg", prorated=True), {"prorated": WRONG_PRORATION}),
        (
            Combination("standard", "sum_agg", invoiceable=False),
            {"invoiceable": ["must_be_true_unless_pay_in_advance"]},
        ),
        (Combination("standard", "sum_agg", invoiceable=False, pay_in_advance=True), {}),
        (
            Combination("standard", "count_agg", pay_in_advance=True, regroup_paid_fees="invoice"),
            {"regroup_paid_fees": ["only_compatible_with_pay_in_advance_and_non_invoiceable"]},
        ),
        (Combination("standard", "sum_agg", pay_in_advance=True, invoiceable=False, regroup_paid_fees="invoice"), {}),
        (
            Combination("standard", "sum_agg", pay_in_advance=True, invoiceable=False, regroup_paid_fees="other"),
            {"regroup_paid_fees": ["value_is_invalid"]},
        ),
        (
            Combination("standard", "count_agg", pay_in_advance=True, min_amount_cents=1200),
            {"min_amount_cents": ["not_compatible_with_pay_in_advance"]},
        ),
        (Combination("standard", "sum_agg", min_amount_cents=-1), {"min_amount_cents": ["value_is_out_of_range"]}),
        (
            Combination("standard", "sum_agg", pay_in_advance=True, min_amount_cents=-1),
            {"min_amount_cents": ["value_is_out_of_range"]},
        ),
        (Combination("nonsense", "count_agg"), {"charge_model": ["value_is_invalid"]}),
        (Combination(None, "count_agg"), {"charge_model": ["value_is_mandatory", "value_is_invalid"]}),
        (
            Combination(
                "volume", "latest_agg", pay_in_advance=True, prorated=True, invoiceable=True, min_amount_cents=1
            ),
            {
                "pay_in_advance": WRONG,
                "prorated": WRONG_PRORATION,
                "min_amount_cents": ["not_compatible_with_pay_in_advance"],
            },
        ),
    ],
)
def test_what_does_not_go_together_is_told_field_by_field(charge: Combination, problems: dict[str, list[str]]):
    assert combinations.problems(charge) == problems


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("pay_in_advance", [False, True])
def test_proration_is_for_few_models(model: str, pay_in_advance: bool):
    allowed = {"standard"} if pay_in_advance else {"standard", "volume", "graduated"}
    for aggregation in AGGREGATIONS:
        for recurring in (False, True):
            charge = Combination(model, aggregation, recurring, pay_in_advance, prorated=True)
            possible = recurring and aggregation != "weighted_sum_agg" and model in allowed
            assert ("prorated" in combinations.problems(charge)) == (not possible)


@given(
    st.builds(
        Combination,
        st.sampled_from(NAMES),
        st.sampled_from(AGGREGATIONS),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from([None, "invoice"]),
        st.integers(-1, 1),
    )
)
def test_a_plain_charge_of_the_right_metric_is_always_possible(charge: Combination):
    problems = combinations.problems(charge)
    plain = Combination(charge.charge_model, charge.aggregation_type)
    assert set(combinations.problems(plain)) <= {"charge_model", "properties"}
    assert all(codes for codes in problems.values())
