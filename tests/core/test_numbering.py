"""Numbers of customers and documents (chapters 10 §4.1 and 20 §3)."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from conto.core import numbering


def test_a_prefix_is_made_of_the_name_and_the_id():
    identifier = "1a901a90-1a90-4a90-8a90-1a901a904f1a"
    assert numbering.default_prefix("JC Coffee", identifier) == "JC -4F1A"
    assert numbering.default_prefix("x", identifier) == "X-4F1A"


def test_a_slug_has_at_least_three_digits():
    assert numbering.customer_slug("ORG-7A2B", 1) == "ORG-7A2B-001"
    assert numbering.customer_slug("ORG-7A2B", 1234) == "ORG-7A2B-1234"


def test_a_number_per_customer_names_the_customer_and_counts_its_invoices():
    assert numbering.number_per_customer("BENT-1", 2, 5) == "BENT-1-002-005"


def test_a_number_per_billing_entity_names_the_month_and_counts_the_entitys_invoices():
    assert numbering.number_per_billing_entity("BENT-1", date(2023, 10, 31), 12) == "BENT-1-202310-012"


def test_what_is_not_final_has_no_number():
    assert numbering.draft_number("BENT-1") == "BENT-1-DRAFT"


@given(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)))
def test_different_sequence_numbers_give_different_numbers(one: tuple[int, int], other: tuple[int, int]):
    same = numbering.number_per_customer("A", *one) == numbering.number_per_customer("A", *other)
    assert same == (one == other)
