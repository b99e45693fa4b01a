"""The credit note's PDF and its e-invoice: every value of its JSON, in the customer's language (chapter 72 §§8-9)."""

import io
from copy import deepcopy
from typing import Any

import facturx
import pytest

from conto.documents.credit_note import credit_note_data
from conto.documents.credit_note_labels import CREDIT_NOTE_LABELS, ENGLISH
from conto.documents.einvoice.cii import PREFIXES as CII
from conto.documents.einvoice.credit_note import credit_note_cii
from conto.documents.einvoice.ubl import NOTE_PREFIXES
from conto.documents.render import render_credit_note, render_credit_note_xml
from conto.schemas.vocabulary import LOCALES
from tests.documents.test_einvoice import ISSUER, Document
from tests.documents.test_invoice_pdf import CUSTOMER, SELLER, fee
from tests.documents.test_receipt_pdf import text_of

ID = "5a901a90-1a90-4a90-9a90-1a901a901a90"


def item(name: str, amount: int, of: int, rate: float = 20.0, coupons: str = "0.0") -> dict[str, Any]:
    told = fee(name, "add_on", of, taxes_rate=rate, precise_coupons_amount_cents=coupons)
    return {"amount_cents": amount, "precise_amount_cents": f"{amount}.0", "fee": told}


def note(**changes: Any) -> dict[str, Any]:
    """A note of 123.00 over two items, with a share of a coupon and 20 % of tax."""
    return {
        "lago_id": ID,
        "number": "ACM-0001-014-CN001",
        "invoice_number": "ACM-0001-014",
        "purchase_order_number": "PO-4711",
        "issuing_date": "2024-02-03",
        "created_at": "2024-02-03T09:00:00Z",
        "currency": "EUR",
        "description": "Delivered too late",
        "self_billed": False,
        "items": [item("Setup", 10000, 20000, coupons="500.0"), item("Training", 500, 500)],
        "coupons_adjustment_amount_cents": 250,
        "sub_total_excluding_taxes_amount_cents": 10250,
        "taxes_amount_cents": 2050,
        "total_amount_cents": 12300,
        "credit_amount_cents": 10000,
        "refund_amount_cents": 2000,
        "offset_amount_cents": 300,
        "applied_taxes": [{"tax_name": "VAT", "tax_rate": 20.0, "base_amount_cents": 10250, "amount_cents": 2050}],
        "customer": deepcopy(CUSTOMER),
    } | changes


def test_every_value_of_the_note_is_printed():
    shown = text_of(render_credit_note(note(), SELLER))
    for part in (
        *("Credit note", "ACM-0001-014-CN001", "Invoice number ACM-0001-014", "Purchase order PO-4711"),
        *("Issue date Feb 3, 2024", "Acme Cloud SAS", "Hooli, Inc.", "Setup", "Training", "€100.00", "€5.00"),
        *("Coupons -€2.50", "Subtotal excl. tax €102.50", "VAT (20% on €102.50) €20.50", "Total €123.00"),
        *("Credited to the balance €100.00", "To be refunded €20.00", "Set off against the invoice €3.00"),
        *("Delivered too late", "Page 1 of 1"),
    ):
        assert part in shown, (part, shown)


def test_what_there_is_nothing_of_is_not_printed():
    shown = text_of(render_credit_note(note(coupons_adjustment_amount_cents=0, refund_amount_cents=0), SELLER))
    assert "Coupons" not in shown
    assert "To be refunded" not in shown


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_names_everything(locale: str):
    said = CREDIT_NOTE_LABELS[locale]
    assert said.keys() == ENGLISH.keys()
    assert credit_note_data(note(), SELLER, locale)["title"] == said["title_credit_note"]
    assert said["title_credit_note"] in text_of(render_credit_note(note(), SELLER, locale))


def test_the_data_in_the_pdf_is_valid_and_adds_up():
    found = Document(credit_note_cii(note(), ISSUER, "en"), CII)
    facturx.xml_check_xsd(found.content, flavor="factur-x", level="en16931")
    assert found.one("rsm:ExchangedDocument/ram:TypeCode") == "381"
    assert found.one("rsm:ExchangedDocument/ram:ID") == "ACM-0001-014-CN001"
    assert found.one("ram:IncludedNote/ram:Content") == f"Credit note ID: {ID}"
    assert found.one("ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == "ACM-0001-014"
    assert found.all("ram:LineTotalAmount") == ["5.00", "100.00", "105.00"]
    assert found.one("ram:AllowanceTotalAmount") == "2.50"
    assert found.one("ram:TaxBasisTotalAmount") == "102.50"
    assert found.one("ram:GrandTotalAmount") == "123.00"
    assert found.all("ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["97", "1", "97"]


def test_the_file_on_its_own_is_a_credit_note():
    found = Document(render_credit_note_xml(note(), ISSUER), NOTE_PREFIXES)
    assert found.one("cbc:CreditNoteTypeCode") == "381"
    assert found.one("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "ACM-0001-014"
    assert found.all("cac:CreditNoteLine/cbc:LineExtensionAmount") == ["5.00", "100.00"]
    assert found.one("cac:LegalMonetaryTotal/cbc:PayableAmount") == "123.00"
    assert b"Invoice-2" not in found.content


@pytest.mark.parametrize("einvoicing", [True, False])
def test_the_pdf_holds_its_data_where_e_invoices_are_switched_on(einvoicing: bool):
    pdf = render_credit_note(note(), ISSUER | {"einvoicing": einvoicing})
    name, data = facturx.get_xml_from_pdf(io.BytesIO(pdf), check_xsd=False)
    assert (name == "factur-x.xml") is einvoicing
    assert bool(data and b"ACM-0001-014-CN001" in data) is einvoicing


def test_a_note_over_items_that_round_up_still_adds_up():
    made = note(
        items=[item("Setup", 10000, 20000) | {"precise_amount_cents": "9999.5"}],
        coupons_adjustment_amount_cents=0,
        sub_total_excluding_taxes_amount_cents=10001,
    )
    found = Document(credit_note_cii(made, ISSUER, "en"), CII)
    assert found.one("ram:TaxBasisTotalAmount") == "100.00"
    assert found.one("ram:GrandTotalAmount") == "120.50"
