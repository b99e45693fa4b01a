"""Voided invoices (chapter 20 §7.7), and what the ledger says of them."""

import pytest
from sqlalchemy.exc import IntegrityError

from tests.books import jobs_waiting, listens, mismatches, run, transfers, webhook_types


@pytest.fixture
async def issued(company):
    """An invoice over 1000 and 20 % tax."""
    await company.tax(code="vat", rate=20)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on(amount_cents=1000)
    return await company.invoice(customer, {"add_on_code": add_on["code"]})


async def voided(company, invoice, status=200, **body):
    answer = await company.post(f"/invoices/{invoice['lago_id']}/void", body or None, status)
    return answer["invoice"] if status == 200 else answer


async def test_a_voided_invoice_keeps_number_amounts_and_fees(company, issued):
    void = await voided(company, issued)
    changes = {key for key in issued if void[key] != issued[key]}
    assert changes <= {"status", "voided_at", "total_due_amount_cents", "updated_at"}
    assert (void["status"], void["total_due_amount_cents"], void["total_amount_cents"]) == ("voided", 0, 1200)
    assert void["voided_at"] is not None
    assert void == (await company.get(f"/invoices/{issued['lago_id']}"))["invoice"]


async def test_the_next_invoice_takes_the_next_number(company, issued):
    await voided(company, issued)
    customer, add_on = issued["customer"], await company.add_on()
    assert (await company.invoice(customer, {"add_on_code": add_on["code"]}))["sequential_id"] == 2


async def test_only_finalized_invoices_can_be_voided(company, issued):
    await voided(company, issued)
    answer = await voided(company, issued, 405)
    assert answer == {"status": 405, "error": "Method Not Allowed", "code": "not_voidable"}


@pytest.mark.parametrize("invoice_id", ["nothing", "00000000-0000-4000-8000-000000000000", "1"])
async def test_an_unknown_invoice_cannot_be_voided(company, invoice_id):
    assert (await company.post(f"/invoices/{invoice_id}/void", None, 404))["code"] == "invoice_not_found"


async def test_voiding_takes_back_what_was_owed(company, issued):
    await voided(company, issued)
    assert await transfers(company) == [
        ("invoice_issued", "invoice", "revenue", 1000),
        ("invoice_issued", "invoice", "taxes", 200),
        ("invoice_voided", "revenue", "invoice", 1000),
        ("invoice_voided", "taxes", "invoice", 200),
    ]
    assert await mismatches(company) == []


async def test_voiding_tells_the_endpoint(company, issued, databases):
    await company.run_jobs()
    await listens(company)
    await voided(company, issued)
    assert await webhook_types(company) == ["invoice.voided"]
    assert await jobs_waiting(databases, company) == ["webhook"]


async def test_a_paid_invoice_can_be_voided(company):
    customer, add_on = await company.customer(), await company.add_on()
    paid = await company.invoice(customer, {"add_on_code": add_on["code"], "unit_amount_cents": 0})
    void = await voided(company, paid)
    assert (void["status"], void["payment_status"]) == ("voided", "succeeded")


async def test_an_invoice_of_a_deleted_customer_can_be_voided(company, issued):
    await company.delete(f"/customers/{issued['customer']['external_id']}")
    assert (await voided(company, issued))["status"] == "voided"


async def notes_of(company):
    notes = (await company.get("/credit_notes"))["credit_notes"]
    return sorted(notes, key=lambda note: note["sequential_id"])


async def test_a_void_with_a_credit_note_gives_back_what_is_asked_for_and_closes_the_rest(company, issued):
    await company.paid(issued, 300)
    await company.run_jobs()
    await listens(company)
    void = await voided(company, issued, generate_credit_note=True, credit_amount=300, refund_amount=300)
    assert (void["status"], void["total_due_amount_cents"], void["payment_status"]) == ("voided", 0, "pending")
    first, second = await notes_of(company)
    assert [(note["total_amount_cents"], note["credit_status"]) for note in (first, second)] == [
        (600, "available"),
        (600, "voided"),
    ]
    assert (first["credit_amount_cents"], first["refund_amount_cents"], first["balance_amount_cents"]) == (
        300,
        300,
        300,
    )
    assert first["items"][0]["amount_cents"] == 500
    assert first["number"] == f"{issued['number']}-CN001"
    assert (second["credit_amount_cents"], second["balance_amount_cents"]) == (600, 0)
    assert {note["reason"] for note in (first, second)} == {"other"}
    assert first["description"] == f"Credit note created due to voided invoice {issued['lago_id']}"
    assert await webhook_types(company) == ["invoice.voided", "credit_note.created", "credit_note.created"]
    assert await mismatches(company) == []


async def test_a_void_with_no_amounts_closes_everything(company, issued):
    await voided(company, issued, generate_credit_note=True)
    (note,) = await notes_of(company)
    assert (note["total_amount_cents"], note["credit_status"], note["balance_amount_cents"]) == (1200, "voided", 0)


@pytest.mark.parametrize(
    ("credit", "refund"),
    [(1201, 0), (0, 301), (901, 300)],
)
async def test_a_void_gives_back_no_more_than_is_left(company, issued, credit, refund):
    await company.paid(issued, 300)
    answer = await voided(company, issued, 422, generate_credit_note=True, credit_amount=credit, refund_amount=refund)
    assert answer["error_details"] == {"credit_refund_amount": ["total_amount_exceeds_invoice_amount"]}
    assert await notes_of(company) == []
    assert (await company.get(f"/invoices/{issued['lago_id']}"))["invoice"]["status"] == "finalized"


async def test_a_void_without_a_credit_note_makes_none(company, issued):
    await voided(company, issued, generate_credit_note=False, credit_amount=300)
    assert await notes_of(company) == []


async def test_a_voided_invoice_is_not_voided_again_with_a_credit_note(company, issued):
    await voided(company, issued)
    assert (await voided(company, issued, 405, generate_credit_note=True))["code"] == "not_voidable"


async def test_a_stored_total_that_the_ledger_does_not_know_is_found(company, issued, databases):
    await run(
        databases,
        "update invoices set fees_amount_cents = fees_amount_cents + 1,"
        " sub_total_excluding_taxes_amount_cents = sub_total_excluding_taxes_amount_cents + 1,"
        " sub_total_including_taxes_amount_cents = sub_total_including_taxes_amount_cents + 1,"
        " total_amount_cents = total_amount_cents + 1 where id = :id",
        id=issued["lago_id"],
    )
    assert await mismatches(company) == [issued["number"]]


@pytest.mark.parametrize(
    "tampering",
    [
        "update ledger_transfers set amount_cents = 1 where invoice_id = :id and credit_account = 'taxes'",
        "delete from ledger_transfers where invoice_id = :id and credit_account = 'revenue'",
        "update ledger_transfers set debit_subject_id = customer_id where invoice_id = :id",
    ],
)
async def test_a_transfer_that_was_changed_is_found(company, issued, databases, tampering):
    await run(databases, tampering, id=issued["lago_id"])
    assert await mismatches(company) == [issued["number"]]


async def test_a_void_without_its_transfers_is_found(company, issued, databases):
    await voided(company, issued)
    await run(
        databases,
        "delete from ledger_transfers where kind = 'invoice_voided' and invoice_id = :id",
        id=issued["lago_id"],
    )
    assert await mismatches(company) == [issued["number"]]


@pytest.mark.parametrize(
    "change",
    [
        "total_amount_cents = total_amount_cents + 1",
        "taxes_amount_cents = -1",
        "total_paid_amount_cents = total_amount_cents + 1",
        "status = 'voided'",
        "sequential_id = null",
        "status = 'lost'",
    ],
)
async def test_sums_and_states_that_do_not_hold_together_cannot_be_stored(issued, databases, change):
    with pytest.raises(IntegrityError):
        await run(databases, f"update invoices set {change} where id = :id", id=issued["lago_id"])
