"""Credit notes made by hand, through the API (chapter 61 §§1-6)."""

import asyncio
from uuid import uuid4

import pytest

from tests.books import jobs_waiting, listens, mismatches, transfers, webhook_types


@pytest.fixture
async def issued(company):
    """An invoice over 1000 and 500, with 20 % tax: 1800."""
    await company.tax(code="vat", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"], name="Hooli"), await company.add_on()
    fees = [{"add_on_code": add_on["code"], "unit_amount_cents": amount} for amount in (1000, 500)]
    return await company.invoice(customer, *fees, purchase_order_number="PO-7")


async def shown(company, invoice):
    return (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]


async def estimated(company, invoice, *amounts, status=200):
    items = [
        {"fee_id": fee["lago_id"], "amount_cents": amount}
        for fee, amount in zip(invoice["fees"], amounts, strict=False)
    ]
    body = {"credit_note": {"invoice_id": invoice["lago_id"], "items": items}}
    answer = await company.post("/credit_notes/estimate", body, status)
    return answer["estimated_credit_note"] if status == 200 else answer


async def test_a_credit_note_shows_what_it_gives_back_and_how(company, issued):
    await company.paid(issued, 1000)
    note = await company.credit_note(
        issued,
        500,
        250,
        credit_amount_cents=300,
        refund_amount_cents=400,
        offset_amount_cents=200,
        reason="order_change",
        description="Less than ordered",
        metadata={"ticket": "17", "by": None},
    )
    expected = {
        "sequential_id": 1,
        "number": f"{issued['number']}-CN001",
        "invoice_number": issued["number"],
        "lago_invoice_id": issued["lago_id"],
        "purchase_order_number": "PO-7",
        "issuing_date": issued["issuing_date"],
        "reason": "order_change",
        "description": "Less than ordered",
        "credit_status": "available",
        "refund_status": "pending",
        "total_amount_cents": 900,
        "precise_total_amount_cents": "900.0",
        "credit_amount_cents": 300,
        "balance_amount_cents": 300,
        "refund_amount_cents": 400,
        "offset_amount_cents": 200,
        "sub_total_excluding_taxes_amount_cents": 750,
        "taxes_amount_cents": 150,
        "precise_taxes_amount_cents": "150.0",
        "taxes_rate": 20,
        "coupons_adjustment_amount_cents": 0,
        "self_billed": False,
        "metadata": {"ticket": "17", "by": None},
        "file_url": None,
    }
    assert {key: note[key] for key in expected} == expected
    assert [(item["amount_cents"], item["fee"]["lago_id"]) for item in note["items"]] == [
        (500, issued["fees"][0]["lago_id"]),
        (250, issued["fees"][1]["lago_id"]),
    ]
    (on,) = note["applied_taxes"]
    assert (on["tax_code"], on["base_amount_cents"], on["amount_cents"]) == ("vat", 750, 150)
    assert on["lago_credit_note_id"] == note["lago_id"]
    assert note["customer"]["external_id"] == issued["customer"]["external_id"]
    assert note == (await company.get(f"/credit_notes/{note['lago_id']}"))["credit_note"]
    invoice = await shown(company, issued)
    assert (invoice["total_offsetted_credit_note_amount_cents"], invoice["total_due_amount_cents"]) == (200, 600)
    assert await mismatches(company) == []


async def test_the_books_say_where_each_part_of_a_note_went(company, issued):
    await company.paid(issued, 1000)
    await company.credit_note(issued, 750, credit_amount_cents=300, refund_amount_cents=400, offset_amount_cents=200)
    posted = [transfer for transfer in await transfers(company) if transfer[0] == "credit_note_issued"]
    assert posted == [
        ("credit_note_issued", "revenue", "refunds", 400),
        ("credit_note_issued", "revenue", "credit_note", 300),
        ("credit_note_issued", "taxes", "invoice", 150),
        ("credit_note_issued", "revenue", "invoice", 50),
    ]


async def test_a_note_is_told_to_endpoints_and_logged(company, issued, databases):
    await company.run_jobs()
    await listens(company)
    note = await company.credit_note(issued, 100, credit_amount_cents=120)
    assert await webhook_types(company) == ["credit_note.created"]
    assert sorted(await jobs_waiting(databases, company)) == ["credit_note_document", "webhook"]
    await company.run_jobs()
    assert await webhook_types(company) == ["credit_note.created", "credit_note.generated"]
    logged = (await company.get("/activity_logs"))["activity_logs"]
    assert {("credit_note.created", note["lago_id"]), ("credit_note.generated", note["lago_id"])} <= {
        (entry["activity_type"], entry["resource_id"]) for entry in logged
    }


async def test_an_offset_of_all_that_is_due_pays_the_invoice(company, issued):
    await company.paid(issued, 600)
    await listens(company)
    await company.credit_note(issued, 1000, offset_amount_cents=1200)
    invoice = await shown(company, issued)
    assert (invoice["payment_status"], invoice["total_due_amount_cents"]) == ("succeeded", 0)
    assert {fee["payment_status"] for fee in invoice["fees"]} == {"succeeded"}
    assert "invoice.payment_status_updated" in await webhook_types(company)
    assert (await company.get("/invoices?settlements[]=credit_note"))["meta"]["total_count"] == 1
    assert await mismatches(company) == []


async def test_a_payment_of_what_is_left_after_an_offset_pays_the_invoice(company, issued):
    await company.credit_note(issued, 500, offset_amount_cents=600)
    refused = await company.paid(issued, 1201, 422)
    assert refused["error_details"] == {"amount_cents": ["value_is_out_of_range"]}
    await company.put("/organizations", {"organization": {"issue_receipts": True}})
    await company.paid(issued, 1199)
    assert (await shown(company, issued))["payment_status"] == "pending"
    await company.paid(issued, 1)
    assert (await shown(company, issued))["payment_status"] == "succeeded"
    assert await mismatches(company) == []


WRONG_PARTS = [
    ({"credit_amount_cents": 1202}, {"base": ["does_not_match_item_amounts"]}),
    ({"credit_amount_cents": 1198}, {"base": ["does_not_match_item_amounts"]}),
    ({}, {"base": ["does_not_match_item_amounts", "total_amount_must_be_positive"]}),
    ({"refund_amount_cents": 1200}, {"refund_amount_cents": ["cannot_refund_unpaid_invoice"]}),
    (
        {"credit_amount_cents": 2000},
        {
            "base": ["does_not_match_item_amounts", "higher_than_remaining_invoice_amount"],
            "credit_amount_cents": ["higher_than_remaining_invoice_amount"],
        },
    ),
    (
        {"offset_amount_cents": 1801},
        {
            "base": ["does_not_match_item_amounts"],
            "offset_amount_cents": ["higher_than_remaining_invoice_amount"],
        },
    ),
    ({"credit_amount_cents": -1}, {"credit_amount_cents": ["value_is_out_of_range"]}),
    ({"credit_amount_cents": 1200, "reason": "whim"}, {"reason": ["value_is_invalid"]}),
]


@pytest.mark.parametrize(("parts", "expected"), WRONG_PARTS)
async def test_parts_that_do_not_fit_are_refused_and_nothing_is_stored(company, issued, parts, expected):
    answer = await company.credit_note(issued, 1000, status=422, **parts)
    assert answer["error_details"] == expected
    assert (await company.get("/credit_notes"))["credit_notes"] == []


async def test_a_refund_is_limited_by_what_was_paid(company, issued):
    await company.paid(issued, 500)
    answer = await company.credit_note(issued, 500, status=422, refund_amount_cents=600)
    assert answer["error_details"] == {"refund_amount_cents": ["higher_than_remaining_invoice_amount"]}
    await company.credit_note(issued, 250, refund_amount_cents=300)
    answer = await company.credit_note(issued, 250, status=422, refund_amount_cents=300)
    assert answer["error_details"] == {"refund_amount_cents": ["higher_than_remaining_invoice_amount"]}


async def test_a_refund_needs_a_payment_status_that_says_paid(company, issued):
    await company.paid(issued, 1800)
    path = f"/invoices/{issued['lago_id']}"
    await company.put(path, {"invoice": {"payment_status": "failed"}})
    answer = await company.credit_note(issued, 500, status=422, refund_amount_cents=600)
    assert answer["error_details"] == {"refund_amount_cents": ["cannot_refund_unpaid_invoice"]}
    assert (await estimated(company, issued, 500))["max_refundable_amount_cents"] == 0
    await company.put(path, {"invoice": {"payment_status": "succeeded"}})
    await company.credit_note(issued, 500, refund_amount_cents=600)


@pytest.mark.parametrize(
    ("items", "status", "expected"),
    [
        (None, 422, {"items": ["must_be_an_array"]}),
        ({"fee_id": "x"}, 422, {"items": ["must_be_an_array"]}),
        ([{"amount_cents": 1}], 404, "fee_not_found"),
        (["text"], 404, "fee_not_found"),
        ([{"fee_id": str(uuid4()), "amount_cents": 1}], 404, "fee_not_found"),
        ([{"fee_id": "own", "amount_cents": -1}], 422, {"amount_cents": ["invalid_value"]}),
        ([{"fee_id": "own", "amount_cents": "much"}], 422, {"amount_cents": ["invalid_value"]}),
        ([{"fee_id": "own"}], 422, {"amount_cents": ["invalid_value"]}),
        ([{"fee_id": "own", "amount_cents": 1001}], 422, {"amount_cents": ["higher_than_remaining_fee_amount"]}),
        (
            [{"fee_id": "own", "amount_cents": 600}, {"fee_id": "own", "amount_cents": 401}],
            422,
            {"amount_cents": ["higher_than_remaining_fee_amount"]},
        ),
    ],
)
@pytest.mark.parametrize("path", ["/credit_notes", "/credit_notes/estimate"])
async def test_items_that_do_not_fit_are_refused(company, issued, items, status, expected, path):
    if isinstance(items, list):
        own = issued["fees"][0]["lago_id"]
        items = [entry | {"fee_id": own} if _own(entry) else entry for entry in items]
    body = {"invoice_id": issued["lago_id"], "items": items, "credit_amount_cents": 1200}
    answer = await company.post(path, {"credit_note": body}, status)
    assert answer.get("error_details", answer["code"]) == expected


def _own(entry):
    return isinstance(entry, dict) and entry.get("fee_id") == "own"


async def test_a_fee_of_another_invoice_is_not_found(company, issued):
    other = await company.invoice(issued["customer"], {"add_on_code": issued["fees"][0]["item"]["code"]})
    body = {"invoice_id": issued["lago_id"], "items": [{"fee_id": other["fees"][0]["lago_id"], "amount_cents": 1}]}
    assert (await company.post("/credit_notes", {"credit_note": body}, 404))["code"] == "fee_not_found"


async def test_an_unknown_invoice_and_an_empty_envelope_are_refused(company):
    for invoice_id in (str(uuid4()), "nothing", None):
        answer = await company.post("/credit_notes", {"credit_note": {"invoice_id": invoice_id, "items": []}}, 404)
        assert answer["code"] == "invoice_not_found"
    await company.post("/credit_notes", {"credit_note": {}}, 400)


async def test_voided_notes_still_count_against_their_fees(company, issued):
    note = await company.credit_note(issued, 1000, credit_amount_cents=1200)
    void = (await company.put(f"/credit_notes/{note['lago_id']}/void", {}))["credit_note"]
    assert (void["credit_status"], void["balance_amount_cents"], void["credit_amount_cents"]) == ("voided", 0, 1200)
    answer = await company.credit_note(issued, 1, status=422, credit_amount_cents=1)
    assert answer["error_details"] == {"amount_cents": ["higher_than_remaining_fee_amount"]}
    again = await company.call("PUT", f"/credit_notes/{note['lago_id']}/void", {}, 405)
    assert again["code"] == "no_voidable_amount"
    assert await mismatches(company) == []


async def test_a_note_without_a_balance_cannot_be_voided(company, issued):
    note = await company.credit_note(issued, 500, offset_amount_cents=600)
    answer = await company.call("PUT", f"/credit_notes/{note['lago_id']}/void", {}, 405)
    assert answer["code"] == "no_voidable_amount"


async def test_an_estimate_tells_the_limits_and_stores_nothing(company, issued):
    await company.paid(issued, 1000)
    found = await estimated(company, issued, 1000, 500)
    expected = {
        "invoice_number": issued["number"],
        "max_creditable_amount_cents": 1800,
        "max_refundable_amount_cents": 1000,
        "max_offsettable_amount_cents": 800,
        "taxes_amount_cents": 300,
        "precise_taxes_amount_cents": 300,
        "sub_total_excluding_taxes_amount_cents": 1500,
    }
    assert {key: found[key] for key in expected} == expected
    assert [item["amount_cents"] for item in found["items"]] == [1000, 500]
    assert (await company.get("/credit_notes"))["credit_notes"] == []


async def test_the_last_note_gives_back_the_rest_of_the_tax(company):
    await company.tax(code="vat", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on(amount_cents=6833)
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]}, {"add_on_code": add_on["code"]})
    first = await company.credit_note(invoice, 6833, credit_amount_cents=8200)
    last = await company.credit_note(invoice, 0, 6833, credit_amount_cents=8199)
    assert (first["taxes_amount_cents"], last["taxes_amount_cents"]) == (1367, 1366)
    assert last["precise_taxes_amount_cents"] == "1366.2"
    assert first["total_amount_cents"] + last["total_amount_cents"] == invoice["total_amount_cents"]


async def test_a_refund_is_settled_and_reopened_by_hand(company, issued):
    await company.paid(issued, 1800)
    note = await company.credit_note(issued, 500, refund_amount_cents=600)
    path = f"/credit_notes/{note['lago_id']}"
    for status in ("succeeded", "failed", "succeeded"):
        changed = (await company.put(path, {"credit_note": {"refund_status": status}}))["credit_note"]
        assert changed["refund_status"] == status
    answer = await company.put(path, {"credit_note": {"refund_status": "lost"}}, 422)
    assert answer["error_details"] == {"refund_status": ["value_is_invalid"]}
    refunds = [transfer for transfer in await transfers(company) if transfer[0].startswith("refund_")]
    assert sorted(refunds) == [
        ("refund_reopened", "cash", "refunds", 600),
        ("refund_settled", "refunds", "cash", 600),
        ("refund_settled", "refunds", "cash", 600),
    ]
    assert await mismatches(company) == []


async def test_metadata_is_replaced_merged_and_removed(company, issued):
    note = await company.credit_note(issued, 100, credit_amount_cents=120)
    assert "metadata" not in note
    path = f"/credit_notes/{note['lago_id']}"
    assert (await company.delete(f"{path}/metadata/a", 404))["code"] == "metadata_not_found"
    assert await company.call("PATCH", f"{path}/metadata", {"metadata": {}}) == {"metadata": None}
    assert await company.post(f"{path}/metadata", {"metadata": {"a": "1"}}) == {"metadata": {"a": "1"}}
    assert await company.call("PATCH", f"{path}/metadata", {"metadata": {"b": None}}) == {
        "metadata": {"a": "1", "b": None}
    }
    put = await company.put(path, {"credit_note": {"metadata": {"c": "3"}}})
    assert put["credit_note"]["metadata"] == {"a": "1", "b": None, "c": "3"}
    assert await company.delete(f"{path}/metadata/a") == {"metadata": {"b": None, "c": "3"}}
    assert await company.delete(f"{path}/metadata/nothing") == {"metadata": {"b": None, "c": "3"}}
    assert await company.post(f"{path}/metadata", {}) == {"metadata": {}}
    assert (await company.get(path))["credit_note"]["metadata"] == {}
    assert await company.delete(f"{path}/metadata") == {"metadata": None}
    assert "metadata" not in (await company.get(path))["credit_note"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({str(n): "" for n in range(51)}, "cannot have more than 50 keys"),
        ({"k" * 101: "v"}, f"key '{'k' * 101}' must be a String up to 100 characters"),
        ({"k": "v" * 256}, "value for key 'k' must be empty or a String up to 255 characters"),
        ({"k": 1}, "value for key 'k' must be empty or a String up to 255 characters"),
    ],
)
async def test_metadata_that_is_none_is_refused_in_words(company, issued, metadata, expected):
    answer = await company.credit_note(issued, 100, status=422, credit_amount_cents=120, metadata=metadata)
    assert answer["error_details"] == {"value": [expected]}


@pytest.mark.parametrize("invoice_id", ["nothing", "5f0c2d1e-8a44-4c1b-9a6e-0d3f7b1c2a90"])
async def test_an_unknown_note_is_not_found(company, invoice_id):
    path = f"/credit_notes/{invoice_id}"
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", {"credit_note": {"refund_status": "failed"}}),
        ("PUT", "/void", {}),
        ("POST", "/download", None),
        ("POST", "/download_xml", None),
        ("POST", "/metadata", {"metadata": {}}),
        ("POST", "/resend_email", {}),
    ):
        assert (await company.call(method, path + tail, body, 404))["code"] == "credit_note_not_found"


FILTERS = [
    ("reason=order_change", ["second"]),
    ("reason[]=order_change&reason[]=other", ["second", "first"]),
    ("reason=whim", ["second", "first"]),
    ("credit_status=voided", []),
    ("refund_status=pending", ["second"]),
    ("types[]=offset", []),
    ("types[]=refund&types[]=offset", ["second"]),
    ("types[]=credit", ["first"]),
    ("currency=EUR", ["second", "first"]),
    ("currency=USD", []),
    ("purchase_order_number=po-7", ["second", "first"]),
    ("amount_from=121", ["second"]),
    ("amount_to=120", ["first"]),
    ("amount_to=none", None),
    ("issuing_date_from=2000-01-01&issuing_date_to=soon", ["second", "first"]),
    ("issuing_date_to=2000-01-01", []),
    ("self_billed=true", []),
    ("search_term=hool", ["second", "first"]),
    ("search_term=CN002", ["second"]),
    ("external_customer_id=nobody", []),
    ("per_page=1", ["second"]),
]


async def test_the_list_is_filtered(company, issued):
    await company.paid(issued, 1800)
    notes = {
        "first": await company.credit_note(issued, 100, credit_amount_cents=120),
        "second": await company.credit_note(issued, 200, refund_amount_cents=240, reason="order_change"),
    }
    names = {note["lago_id"]: name for name, note in notes.items()}
    customer = issued["customer"]["external_id"]
    for path in ("/credit_notes", f"/customers/{customer}/credit_notes"):
        for query, expected in FILTERS:
            if expected is None:
                assert "amount_to" in (await company.get(f"{path}?{query}", 422))["error_details"]
            elif path == "/credit_notes" or "external_customer_id" not in query:
                found = (await company.get(f"{path}?{query}"))["credit_notes"]
                assert [names[note["lago_id"]] for note in found] == expected, query
    by_number = (await company.get(f"/credit_notes?invoice_number={issued['number']}"))["credit_notes"]
    assert by_number[0] == notes["second"]
    entity = issued["billing_entity_code"]
    assert len((await company.get(f"/credit_notes?billing_entity_codes[]={entity}"))["credit_notes"]) == 2
    unknown = await company.get("/credit_notes?billing_entity_codes[]=none", 404)
    assert unknown["code"] == "billing_entity_not_found"
    assert (await company.get("/customers/nobody/credit_notes", 404))["code"] == "customer_not_found"


async def test_notes_at_the_same_time_never_give_back_more_than_the_invoice(company, issued):
    body = {
        "invoice_id": issued["lago_id"],
        "items": [{"fee_id": issued["fees"][0]["lago_id"], "amount_cents": 600}],
        "credit_amount_cents": 720,
    }
    answers = await asyncio.gather(
        *(company.client.post("/api/v1/credit_notes", json={"credit_note": body}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    notes = (await company.get("/credit_notes"))["credit_notes"]
    assert [note["sequential_id"] for note in notes] == [1]
    assert await mismatches(company) == []


async def test_an_offset_and_a_payment_at_the_same_time_never_settle_more_than_is_due(company, issued):
    note = {
        "invoice_id": issued["lago_id"],
        "items": [{"fee_id": issued["fees"][0]["lago_id"], "amount_cents": 1000}],
        "offset_amount_cents": 1200,
    }
    payment = {"invoice_id": issued["lago_id"], "amount_cents": 1800, "reference": "transfer"}
    answers = await asyncio.gather(
        company.client.post("/api/v1/credit_notes", json={"credit_note": note}),
        company.client.post("/api/v1/payments", json={"payment": payment}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert (await shown(company, issued))["total_due_amount_cents"] in (0, 600)
    assert await mismatches(company) == []


async def test_a_call_sent_again_with_its_key_makes_one_note(company, issued):
    body = {
        "invoice_id": issued["lago_id"],
        "items": [{"fee_id": issued["fees"][0]["lago_id"], "amount_cents": 100}],
        "credit_amount_cents": 120,
    }
    headers = {"Idempotency-Key": "note"}
    answers = await asyncio.gather(
        *(company.client.post("/api/v1/credit_notes", json={"credit_note": body}, headers=headers) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["credit_note"]["lago_id"] for answer in answers}) == 1
    assert (await company.get("/credit_notes"))["meta"]["total_count"] == 1


async def test_a_voided_invoice_can_still_be_credited_but_not_set_off(company, issued):
    await company.post(f"/invoices/{issued['lago_id']}/void")
    answer = await company.credit_note(issued, 100, status=422, offset_amount_cents=120)
    assert answer["error_details"] == {"offset_amount_cents": ["higher_than_remaining_invoice_amount"]}
    await company.credit_note(issued, 100, credit_amount_cents=120)
    assert await mismatches(company) == []
