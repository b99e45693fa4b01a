"""The totals of an invoice (chapter 20 §§5.1, 5.4)."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.totals import totals


@dataclass(frozen=True)
class Case:
    """What enters the totals of an invoice that can be."""

    fees: list[int]
    progressive: int
    coupons: int
    taxes: int
    credit_notes: int
    prepaid: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    fees = draw(st.lists(st.integers(0, 10**12), max_size=10))
    progressive = draw(st.integers(0, sum(fees)))
    coupons = draw(st.integers(0, sum(fees) - progressive))
    taxes = draw(st.integers(0, 10**12))
    owed = sum(fees) - progressive - coupons + taxes
    credit_notes = draw(st.integers(0, owed))
    return Case(fees, progressive, coupons, taxes, credit_notes, draw(st.integers(0, owed - credit_notes)))


def summed(case: Case):
    return totals(
        case.fees,
        case.taxes,
        progressive_billing_credit_amount_cents=case.progressive,
        coupons_amount_cents=case.coupons,
        credit_notes_amount_cents=case.credit_notes,
        prepaid_credit_amount_cents=case.prepaid,
    )


def test_taxes_are_added_after_coupons():
    """Worked example A: fees of 151 and 379, 100 coupon, taxes 129."""
    found = totals([151, 379], 129, coupons_amount_cents=100)
    assert found.fees_amount_cents == 530
    assert found.sub_total_excluding_taxes_amount_cents == 430
    assert found.sub_total_including_taxes_amount_cents == found.total_amount_cents == 559


def test_a_true_up_is_a_fee_like_others():
    """Worked example C."""
    found = totals([10000, 5000, 3000, 2000], 1900, coupons_amount_cents=1000)
    assert found.sub_total_excluding_taxes_amount_cents == 19000
    assert found.total_amount_cents == 20900


def test_coupons_bring_an_invoice_down_to_nothing():
    """Worked example D."""
    assert totals([10000], 0, coupons_amount_cents=10000).total_amount_cents == 0


def test_without_coupons_the_total_is_fees_and_taxes():
    """Worked example E."""
    assert totals([548], 110).total_amount_cents == 658


def test_credit_notes_and_prepaid_credits_are_taken_off_last():
    found = totals([1000], 200, credit_notes_amount_cents=300, prepaid_credit_amount_cents=400)
    assert (found.sub_total_including_taxes_amount_cents, found.total_amount_cents) == (1200, 500)


@pytest.mark.parametrize(
    ("coupons", "credit_notes", "prepaid"), [(1001, 0, 0), (0, 1201, 0), (0, 0, 1201), (0, 700, 501), (-1, 0, 0)]
)
def test_an_invoice_never_credits_more_than_it_has(coupons: int, credit_notes: int, prepaid: int):
    with pytest.raises(AssertionError):
        totals(
            [1000],
            200,
            coupons_amount_cents=coupons,
            credit_notes_amount_cents=credit_notes,
            prepaid_credit_amount_cents=prepaid,
        )


@given(cases())
def test_totals_are_never_negative_and_hold_together(case: Case):
    found = summed(case)
    credits = case.progressive + case.coupons + case.credit_notes + case.prepaid
    assert found.total_amount_cents == sum(case.fees) + case.taxes - credits >= 0
    assert found.sub_total_including_taxes_amount_cents == found.sub_total_excluding_taxes_amount_cents + case.taxes


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_fees_does_not_matter(case: Case, random):
    shuffled = random.sample(case.fees, len(case.fees))
    assert summed(case) == summed(Case(**(vars(case) | {"fees": shuffled})))
