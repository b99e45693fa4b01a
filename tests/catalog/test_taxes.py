"""Taxes (chapter 10 §5.1) and which of them apply (§5.2)."""

import asyncio

import pytest


async def codes(company, path="/taxes"):
    return [tax["code"] for tax in (await company.get(path))["taxes"]]


async def taxed(company, customer, add_on, **fields):
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]} | fields)
    return [applied["tax_code"] for applied in invoice["applied_taxes"]]


async def test_a_tax_is_answered_as_it_was_given(company):
    made = await company.tax(code="vat", name="VAT", rate="19.6", description="On everything")
    assert made == (await company.get("/taxes/vat"))["tax"]
    assert (made["rate"], made["description"], made["applied_to_organization"]) == (19.6, "On everything", False)
    assert made["applied_to_billing_entities_codes"] == []


async def test_a_rate_is_a_number_however_it_was_given(company):
    assert [(await company.tax(rate=rate))["rate"] for rate in (20, "20", 20.0, "0", "8.875")] == [20, 20, 20, 0, 8.875]


async def test_a_tax_needs_name_code_and_rate(company):
    refused = await company.post("/taxes", {"tax": {"description": "x"}}, 422)
    missing = ["value_is_mandatory"]
    assert refused["error_details"] == {"name": missing, "code": missing, "rate": missing}


@pytest.mark.parametrize("rate", [-1, "-0.1", "1e400"])
async def test_a_rate_is_not_negative_and_not_absurd(company, rate):
    refused = await company.post("/taxes", {"tax": {"name": "VAT", "code": "vat", "rate": rate}}, 422)
    assert refused["error_details"] == {"rate": ["value_is_out_of_range"]}


async def test_a_code_is_unique_among_live_taxes(company):
    await company.tax(code="vat")
    again = {"tax": {"name": "VAT", "code": "vat", "rate": 7}}
    refused = await company.post("/taxes", again, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
    await company.tax(code="VAT")
    await company.delete("/taxes/vat")
    assert (await company.post("/taxes", again))["tax"]["rate"] == 7


async def test_a_code_cannot_be_changed_to_anothers(company):
    await company.tax(code="one")
    await company.tax(code="other")
    refused = await company.put("/taxes/other", {"tax": {"code": "one"}}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
    assert (await company.put("/taxes/other", {"tax": {"code": "other"}}))["tax"]["code"] == "other"


async def test_two_that_create_one_code_at_once_are_told_apart(company):
    body = {"tax": {"name": "VAT", "code": "vat", "rate": 20}}
    answers = await asyncio.gather(*(company.client.post("/api/v1/taxes", json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 5
    assert all(
        answer.json()["error_details"] == {"code": ["value_already_exist"]}
        for answer in answers
        if answer.status_code == 422
    )


async def test_only_what_is_given_changes(company):
    await company.tax(code="vat", name="VAT", rate=20, description="On everything")
    changed = (await company.put("/taxes/vat", {"tax": {"rate": 21}}))["tax"]
    assert (changed["name"], changed["rate"], changed["description"]) == ("VAT", 21, "On everything")
    assert (await company.put("/taxes/vat", {"tax": {"description": None}}))["tax"]["description"] is None


@pytest.mark.parametrize("path", ["/taxes/eu/vat", "/taxes/eu%2Fvat"])
async def test_a_code_with_a_slash_is_found_raw_and_encoded(company, path):
    await company.tax(code="eu/vat")
    assert (await company.get(path))["tax"]["code"] == "eu/vat"
    assert (await company.put(path, {"tax": {"rate": 5}}))["tax"]["rate"] == 5
    assert (await company.delete(path))["tax"]["code"] == "eu/vat"
    assert (await company.get(path, 404))["code"] == "tax_not_found"


async def test_an_unknown_code_is_not_found(company):
    for method, body in (("GET", None), ("PUT", {"tax": {"rate": 1}}), ("DELETE", None)):
        assert (await company.call(method, "/taxes/nothing", body, 404))["code"] == "tax_not_found"


async def test_taxes_are_listed_by_name_then_newest_first(company):
    for code, name in (("c", "Beta"), ("b", "Alpha"), ("a", "Alpha")):
        await company.tax(code=code, name=name)
    assert await codes(company) == ["a", "b", "c"]


async def test_a_list_tells_where_one_stands(company):
    assert (await company.get("/taxes"))["meta"] == {
        "current_page": 0,
        "next_page": None,
        "prev_page": None,
        "total_pages": 0,
        "total_count": 0,
    }
    for name in "abc":
        await company.tax(name=name)
    page = await company.get("/taxes?page=2&per_page=2")
    assert [tax["name"] for tax in page["taxes"]] == ["c"]
    assert page["meta"] == {"current_page": 2, "next_page": None, "prev_page": 1, "total_pages": 2, "total_count": 3}


async def test_a_tax_applied_to_the_organization_is_a_default_of_its_first_billing_entity(company):
    entity = company.organization.default_billing_entity_code
    made = await company.tax(code="vat", applied_to_organization=True)
    assert (made["applied_to_organization"], made["applied_to_billing_entities_codes"]) == (True, [entity])
    shown = (await company.get(f"/billing_entities/{entity}"))["billing_entity"]
    assert [tax["code"] for tax in shown["taxes"]] == ["vat"]

    removed = (await company.put("/taxes/vat", {"tax": {"applied_to_organization": False}}))["tax"]
    assert (removed["applied_to_organization"], removed["applied_to_billing_entities_codes"]) == (False, [])
    again = (await company.put("/taxes/vat", {"tax": {"applied_to_organization": True}}))["tax"]
    assert again["applied_to_organization"] is True


async def test_a_tax_tells_all_billing_entities_that_have_it(company):
    await company.tax(code="vat")
    await company.post("/billing_entities", {"billing_entity": {"code": "second", "name": "Second"}})
    await company.put("/billing_entities/second", {"billing_entity": {"tax_codes": ["vat"]}})
    shown = (await company.get("/taxes/vat"))["tax"]
    assert (shown["applied_to_billing_entities_codes"], shown["applied_to_organization"]) == (["second"], False)


async def test_a_deleted_tax_is_taken_off_everything(company):
    await company.tax(code="vat", applied_to_organization=True)
    customer = await company.customer(tax_codes=["vat"])
    add_on = await company.add_on(tax_codes=["vat"])
    await company.delete("/taxes/vat")
    entity = company.organization.default_billing_entity_code
    assert (await company.get(f"/customers/{customer['external_id']}"))["customer"]["taxes"] == []
    assert (await company.get(f"/add_ons/{add_on['code']}"))["add_on"]["taxes"] == []
    assert (await company.get(f"/billing_entities/{entity}"))["billing_entity"]["taxes"] == []
    assert await codes(company) == []


async def test_a_finalized_invoice_keeps_its_copy_of_a_tax(company):
    await company.tax(code="vat", name="VAT", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on()
    issued = await company.invoice(customer, {"add_on_code": add_on["code"]})
    await company.put("/taxes/vat", {"tax": {"code": "new", "name": "New", "rate": 7}})
    await company.delete("/taxes/new")
    kept = (await company.get(f"/invoices/{issued['lago_id']}"))["invoice"]
    assert kept["applied_taxes"] == issued["applied_taxes"]
    assert [(tax["tax_code"], tax["tax_name"], tax["tax_rate"]) for tax in kept["applied_taxes"]] == [
        ("vat", "VAT", 20)
    ]


async def test_a_new_rate_holds_for_the_next_invoice(company):
    await company.tax(code="vat", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on(amount_cents=1000)
    await company.put("/taxes/vat", {"tax": {"rate": 7}})
    assert (await company.invoice(customer, {"add_on_code": add_on["code"]}))["taxes_amount_cents"] == 70


async def test_the_first_level_with_any_tax_gives_all_its_taxes(company):
    for code in ("named", "add_on_1", "add_on_2", "customer"):
        await company.tax(code=code, name=code)
    await company.tax(code="entity", applied_to_organization=True)
    taxed_add_on, add_on = await company.add_on(tax_codes=["add_on_1", "add_on_2"]), await company.add_on()
    taxed_customer, customer = await company.customer(tax_codes=["customer"]), await company.customer()

    assert await taxed(company, taxed_customer, taxed_add_on, tax_codes=["named"]) == ["named"]
    assert await taxed(company, taxed_customer, taxed_add_on) == ["add_on_1", "add_on_2"]
    assert await taxed(company, taxed_customer, add_on) == ["customer"]
    assert await taxed(company, customer, add_on) == ["entity"]
    assert await taxed(company, customer, add_on, tax_codes=[]) == ["entity"]


async def test_named_taxes_that_do_not_exist_are_ignored(company):
    await company.tax(code="named")
    await company.tax(code="customer")
    customer, add_on = await company.customer(tax_codes=["customer"]), await company.add_on()
    assert await taxed(company, customer, add_on, tax_codes=["nothing", "named"]) == ["named"]
    assert await taxed(company, customer, add_on, tax_codes=["nothing"]) == ["customer"]


async def test_without_any_tax_a_fee_is_untaxed(company):
    assert await taxed(company, await company.customer(), await company.add_on()) == []


async def test_taxes_of_the_customers_own_entity_count_whoever_issues(company):
    await company.tax(code="home", applied_to_organization=True)
    await company.tax(code="abroad")
    await company.post("/billing_entities", {"billing_entity": {"code": "other", "name": "Other"}})
    await company.put("/billing_entities/other", {"billing_entity": {"tax_codes": ["abroad"]}})
    customer, add_on = await company.customer(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]}, billing_entity_code="other")
    assert [applied["tax_code"] for applied in invoice["applied_taxes"]] == ["home"]
    assert invoice["billing_entity_code"] == "other"


async def test_a_customers_taxes_come_before_its_entitys(company):
    """The worked example of chapter 10 §7."""
    await company.tax(code="default", rate=25, applied_to_organization=True)
    await company.tax(code="x", rate=8)
    await company.tax(code="y", rate=5)
    add_on = await company.add_on(amount_cents=10000)
    customer = await company.customer(tax_codes=["x"])

    async def taxes(**fields):
        return (await company.invoice(customer, {"add_on_code": add_on["code"]} | fields))["taxes_amount_cents"]

    assert await taxes() == 800
    assert await taxes(tax_codes=["y"]) == 500
    await company.customer(external_id=customer["external_id"], tax_codes=[])
    assert await taxes() == 2500
