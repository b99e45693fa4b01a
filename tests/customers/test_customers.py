"""Customers (chapter 10 §4)."""

import pytest

from tests.books import listens, webhook_types
from tests.company import Company


async def refused(company: Company, status: int = 422, **fields):
    body = {"customer": {"external_id": "c"} | fields}
    answer = await company.post("/customers", body, status)
    return answer["error_details"] if status == 422 else answer["code"]


async def found(company: Company, query: str = ""):
    return {customer["external_id"] for customer in (await company.get(f"/customers?{query}"))["customers"]}


async def test_a_customer_needs_nothing_but_an_external_id(company):
    made = (await company.post("/customers", {"customer": {"external_id": "hooli"}}))["customer"]
    assert made == (await company.get("/customers/hooli"))["customer"]
    assert (made["currency"], made["timezone"], made["name"], made["net_payment_term"]) == (None, None, None, None)
    assert (made["account_type"], made["customer_type"]) == ("customer", None)
    assert (made["finalize_zero_amount_invoice"], made["skip_invoice_custom_sections"]) == ("inherit", False)
    assert (made["taxes"], made["metadata"], made["integration_customers"]) == ([], [], [])


async def test_a_customer_is_answered_as_it_was_given(company):
    await company.tax(code="vat")
    address = {
        "address_line1": "1 Main St",
        "address_line2": "Floor 2",
        "city": "Palo Alto",
        "country": "US",
        "state": "CA",
        "zipcode": "94301",
    }
    given = address | {
        "external_id": "hooli",
        "name": "Hooli",
        "firstname": "Gavin",
        "lastname": "Belson",
        "email": "gavin@hooli.com,jack@hooli.com",
        "phone": "+1 555",
        "url": "https://hooli.com",
        "logo_url": "https://hooli.com/logo.png",
        "legal_name": "Hooli Inc.",
        "legal_number": "123",
        "tax_identification_number": "US1",
        "currency": "EUR",
        "timezone": "America/Los_Angeles",
        "net_payment_term": 30,
        "customer_type": "company",
        "account_type": "partner",
        "finalize_zero_amount_invoice": "skip",
        "shipping_address": address | {"city": "Mountain View"},
    }
    configuration = {
        "invoice_grace_period": 3,
        "subscription_invoice_issuing_date_anchor": "current_period_end",
        "subscription_invoice_issuing_date_adjustment": "keep_anchor",
        "document_locale": "fr",
    }
    body = given | {"billing_configuration": configuration, "tax_codes": ["vat"]}
    made = (await company.post("/customers", {"customer": body}))["customer"]
    assert {key: made[key] for key in given} == given
    assert configuration.items() <= made["billing_configuration"].items()
    assert made["applicable_timezone"] == "America/Los_Angeles"
    assert [tax["code"] for tax in made["taxes"]] == ["vat"]


async def test_only_what_is_given_changes(company):
    first = await company.customer(external_id="c", name="Hooli", email="a@hooli.com", city="Palo Alto")
    second = (await company.post("/customers", {"customer": {"external_id": "c", "email": None}}))["customer"]
    assert (second["lago_id"], second["name"], second["city"]) == (first["lago_id"], "Hooli", "Palo Alto")
    assert second["email"] is None


async def test_only_the_given_parts_of_a_shipping_address_change(company):
    await company.customer(external_id="c", shipping_address={"city": "Palo Alto", "state": "CA"})
    changed = await company.customer(external_id="c", shipping_address={"city": "Reno"})
    assert (changed["shipping_address"]["city"], changed["shipping_address"]["state"]) == ("Reno", "CA")


async def test_a_currency_can_always_be_changed(company):
    customer, add_on = await company.customer(currency="EUR"), await company.add_on()
    await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert (await company.customer(external_id=customer["external_id"], currency="USD"))["currency"] == "USD"


async def test_a_customer_without_currency_takes_that_of_its_first_invoice(company):
    customer, add_on = await company.customer(currency=None), await company.add_on()
    fee = {"add_on_code": add_on["code"]}
    body = {"external_customer_id": customer["external_id"], "fees": [fee]}
    answer = await company.post("/invoices", {"invoice": body}, 422)
    assert answer["error_details"] == {"currency": ["value_is_mandatory"]}
    await company.invoice(customer, fee, currency="GBP")
    await company.invoice(customer, fee, currency="USD")
    assert (await company.get(f"/customers/{customer['external_id']}"))["customer"]["currency"] == "GBP"
    assert (await company.invoice(customer, fee))["currency"] == "GBP"


async def test_customers_are_numbered_in_the_organization_and_numbers_are_not_used_again(company):
    await company.put("/organizations", {"organization": {"document_number_prefix": "org-7a2b"}})
    made = [await company.customer(external_id=external_id) for external_id in ("one", "two", "three")]
    assert [customer["sequential_id"] for customer in made] == [1, 2, 3]
    assert [customer["slug"] for customer in made] == ["ORG-7A2B-001", "ORG-7A2B-002", "ORG-7A2B-003"]
    await company.delete("/customers/three")
    again = await company.customer(external_id="three")
    assert (again["sequential_id"], again["slug"]) == (4, "ORG-7A2B-004")
    assert again["lago_id"] != made[2]["lago_id"]


async def test_a_slug_never_changes(company):
    customer = await company.customer()
    await company.put("/organizations", {"organization": {"document_number_prefix": "NEW"}})
    changed = await company.customer(external_id=customer["external_id"], name="New")
    assert changed["slug"] == customer["slug"]
    assert (await company.customer())["slug"] == "NEW-002"


async def test_numbers_of_other_organizations_do_not_count(company, other_company):
    await other_company.customer(external_id="c")
    assert (await company.customer(external_id="c"))["sequential_id"] == 1


async def test_a_refused_customer_takes_no_number(company):
    await refused(company, 404, tax_codes=["nothing"])
    await refused(company, metadata=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])
    assert (await company.customer())["sequential_id"] == 1


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"external_id": " "}, {"external_id": ["value_is_mandatory"]}),
        ({"name": "x" * 256}, {"name": ["value_is_too_long"]}),
        ({"email": "a@b.com,"}, {"email": ["invalid_email_format"]}),
        ({"currency": "XYZ"}, {"currency": ["value_is_invalid"]}),
        ({"country": "XX"}, {"country": ["not_a_valid_country_code"]}),
        ({"timezone": "Mars/Base"}, {"timezone": ["invalid_timezone"]}),
        ({"net_payment_term": -1}, {"net_payment_term": ["value_is_out_of_range"]}),
        ({"net_payment_term": 2**31 - 1}, {"net_payment_term": ["value_is_out_of_range"]}),
        ({"customer_type": "robot"}, {"customer_type": ["value_is_invalid"]}),
        ({"account_type": "robot"}, {"account_type": ["value_is_invalid"]}),
        ({"finalize_zero_amount_invoice": "maybe"}, {"finalize_zero_amount_invoice": ["invalid_value"]}),
        ({"invoice_grace_period": -1}, {"invoice_grace_period": ["value_is_out_of_range"]}),
        (
            {"billing_configuration": {"document_locale": "xx"}},
            {"document_locale": ["not_a_valid_language_code"]},
        ),
        ({"metadata": [{"key": f"k{n}", "value": "v"} for n in range(6)]}, {"metadata": ["invalid_count"]}),
        ({"metadata": [{"key": "k" * 21, "value": "v"}]}, {"key": ["value_is_too_long"]}),
        ({"metadata": [{"key": "k", "value": "v" * 101}]}, {"value": ["value_is_too_long"]}),
        ({"metadata": [{}]}, {"key": ["value_is_mandatory"], "value": ["value_is_mandatory"]}),
        (
            {"integration_customers": [{"integration_type": "xero"}, {"integration_type": "xero"}]},
            {"integration_customers": ["invalid_count_per_integration_type"]},
        ),
        (
            {"billing_configuration": {"payment_provider": "stripe", "sync_with_provider": True}},
            {"base": ["payment_provider_not_found"]},
        ),
        (
            {"skip_invoice_custom_sections": True, "invoice_custom_section_codes": ["a"]},
            {"invoice_custom_sections": ["skip_sections_and_selected_ids_sent_together"]},
        ),
    ],
)
async def test_what_is_not_as_it_must_be_is_refused_and_nothing_is_stored(company, fields, details):
    assert await refused(company, **fields) == details
    assert await found(company) == set()


async def test_all_failing_fields_are_told_together(company):
    details = await refused(company, currency="XYZ", email="x", net_payment_term=-1)
    assert set(details) == {"currency", "email", "net_payment_term"}


async def test_an_unknown_billing_entity_or_tax_is_not_found(company):
    assert await refused(company, 404, billing_entity_code="nothing") == "billing_entity_not_found"
    assert await refused(company, 404, tax_codes=["nothing"]) == "tax_not_found"


async def test_emails_are_cleaned_before_they_are_checked(company):
    made = await company.customer(email=" a@hooli\u2010inc.com\u200b, b@hooli.com ")
    assert made["email"] == "a@hooli-inc.com, b@hooli.com"


async def test_nul_characters_are_removed_and_blank_addresses_are_null(company):
    made = await company.customer(name="Hoo\0li", city="  ", country="us")
    assert (made["name"], made["city"], made["country"]) == ("Hooli", None, "US")


async def test_unset_inherits_from_the_billing_entity_live(company):
    """The worked example of chapter 10 §7: 0 is a value, only null inherits."""
    entity = f"/billing_entities/{company.organization.default_billing_entity_code}"
    await company.put(entity, {"billing_entity": {"timezone": "Europe/Paris", "net_payment_term": 30}})
    heir = await company.customer()
    own = await company.customer(net_payment_term=0, timezone="UTC")
    assert (heir["timezone"], heir["applicable_timezone"]) == (None, "Europe/Paris")
    assert own["applicable_timezone"] == "UTC"
    fee = {"add_on_code": (await company.add_on())["code"]}
    assert [(await company.invoice(customer, fee))["net_payment_term"] for customer in (heir, own)] == [30, 0]
    await company.put(entity, {"billing_entity": {"timezone": "Asia/Tokyo", "net_payment_term": 45}})
    assert (await company.get(f"/customers/{heir['external_id']}"))["customer"]["applicable_timezone"] == "Asia/Tokyo"
    assert [(await company.invoice(customer, fee))["net_payment_term"] for customer in (heir, own)] == [45, 0]


async def test_tax_codes_replace_all_that_were_there(company):
    for code in "ab":
        await company.tax(code=code, name=code)

    async def taxes(**fields):
        return [tax["code"] for tax in (await company.customer(external_id="c", **fields))["taxes"]]

    assert await taxes(tax_codes=["a"]) == ["a"]
    assert await taxes(name="x") == ["a"]
    assert await taxes(tax_codes=["b", "a", "b"]) == ["a", "b"]
    assert await taxes(tax_codes=[]) == []


async def test_metadata_sent_is_the_full_new_state(company):
    """The worked example of chapter 10 §4.2."""
    stored = await company.customer(external_id="c", metadata=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    one, two = stored["metadata"]
    sent = [{"id": one["lago_id"], "key": "c", "value": "x"}, {"key": "d", "value": "y", "display_in_invoice": True}]
    changed = (await company.customer(external_id="c", metadata=sent))["metadata"]
    assert [(entry["key"], entry["value"], entry["display_in_invoice"]) for entry in changed] == [
        ("c", "x", False),
        ("d", "y", True),
    ]
    assert changed[0]["lago_id"] == one["lago_id"]
    assert changed[1]["lago_id"] not in (one["lago_id"], two["lago_id"])


async def test_a_key_that_exists_cannot_be_sent_again_without_its_id(company):
    stored = await company.customer(external_id="c", metadata=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    assert await refused(company, metadata=[{"key": "a", "value": "x"}]) == {"key": ["value_already_exist"]}
    assert (await company.get("/customers/c"))["customer"]["metadata"] == stored["metadata"]


async def test_metadata_not_sent_is_untouched_and_an_empty_list_removes_all(company):
    await company.customer(external_id="c", metadata=[{"key": "a", "value": "1"}])
    assert [entry["key"] for entry in (await company.customer(external_id="c", name="x"))["metadata"]] == ["a"]
    assert (await company.customer(external_id="c", metadata=[]))["metadata"] == []


async def test_two_entries_may_change_places(company):
    stored = await company.customer(external_id="c", metadata=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    one, two = (entry["lago_id"] for entry in stored["metadata"])
    sent = [{"id": one, "key": "b", "value": "1"}, {"id": two, "key": "a", "value": "2"}]
    changed = (await company.customer(external_id="c", metadata=sent))["metadata"]
    assert {entry["lago_id"]: entry["key"] for entry in changed} == {one: "b", two: "a"}


async def test_an_account_type_is_fixed_by_the_first_invoice(company):
    customer, add_on = await company.customer(external_id="c"), await company.add_on()
    assert (await company.customer(external_id="c", account_type="partner"))["account_type"] == "partner"
    await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert (await company.customer(external_id="c", account_type="customer"))["account_type"] == "partner"


async def test_a_customer_may_move_to_another_billing_entity(company):
    await company.post("/billing_entities", {"billing_entity": {"code": "second", "name": "Second"}})
    customer, add_on = await company.customer(), await company.add_on()
    fee = {"add_on_code": add_on["code"]}
    before = await company.invoice(customer, fee)
    await company.customer(external_id=customer["external_id"], billing_entity_code="second")
    assert (await company.invoice(customer, fee))["billing_entity_code"] == "second"
    kept = (await company.get(f"/invoices/{before['lago_id']}"))["invoice"]
    assert kept["billing_entity_code"] == company.organization.default_billing_entity_code


async def test_a_deleted_customer_is_gone_and_its_invoices_stay(company):
    customer, add_on = await company.customer(external_id="c", name="Hooli"), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    assert (await company.delete("/customers/c"))["customer"]["lago_id"] == customer["lago_id"]
    for path in ("/customers/c", "/customers/c/invoices"):
        assert (await company.get(path, 404))["code"] == "customer_not_found"
    assert (await company.delete("/customers/c", 404))["code"] == "customer_not_found"
    assert await found(company) == set()
    listed = (await company.get("/invoices?external_customer_id=c"))["invoices"]
    assert [one["lago_id"] for one in listed] == [invoice["lago_id"]]
    assert listed[0]["customer"]["name"] == "Hooli"
    body = {"external_customer_id": "c", "fees": [{"add_on_code": add_on["code"]}]}
    assert (await company.post("/invoices", {"invoice": body}, 404))["code"] == "customer_not_found"


async def test_an_external_id_is_compared_exactly_and_found_encoded(company):
    await company.customer(external_id="Hooli/EU West")
    assert (await company.get("/customers/Hooli%2FEU%20West"))["customer"]["external_id"] == "Hooli/EU West"
    await company.get("/customers/hooli%2FEU%20West", 404)


async def test_customers_are_listed_newest_first_a_page_at_a_time(company):
    for external_id in "abc":
        await company.customer(external_id=external_id)
    page = await company.get("/customers?per_page=2")
    assert [customer["external_id"] for customer in page["customers"]] == ["c", "b"]
    assert page["meta"] == {"current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 3}
    assert "error_details" not in page["customers"][0]
    assert (await company.get("/customers?page=9"))["customers"] == []


async def test_the_list_is_filtered(company):
    await company.post("/billing_entities", {"billing_entity": {"code": "second", "name": "Second"}})
    await company.customer(
        external_id="hooli",
        name="Hooli_100%",
        email="gavin@hooli.com",
        currency="USD",
        country="US",
        state="CA",
        zipcode="94301",
        customer_type="company",
        tax_identification_number="US1",
        metadata=[{"key": "region", "value": "us"}],
    )
    await company.customer(
        external_id="raviga",
        firstname="Peter",
        legal_name="Raviga Capital",
        country="FR",
        account_type="partner",
        billing_entity_code="second",
        metadata=[{"key": "region", "value": "eu"}, {"key": "tier", "value": "gold"}],
    )
    queries = {
        "external_id=hooli": {"hooli"},
        "external_id=hoo": set(),
        "external_id=raviga&search_term=hooli": {"raviga"},
        "search_term=HOOLI": {"hooli"},
        "search_term=%20gavin%40%20": {"hooli"},
        "search_term=capital": {"raviga"},
        "search_term=peter": {"raviga"},
        "search_term=_100%25": {"hooli"},
        "search_term=%25": {"hooli"},
        "search_term=": {"hooli", "raviga"},
        "account_type[]=partner": {"raviga"},
        "account_type[]=partner&account_type[]=customer": {"hooli", "raviga"},
        "billing_entity_codes[]=second": {"raviga"},
        "countries[]=us": {"hooli"},
        "countries[]=US&countries[]=FR": {"hooli", "raviga"},
        "states[]=CA": {"hooli"},
        "zipcodes[]=94301": {"hooli"},
        "currencies[]=USD": {"hooli"},
        "has_tax_identification_number=true": {"hooli"},
        "has_tax_identification_number=false": {"raviga"},
        "customer_type=company": {"hooli"},
        "has_customer_type=false": {"raviga"},
        "metadata[region]=eu": {"raviga"},
        "metadata[region]=eu&metadata[tier]=gold": {"raviga"},
        "metadata[region]=us&metadata[tier]=gold": set(),
        "metadata[tier]=": {"hooli"},
        "unknown=1": {"hooli", "raviga"},
        "search_term=hooli&currencies[]=EUR": set(),
    }
    assert {query: await found(company, query) for query in queries} == queries


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("customer_type=robot", {"customer_type": ["value_is_invalid"]}),
        ("currencies[]=XYZ", {"currencies": ["value_is_invalid"]}),
        ("has_customer_type=maybe", {"has_customer_type": ["value_is_invalid"]}),
        (
            "customer_type=company&has_customer_type=false",
            {"customer_type": ["must be nil when has_customer_type is false"]},
        ),
    ],
)
async def test_a_filter_of_the_wrong_kind_is_refused(company, query, details):
    assert (await company.get(f"/customers?{query}", 422))["error_details"] == details


async def test_a_filter_by_an_unknown_billing_entity_is_not_found(company):
    entity = company.organization.default_billing_entity_code
    query = f"billing_entity_codes[]={entity}&billing_entity_codes[]=nothing"
    assert (await company.get(f"/customers?{query}", 404))["code"] == "billing_entity_not_found"


async def test_each_upsert_is_told_to_the_endpoint(company):
    await listens(company)
    await company.customer(external_id="c")
    await company.customer(external_id="c")
    assert await webhook_types(company) == ["customer.created", "customer.updated"]


async def test_what_is_told_alone_is_told_in_order(company):
    """The order of checks of chapter 10 §4.1."""
    twice = [{"integration_type": "xero"}, {"integration_type": "xero"}]
    body = {
        "external_id": "c",
        "billing_entity_code": "nothing",
        "metadata": [{"key": f"k{number}", "value": "v"} for number in range(6)],
        "finalize_zero_amount_invoice": "never",
        "integration_customers": twice,
        "email": "nobody",
        "currency": "XYZ",
        "tax_codes": ["nothing"],
    }
    assert (await company.post("/customers", {"customer": body}, 404))["code"] == "billing_entity_not_found"
    told = []
    for mended in ("billing_entity_code", "metadata", "finalize_zero_amount_invoice", "integration_customers"):
        del body[mended]
        told.append((await company.post("/customers", {"customer": body}, 422))["error_details"])
    assert told == [
        {"metadata": ["invalid_count"]},
        {"finalize_zero_amount_invoice": ["invalid_value"]},
        {"integration_customers": ["invalid_count_per_integration_type"]},
        {"email": ["invalid_email_format"], "currency": ["value_is_invalid"]},
    ]
    del body["email"], body["currency"]
    assert (await company.post("/customers", {"customer": body}, 404))["code"] == "tax_not_found"
    await company.get("/customers/c", 404)


async def test_links_to_integrations_that_are_not_there_are_skipped(company):
    links = [{"integration_type": "xero", "integration_code": "main", "external_customer_id": "1"}]
    assert (await company.customer(integration_customers=links))["integration_customers"] == []


async def test_filters_of_a_wrong_form_are_told_in_words(company):
    wrong = {
        "account_type[]=customer&account_type[]=friend": {"account_type": {"1": ["must be one of: customer, partner"]}},
        "account_type=friend": {"account_type": {"0": ["must be one of: customer, partner"]}},
        "states=CA": {"states": ["must be an array"]},
        "zipcodes=1&states=CA": {"states": ["must be an array"], "zipcodes": ["must be an array"]},
    }
    for query, details in wrong.items():
        refused = await company.get(f"/customers?{query}", status=422)
        assert refused["error_details"] == details
    assert (await company.get("/customers?states[]=CA&account_type[]=customer"))["customers"] == []
