"""EU VAT management: the taxes that it makes, and the one that each customer gets (chapter 10 §5.3)."""

import asyncio

import pytest

from tests.books import listens, webhook_types

OF_COMPANY = "FR40303265045"


async def generated(company):
    listed = (await company.get("/taxes?per_page=200"))["taxes"]
    return {tax["code"]: tax["rate"] for tax in listed if tax["code"].startswith("lago_eu")}


async def codes(company, **fields):
    fields = {"external_id": "c"} | fields
    answer = (await company.post("/customers", {"customer": fields}))["customer"]
    return [tax["code"] for tax in answer["taxes"]]


def default_entity(company):
    return f"/billing_entities/{company.organization.default_billing_entity_code}"


async def test_management_needs_a_seller_in_the_union(company):
    where = default_entity(company)
    expected = {"eu_tax_management": ["billing_entity_must_be_in_eu"]}
    for country in (None, "US"):
        body = {"billing_entity": {"country": country, "eu_tax_management": True}}
        assert (await company.put(where, body, 422))["error_details"] == expected
    new = {"code": "us", "name": "US", "country": "US", "eu_tax_management": True}
    assert (await company.post("/billing_entities", {"billing_entity": new}, 422))["error_details"] == expected
    assert await generated(company) == {}
    assert (await company.get(where))["billing_entity"]["eu_tax_management"] is False


async def test_a_seller_that_manages_eu_taxes_does_not_leave_the_union(company):
    await company.sells_in_europe("FR")
    where = default_entity(company)
    refused = await company.put(where, {"billing_entity": {"country": "US"}}, 422)
    assert refused["error_details"] == {"eu_tax_management": ["billing_entity_must_be_in_eu"]}
    await company.put("/organizations", {"organization": {"country": "US"}}, 422)
    moved = await company.put(where, {"billing_entity": {"country": "US", "eu_tax_management": False}})
    assert (moved["billing_entity"]["country"], moved["billing_entity"]["eu_tax_management"]) == ("US", False)


async def test_switching_on_makes_every_tax_and_again_makes_none(company):
    await company.sells_in_europe()
    made = await generated(company)
    assert len(made) == 47
    assert made["lago_eu_fi_standard"] == 25.5
    await company.sells_in_europe()
    new = {"code": "second", "name": "Second", "country": "DE", "eu_tax_management": True}
    await company.post("/billing_entities", {"billing_entity": new})
    assert await generated(company) == made


async def test_two_that_switch_on_at_once_make_each_tax_once(company):
    await asyncio.gather(*(company.sells_in_europe() for _ in range(4)))
    assert len(await generated(company)) == 47


async def test_switching_on_refreshes_what_was_changed_and_leaves_other_taxes(company):
    own = await company.tax(code="vat", rate=7)
    await company.tax(code="lago_eu_fr_standard", name="Mine", rate=1)
    await company.sells_in_europe()
    await company.put("/taxes/lago_eu_it_standard", {"tax": {"rate": 99, "name": "x"}})
    await company.sells_in_europe()
    taxes = {tax["code"]: tax for tax in (await company.get("/taxes?per_page=200"))["taxes"]}
    assert (taxes["lago_eu_fr_standard"]["name"], taxes["lago_eu_fr_standard"]["rate"]) == ("FR Standard", 20)
    assert (taxes["lago_eu_it_standard"]["name"], taxes["lago_eu_it_standard"]["rate"]) == ("IT Standard", 22)
    assert taxes["vat"] == own


async def test_rates_change_on_their_days(rehearsal):
    await rehearsal.sells_in_europe()
    rates = [(await generated(rehearsal))["lago_eu_ee_standard"]]
    for instant in ("2025-06-30T23:59:59Z", "2025-07-01T00:00:00Z"):
        await rehearsal.advance(instant)
        rates.append((await generated(rehearsal))["lago_eu_ee_standard"])
    assert rates == [22, 22, 24]
    await rehearsal.advance("2025-08-01T00:00:00Z")
    assert (await generated(rehearsal))["lago_eu_ro_standard"] == 21


async def test_rates_stay_where_nobody_manages_eu_taxes_any_more(rehearsal):
    await rehearsal.sells_in_europe()
    await rehearsal.put(default_entity(rehearsal), {"billing_entity": {"eu_tax_management": False}})
    await rehearsal.advance("2025-09-01T00:00:00Z")
    assert (await generated(rehearsal))["lago_eu_ee_standard"] == 22


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"country": "FR", "zipcode": "75018"}, "lago_eu_fr_standard"),
        ({"country": "FR", "zipcode": "97200"}, "lago_eu_fr_standard"),
        (
            {"country": "FR", "zipcode": "97200", "tax_identification_number": OF_COMPANY},
            "lago_eu_fr_exception_martinique",
        ),
        ({"country": "ES", "zipcode": "35001"}, "lago_eu_es_exception_canary_islands"),
        ({"country": "IT", "tax_identification_number": "IT123"}, "lago_eu_it_standard"),
        ({"country": "US"}, "lago_eu_tax_exempt"),
        ({"country": "US", "tax_identification_number": "US-111"}, "lago_eu_tax_exempt"),
        ({}, "lago_eu_fr_standard"),
    ],
)
async def test_a_new_customer_of_a_seller_in_france_is_taxed_where_it_is(company, fields, code):
    """The examples of chapter 10 §7 that need no answer of VIES."""
    await company.sells_in_europe("FR")
    assert await codes(company, **fields) == [code]
    assert await codes(company, name="x") == [code]


async def test_without_management_customers_have_the_taxes_they_are_given(company):
    assert await codes(company, country="FR", tax_identification_number="FR40303265045") == []


async def test_a_change_of_address_changes_the_tax_and_another_change_does_not(company):
    await company.sells_in_europe("FR")
    assert await codes(company, country="FR", zipcode="75018") == ["lago_eu_fr_standard"]
    assert await codes(company, country="DE") == ["lago_eu_de_standard"]
    assert await codes(company, zipcode="27498") == ["lago_eu_de_exception_heligoland"]
    assert await codes(company, country=None, zipcode=None) == ["lago_eu_fr_standard"]


async def test_taxes_given_by_hand_stay_until_what_the_tax_depends_on_changes(company):
    await company.sells_in_europe("FR")
    await company.tax(code="own", name="own")
    assert await codes(company, country="FR") == ["lago_eu_fr_standard"]
    assert await codes(company, tax_codes=["own"]) == ["own"]
    assert await codes(company, name="x", country="FR") == ["own"]
    assert await codes(company, country="DE") == ["lago_eu_de_standard"]
    assert await codes(company, tax_codes=[]) == []
    assert await codes(company, name="y") == []


async def test_the_tax_found_is_added_to_those_given_with_it(company):
    await company.sells_in_europe("FR")
    await company.tax(code="eco", name="a")
    assert await codes(company, country="FR", tax_codes=["eco"]) == ["lago_eu_fr_standard", "eco"]
    assert await codes(company, country="DE") == ["lago_eu_de_standard"]
    body = {"customer": {"external_id": "d", "tax_codes": ["nothing"]}}
    assert (await company.post("/customers", body, 404))["code"] == "tax_not_found"


async def test_a_customer_older_than_the_management_gets_its_tax_at_its_next_change(company):
    await company.tax(code="own")
    assert await codes(company, country="DE") == []
    assert await codes(company, external_id="taxed", country="DE", tax_codes=["own"]) == ["own"]
    await company.sells_in_europe("FR")
    assert (await company.get("/customers/c"))["customer"]["taxes"] == []
    assert await codes(company, name="x") == ["lago_eu_de_standard"]
    assert await codes(company, external_id="taxed", name="x") == ["own"]
    assert await codes(company, external_id="taxed", country="IT") == ["lago_eu_it_standard"]


async def test_a_generated_tax_that_was_deleted_is_made_again_when_it_is_needed(company):
    await company.sells_in_europe("FR")
    await company.delete("/taxes/lago_eu_fr_standard")
    assert await codes(company, country="FR") == ["lago_eu_fr_standard"]


async def test_moving_to_another_entity_decides_the_tax_anew(company):
    await company.sells_in_europe("FR")
    german = {"code": "german", "name": "German", "country": "DE", "eu_tax_management": True}
    await company.post("/billing_entities", {"billing_entity": german})
    assert await codes(company) == ["lago_eu_fr_standard"]
    assert await codes(company, billing_entity_code="german") == ["lago_eu_de_standard"]


async def test_moving_to_an_entity_without_management_drops_the_generated_tax_alone(company):
    await company.sells_in_europe("FR")
    await company.post("/billing_entities", {"billing_entity": {"code": "plain", "name": "Plain"}})
    await company.tax(code="eco")
    assert set(await codes(company, country="DE", tax_codes=["eco"])) == {"lago_eu_de_standard", "eco"}
    assert await codes(company, billing_entity_code="plain") == ["eco"]


async def test_moving_with_taxes_given_keeps_those(company):
    await company.sells_in_europe("FR")
    await company.post("/billing_entities", {"billing_entity": {"code": "plain", "name": "Plain"}})
    assert await codes(company, country="DE") == ["lago_eu_de_standard"]
    kept = await codes(company, billing_entity_code="plain", tax_codes=["lago_eu_de_standard"])
    assert kept == ["lago_eu_de_standard"]


async def test_a_number_without_valid_form_is_told_of_at_once_and_its_result_is_the_only_tax(company):
    await company.sells_in_europe("FR")
    await listens(company)
    await company.tax(code="own")
    assert await codes(company, country="IT", tax_identification_number="IT123", tax_codes=["own"]) == [
        "lago_eu_it_standard"
    ]
    assert await webhook_types(company) == ["customer.created", "customer.vies_check"]


async def test_an_invoice_has_the_customers_eu_tax(company):
    await company.sells_in_europe("FR")
    customer, add_on = await company.customer(country="FI"), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert [tax["tax_code"] for tax in invoice["applied_taxes"]] == ["lago_eu_fi_standard"]
    assert invoice["taxes_amount_cents"] == 2550
