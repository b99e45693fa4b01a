"""An invoice's document: made once in the background, then linked (chapter 20 §7.10)."""

import asyncio
import os
from decimal import Decimal
from io import BytesIO
from urllib.parse import urlsplit
from uuid import UUID

import facturx
import pytest
from obstore.exceptions import GenericError
from obstore.store import LocalStore
from pypdf import PdfReader

from conto.invoices.document import make
from tests.books import jobs_waiting, listens, run, webhook_types


@pytest.fixture
async def issued(company):
    customer, add_on = await company.customer(name="Hooli"), await company.add_on()
    return await company.invoice(customer, {"add_on_code": add_on["code"]})


def pointed(invoice, action):
    return f"/invoices/{invoice['lago_id']}/{action}"


@pytest.mark.parametrize("action", ["download", "download_pdf"])
async def test_before_the_document_is_made_a_download_is_empty(company, issued, action):
    answer = await company.client.post(f"/api/v1{pointed(issued, action)}")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_document_that_is_asked_for_again_is_made_once(company, issued, databases):
    for _ in range(3):
        await company.post(pointed(issued, "download"))
    assert await jobs_waiting(databases, company) == ["document"]


async def test_when_the_document_is_made_the_download_names_it(company, issued):
    await company.run_jobs()
    shown = (await company.post(pointed(issued, "download")))["invoice"]
    assert shown["lago_id"] == issued["lago_id"]
    assert "fees" not in shown
    link = urlsplit(shown["file_url"])
    assert link.path == f"/files/{company.id}/invoices/{issued['lago_id']}.pdf"
    document = await company.client.get(f"{link.path}?{link.query}", headers={"Authorization": ""})
    assert (document.status_code, document.headers["content-type"]) == (200, "application/pdf")
    assert document.content.startswith(b"%PDF-")
    listed = (await company.get("/invoices"))["invoices"][0]
    assert urlsplit(listed["file_url"]).path == link.path


@pytest.mark.parametrize("query", ["", "expires=1&signature=x", "expires=99999999999&signature=x"])
async def test_a_document_is_read_by_a_signed_link_alone(company, issued, query):
    await company.run_jobs()
    path = f"/files/{company.id}/invoices/{issued['lago_id']}.pdf"
    assert (await company.client.get(f"{path}?{query}")).status_code == 404


async def test_a_link_opens_one_document_alone(company, issued):
    other = await company.invoice(issued["customer"], {"add_on_code": issued["fees"][0]["item"]["code"]})
    await company.run_jobs()
    link = urlsplit((await company.post(pointed(issued, "download")))["invoice"]["file_url"])
    path = link.path.replace(issued["lago_id"], other["lago_id"])
    assert (await company.client.get(f"{path}?{link.query}")).status_code == 404


async def test_that_the_document_is_made_is_told_once(company, issued, databases):
    await company.run_jobs()
    assert await jobs_waiting(databases, company) == []
    await run(databases, "update invoices set file_path = null where id = :id", id=issued["lago_id"])
    await listens(company)
    invoice_id = UUID(issued["lago_id"])
    await asyncio.gather(*(make(company.works, company.id, invoice_id) for _ in range(2)))
    await make(company.works, company.id, invoice_id)
    assert await webhook_types(company) == ["invoice.generated"]


async def test_a_document_is_not_made_again_when_its_invoice_is_voided(company, issued, databases):
    await company.run_jobs()
    await company.post(pointed(issued, "void"))
    assert await jobs_waiting(databases, company) == []
    assert (await company.get(f"/invoices/{issued['lago_id']}"))["invoice"]["file_url"] is not None


async def test_a_voided_invoice_has_no_download(company, issued):
    await company.run_jobs()
    await company.post(pointed(issued, "void"))
    for action in ("download", "download_pdf", "download_xml"):
        assert (await company.post(pointed(issued, action), None, 404))["code"] == "invoice_not_found"


async def test_a_rehearsals_document_is_made_by_advancing_its_clock(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    invoice = await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    await rehearsal.advance("2024-03-05T12:00:00Z")
    assert (await rehearsal.post(pointed(invoice, "download")))["invoice"]["file_url"] is not None


async def test_every_number_of_the_answer_stands_in_the_document(company):
    vat, city = await company.tax(name="VAT", rate="19"), await company.tax(name="City", rate="1.75")
    add_on, customer = await company.add_on(), await company.customer(name="Hooli", net_payment_term=30)
    fees = [
        {"units": "7.25", "unit_amount_cents": 123_456, "tax_codes": [vat["code"], city["code"]]},
        {"units": "0.333", "unit_amount_cents": 98_765, "tax_codes": [vat["code"]]},
        {"units": "12", "unit_amount_cents": 0, "tax_codes": [city["code"]]},
    ]
    invoice = await company.invoice(customer, *({"add_on_code": add_on["code"]} | fee for fee in fees))
    await company.run_jobs()
    link = (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["file_url"]
    pages = PdfReader(BytesIO((await company.client.get(link)).content)).pages
    text = " ".join(page.extract_text() for page in pages)

    amounts = [invoice[f"{name}_amount_cents"] for name in ("sub_total_excluding_taxes", "total")]
    amounts += [fee["amount_cents"] for fee in invoice["fees"]]
    for tax in invoice["applied_taxes"]:
        amounts += [tax["amount_cents"], tax["fees_amount_cents"]]
    expected = {f"€{Decimal(cents) / 100:,.2f}" for cents in amounts}
    expected |= {f"€{Decimal(fee['precise_unit_amount']):,.2f}" for fee in invoice["fees"]}
    expected |= {"7.25", "0.333", "12", "20.75%", "19%", "1.75%", invoice["number"], "30 days", "Page 1 of 1"}
    assert {number for number in expected if number not in text} == set()


@pytest.fixture
async def einvoiced(company):
    """An invoice of a billing entity with e-invoicing; it is known that its files are not made yet."""
    entity = {"country": "FR", "einvoicing": True, "legal_name": "Acme SAS", "tax_identification_number": "FR40123456"}
    await company.put(
        f"/billing_entities/{company.organization.default_billing_entity_code}", {"billing_entity": entity}
    )
    await company.tax(code="vat", applied_to_organization=True)
    customer, add_on = await company.customer(name="Hooli", country="DE"), await company.add_on()
    return await company.invoice(customer, {"add_on_code": add_on["code"], "units": 2})


async def kept(company, url):
    """The file that a link names."""
    answer = await company.client.get(url, headers={"Authorization": ""})
    assert answer.status_code == 200
    return answer


async def test_an_e_invoice_is_a_pdf_with_its_data_in_it_and_a_file_beside_it(company, einvoiced):
    assert (einvoiced["file_url"], einvoiced["xml_url"]) == (None, None)
    await company.run_jobs()

    shown = (await company.post(pointed(einvoiced, "download_xml")))["invoice"]
    assert urlsplit(shown["xml_url"]).path == f"/files/{company.id}/invoices/{einvoiced['lago_id']}.xml"
    file = await kept(company, shown["xml_url"])
    assert file.headers["content-type"] == "application/xml"
    facturx.xml_check_xsd(file.content, flavor="ubl-2.1-invoice")
    for fact in (einvoiced["number"], einvoiced["lago_id"], "Acme SAS", "Hooli", "FR40123456", ">240.00<", ">40.00<"):
        assert fact in file.text
    _, data = facturx.get_xml_from_pdf((await kept(company, shown["file_url"])).content, check_xsd=True)
    for fact in (einvoiced["number"], "Acme SAS", "FR40123456", ">240.00<", ">40.00<"):
        assert fact.encode() in data


async def test_the_file_of_an_e_invoice_is_empty_before_it_is_made(company, einvoiced, databases):
    answer = await company.client.post(f"/api/v1{pointed(einvoiced, 'download_xml')}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert await jobs_waiting(databases, company) == ["document"]


async def test_without_e_invoicing_there_is_no_file_of_data(company, issued, databases):
    await company.run_jobs()
    answer = await company.client.post(f"/api/v1{pointed(issued, 'download_xml')}")
    assert (answer.status_code, answer.content) == (200, b"")
    await company.run_jobs()
    assert await jobs_waiting(databases, company) == []
    assert (await company.get(f"/invoices/{issued['lago_id']}"))["invoice"]["xml_url"] is None


async def test_the_data_of_an_invoice_that_has_its_pdf_is_made_when_it_is_asked_for_and_not_told_again(company, issued):
    await listens(company)
    await company.run_jobs()
    entity = company.organization.default_billing_entity_code
    await company.put(f"/billing_entities/{entity}", {"billing_entity": {"country": "DE", "einvoicing": True}})
    await company.post(pointed(issued, "download_xml"))
    await company.run_jobs()
    assert (await company.post(pointed(issued, "download_xml")))["invoice"]["xml_url"] is not None
    assert await webhook_types(company) == ["invoice.generated"]


async def test_a_voided_e_invoice_keeps_its_files(company, einvoiced):
    await company.run_jobs()
    await company.post(pointed(einvoiced, "void"))
    shown = (await company.get(f"/invoices/{einvoiced['lago_id']}"))["invoice"]
    for url in (shown["file_url"], shown["xml_url"]):
        await kept(company, url)


async def test_two_workers_at_once_tell_of_an_e_invoice_once(company, einvoiced):
    await listens(company)
    await asyncio.gather(*(make(company.works, company.id, UUID(einvoiced["lago_id"])) for _ in range(3)))
    assert await webhook_types(company) == ["invoice.generated"]


async def test_a_document_that_was_broken_off_between_its_files_is_finished_and_told_of_once(company, einvoiced):
    await listens(company)
    store = company.works.files.store
    assert isinstance(store, LocalStore)
    in_the_way = f"{store.prefix}/{company.id}/invoices/{einvoiced['lago_id']}.pdf"
    os.makedirs(in_the_way)
    with pytest.raises(GenericError, match="Is a directory"):
        await make(company.works, company.id, UUID(einvoiced["lago_id"]))
    assert await webhook_types(company) == []
    shown = (await company.get(f"/invoices/{einvoiced['lago_id']}"))["invoice"]
    assert (shown["file_url"], shown["xml_url"]) == (None, None)

    os.rmdir(in_the_way)
    await make(company.works, company.id, UUID(einvoiced["lago_id"]))
    shown = (await company.get(f"/invoices/{einvoiced['lago_id']}"))["invoice"]
    for url in (shown["file_url"], shown["xml_url"]):
        await kept(company, url)
    assert await webhook_types(company) == ["invoice.generated"]


async def test_the_documents_language_is_the_customers_before_the_entitys(company):
    entity = company.organization.default_billing_entity_code
    configuration = {"billing_configuration": {"document_locale": "fr"}}
    await company.put(f"/billing_entities/{entity}", {"billing_entity": configuration})
    add_on = await company.add_on()
    for locale, title in ((None, "Facture"), ("de", "Rechnung"), ("zh-TW", "發票")):
        customer = await company.customer(billing_configuration={"document_locale": locale})
        made = await company.invoice(customer, {"add_on_code": add_on["code"]})
        await company.run_jobs()
        url = (await company.get(f"/invoices/{made['lago_id']}"))["invoice"]["file_url"]
        text = PdfReader(BytesIO((await kept(company, url)).content)).pages[0].extract_text()
        assert text.split()[0] == title


async def test_a_subscription_that_ended_without_a_fee_of_its_own_is_called_as_its_plan(rehearsal):
    small = await rehearsal.plan(name="Small", code="s-2024", pay_in_advance=True)
    large = await rehearsal.plan(name="Large", code="l-2024", pay_in_advance=True, amount_cents=3000)
    metric = await rehearsal.metric()
    charge = {"billable_metric_id": metric["lago_id"], "code": "c", "charge_model": "standard"}
    await rehearsal.post(f"/plans/{small['code']}/charges", {"charge": charge | {"properties": {"amount": "1"}}})
    customer = await rehearsal.customer()
    subscription = await rehearsal.subscribe(customer, small)
    used = {"transaction_id": "1", "code": metric["code"], "external_subscription_id": subscription["external_id"]}
    await rehearsal.post("/events", {"event": used})
    await rehearsal.advance("2024-03-12T12:00:00Z")
    await rehearsal.subscribe(customer, large, external_id=subscription["external_id"])
    await rehearsal.advance("2024-03-12T13:00:00Z")

    _, upgrade = await rehearsal.invoices(customer)
    link = urlsplit(upgrade["file_url"])
    document = await rehearsal.client.get(f"{link.path}?{link.query}")
    words = "\n".join(page.extract_text() for page in PdfReader(BytesIO(document.content)).pages)
    assert "Total of Small" in words
    assert "s-2024" not in words
