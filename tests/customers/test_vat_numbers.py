"""The form of VAT numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.customers.vat_numbers import PREFIXES, VatNumber, parsed


@pytest.mark.parametrize(
    ("text", "prefix", "rest", "country"),
    [
        ("IT00743110157", "IT", "00743110157", "IT"),
        (" it 0074311.0157-", "IT", "00743110157", "IT"),
        ("FR40303265045", "FR", "40303265045", "FR"),
        ("ATU57194903", "AT", "U57194903", "AT"),
        ("BE697449992", "BE", "0697449992", "BE"),
        ("EL094259216", "EL", "094259216", "GR"),
        ("GR094259216", "EL", "094259216", "GR"),
        ("XI434031494", "XI", "434031494", "XI"),
        ("NL004495445B01", "NL", "004495445B01", "NL"),
    ],
)
def test_a_number_of_valid_form_is_read_whatever_separates_its_parts(text, prefix, rest, country):
    number = parsed(text)
    assert number == VatNumber(prefix, rest)
    assert (number.text, number.country) == (prefix + rest, country)


@pytest.mark.parametrize(
    "text",
    ["", "IT123", "US-111", "00743110157", "IT00743110158", "EU372022452", "GB434031494", "CHE107787577", "FR\u0664"],
)
def test_what_is_malformed_is_no_number(text):
    assert parsed(text) is None


@given(prefix=st.sampled_from(sorted(PREFIXES)), rest=st.text(max_size=14))
def test_any_text_is_read_or_refused_and_what_is_read_reads_the_same(prefix, rest):
    number = parsed(prefix + rest)
    assert number is None or parsed(number.text) == number
