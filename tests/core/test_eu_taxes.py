"""VAT in the European Union: rates, territories, and which tax a customer has (chapter 10 §5.3)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core import eu_taxes
from conto.core.eu_taxes import Basis, Number, after_check, before_check

TODAY = date(2025, 12, 1)
RATES = {tax.code: tax.rate for tax in eu_taxes.generated(TODAY)}

COUNTRIES = st.sampled_from([*eu_taxes.STANDARD_RATES, "US", "GB", "CH", None])
SELLERS = st.sampled_from(list(eu_taxes.STANDARD_RATES))
ZIPCODES = st.none() | st.from_regex(r"\d{4,5}", fullmatch=True) | st.text(max_size=8)
NUMBERS = st.sampled_from(list(Number))


@pytest.mark.parametrize(
    ("country", "rate"),
    [
        (word[:2], Decimal(word[3:]))
        for word in (
            "AT 20,BE 21,BG 20,CY 19,CZ 21,DE 19,DK 25,EE 24,ES 21,FI 25.5,FR 20,GR 24,HR 25,HU 27,IE 23,IT 22,LT 21,"
            "LU 17,LV 21,MT 18,NL 21,PL 23,PT 23,RO 21,SE 25,SI 22,SK 23"
        ).split(",")
    ],
)
def test_each_member_state_has_its_standard_rate(country, rate):
    assert RATES[f"lago_eu_{country.lower()}_standard"] == rate


def test_there_are_27_member_states_and_every_generated_tax_has_a_code_of_its_own():
    assert len(eu_taxes.STANDARD_RATES) == 27
    assert len(RATES) == len(list(eu_taxes.generated(TODAY))) == 27 + 18 + 2
    assert RATES["lago_eu_reverse_charge"] == RATES["lago_eu_tax_exempt"] == 0


def test_taxes_are_named_after_what_they_are():
    names = {tax.code: tax.name for tax in eu_taxes.generated(TODAY)}
    assert names["lago_eu_fr_standard"] == "FR Standard"
    assert names["lago_eu_reverse_charge"] == "Reverse Charge"
    assert names["lago_eu_tax_exempt"] == "Tax Exempt"


@pytest.mark.parametrize(
    ("country", "day", "rate"),
    [
        ("EE", date(2025, 6, 30), 22),
        ("EE", date(2025, 7, 1), 24),
        ("RO", date(2025, 7, 31), 19),
        ("RO", date(2025, 8, 1), 21),
        ("RO", date(2000, 1, 1), 19),
    ],
)
def test_a_rate_is_that_of_the_day(country, day, rate):
    assert eu_taxes.standard_rate(country, day) == rate


def test_the_next_change_is_the_first_after_the_day():
    assert eu_taxes.next_change(date(2025, 6, 30)) == date(2025, 7, 1)
    assert eu_taxes.next_change(date(2025, 7, 1)) == date(2025, 8, 1)
    assert eu_taxes.next_change(date(2025, 8, 1)) is None


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_rates_stay_until_the_next_change(day):
    change = eu_taxes.next_change(day)
    last = change - timedelta(days=1) if change else date(2100, 1, 1)
    assert list(eu_taxes.generated(day)) == list(eu_taxes.generated(last))


@pytest.mark.parametrize(
    ("country", "name", "rate", "inside", "outside"),
    [
        ("ES", "canary_islands", "0", ["35001", "38999", " 35 001 "], ["34001", "350010", "3500"]),
        ("ES", "ceuta", "0", ["51001", "51005", "51070", "51071", "51081"], ["51006", "51072", "51080"]),
        ("ES", "melilla", "0", ["52001", "52006", "52070", "52071", "52081"], ["52007", "52000", "52082"]),
        ("IT", "campione_d_italia", "0", ["22061"], ["22060"]),
        ("IT", "livigno", "0", ["23041"], ["23040"]),
        ("FI", "aland_islands", "0", ["22000", "22999"], ["21999", "23000"]),
        ("GR", "mount_athos", "0", ["63086", "630 86"], ["63087"]),
        ("FR", "guadeloupe", "8.5", ["97100", "97190"], ["97000"]),
        ("FR", "martinique", "8.5", ["97200"], ["9720"]),
        ("FR", "reunion", "8.5", ["97400"], ["97500"]),
        ("FR", "guyane", "0", ["97300"], ["75018"]),
        ("FR", "mayotte", "0", ["97600"], ["97700"]),
        ("DE", "busingen_am_hochrhein", "0", ["78266"], ["78267"]),
        ("DE", "heligoland", "0", ["27498"], ["27499"]),
        ("PT", "madeira", "22", ["9000", "9499", "9000-036", "9400 123"], ["8999"]),
        ("PT", "azores", "18", ["9500", "9999", "9500-321"], ["1000"]),
        ("AT", "jungholz", "19", ["6691"], ["6690"]),
        ("AT", "mittelberg", "19", ["6991", "6992", "6993"], ["6990", "6994"]),
    ],
)
def test_a_territory_is_known_by_its_postcodes(country, name, rate, inside, outside):
    code = f"lago_eu_{country.lower()}_exception_{name}"
    assert RATES[code] == Decimal(rate)
    for zipcode in inside:
        assert before_check(country, zipcode, Number.WELL_FORMED, "FR").code == code, zipcode
    for zipcode in outside:
        found = eu_taxes.territory(country, zipcode)
        assert found is None or found.code != code, zipcode
    assert eu_taxes.territory("US", inside[0]) is None


@pytest.mark.parametrize("zipcode", ["97100", "97200", "97300", "97400", "97600"])
@pytest.mark.parametrize("number", [Number.NONE, Number.MALFORMED])
def test_consumers_in_french_territories_pay_the_standard_rate(zipcode, number):
    assert before_check("FR", zipcode, number, "FR").code == "lago_eu_fr_standard"


@pytest.mark.parametrize(
    ("country", "zipcode", "number", "code"),
    [
        ("FR", "75018", Number.NONE, "lago_eu_fr_standard"),
        ("FR", "97200", Number.NONE, "lago_eu_fr_standard"),
        ("FR", "97200", Number.WELL_FORMED, "lago_eu_fr_exception_martinique"),
        ("ES", "35001", Number.NONE, "lago_eu_es_exception_canary_islands"),
        ("IT", None, Number.WELL_FORMED, None),
        ("IT", None, Number.MALFORMED, "lago_eu_it_standard"),
        ("US", None, Number.NONE, "lago_eu_tax_exempt"),
        (None, None, Number.NONE, "lago_eu_fr_standard"),
    ],
)
def test_the_worked_examples_of_a_seller_in_france(country, zipcode, number, code):
    """Chapter 10 §7."""
    assert before_check(country, zipcode, number, "FR").code == code


@pytest.mark.parametrize(
    ("country", "zipcode", "number_country", "valid", "code"),
    [
        ("IT", None, "IT", True, "lago_eu_reverse_charge"),
        ("IT", None, "IT", False, "lago_eu_it_standard"),
        ("FR", "75018", "FR", True, "lago_eu_fr_standard"),
        (None, "97200", "FR", True, "lago_eu_fr_exception_martinique"),
        ("IT", "22061", "FR", True, "lago_eu_fr_standard"),
        ("US", None, "FR", False, "lago_eu_tax_exempt"),
        (None, None, "IT", False, "lago_eu_fr_standard"),
        ("GB", None, "XI", True, "lago_eu_reverse_charge"),
    ],
)
def test_a_checked_number_decides_for_a_seller_in_france(country, zipcode, number_country, valid, code):
    assert after_check(country, zipcode, number_country, "FR", valid=valid) == code


@given(country=COUNTRIES, zipcode=ZIPCODES, number=NUMBERS, seller=SELLERS)
def test_whatever_is_decided_is_a_tax_that_is_generated(country, zipcode, number, seller):
    decision = before_check(country, zipcode, number, seller)
    assert (decision.code is None) == (decision.basis is Basis.NUMBER)
    assert decision.code is None or decision.code in RATES
    assert number is Number.WELL_FORMED or decision.code is not None


@given(country=COUNTRIES, zipcode=ZIPCODES, number_country=SELLERS, seller=SELLERS, valid=st.booleans())
def test_whatever_follows_a_check_is_a_tax_that_is_generated(country, zipcode, number_country, seller, valid):
    code = after_check(country, zipcode, number_country, seller, valid=valid)
    assert code in RATES
    assert (code == "lago_eu_reverse_charge") == (valid and number_country != seller)


@given(country=COUNTRIES, zipcode=ZIPCODES, seller=SELLERS)
def test_a_malformed_number_is_as_good_as_none(country, zipcode, seller):
    assert before_check(country, zipcode, Number.MALFORMED, seller) == before_check(
        country, zipcode, Number.NONE, seller
    )
