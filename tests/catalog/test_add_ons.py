"""Add-ons (chapter 10 §6)."""

import pytest


async def test_an_add_on_is_answered_as_it_was_given(company):
    await company.tax(code="vat")
    made = await company.add_on(
        code="setup",
        name="Setup",
        amount_cents=12345,
        amount_currency="USD",
        invoice_display_name="Set-up fee",
        description="Once",
        tax_codes=["vat"],
    )
    assert made == (await company.get("/add_ons/setup"))["add_on"]
    assert (made["amount_cents"], made["amount_currency"]) == (12345, "USD")
    assert (made["invoice_display_name"], made["description"]) == ("Set-up fee", "Once")
    assert [tax["code"] for tax in made["taxes"]] == ["vat"]


async def test_what_is_mandatory_is_told_all_at_once(company):
    refused = await company.post("/add_ons", {"add_on": {"description": "x"}}, 422)
    missing = ["value_is_mandatory"]
    expected = {"name": missing, "code": missing, "amount_cents": missing, "amount_currency": missing}
    assert refused["error_details"] == expected


@pytest.mark.parametrize("amount", [0, -1, 10**16])
async def test_an_amount_is_above_nothing(company, amount):
    body = {"name": "Setup", "code": "setup", "amount_cents": amount, "amount_currency": "EUR"}
    refused = await company.post("/add_ons", {"add_on": body}, 422)
    assert refused["error_details"] == {"amount_cents": ["value_is_out_of_range"]}


@pytest.mark.parametrize("currency", ["XYZ", "eur"])
async def test_the_currency_must_be_known_and_in_upper_case(company, currency):
    body = {"name": "Setup", "code": "setup", "amount_cents": 1, "amount_currency": currency}
    refused = await company.post("/add_ons", {"add_on": body}, 422)
    assert refused["error_details"] == {"amount_currency": ["value_is_invalid"]}


async def test_a_code_is_unique_among_live_add_ons(company):
    made = await company.add_on(code="setup")
    body = {key: made[key] for key in ("name", "code", "amount_cents", "amount_currency")}
    refused = await company.post("/add_ons", {"add_on": body}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
    await company.delete("/add_ons/setup")
    assert (await company.post("/add_ons", {"add_on": body}))["add_on"]["lago_id"] != made["lago_id"]


async def test_a_code_cannot_be_changed_to_anothers(company):
    await company.add_on(code="one")
    await company.add_on(code="other")
    refused = await company.put("/add_ons/other", {"add_on": {"code": "one"}}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}


async def test_with_an_unknown_tax_nothing_is_stored(company):
    body = {"name": "Setup", "code": "setup", "amount_cents": 1, "amount_currency": "EUR", "tax_codes": ["nothing"]}
    assert (await company.post("/add_ons", {"add_on": body}, 404))["code"] == "tax_not_found"
    assert (await company.get("/add_ons"))["add_ons"] == []

    await company.tax(code="vat")
    await company.add_on(code="setup", name="Setup", tax_codes=["vat"])
    change = {"name": "New", "tax_codes": ["vat", "nothing"]}
    assert (await company.put("/add_ons/setup", {"add_on": change}, 404))["code"] == "tax_not_found"
    kept = (await company.get("/add_ons/setup"))["add_on"]
    assert (kept["name"], [tax["code"] for tax in kept["taxes"]]) == ("Setup", ["vat"])


async def test_tax_codes_replace_all_that_were_there(company):
    for code in "abc":
        await company.tax(code=code, name=code)
    await company.add_on(code="setup", tax_codes=["a", "b"])

    async def changed(**fields):
        answer = await company.put("/add_ons/setup", {"add_on": fields})
        return [tax["code"] for tax in answer["add_on"]["taxes"]]

    assert await changed(name="New") == ["a", "b"]
    assert await changed(tax_codes=["b", "c", "b"]) == ["b", "c"]
    assert await changed(tax_codes=[]) == []


@pytest.mark.parametrize("path", ["/add_ons/set/up", "/add_ons/set%2Fup"])
async def test_a_code_with_a_slash_is_found_raw_and_encoded(company, path):
    await company.add_on(code="set/up")
    assert (await company.get(path))["add_on"]["code"] == "set/up"
    assert (await company.put(path, {"add_on": {"name": "New"}}))["add_on"]["name"] == "New"
    await company.delete(path)
    assert (await company.get(path, 404))["code"] == "add_on_not_found"


async def test_add_ons_are_listed_newest_first(company):
    for code in "abc":
        await company.add_on(code=code)
    page = await company.get("/add_ons?per_page=2")
    assert [add_on["code"] for add_on in page["add_ons"]] == ["c", "b"]
    assert page["meta"]["total_count"] == 3


async def test_a_deleted_add_on_can_no_longer_be_invoiced_but_is_still_shown_on_fees(company):
    customer, add_on = await company.customer(), await company.add_on(name="Setup")
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    await company.delete(f"/add_ons/{add_on['code']}")
    body = {"external_customer_id": customer["external_id"], "fees": [{"add_on_code": add_on["code"]}]}
    assert (await company.post("/invoices", {"invoice": body}, 404))["code"] == "add_on_not_found"
    fee = (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["fees"][0]
    assert (fee["item"]["name"], fee["item"]["lago_item_id"]) == ("Setup", add_on["lago_id"])


async def test_a_change_shows_on_future_fees_only(company):
    customer, add_on = await company.customer(), await company.add_on(name="Setup", amount_cents=1000)
    fee = {"add_on_code": add_on["code"]}
    old = await company.invoice(customer, fee)
    change = {"name": "New", "invoice_display_name": "Shown", "amount_cents": 5}
    await company.put(f"/add_ons/{add_on['code']}", {"add_on": change})
    new = await company.invoice(customer, fee)
    old = (await company.get(f"/invoices/{old['lago_id']}"))["invoice"]
    assert [(fee["item"]["name"], fee["amount_cents"]) for fee in (*old["fees"], *new["fees"])] == [
        ("Setup", 1000),
        ("New", 5),
    ]
    assert new["fees"][0]["item"]["invoice_display_name"] == "Shown"
