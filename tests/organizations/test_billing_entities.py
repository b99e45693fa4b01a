"""Billing entities, the legal sellers inside an organization (chapter 10 §3)."""

import asyncio

import pytest


async def made(company, **fields):
    body = {"billing_entity": {"code": "hooli", "name": "Hooli"} | fields}
    return (await company.post("/billing_entities", body))["billing_entity"]


async def changed(company, code="hooli", **fields):
    return (await company.put(f"/billing_entities/{code}", {"billing_entity": fields}))["billing_entity"]


async def test_a_new_billing_entity_has_the_defaults_of_an_organization(company):
    entity = await made(company)
    prefix = f"HOO-{entity['lago_id'][-4:].upper()}"
    assert (entity["document_number_prefix"], entity["document_numbering"]) == (prefix, "per_customer")
    assert (entity["default_currency"], entity["timezone"], entity["document_locale"]) == ("USD", "UTC", "en")
    assert (entity["net_payment_term"], entity["invoice_grace_period"]) == (0, 0)
    assert entity["subscription_invoice_issuing_date_anchor"] == "next_period_start"
    assert entity["subscription_invoice_issuing_date_adjustment"] == "align_with_finalization_date"
    assert (entity["finalize_zero_amount_invoice"], entity["email_settings"]) == (True, [])
    assert (entity["eu_tax_management"], entity["einvoicing"], entity["is_default"]) == (False, False, False)


async def test_without_a_prefix_one_is_made_and_then_kept(company):
    entity = await made(company, document_number_prefix=None)
    prefix = f"HOO-{entity['lago_id'][-4:].upper()}"
    assert entity["document_number_prefix"] == prefix
    assert (await changed(company, document_number_prefix=None))["document_number_prefix"] == prefix
    assert (await changed(company, document_number_prefix="new"))["document_number_prefix"] == "NEW"


async def test_an_entity_is_answered_as_it_was_given(company):
    fields = {
        "code": "hooli/eu",
        "name": "Hooli",
        "document_numbering": "per_billing_entity",
        "document_number_prefix": "HOO",
        "default_currency": "EUR",
        "timezone": "Europe/Paris",
        "net_payment_term": 30,
        "finalize_zero_amount_invoice": False,
        "country": "FR",
        "einvoicing": True,
        "email_settings": ["invoice.finalized", "credit_note.created"],
        "legal_name": "Hooli SAS",
    }
    configuration = {
        "invoice_footer": "Merci",
        "document_locale": "fr",
        "invoice_grace_period": 2,
        "subscription_invoice_issuing_date_anchor": "current_period_end",
        "subscription_invoice_issuing_date_adjustment": "keep_anchor",
    }
    entity = await made(company, **fields, billing_configuration=configuration)
    assert {key: entity[key] for key in (*fields, *configuration)} == fields | configuration


async def test_taxes_are_shown_where_one_entity_is_asked_for(company):
    created = await made(company)
    (_, listed) = (await company.get("/billing_entities"))["billing_entities"]
    shown = (await company.get("/billing_entities/hooli"))["billing_entity"]
    assert (shown["taxes"], shown["selected_invoice_custom_sections"]) == ([], [])
    assert "taxes" not in created
    assert "taxes" not in listed


async def test_entities_are_listed_oldest_first_and_without_pages(company):
    await made(company, code="b")
    await made(company, code="a")
    answer = await company.get("/billing_entities?per_page=1")
    entities = answer["billing_entities"]
    assert [entity["code"] for entity in entities] == [company.organization.default_billing_entity_code, "b", "a"]
    assert [entity["is_default"] for entity in entities] == [True, False, False]
    assert "meta" not in answer


async def test_on_a_frozen_clock_the_first_entity_is_still_the_default(rehearsal):
    codes = [(await made(rehearsal, code=f"other_{number}"))["code"] for number in range(5)]
    entities = (await rehearsal.get("/billing_entities"))["billing_entities"]
    assert entities[0]["code"] == rehearsal.organization.default_billing_entity_code
    assert {entity["code"] for entity in entities[1:]} == set(codes)
    assert [entity["is_default"] for entity in entities] == [True] + [False] * 5


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"name": ""}, {"name": ["value_is_mandatory"]}),
        ({"document_numbering": "per_moon"}, {"document_numbering": ["value_is_invalid"]}),
        ({"document_number_prefix": "x" * 11}, {"document_number_prefix": ["value_is_too_long"]}),
        ({"email_settings": ["x"]}, {"email_settings": ["unsupported_value"]}),
        ({"einvoicing": True}, {"einvoicing": ["country_must_be_present"]}),
        ({"einvoicing": True, "country": "US"}, {"einvoicing": ["country_not_supported"]}),
        ({"net_payment_term": -1}, {"net_payment_term": ["value_is_out_of_range"]}),
        ({"timezone": "Mars"}, {"timezone": ["invalid_timezone"]}),
        (
            {"einvoicing": True, "eu_tax_management": True, "country": "US"},
            {"einvoicing": ["country_not_supported"], "eu_tax_management": ["billing_entity_must_be_in_eu"]},
        ),
    ],
)
async def test_what_is_not_as_it_must_be_is_refused(company, fields, details):
    body = {"billing_entity": {"code": "hooli", "name": "Hooli"} | fields}
    assert (await company.post("/billing_entities", body, 422))["error_details"] == details
    assert len((await company.get("/billing_entities"))["billing_entities"]) == 1


async def test_a_code_is_unique(company):
    await made(company)
    refused = await company.post("/billing_entities", {"billing_entity": {"code": "hooli", "name": "x"}}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}


async def test_two_that_create_one_code_at_once_are_told_apart(company):
    body = {"billing_entity": {"code": "hooli", "name": "Hooli"}}
    answers = await asyncio.gather(*(company.client.post("/api/v1/billing_entities", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


async def test_only_what_is_given_changes_and_never_the_code(company):
    await made(company, legal_name="Hooli SAS")
    entity = await changed(company, code="hooli", name="New")
    assert (entity["code"], entity["name"], entity["legal_name"]) == ("hooli", "New", "Hooli SAS")
    answer = await company.put("/billing_entities/hooli", {"billing_entity": {"code": "other", "city": "Paris"}})
    assert answer["billing_entity"]["code"] == "hooli"


async def test_an_unknown_code_is_not_found(company):
    assert (await company.get("/billing_entities/nothing", 404))["code"] == "billing_entity_not_found"
    body = {"billing_entity": {"name": "x"}}
    assert (await company.put("/billing_entities/nothing", body, 404))["code"] == "billing_entity_not_found"
    await company.call("DELETE", "/billing_entities/hooli", None, 404)


async def test_on_a_change_any_numbering_but_per_customer_is_per_billing_entity(company):
    await made(company)
    for word, meant in (("per_organization", "per_billing_entity"), ("per_customer", "per_customer")):
        assert (await changed(company, document_numbering=word))["document_numbering"] == meant


async def test_tax_codes_replace_the_default_taxes_and_are_compared_without_case(company):
    await made(company)
    for code in ("VAT", "eco", "ECO"):
        await company.tax(code=code, name=code)

    async def codes(*given):
        return {tax["code"] for tax in (await changed(company, tax_codes=list(given)))["taxes"]}

    assert await codes("vat") == {"VAT"}
    assert await codes("vat", "VAT", "eco") == {"VAT", "eco"}
    answer = await company.put("/billing_entities/hooli", {"billing_entity": {"tax_codes": ["nothing"]}}, 404)
    assert answer["code"] == "tax_not_found"
    assert await codes() == set()


async def test_einvoicing_looks_at_the_country_that_is_there(company):
    await made(company, country="DE")
    assert (await changed(company, einvoicing=True))["einvoicing"] is True
    refused = await company.put("/billing_entities/hooli", {"billing_entity": {"country": "US"}}, 422)
    assert refused["error_details"] == {"einvoicing": ["country_not_supported"]}
