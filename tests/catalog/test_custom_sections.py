"""Custom sections: kept, selected, copied onto invoices (chapters 10 §4.3 and 72 §6)."""

import asyncio

import pytest

SECTIONS = "/invoice_custom_sections"


async def codes_of(company, **fields):
    """The codes that apply to a customer after a change of it."""
    shown = await company.customer(external_id="acme", **fields)
    return [section["code"] for section in shown["applicable_invoice_custom_sections"]]


async def selected(company, *codes):
    """The billing entity's selection once it is given these codes."""
    entity = company.organization.default_billing_entity_code
    body = {"billing_entity": {"invoice_custom_section_codes": list(codes)}}
    shown = (await company.put(f"/billing_entities/{entity}", body))["billing_entity"]
    return [section["code"] for section in shown["selected_invoice_custom_sections"]]


async def sections(company, *codes):
    for code in codes:
        await company.section(code=code, name=code.upper())


async def invoiced(company, customer="acme", **fields):
    """The codes of the sections on a new invoice."""
    add_on = await company.add_on()
    invoice = await company.invoice({"external_id": customer}, {"add_on_code": add_on["code"]}, **fields)
    return [section["code"] for section in invoice["applied_invoice_custom_sections"]]


async def test_a_section_is_answered_as_it_was_given(company):
    fields = {
        "code": "terms/eu",
        "name": "Terms",
        "description": "for the EU",
        "display_name": "Payment terms",
        "details": "Pay within 30 days.\nThank you!",
    }
    made = await company.section(**fields)
    assert made == fields | {"lago_id": made["lago_id"], "organization_id": str(company.id)}
    assert (await company.get(f"{SECTIONS}/terms/eu"))["invoice_custom_section"] == made
    bare = await company.section(code="bare", name="Bare")
    assert (bare["display_name"], bare["details"], bare["description"]) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"code": ""}, {"code": ["value_is_mandatory"]}),
        ({"code": "", "name": " "}, {"code": ["value_is_mandatory"], "name": ["value_is_mandatory"]}),
        ({"details": "x" * 5001}, {"details": ["value_is_too_long"]}),
        ({"display_name": "x" * 256}, {"display_name": ["value_is_too_long"]}),
    ],
)
async def test_what_is_not_as_it_must_be_is_refused(company, fields, details):
    body = {"invoice_custom_section": {"code": "terms", "name": "Terms"} | fields}
    assert (await company.post(SECTIONS, body, 422))["error_details"] == details
    assert (await company.get(SECTIONS))["meta"]["total_count"] == 0


async def test_sections_are_listed_newest_first_in_pages(company):
    await sections(company, "a", "b", "c")
    first = await company.get(f"{SECTIONS}?per_page=2")
    assert [section["code"] for section in first["invoice_custom_sections"]] == ["c", "b"]
    assert first["meta"]["next_page"] == 2
    last = await company.get(f"{SECTIONS}?per_page=2&page=2")
    assert [section["code"] for section in last["invoice_custom_sections"]] == ["a"]


async def test_a_code_is_unique_among_those_that_are_not_deleted(company):
    await sections(company, "a", "b")
    body = {"invoice_custom_section": {"code": "a", "name": "again"}}
    for refused in (await company.post(SECTIONS, body, 422), await company.put(f"{SECTIONS}/b", body, 422)):
        assert refused["error_details"] == {"code": ["value_already_exist"]}
    await company.delete(f"{SECTIONS}/a")
    await company.post(SECTIONS, body)


async def test_of_several_that_create_one_code_at_once_one_does(company):
    body = {"invoice_custom_section": {"code": "a", "name": "A"}}
    answers = await asyncio.gather(*(company.client.post(f"/api/v1{SECTIONS}", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


async def test_only_what_is_given_changes(company):
    await company.section(code="a", name="A", details="x", display_name="y")
    changed = await company.put(f"{SECTIONS}/a", {"invoice_custom_section": {"details": None, "code": "b"}})
    shown = changed["invoice_custom_section"]
    assert (shown["code"], shown["name"], shown["display_name"], shown["details"]) == ("b", "A", "y", None)
    assert (await company.get(f"{SECTIONS}/a", 404))["code"] == "invoice_custom_section_not_found"


async def test_a_deleted_section_is_gone_from_every_selection(company):
    await sections(company, "a", "b")
    await selected(company, "a", "b")
    await codes_of(company, invoice_custom_section_codes=["a"])
    assert (await company.delete(f"{SECTIONS}/a"))["invoice_custom_section"]["code"] == "a"
    for method in ("GET", "DELETE"):
        assert (await company.call(method, f"{SECTIONS}/a", None, 404))["code"] == "invoice_custom_section_not_found"
    assert await codes_of(company) == ["b"]
    await sections(company, "a")
    assert await codes_of(company) == ["b"]


async def test_two_that_delete_a_section_at_once_delete_it_once(company):
    await sections(company, "a")
    answers = await asyncio.gather(*(company.client.delete(f"/api/v1{SECTIONS}/a") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_a_billing_entitys_selection_is_replaced_and_unknown_codes_are_dropped(company, other_company):
    await sections(company, "a", "b", "c")
    await sections(other_company, "theirs")
    assert await selected(company, "c", "nothing", "a", "theirs", "c") == ["c", "a"]
    assert await selected(company, "b") == ["b"]
    entity = company.organization.default_billing_entity_code
    kept = await company.put(f"/billing_entities/{entity}", {"billing_entity": {"city": "Paris"}})
    assert [section["code"] for section in kept["billing_entity"]["selected_invoice_custom_sections"]] == ["b"]
    assert await selected(company) == []


async def test_a_customer_has_its_own_sections_else_those_of_its_billing_entity(company):
    await sections(company, "a", "b", "c")
    await selected(company, "a", "b")
    assert await codes_of(company) == ["a", "b"]
    assert await codes_of(company, invoice_custom_section_codes=["c", "nothing"]) == ["c"]
    assert await codes_of(company, name="Acme") == ["c"]
    assert await codes_of(company, invoice_custom_section_codes=[]) == ["a", "b"]
    shown = (await company.get("/customers/acme"))["customer"]["applicable_invoice_custom_sections"]
    assert [section["code"] for section in shown] == ["a", "b"]


async def test_a_customer_that_skips_has_none_and_forgets_its_own(company):
    await sections(company, "a", "b")
    await selected(company, "a")
    assert await codes_of(company, invoice_custom_section_codes=["b"]) == ["b"]
    assert await codes_of(company, skip_invoice_custom_sections=True) == []
    assert await codes_of(company, skip_invoice_custom_sections=False) == ["a"]


async def test_a_customer_that_is_given_sections_no_longer_skips(company):
    await sections(company, "a")
    assert await codes_of(company, skip_invoice_custom_sections=True) == []
    assert await codes_of(company, invoice_custom_section_codes=["a"]) == ["a"]
    assert (await company.get("/customers/acme"))["customer"]["skip_invoice_custom_sections"] is False


async def test_to_skip_and_to_select_at_once_is_refused(company):
    await sections(company, "a")
    both = {"skip_invoice_custom_sections": True, "invoice_custom_section_codes": ["a"]}
    refused = await company.post("/customers", {"customer": {"external_id": "acme"} | both}, 422)
    assert refused["error_details"] == {"invoice_custom_sections": ["skip_sections_and_selected_ids_sent_together"]}
    await company.get("/customers/acme", 404)


async def test_an_invoice_gets_what_applies_to_its_customer(company):
    await sections(company, "a", "b")
    await selected(company, "b")
    await codes_of(company)
    assert await invoiced(company) == ["b"]
    await codes_of(company, invoice_custom_section_codes=["b", "a"])
    assert await invoiced(company) == ["b", "a"]
    await codes_of(company, skip_invoice_custom_sections=True)
    assert await invoiced(company) == []


async def test_the_call_that_makes_an_invoice_decides_if_it_says_anything(company):
    await sections(company, "a", "b")
    await codes_of(company, invoice_custom_section_codes=["a"])

    async def asked(**choice):
        return await invoiced(company, invoice_custom_section=choice)

    assert await asked(invoice_custom_section_codes=["b", "nothing", "a", "b"]) == ["b", "a"]
    assert await asked(invoice_custom_section_codes=["nothing"]) == []
    assert await asked(invoice_custom_section_codes=[]) == []
    assert await asked(skip_invoice_custom_sections=True) == []
    assert await asked(skip_invoice_custom_sections=True, invoice_custom_section_codes=["b"]) == []
    assert await asked(skip_invoice_custom_sections=False) == ["a"]
    assert await invoiced(company, invoice_custom_section=None) == ["a"]


async def test_the_call_may_name_sections_for_a_customer_that_skips(company):
    await sections(company, "a")
    await codes_of(company, skip_invoice_custom_sections=True)
    assert await invoiced(company, invoice_custom_section={"invoice_custom_section_codes": ["a"]}) == ["a"]


async def test_the_sections_of_the_customers_own_billing_entity_apply_whoever_issues(company):
    await sections(company, "a", "b")
    await selected(company, "a")
    await company.post("/billing_entities", {"billing_entity": {"code": "other", "name": "Other"}})
    other = {"billing_entity": {"invoice_custom_section_codes": ["b"]}}
    await company.put("/billing_entities/other", other)
    await codes_of(company)
    assert await invoiced(company, billing_entity_code="other") == ["a"]


async def test_an_invoice_keeps_its_sections_as_they_were(company):
    await company.section(code="terms", name="Terms", display_name="Payment terms", details="30 days")
    await company.section(code="bare", name="Bare")
    customer = await company.customer(invoice_custom_section_codes=["terms", "bare"])
    add_on = await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    changed = {"name": "New", "display_name": "New", "details": "60 days"}
    await company.put(f"{SECTIONS}/terms", {"invoice_custom_section": changed})
    await company.delete(f"{SECTIONS}/bare")

    shown = (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["applied_invoice_custom_sections"]
    (listed,) = (await company.get("/invoices"))["invoices"]
    assert shown == invoice["applied_invoice_custom_sections"] == listed["applied_invoice_custom_sections"]
    assert [(section["code"], section["display_name"], section["details"]) for section in shown] == [
        ("terms", "Payment terms", "30 days"),
        ("bare", "Bare", ""),
    ]
    assert {section["lago_invoice_id"] for section in shown} == {invoice["lago_id"]}


async def test_nothing_of_another_organizations_sections_is_found(company, other_company):
    await sections(other_company, "theirs")
    assert (await company.get(f"{SECTIONS}/theirs", 404))["code"] == "invoice_custom_section_not_found"
    await sections(company, "theirs")
    await company.delete(f"{SECTIONS}/theirs")
    await other_company.get(f"{SECTIONS}/theirs")
