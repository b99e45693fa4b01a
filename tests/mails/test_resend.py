"""A document is mailed again to whom the caller says (chapter 70 §8.1)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.books import run
from tests.company import Company
from tests.things import one_of_everything

CHECKED_TOGETHER = {
    "billing_entity": ["must have email configured"],
    "to": ["invalid email format: nobody, @x.example"],
    "cc": ["invalid email format: a@b@c.example"],
    "bcc": ["invalid email format: two@x.example, three@x.example"],
}


@pytest.fixture
async def documents(mailing: Company, box) -> dict[str, str]:
    """A path to resend each kind of document, to a customer who has an address."""
    names = await one_of_everything(mailing)
    await mailing.post("/customers", {"customer": {"external_id": names["customers"], "email": "ap@hooli.example"}})
    await mailing.run_jobs()
    box.received.clear()
    return {kind: f"/{kind}/{names[kind]}/resend_email" for kind in ("invoices", "payment_receipts")}


KINDS = pytest.mark.parametrize("kind", ["invoices", "payment_receipts"])


@KINDS
async def test_without_recipients_the_customer_gets_the_document_again(mailing, box, documents, kind):
    for _ in range(2):
        answer = await mailing.client.post(f"/api/v1{documents[kind]}")
        assert (answer.status_code, answer.content) == (200, b"")
    await mailing.run_jobs()
    first, second = box.received
    assert first.recipients == second.recipients == ["ap@hooli.example"]
    assert first.message["Message-ID"] != second.message["Message-ID"]
    assert len(first.files) == (1 if kind == "invoices" else 2)


@KINDS
async def test_those_named_get_it_and_hidden_ones_stand_nowhere(mailing, box, documents, kind):
    body = {"to": [" a@x.example ", ""], "cc": ["b@x.example", "a@x.example"], "bcc": ["c@x.example"]}
    await mailing.post(documents[kind], body)
    await mailing.run_jobs()
    mail = box.only()
    assert mail.recipients == ["a@x.example", "b@x.example", "c@x.example"]
    assert (mail.message["To"], mail.message["Cc"]) == ("a@x.example", "b@x.example, a@x.example")
    assert b"c@x.example" not in mail.content


@KINDS
@pytest.mark.parametrize("body", [None, {}, {"to": []}, {"to": None, "cc": None}])
async def test_a_customer_without_an_address_needs_recipients(mailing, documents, kind, body):
    await run_for_all_customers(mailing, email=None)
    refused = await mailing.post(documents[kind], body, 422)
    assert refused["error_details"] == {"to": ["must have at least one recipient"]}


async def run_for_all_customers(company: Company, **fields: Any) -> None:
    for customer in (await company.get("/customers"))["customers"]:
        await company.post("/customers", {"customer": {"external_id": customer["external_id"], **fields}})


@KINDS
async def test_what_is_wrong_is_told_together_and_nothing_is_sent(mailing, box, databases, documents, kind):
    await mailing.put("/organizations", {"organization": {"email": None}})
    body = {
        "to": ["ok@x.example", "nobody", "@x.example"],
        "cc": ["a@b@c.example"],
        "bcc": ["two@x.example, three@x.example"],
    }
    refused = await mailing.post(documents[kind], body, 422)
    assert refused["error_details"] == CHECKED_TOGETHER
    assert await mailing.run_jobs("mail") == 0
    assert box.received == []


@KINDS
@pytest.mark.parametrize("wrong", ["a@x.example", {"a": 1}, [1], [None], [["a@x.example"]], ["a@x.example"] * 51])
async def test_recipients_of_another_form_are_refused(mailing, documents, kind, wrong):
    refused = await mailing.post(documents[kind], {"cc": wrong}, 422)
    assert list(refused["error_details"]) == ["cc"]


@KINDS
async def test_kinds_that_are_switched_off_are_told_before_wrong_recipients(mailing, documents, kind):
    others = {"invoices": "payment_receipt.created", "payment_receipts": "invoice.finalized"}
    await mailing.put("/organizations", {"organization": {"email_settings": [others[kind]], "email": None}})
    assert (await mailing.post(documents[kind], {"to": ["x"]}, 405))["code"] == "email_settings_disabled"


@KINDS
async def test_what_is_not_there_is_told_first(mailing, documents, kind):
    for unknown in (uuid4(), "none"):
        refused = await mailing.post(f"/{kind}/{unknown}/resend_email", {"to": ["x"]}, 404)
        assert refused["code"] == "invoice_not_found"


async def test_an_invoice_that_is_not_final_is_told_before_settings(mailing, documents):
    await mailing.put("/organizations", {"organization": {"email_settings": []}})
    for invoice in (await mailing.get("/invoices?status=finalized"))["invoices"]:
        await mailing.post(f"/invoices/{invoice['lago_id']}/void")
    assert (await mailing.post(documents["invoices"], {"to": ["x"]}, 405))["code"] == "invoice_not_finalized"


async def test_a_document_that_is_not_made_yet_is_made_for_its_mail(mailing, box, databases):
    await mailing.put("/organizations", {"organization": {"email_settings": ["invoice.finalized"]}})
    add_on = await mailing.add_on()
    invoice = await mailing.invoice(await mailing.customer(), {"add_on_code": add_on["code"]})
    await run(
        databases,
        "delete from queue.pgqueuer where cast(headers->>'organization_id' as uuid) = :id",
        id=mailing.id,
    )
    await mailing.post(f"/invoices/{invoice['lago_id']}/resend_email", {"to": ["a@x.example"]})
    await mailing.run_jobs()
    assert list(box.only().files) == [f"{invoice['number']}.pdf"]
