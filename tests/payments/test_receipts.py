"""A payment that succeeded gets a receipt, where the organization wants that (chapter 70 §8)."""

import asyncio
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from conto.payments.receipts.document import make
from tests.books import jobs_waiting, listens, run, webhook_types
from tests.company import Company
from tests.payments.test_manual import issued, pay


@pytest.fixture
async def company(company: Company) -> Company:
    """A company that issues receipts, and hears of them."""
    await company.put("/organizations", {"organization": {"issue_receipts": True}})
    await listens(company)
    return company


async def receipts(company: Company, query: str = "") -> list[dict[str, Any]]:
    return (await company.get(f"/payment_receipts{query}"))["payment_receipts"]


async def text_of(company: Company, receipt: dict[str, Any]) -> str:
    link = urlsplit(receipt["file_url"])
    answer = await company.client.get(f"{link.path}?{link.query}", headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(answer.content)).pages)


async def test_receipts_are_off_until_the_organization_wants_them(other_company: Company):
    shown = (await other_company.get("/organizations"))["organization"]
    assert shown["issue_receipts"] is False
    await pay(other_company, await issued(other_company), 10000)
    assert await receipts(other_company) == []
    changed = await other_company.put("/organizations", {"organization": {"issue_receipts": True}})
    assert changed["organization"]["issue_receipts"] is True
    await other_company.put("/organizations", {"organization": {"country": "FR"}})
    await pay(other_company, await issued(other_company), 10000)
    assert len(await receipts(other_company)) == 1


async def test_a_payment_gets_a_numbered_receipt(company: Company):
    invoice = await issued(company, external_id="hooli")
    payment = await pay(company, invoice, 4000)
    (receipt,) = await receipts(company)
    slug = (await company.get("/customers/hooli"))["customer"]["slug"]
    assert receipt["number"] == f"{slug}-RCPT-000001"
    assert receipt["payment"] == payment
    assert (receipt["file_url"], receipt["xml_url"]) == (None, None)
    assert (await company.get(f"/payment_receipts/{receipt['lago_id']}"))["payment_receipt"] == receipt


async def test_each_customers_receipts_are_counted_for_themselves(company: Company):
    first, second = await issued(company), await issued(company)
    for invoice, cents in ((first, 1), (second, 1), (first, 2), (first, 3)):
        await pay(company, invoice, cents)
    found = [(receipt["payment"]["amount_cents"], receipt["number"][-6:]) for receipt in await receipts(company)]
    assert sorted(found) == [(1, "000001"), (1, "000001"), (2, "000002"), (3, "000003")]


async def test_payments_at_once_are_numbered_without_gaps(company: Company):
    customer, add_on = await company.customer(), await company.add_on()
    invoices = [await company.invoice(customer, {"add_on_code": add_on["code"]}) for _ in range(6)]
    refused = {"invoice_id": invoices[0]["lago_id"], "amount_cents": 10001, "reference": "too much"}
    await asyncio.gather(
        *(pay(company, invoice, 10000) for invoice in invoices),
        *(company.post("/payments", {"payment": refused}, 422) for _ in range(2)),
    )
    assert sorted(receipt["number"][-6:] for receipt in await receipts(company)) == [f"{n:06d}" for n in range(1, 7)]


async def test_a_payment_sent_again_under_its_key_has_one_receipt(company: Company):
    invoice = await issued(company)
    company.client.headers["Idempotency-Key"] = "once"
    for _ in range(2):
        await pay(company, invoice, 100)
    assert len(await receipts(company)) == 1


async def test_a_partner_gets_no_receipt(company: Company):
    await pay(company, await issued(company, account_type="partner"), 10000)
    assert await receipts(company) == []


async def test_a_receipt_is_told_after_the_invoice_is_paid_and_again_when_its_pdf_is_there(company: Company):
    invoice = await issued(company)
    await company.run_jobs()
    before = len(await webhook_types(company))
    await pay(company, invoice, 10000)
    await company.run_jobs()
    assert sorted((await webhook_types(company))[before:]) == [
        "invoice.payment_status_updated",
        "payment_receipt.created",
        "payment_receipt.generated",
    ]


async def test_the_pdf_says_what_was_paid_and_what_is_left(company: Company):
    invoice = await issued(company, name="Hooli", timezone="America/Los_Angeles")
    await pay(company, invoice, 4000, paid_at="2024-01-20T02:00:00Z", reference="wire 4711")
    await pay(company, invoice, 2500, paid_at="2024-01-25T12:00:00Z")
    await company.run_jobs()
    late, early = await receipts(company)
    shown = await text_of(company, early)
    for part in ("Payment receipt", early["number"], "Jan 19, 2024", "Manual payment", "wire 4711", "Hooli"):
        assert part in shown
    assert "€40.00 Paid on Jan 19, 2024" in shown
    assert f"{invoice['number']}" in shown
    assert "€100.00 €40.00 €60.00" in shown
    assert "€100.00 €65.00 €35.00" in await text_of(company, late)


async def test_the_pdf_is_made_once(company: Company, databases):
    await pay(company, await issued(company), 4000)
    (receipt,) = await receipts(company)
    receipt_id = UUID(receipt["lago_id"])
    await asyncio.gather(*(make(company.works, company.id, receipt_id) for _ in range(2)))
    await make(company.works, company.id, receipt_id)
    assert (await webhook_types(company)).count("payment_receipt.generated") == 1


async def test_receipts_are_found_by_invoice(company: Company):
    first, second = await issued(company), await issued(company)
    await pay(company, first, 1)
    await pay(company, second, 2)
    found = await receipts(company, f"?invoice_id={second['lago_id']}")
    assert [receipt["payment"]["amount_cents"] for receipt in found] == [2]
    assert await receipts(company, f"?invoice_id={uuid4()}") == []
    assert len(await receipts(company, "?invoice_id=")) == 2
    refused = await company.get("/payment_receipts?invoice_id=none", status=422)
    assert refused["error_details"] == {"invoice_id": ["is in invalid format"]}
    page = await company.get("/payment_receipts?per_page=1&page=2")
    assert (len(page["payment_receipts"]), page["meta"]["total_count"]) == (1, 2)


@pytest.mark.parametrize("path", ["/payment_receipts/1a901a90-1a90-4a90-9a90-1a901a901a90", "/payment_receipts/none"])
async def test_an_unknown_receipt_is_told_as_an_invoice(company: Company, path: str):
    assert (await company.get(path, status=404))["code"] == "invoice_not_found"


async def test_a_receipt_is_mailed_with_its_invoice(mailing: Company, box):
    invoice = await issued(mailing, email="ap@hooli.example", billing_configuration={"document_locale": "fr"})
    await pay(mailing, invoice, 4000, paid_at="2024-01-20")
    await mailing.run_jobs()
    (receipt,) = await receipts(mailing)
    (mail,) = [mail for mail in box.received if len(mail.files) == 2]
    assert list(mail.files) == [f"{receipt['number']}.pdf", f"{invoice['number']}.pdf"]
    assert mail.message["Subject"] == (f"Votre reçu de paiement {mailing.organization.name} n° {receipt['number']}")
    said = " ".join(mail.part("plain").split())
    assert f"Numéro de reçu: {receipt['number']} Date de paiement: 20 janv. 2024 Montant payé: 40,00 €" in said
    assert len(box.received) == 2  # The other one brings the invoice alone.


async def test_a_receipt_is_not_mailed_where_that_is_switched_off(mailing: Company, box):
    await mailing.put("/organizations", {"organization": {"email_settings": []}})
    await pay(mailing, await issued(mailing, email="ap@hooli.example"), 4000)
    await mailing.run_jobs()
    assert (await receipts(mailing))[0]["file_url"]
    assert box.received == []


async def test_a_voided_invoice_still_goes_with_its_receipt(mailing: Company, box):
    invoice = await issued(mailing, email="ap@hooli.example")
    await pay(mailing, invoice, 4000)
    await mailing.run_jobs()
    await mailing.post(f"/invoices/{invoice['lago_id']}/void")
    (receipt,) = await receipts(mailing)
    box.received.clear()
    await mailing.post(f"/payment_receipts/{receipt['lago_id']}/resend_email")
    await mailing.run_jobs()
    assert len(box.only().files) == 2


async def test_a_rehearsals_receipt_is_made_by_advancing_its_clock(rehearsal: Company, databases):
    await rehearsal.put("/organizations", {"organization": {"issue_receipts": True}})
    await pay(rehearsal, await issued(rehearsal), 4000)
    await rehearsal.advance("2024-03-05T12:00:00Z")
    (receipt,) = await receipts(rehearsal)
    assert (receipt["created_at"], bool(receipt["file_url"])) == ("2024-03-05T12:00:00Z", True)
    assert await jobs_waiting(databases, rehearsal) == []


async def test_what_a_receipt_says_adds_up(company: Company, databases):
    invoice = await issued(company)
    for cents in (4000, 5999, 1):
        await pay(company, invoice, cents)
    rows = await run(
        databases,
        "select total_amount_cents as total, paid_amount_cents as paid, due_amount_cents as due"
        " from payment_receipts_invoices where organization_id = :id order by paid_amount_cents",
        id=company.id,
    )
    assert [tuple(row) for row in rows] == [(10000, 4000, 6000), (10000, 9999, 1), (10000, 10000, 0)]


async def test_a_billing_entity_with_e_invoicing_adds_a_file_of_data(company: Company):
    await company.put(
        f"/billing_entities/{company.organization.default_billing_entity_code}",
        {"billing_entity": {"country": "FR", "einvoicing": True}},
    )
    await pay(company, await issued(company), 4000)
    await company.run_jobs()
    (receipt,) = await receipts(company)
    link = urlsplit(receipt["xml_url"])
    assert link.path == f"/files/{company.id}/payment_receipts/{receipt['lago_id']}.xml"
    answer = await company.client.get(f"{link.path}?{link.query}", headers={"Authorization": ""})
    assert receipt["number"].encode() in answer.content
    assert b"ApplicationResponse" in answer.content
    assert receipt["number"] in await text_of(company, receipt)
