"""An e-invoice in UBL 2.1: the separate file (chapter 72 §9)."""

from collections.abc import Iterator
from typing import Any

from conto.documents.einvoice import GUIDELINE
from conto.documents.einvoice.amounts import Rated
from conto.documents.einvoice.facts import DISCOUNT, UNIT, Category, EInvoice, Line, Party
from conto.documents.einvoice.xml import Vocabulary, plain, two_decimals, written

PREFIXES = {
    "ubl": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
invoice, cac, cbc = (Vocabulary(PREFIXES[prefix], PREFIXES) for prefix in ("ubl", "cac", "cbc"))

NOTE_PREFIXES = {
    "note": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    "cac": PREFIXES["cac"],
    "cbc": PREFIXES["cbc"],
}
credit_note = Vocabulary(NOTE_PREFIXES["note"], NOTE_PREFIXES)


def ubl(facts: EInvoice) -> bytes:
    """The document."""
    return written(
        invoice(
            "Invoice",
            cbc("CustomizationID", GUIDELINE),
            cbc("ID", facts.number),
            cbc("IssueDate", facts.issued_on.isoformat()),
            cbc("DueDate", facts.due_on.isoformat()),
            cbc("InvoiceTypeCode", facts.type_code),
            *_head(facts),
            *(
                cac("PaymentMeans", cbc("PaymentMeansCode", payment.code, name=payment.text))
                for payment in facts.payments
            ),
            *_sums_up(facts),
            *(_line("InvoiceLine", "InvoicedQuantity", line, facts.currency) for line in facts.lines),
        )
    )


def ubl_credit_note(facts: EInvoice) -> bytes:
    """The document of a credit note, a kind of its own here."""
    return written(
        credit_note(
            "CreditNote",
            cbc("CustomizationID", GUIDELINE),
            cbc("ID", facts.number),
            cbc("IssueDate", facts.issued_on.isoformat()),
            cbc("CreditNoteTypeCode", facts.type_code),
            *_head(facts),
            *(
                cac(
                    "PaymentMeans",
                    cbc("PaymentMeansCode", payment.code, name=payment.text),
                    cbc("PaymentDueDate", facts.due_on.isoformat()),
                )
                for payment in facts.payments
            ),
            *_sums_up(facts),
            *(_line("CreditNoteLine", "CreditedQuantity", line, facts.currency) for line in facts.lines),
        )
    )


def _head(facts: EInvoice) -> Iterator[Any]:
    """What the document is about, and who is part of it."""
    yield cbc("Note", facts.note)
    yield cbc("DocumentCurrencyCode", facts.currency)
    yield cbc("BuyerReference", facts.buyer_reference)
    yield cac("OrderReference", cbc("ID", facts.order_number))
    yield cac("BillingReference", cac("InvoiceDocumentReference", cbc("ID", facts.preceding)))
    yield cac("AccountingSupplierParty", cac("Party", *party(facts.seller)))
    yield cac("AccountingCustomerParty", cac("Party", *party(facts.buyer)))
    yield cac("Delivery", cbc("ActualDeliveryDate", facts.delivered_on.isoformat()))


def _sums_up(facts: EInvoice) -> Iterator[Any]:
    """Allowances, taxes and totals."""
    for category, part in facts.breakdown:
        if part.allowance:
            yield _allowance(category, part, facts)
    yield _taxes(facts)
    yield _sums(facts)


def party(side: Party) -> list[Any]:
    """The elements that describe a side of the document."""
    return [
        cac("PartyIdentification", cbc("ID", side.id)),
        _address(side),
        _tax_number(side.vat_number, "VAT"),
        _tax_number(side.tax_number, "TAX"),
        cac("PartyLegalEntity", cbc("RegistrationName", side.name)),
    ]


def _address(party: Party) -> Any:
    address = party.address
    return cac(
        "PostalAddress",
        cbc("StreetName", address.get("address_line1")),
        cbc("AdditionalStreetName", address.get("address_line2")),
        cbc("CityName", address.get("city")),
        cbc("PostalZone", address.get("zipcode")),
        cbc("CountrySubentity", address.get("state")),
        cac("Country", cbc("IdentificationCode", address.get("country"))),
    )


def _tax_number(number: str | None, scheme: str) -> Any:
    if number is None:
        return None
    return cac("PartyTaxScheme", cbc("CompanyID", number), cac("TaxScheme", cbc("ID", scheme)))


def _category(name: str, category: Category) -> Any:
    return cac(
        name,
        cbc("ID", category.code),
        cbc("Percent", None if category.rate is None else plain(category.rate)),
        cac("TaxScheme", cbc("ID", "VAT")),
    )


def _money(name: str, hundredths: int, currency: str) -> Any:
    return cbc(name, two_decimals(hundredths), currencyID=currency)


def _allowance(category: Category, part: Rated, facts: EInvoice) -> Any:
    return cac(
        "AllowanceCharge",
        cbc("ChargeIndicator", "false"),
        cbc("AllowanceChargeReasonCode", DISCOUNT),
        cbc("AllowanceChargeReason", facts.discount),
        _money("Amount", part.allowance, facts.currency),
        _category("TaxCategory", category),
    )


def _taxes(facts: EInvoice) -> Any:
    return cac(
        "TaxTotal",
        _money("TaxAmount", facts.sums.taxes, facts.currency),
        *(cac("TaxSubtotal", *_subtotal(category, part, facts.currency)) for category, part in facts.breakdown),
    )


def _subtotal(category: Category, part: Rated, currency: str) -> Iterator[Any]:
    yield _money("TaxableAmount", part.basis, currency)
    yield _money("TaxAmount", part.tax, currency)
    yield cac(
        "TaxCategory",
        cbc("ID", category.code),
        cbc("Percent", None if category.rate is None else plain(category.rate)),
        cbc("TaxExemptionReasonCode", category.reason_code),
        cbc("TaxExemptionReason", category.reason),
        cac("TaxScheme", cbc("ID", "VAT")),
    )


def _sums(facts: EInvoice) -> Any:
    sums, currency = facts.sums, facts.currency
    return cac(
        "LegalMonetaryTotal",
        _money("LineExtensionAmount", sums.lines, currency),
        _money("TaxExclusiveAmount", sums.tax_basis, currency),
        _money("TaxInclusiveAmount", sums.grand_total, currency),
        _money("AllowanceTotalAmount", sums.allowances, currency),
        _money("PrepaidAmount", sums.prepaid, currency),
        _money("PayableAmount", sums.due, currency),
    )


def _line(name: str, quantity: str, line: Line, currency: str) -> Any:
    return cac(
        name,
        cbc("ID", str(line.number)),
        cbc(quantity, plain(line.units), unitCode=UNIT),
        _money("LineExtensionAmount", line.amount, currency),
        cac(
            "Item",
            cbc("Description", line.description),
            cbc("Name", line.name),
            _category("ClassifiedTaxCategory", line.category),
        ),
        cac("Price", cbc("PriceAmount", plain(line.price), currencyID=currency)),
    )
