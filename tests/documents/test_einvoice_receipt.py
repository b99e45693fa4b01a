"""A payment receipt's e-invoice: valid in its PDF, and an answer to its invoice on its own (chapter 72 §9)."""

import io
from typing import Any

import facturx
import pytest

from conto.documents.einvoice.cii import PREFIXES as CII
from conto.documents.einvoice.receipt import PREFIXES as UBL
from conto.documents.einvoice.receipt import receipt_cii, receipt_ubl
from conto.documents.render import render_receipt
from tests.documents.test_einvoice import ISSUER, Document, summed, taxed
from tests.documents.test_receipt_pdf import receipt

ID = "7a901a90-1a90-4a90-9a90-1a901a901a90"


def paid(amount: int = 4000, due: int = 8000, **changes: Any) -> dict[str, Any]:
    made = receipt(amount=amount) | {"lago_id": ID}
    made["payment"] |= changes
    made["invoices"] = [made["invoices"][0] | {"due_amount_cents": due}]
    return made


INVOICE = summed(taxed("Seats", 10_000, 20))


def test_the_data_in_the_pdf_is_the_invoice_under_the_receipts_number():
    found = Document(receipt_cii(paid(), INVOICE, ISSUER, "en"), CII)
    assert found.one("rsm:ExchangedDocument/ram:TypeCode") == "202"
    assert found.one("rsm:ExchangedDocument/ram:ID") == "ACM-0001-RCPT-000001"
    assert found.one("rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString") == "20240131"
    assert found.one("ram:IncludedNote/ram:Content") == f"Payment receipt ID: {ID}"
    assert found.one("ram:GrandTotalAmount") == "120.00"
    assert found.all("ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["1"]
    assert found.one("ram:SpecifiedTradeSettlementPaymentMeans/ram:Information") == "Payment receipt: €40.00"


def test_a_providers_payment_is_one_by_card():
    found = Document(receipt_cii(paid(type="provider"), INVOICE, ISSUER, "en"), CII)
    assert found.all("ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["48"]


@pytest.mark.parametrize(("due", "code"), [(8000, "PPD"), (0, "PD")])
def test_the_file_on_its_own_says_whether_its_invoice_is_paid(due: int, code: str):
    found = Document(receipt_ubl(paid(due=due), INVOICE, ISSUER, "en"), UBL)
    assert (found.all("cbc:ID")[0], found.one("cbc:ProfileID")) == ("ACM-0001-RCPT-000001", "202")
    assert found.one("cac:Response/cbc:ResponseCode") == code
    assert found.one("cac:Response/cbc:Description") == "Payment receipt: €40.00"
    assert found.one("cac:DocumentReference/cbc:ID") == INVOICE["number"]
    assert found.one("cac:DocumentReference/cbc:DocumentTypeCode") == "380"
    assert found.one("cac:SenderParty/cac:PartyLegalEntity/cbc:RegistrationName") == "Acme Cloud SAS"
    assert found.one("cac:ReceiverParty/cac:PartyLegalEntity/cbc:RegistrationName") == "Hooli, Inc."
    assert b"Invoice-2" not in found.content


@pytest.mark.parametrize("einvoicing", [True, False])
def test_the_pdf_holds_its_data_where_e_invoices_are_switched_on(einvoicing: bool):
    pdf = render_receipt(paid(), ISSUER | {"einvoicing": einvoicing}, invoice=INVOICE)
    name, xml = facturx.get_xml_from_pdf(io.BytesIO(pdf), check_xsd=True, check_schematron=False)
    if einvoicing:
        assert (name, xml) == ("factur-x.xml", receipt_cii(paid(), INVOICE, ISSUER, "en"))
    else:
        assert not name
