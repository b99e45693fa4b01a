"""A payment receipt as data: document type 202, in the two syntaxes (chapter 72 §9).

Inside the PDF it is the invoice that was paid, under the receipt's number and day, with how it was paid. The file
on its own answers that invoice (UBL's ApplicationResponse): it is paid, or a part of it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conto.documents.einvoice import GUIDELINE
from conto.documents.einvoice.cii import cii
from conto.documents.einvoice.facts import NOT_DEFINED, EInvoice, Payment, einvoice
from conto.documents.einvoice.ubl import PREFIXES as OF_INVOICE
from conto.documents.einvoice.ubl import party
from conto.documents.einvoice.xml import Vocabulary, written
from conto.documents.receipt import paid_on, wording_of

Json = Mapping[str, Any]

RECEIPT = "202"
CARD = "48"
PAID, PARTIALLY_PAID = "PD", "PPD"
"""What a response says of an invoice (UNCL 4343)."""

PREFIXES = {
    "response": "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2",
    "cac": OF_INVOICE["cac"],
    "cbc": OF_INVOICE["cbc"],
}
response, cac, cbc = (Vocabulary(PREFIXES[prefix], PREFIXES) for prefix in ("response", "cac", "cbc"))


def receipt_cii(receipt: Json, invoice: Json, seller: Json, locale: str) -> bytes:
    """What goes into the receipt's PDF. `invoice` is the one that was paid (InvoiceObjectExtended)."""
    return cii(_facts(receipt, invoice, seller, locale))


def receipt_ubl(receipt: Json, invoice: Json, seller: Json, locale: str) -> bytes:
    """The file on its own; arguments as above."""
    facts, about = _facts(receipt, invoice, seller, locale), einvoice(invoice, seller, locale)
    (told,) = receipt["invoices"]
    (payment,) = facts.payments
    return written(
        response(
            "ApplicationResponse",
            cbc("CustomizationID", GUIDELINE),
            cbc("ProfileID", facts.type_code),
            cbc("ID", facts.number),
            cbc("IssueDate", facts.issued_on.isoformat()),
            cbc("Note", facts.note),
            cac("SenderParty", *party(facts.seller)),
            cac("ReceiverParty", *party(facts.buyer)),
            cac(
                "DocumentResponse",
                cac(
                    "Response",
                    cbc("ResponseCode", PARTIALLY_PAID if told["due_amount_cents"] else PAID),
                    cbc("Description", payment.text),
                    cbc("EffectiveDate", facts.issued_on.isoformat()),
                ),
                cac(
                    "DocumentReference",
                    cbc("ID", about.number),
                    cbc("IssueDate", about.issued_on.isoformat()),
                    cbc("DocumentTypeCode", about.type_code),
                ),
            ),
        )
    )


def _facts(receipt: Json, invoice: Json, seller: Json, locale: str) -> EInvoice:
    wording = wording_of(receipt, locale)
    paid = receipt["payment"]
    said = f"{wording.say('title_receipt')}: {wording.money(paid['amount_cents'])}"
    return replace(
        einvoice(invoice, seller, locale),
        number=receipt["number"],
        type_code=RECEIPT,
        issued_on=paid_on(receipt),
        note=f"Payment receipt ID: {receipt['lago_id']}",
        payments=[Payment(CARD if paid["type"] == "provider" else NOT_DEFINED, said)],
    )
