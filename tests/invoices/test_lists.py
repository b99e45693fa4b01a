"""The lists of invoices and of fees (chapters 20 §7.2 and 01 §4)."""

import pytest

from tests.company import Company, open_company


async def listed(company: Company, query: str = "", path: str = "/invoices"):
    return [invoice["lago_id"] for invoice in (await company.get(f"{path}?{query}"))["invoices"]]


@pytest.fixture
async def add_on(rehearsal):
    return await rehearsal.add_on(amount_cents=1000)


async def test_an_empty_list_has_page_zero(company):
    meta = {"current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0, "total_count": 0}
    assert await company.get("/invoices") == {"invoices": [], "meta": meta}
    assert await company.get("/fees") == {"fees": [], "meta": meta}


async def test_invoices_are_listed_by_issuing_date_then_newest_first(works):
    async with open_company(works, frozen_time="2024-03-05T00:30:00Z") as company:
        fee = {"add_on_code": (await company.add_on())["code"]}
        west = await company.invoice(await company.customer(timezone="America/Los_Angeles"), fee)
        await company.advance("2024-03-05T01:00:00Z")
        first = await company.invoice(await company.customer(), fee)
        await company.advance("2024-03-05T02:00:00Z")
        second = await company.invoice(await company.customer(timezone="America/Los_Angeles"), fee)
        east = await company.invoice(await company.customer(timezone="Asia/Tokyo"), fee)
        order = [east, first, second, west]
        assert [invoice["issuing_date"] for invoice in order] == ["2024-03-05"] * 2 + ["2024-03-04"] * 2
        assert await listed(company) == [invoice["lago_id"] for invoice in order]


async def test_invoices_made_at_one_instant_are_in_order_of_id(rehearsal, add_on):
    customer = await rehearsal.customer()
    ids = [(await rehearsal.invoice(customer, {"add_on_code": add_on["code"]}))["lago_id"] for _ in range(4)]
    assert await listed(rehearsal) == sorted(ids)


async def test_a_list_shows_a_page_and_counts_all(rehearsal, add_on):
    customer = await rehearsal.customer()
    for _ in range(3):
        await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    page = await rehearsal.get("/invoices?page=2&per_page=2")
    assert len(page["invoices"]) == 1
    assert page["meta"] == {"current_page": 2, "next_page": None, "prev_page": 1, "total_pages": 2, "total_count": 3}
    for key in ("fees", "credits", "subscriptions", "billing_periods"):
        assert key not in page["invoices"][0]
    beyond = await rehearsal.get("/invoices?page=5&per_page=2")
    assert (beyond["invoices"], beyond["meta"]["prev_page"], beyond["meta"]["next_page"]) == ([], 4, None)


async def test_the_list_is_filtered(rehearsal, add_on):
    await rehearsal.post("/billing_entities", {"billing_entity": {"code": "second", "name": "Second"}})
    fee = {"add_on_code": add_on["code"]}
    hooli = await rehearsal.customer(external_id="hooli", name="Hooli Inc.", email="gavin@hooli.com")
    partner = await rehearsal.customer(external_id="raviga", account_type="partner", currency="USD")
    a = (await rehearsal.invoice(hooli, fee, purchase_order_number="PO-1"))["lago_id"]
    zero = (await rehearsal.invoice(hooli, fee | {"units": 0}, billing_entity_code="second"))["lago_id"]
    await rehearsal.advance("2024-04-01T12:00:00Z")
    b = (await rehearsal.invoice(partner, fee | {"units": 5}))["lago_id"]
    gone = await rehearsal.invoice(hooli, fee | {"units": 2})
    void, number = gone["lago_id"], gone["number"]
    await rehearsal.post(f"/invoices/{void}/void")
    everything = {a, b, zero, void}
    queries = {
        "": everything,
        "external_customer_id=hooli": {a, zero, void},
        "customer_external_id=raviga": {b},
        "external_customer_id=nothing": set(),
        "status=voided": {void},
        "status[]=voided&status[]=finalized": everything,
        "statuses[]=finalized": {a, b, zero},
        "status=draft": set(),
        "payment_status=succeeded": {zero},
        "payment_statuses[]=pending": {a, b, void},
        "self_billed=true": {b},
        "partially_paid=true": set(),
        "partially_paid=false": everything,
        "payment_dispute_lost=false": everything,
        "payment_dispute_lost=true": set(),
        "invoice_type=one_off": everything,
        "invoice_type=subscription": set(),
        "currency=USD": {b},
        "currency=usd": set(),
        "issuing_date_from=2024-04-01": {b, void},
        "issuing_date_to=2024-03-05": {a, zero},
        "issuing_date_from=2024-03-06&issuing_date_to=2024-03-31": set(),
        "issuing_date_from=yesterday": everything,
        "amount_from=2000": {b, void},
        "amount_from=1000&amount_to=2000": {a, void},
        f"search_term={number.lower()}": {void},
        f"search_term={a}": {a},
        f"search_term={a[:8]}": set(),
        "search_term=HOOLI%20inc": {a, zero, void},
        "search_term=gavin%40": {a, zero, void},
        "search_term=gavin&external_customer_id=hooli": set(),
        "billing_entity_codes[]=second": {zero},
        "purchase_order_number=po-1": {a},
        "purchase_order_number=po": set(),
        "status=": everything,
        "unknown=1": everything,
    }
    assert {query: set(await listed(rehearsal, query)) for query in queries} == queries
    nested = {"": {b}, "status=voided": set(), "external_customer_id=hooli": set()}
    path = "/customers/raviga/invoices"
    assert {query: set(await listed(rehearsal, query, path)) for query in nested} == nested


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=lost", "must be one of: draft, finalized, voided, pending, failed"),
        ("payment_status=lost", "must be one of: pending, succeeded, failed"),
        ("self_billed=maybe", "value_is_invalid"),
        ("payment_overdue=2", "value_is_invalid"),
        ("partially_paid=x", "value_is_invalid"),
    ],
)
async def test_a_filter_of_the_wrong_kind_is_refused(company, query, told):
    answer = await company.get(f"/invoices?{query}", 422)
    assert answer["error_details"] == {query.partition("=")[0]: [told]}


async def test_a_filter_by_an_unknown_billing_entity_is_not_found(company):
    answer = await company.get("/invoices?billing_entity_codes[]=nothing", 404)
    assert answer["code"] == "billing_entity_not_found"


async def test_invoices_of_an_unknown_customer_are_not_found(company):
    assert (await company.get("/customers/nothing/invoices", 404))["code"] == "customer_not_found"


async def test_an_unknown_invoice_or_fee_is_not_found(company):
    for unknown in ("nothing", "00000000-0000-4000-8000-000000000000"):
        assert (await company.get(f"/invoices/{unknown}", 404))["code"] == "invoice_not_found"
        assert (await company.get(f"/fees/{unknown}", 404))["code"] == "fee_not_found"


async def test_fees_are_listed_oldest_first_with_their_taxes(rehearsal, add_on):
    await rehearsal.tax(code="vat")
    customer = await rehearsal.customer(external_id="hooli")
    fee = {"add_on_code": add_on["code"], "tax_codes": ["vat"]}
    await rehearsal.invoice(customer, fee | {"units": 1}, fee | {"units": 2})
    await rehearsal.advance("2024-03-06T00:00:00Z")
    await rehearsal.invoice(await rehearsal.customer(currency="USD"), fee | {"units": 3})
    answer = await rehearsal.get("/fees")
    assert [shown["units"] for shown in answer["fees"]] == ["1.0", "2.0", "3.0"]
    assert [shown["applied_taxes"][0]["amount_cents"] for shown in answer["fees"]] == [200, 400, 600]

    async def units(query):
        return [shown["units"] for shown in (await rehearsal.get(f"/fees?{query}"))["fees"]]

    assert await units("external_customer_id=hooli") == ["1.0", "2.0"]
    assert await units("currency=USD") == ["3.0"]
    assert await units("fee_type=add_on&per_page=1&page=2") == ["2.0"]
    assert await units("fee_type=charge") == await units("payment_status=succeeded") == []
    for query in ("fee_type=x", "payment_status=x"):
        details = (await rehearsal.get(f"/fees?{query}", 422))["error_details"]
        assert details == {query.partition("=")[0]: ["value_is_invalid"]}


async def test_invoices_are_found_by_their_metadata(company):
    add_on, customer = await company.add_on(), await company.customer()
    red, plain = [await company.invoice(customer, {"add_on_code": add_on["code"]}) for _ in range(2)]
    await company.put(f"/invoices/{red['lago_id']}", {"invoice": {"metadata": [{"key": "color", "value": "red"}]}})

    async def found(query: str) -> list[str]:
        return [invoice["lago_id"] for invoice in (await company.get(f"/invoices?{query}"))["invoices"]]

    assert await found("metadata[color]=red") == [red["lago_id"]]
    assert await found("metadata[color]=blue") == []
    assert await found("metadata[color]=") == [plain["lago_id"]]


async def test_fees_are_found_by_when_they_were_made(rehearsal):
    add_on, customer = await rehearsal.add_on(), await rehearsal.customer()
    first = await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    await rehearsal.advance("2024-03-07T00:00:00Z")
    second = await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})

    async def found(query: str) -> list[str]:
        return [fee["lago_invoice_id"] for fee in (await rehearsal.get(f"/fees?{query}"))["fees"]]

    assert await found("created_at_to=2024-03-05T12:00:00Z") == [first["lago_id"]]
    assert await found("created_at_from=2024-03-06") == [second["lago_id"]]
    assert await found("succeeded_at_from=2024-03-01") == []
    refused = await rehearsal.get("/fees?created_at_from=soon", status=422)
    assert refused["error_details"] == {"created_at_from": ["invalid_date"]}
