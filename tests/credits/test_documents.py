"""Files of credit notes: made in the background, downloaded, mailed (chapters 61 §6.5, 70 §8.1 and 72 §5)."""

from io import BytesIO

from pypdf import PdfReader

from tests.books import jobs_waiting, listens, webhook_types


async def noted(company, **customer):
    """A credit note of 120.00 on an invoice of the customer."""
    add_on = await company.add_on(amount_cents=12000)
    buyer = await company.customer(**{"name": "Hooli", "email": "ap@hooli.example"} | customer)
    invoice = await company.invoice(buyer, {"add_on_code": add_on["code"]})
    await company.run_jobs()
    return await company.credit_note(invoice, 12000, credit_amount_cents=12000)


async def test_a_download_answers_once_the_file_is_there(company):
    note = await noted(company)
    path = f"/credit_notes/{note['lago_id']}"
    assert await company.post(f"{path}/download") is None
    await listens(company)
    await company.run_jobs()
    for kind in ("download", "download_pdf"):
        found = (await company.post(f"{path}/{kind}"))["credit_note"]
        assert found["number"] == note["number"]
        assert found["file_url"]
    assert found["xml_url"] is None
    assert (await webhook_types(company)).count("credit_note.generated") == 1
    file = await company.client.get(found["file_url"])
    assert note["number"] in PdfReader(BytesIO(file.content)).pages[0].extract_text()


async def test_an_e_invoice_is_made_where_they_are_switched_on(company):
    note = await noted(company)
    await company.run_jobs()
    path = f"/credit_notes/{note['lago_id']}"
    entity = f"/billing_entities/{company.organization.default_billing_entity_code}"
    await company.put(entity, {"billing_entity": {"country": "FR", "einvoicing": True}})
    assert await company.post(f"{path}/download_xml") is None
    await company.run_jobs()
    found = (await company.post(f"{path}/download_xml"))["credit_note"]
    content = (await company.client.get(found["xml_url"])).content
    assert b"<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>" in content


async def test_a_final_note_is_mailed_once_with_its_pdf(mailing, box):
    settings = {"email_settings": ["credit_note.created"]}
    await mailing.put("/organizations", {"organization": settings})
    note = await noted(mailing)
    await mailing.run_jobs()
    mail = box.only()
    assert mail.recipients == ["ap@hooli.example"]
    assert mail.message["Subject"] == f"Your credit note from {mailing.organization.name} #{note['number']}"
    assert "€120.00" in mail.part("plain")
    ((name, pdf),) = mail.files.items()
    assert name == f"{note['number']}.pdf"
    assert note["number"] in PdfReader(BytesIO(pdf)).pages[0].extract_text()
    assert await mailing.run_jobs() == 0


async def test_a_note_is_mailed_again_to_whom_one_wants(mailing, box):
    await mailing.put("/organizations", {"organization": {"email_settings": ["credit_note.created"]}})
    note = await noted(mailing, email=None)
    await mailing.run_jobs()
    path = f"/credit_notes/{note['lago_id']}/resend_email"
    refused = await mailing.post(path, {}, 422)
    assert refused["error_details"] == {"to": ["must have at least one recipient"]}
    await mailing.post(path, {"to": ["boss@hooli.example"]})
    await mailing.run_jobs()
    assert box.only().recipients == ["boss@hooli.example"]


async def test_where_credit_notes_are_not_mailed_they_are_not_sent_again(company, databases):
    note = await noted(company)
    answer = await company.post(f"/credit_notes/{note['lago_id']}/resend_email", {"to": ["a@b.example"]}, 405)
    assert answer["code"] == "email_settings_disabled"
    assert "mail" not in await jobs_waiting(databases, company)
