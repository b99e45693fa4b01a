"""The days of invoices (chapter 20 §4)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.invoice_dates import (
    Adjustment,
    Anchor,
    Dating,
    finalization_date,
    issuing_date,
    issuing_date_when_finalized,
    payment_due_date,
)

NEXT, END = Anchor
ALIGN, KEEP = Adjustment
BILLED = date(2024, 2, 1)


@pytest.mark.parametrize(
    ("dating", "periodic", "issued"),
    [
        (Dating(0), True, date(2024, 2, 1)),
        (Dating(3), True, date(2024, 2, 4)),
        (Dating(3, NEXT, KEEP), True, date(2024, 2, 1)),
        (Dating(0, NEXT, KEEP), True, date(2024, 2, 1)),
        (Dating(0, END, KEEP), True, date(2024, 1, 31)),
        (Dating(3, END, KEEP), True, date(2024, 1, 31)),
        (Dating(0, END, ALIGN), True, date(2024, 1, 31)),
        (Dating(3, END, ALIGN), True, date(2024, 2, 4)),
        (Dating(3, END, KEEP), False, date(2024, 2, 4)),
        (Dating(0, END, KEEP), False, date(2024, 2, 1)),
    ],
)
def test_the_issuing_date_follows_the_settings_on_renewals_only(dating: Dating, periodic: bool, issued: date) -> None:
    assert issuing_date(BILLED, dating, periodic=periodic) == issued


@pytest.mark.parametrize(
    ("dating", "periodic", "finally_issued"),
    [
        (Dating(3), True, date(2024, 2, 4)),
        (Dating(3, NEXT, KEEP), True, date(2024, 2, 1)),
        (Dating(3, NEXT, KEEP), False, date(2024, 2, 4)),
    ],
)
def test_a_draft_is_issued_on_its_finalization_unless_it_keeps_its_anchor(
    dating: Dating, periodic: bool, finally_issued: date
) -> None:
    first = issuing_date(BILLED, dating, periodic=periodic)
    assert finalization_date(BILLED, dating) == date(2024, 2, 4)
    assert issuing_date_when_finalized(first, date(2024, 2, 4), dating, periodic=periodic) == finally_issued


def test_the_term_counts_from_the_issuing_date() -> None:
    assert payment_due_date(date(2024, 2, 4), 3) == date(2024, 2, 7)


@given(st.builds(Dating, st.integers(0, 365), st.sampled_from(Anchor), st.sampled_from(Adjustment)), st.booleans())
def test_finalized_in_time_an_invoice_keeps_the_date_its_draft_told(dating: Dating, periodic: bool) -> None:
    """The one exception: no grace, and dated by the end of the period before."""
    told = issuing_date(BILLED, dating, periodic=periodic)
    at_end = issuing_date_when_finalized(told, finalization_date(BILLED, dating), dating, periodic=periodic)
    assert at_end == told or dating.grace_period == 0
