"""Invoices go to their customers by mail when they are final (chapter 72 §5)."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tests.books import jobs_waiting, run
from tests.company import Company, open_company
from tests.mailbox import DOMAIN, EMAIL_SETTINGS, SENDER

INTROS = {
    "en": ("Your Invoice from {entity} #{number}", "Your invoice {number} from {entity} is attached", "€1,234.50"),
    "fr": ("Votre facture {entity} n° {number}", "Veuillez trouver ci-joint", "1 234,50 €"),
    "nb": ("Din faktura fra {entity} nr. {number}", "Faktura {number} fra {entity} er vedlagt", "1 234,50 €"),
    "de": ("Ihre Rechnung von {entity} Nr. {number}", "anbei erhalten Sie Ihre Rechnung {number}", "1.234,50 €"),
    "it": ("Fattura di {entity} n. {number}", "in allegato trova, in formato PDF", "1.234,50 €"),
    "es": ("Su factura de {entity} n.º {number}", "Adjuntamos en formato PDF su factura", "1.234,50 €"),
    "sv": ("Din faktura från {entity} nr {number}", "Faktura {number} från {entity} är bifogad", "1 234,50 €"),
    "pt-BR": ("Sua fatura de {entity} nº {number}", "Sua fatura nº {number} de {entity} está anexada", "€ 1.234,50"),
    "zh-TW": ("您的 {entity} 發票 #{number}", "隨信附上 {entity} 開立的發票 {number}", "€1,234.50"),
}


async def issued(company: Company, cents: int = 123450, **customer: Any) -> dict[str, Any]:
    add_on = await company.add_on()
    fields = {"name": "Hooli", "email": "ap@hooli.example"} | customer
    fee = {"add_on_code": add_on["code"], "unit_amount_cents": cents}
    return await company.invoice(await company.customer(**fields), fee)


def plain(text: str) -> str:
    """The text with every kind of blank made a plain one."""
    return " ".join(text.split())


async def test_a_final_invoice_is_mailed_once_with_its_pdf(mailing, box):
    invoice = await issued(mailing)
    await mailing.run_jobs()
    mail = box.only()
    assert (mail.sender, mail.recipients) == (SENDER, ["ap@hooli.example"])
    headers = mail.message
    assert headers["From"] == f"{mailing.organization.name} <{SENDER}>"
    assert headers["To"] == "ap@hooli.example"
    assert headers["Reply-To"] == "accounts@acme.example"
    assert headers["Subject"] == f"Your Invoice from {mailing.organization.name} #{invoice['number']}"
    assert headers["Message-ID"].endswith(f"@{DOMAIN}>")
    assert headers["Auto-Submitted"] == "auto-generated"
    ((name, pdf),) = mail.files.items()
    assert name == f"{invoice['number']}.pdf"
    assert invoice["number"] in PdfReader(BytesIO(pdf)).pages[0].extract_text()
    assert await mailing.run_jobs() == 0


@pytest.mark.parametrize("locale", INTROS)
async def test_a_mail_speaks_the_customers_language(mailing, box, locale):
    invoice = await issued(mailing, billing_configuration={"document_locale": locale})
    await mailing.run_jobs()
    mail = box.only()
    subject, intro, amount = (
        text.format(entity=mailing.organization.name, number=invoice["number"]) for text in INTROS[locale]
    )
    assert mail.message["Subject"] == subject
    assert mail.message["Content-Language"] == locale
    for body in (mail.part("plain"), mail.part("html")):
        assert intro in body
        assert plain(amount) in plain(body)
        assert invoice["number"] in body
    assert f'lang="{locale}"' in mail.part("html")


async def test_without_a_language_of_its_own_a_customer_is_written_to_in_the_billing_entitys(mailing, box):
    await mailing.put("/organizations", {"organization": {"billing_configuration": {"document_locale": "sv"}}})
    await issued(mailing)
    await mailing.run_jobs()
    assert box.only().part("plain").startswith("Hej!")


async def test_a_customer_may_have_several_addresses(mailing, box):
    await issued(mailing, email="ap@hooli.example, boss@hooli.example,ap@hooli.example")
    await mailing.run_jobs()
    assert box.only().recipients == ["ap@hooli.example", "boss@hooli.example"]
    assert box.only().message["To"] == "ap@hooli.example, boss@hooli.example"


@pytest.mark.parametrize(
    ("settings", "customer", "cents"),
    [
        ({"email_settings": []}, {}, 100),
        ({"email_settings": ["payment_receipt.created", "credit_note.created"]}, {}, 100),
        ({"email": None}, {}, 100),
        ({}, {"email": None}, 100),
        ({}, {}, 0),
    ],
    ids=["switched_off", "other_kinds", "no_sender", "no_recipient", "nothing_to_pay"],
)
async def test_who_wants_no_mail_or_cannot_have_it_gets_none(mailing, box, databases, settings, customer, cents):
    if settings:
        await mailing.put("/organizations", {"organization": settings})
    invoice = await issued(mailing, cents, **customer)
    await mailing.run_jobs()
    assert (await mailing.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["file_url"]
    assert box.received == []
    assert await run(databases, "select id from mails where organization_id = :id", id=mailing.id) == []


async def test_without_a_mail_server_nothing_is_kept_to_be_sent(company, databases):
    await company.put("/organizations", EMAIL_SETTINGS)
    await issued(company)
    await company.run_jobs()
    assert await jobs_waiting(databases, company) == []
    assert await run(databases, "select id from mails where organization_id = :id", id=company.id) == []


async def test_an_invoice_that_is_voided_before_its_document_is_made_is_not_mailed(mailing, box):
    invoice = await issued(mailing)
    await mailing.post(f"/invoices/{invoice['lago_id']}/void")
    await mailing.run_jobs()
    assert box.received == []


async def test_a_paid_invoices_mail_says_no_due_date(mailing, box):
    invoice = await issued(mailing)
    await mailing.put(f"/invoices/{invoice['lago_id']}", {"invoice": {"payment_status": "succeeded"}})
    await mailing.run_jobs()
    assert "Due date" not in box.only().part("plain")


async def test_names_cannot_write_headers_or_markup(mailing, box):
    name = 'Ünï "Q" <b>x</b>, Inc.\r\nBcc: spy@evil.example\r\n\r\nHello'
    await mailing.put("/billing_entities/" + mailing.organization.default_billing_entity_code, entity(name=name))
    await mailing.put("/organizations", {"organization": {"document_number_prefix": "a/b\nX"}})
    await issued(mailing)
    await mailing.run_jobs()
    mail = box.only()
    assert mail.recipients == ["ap@hooli.example"]
    assert mail.message["Bcc"] is None
    (sender,) = mail.message["From"].addresses
    assert sender.addr_spec == SENDER
    # A long name is folded, which may leave a blank in it.
    assert sender.display_name.replace(" ", "") == 'Ünï"Q"<b>x</b>,Inc.Bcc:spy@evil.exampleHello'
    assert mail.message["Subject"].startswith('Your Invoice from Ünï "Q" <b>x</b>, Inc. Bcc: spy@evil.example Hello')
    assert "<b>" not in mail.part("html")
    assert "&lt;b&gt;x&lt;/b&gt;" in mail.part("html")
    ((file, _),) = mail.files.items()
    assert "/" not in file
    assert "\n" not in file


def entity(**fields: Any) -> dict[str, Any]:
    return {"billing_entity": fields}


async def test_a_rehearsals_mail_is_sent_while_its_clock_advances(works, box):
    async with open_company(replace(works, mailer=box.mailer()), frozen_time="2024-03-05T12:00:00Z") as rehearsal:
        await rehearsal.put("/organizations", EMAIL_SETTINGS)
        await issued(rehearsal)
        assert box.received == []
        await rehearsal.advance("2024-03-05T12:00:00Z")
        assert "Issue date: Mar 5, 2024" in box.only().part("plain")
