"""Documents as PDF/A-3b, set by Typst. Safe from several threads, but not in a process that forks afterwards."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typst

from conto.documents.credit_note import credit_note_data
from conto.documents.einvoice.cii import cii
from conto.documents.einvoice.credit_note import credit_note_cii, credit_note_ubl
from conto.documents.einvoice.embed import embedded
from conto.documents.einvoice.facts import einvoice
from conto.documents.einvoice.receipt import receipt_cii, receipt_ubl
from conto.documents.einvoice.ubl import ubl
from conto.documents.fonts import families, fonts, printable, prints
from conto.documents.formats import as_locale
from conto.documents.invoice import invoice_data
from conto.documents.labels import labels
from conto.documents.logo import drawable
from conto.documents.receipt import paid_on, receipt_data

TEMPLATES = Path(__file__).parent / "templates"
PDF_STANDARD = "a-3b"

# Where paper is Letter, by CLDR.
LETTER_COUNTRIES = frozenset({"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"})

_of_thread = threading.local()


def render_invoice(
    invoice: Mapping[str, Any], seller: Mapping[str, Any], locale: str = "en", logo: bytes | None = None
) -> bytes:
    """The invoice as PDF; of a billing entity with e-invoicing, with the invoice's data in it (Factur-X).

    `invoice` is its JSON with fees, credits and customer (InvoiceObjectExtended), `seller` the billing entity's
    (BillingEntityObject), `logo` a PNG or JPEG file's content. A logo that cannot be drawn is left out. The same
    input gives the same bytes, but for the instant that data is attached with.
    """
    data = template_data(invoice, seller, locale)
    pdf = _set("invoice.typ", data, logo)
    return _with_data(pdf, data, cii(einvoice(invoice, seller, locale))) if seller.get("einvoicing") else pdf


def render_xml(invoice: Mapping[str, Any], seller: Mapping[str, Any], locale: str = "en") -> bytes:
    """The invoice as a file of data on its own, in UBL; arguments as for the PDF."""
    return ubl(einvoice(invoice, seller, locale))


def _set(template: str, data: Mapping[str, Any], logo: bytes | None) -> bytes:
    """The template with the data and, where it can be drawn, the logo."""
    if logo is not None and drawable(logo):
        try:
            return _compile(template, {**data, "logo": list(logo)})
        except typst.TypstError:
            pass
    return _compile(template, data)


def _with_data(pdf: bytes, data: Mapping[str, Any], xml: bytes) -> bytes:
    """The PDF with the e-invoice in it."""
    title = f"{data['title']} {data['number']}"
    language = "-".join(part for part in (data["lang"], data["region"]) if part)
    return embedded(pdf, xml, title=title, author=data["company"], subject=title, language=language)


def template_data(invoice: Mapping[str, Any], seller: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The words of the invoice, and what the template needs besides: paper, fonts, language and date."""
    spoken = _speakable(locale)
    on = date.fromisoformat(invoice["issuing_date"])
    return _dressed(invoice_data(invoice, seller, spoken), invoice["customer"], seller, spoken, on)


def render_receipt(
    receipt: Mapping[str, Any],
    seller: Mapping[str, Any],
    locale: str = "en",
    logo: bytes | None = None,
    *,
    invoice: Mapping[str, Any] | None = None,
) -> bytes:
    """The payment receipt as PDF; of a billing entity with e-invoicing, with its data in it (Factur-X).

    `receipt` is its JSON (PaymentReceiptObject) with `customer` and `invoices`, of which each has number, issuing date,
    total, what has been paid of it, and what is due; `seller` and `logo` are as for an invoice. `invoice` is the one
    that was paid (InvoiceObjectExtended); the data is made from it.
    """
    spoken = _speakable(locale)
    on = paid_on(receipt)
    data = _dressed(receipt_data(receipt, seller, spoken), receipt["customer"], seller, spoken, on)
    pdf = _set("receipt.typ", data, logo)
    if invoice is None or not seller.get("einvoicing"):
        return pdf
    return _with_data(pdf, data, receipt_cii(receipt, invoice, seller, locale))


def render_receipt_xml(
    receipt: Mapping[str, Any], invoice: Mapping[str, Any], seller: Mapping[str, Any], locale: str = "en"
) -> bytes:
    """The payment receipt as a file of data on its own, in UBL; arguments as for the PDF."""
    return receipt_ubl(receipt, invoice, seller, locale)


def render_credit_note(
    note: Mapping[str, Any], seller: Mapping[str, Any], locale: str = "en", logo: bytes | None = None
) -> bytes:
    """The credit note (CreditNoteObject) as PDF; of a billing entity with e-invoicing, with its data in it (Factur-X).

    `seller` and `logo` are as for an invoice.
    """
    spoken = _speakable(locale)
    on = date.fromisoformat(note["issuing_date"])
    data = _dressed(credit_note_data(note, seller, spoken), note["customer"], seller, spoken, on)
    pdf = _set("credit_note.typ", data, logo)
    return _with_data(pdf, data, credit_note_cii(note, seller, locale)) if seller.get("einvoicing") else pdf


def render_credit_note_xml(note: Mapping[str, Any], seller: Mapping[str, Any], locale: str = "en") -> bytes:
    """The credit note as a file of data on its own, in UBL; arguments as for the PDF."""
    return credit_note_ubl(note, seller, locale)


def _speakable(locale: str) -> str:
    """The locale; English where the typeface that has its characters is missing."""
    return locale if all(map(prints, labels(locale).values())) else "en"


def _dressed(
    data: Mapping[str, Any], customer: Mapping[str, Any], seller: Mapping[str, Any], locale: str, on: date
) -> dict[str, Any]:
    known = as_locale(locale)
    return printable(data) | {
        "paper": "us-letter" if seller.get("country") in LETTER_COUNTRIES else "a4",
        "fonts": families(known.territory, (customer.get("country"), seller.get("country"))),
        "lang": known.language,
        "region": known.territory,
        "date": [on.year, on.month, on.day],
        "logo": None,
    }


def _compile(template: str, data: Mapping[str, Any]) -> bytes:
    """The template set with the data.

    Raises:
        TypstError: it could not be set.
    """
    pdf = _compiler(template).compile(
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=[PDF_STANDARD],
        timestamp=datetime(*data["date"], tzinfo=UTC),
    )
    assert isinstance(pdf, bytes)
    return pdf


def _compiler(template: str) -> typst.Compiler:
    """This thread's own compiler of the template: one that is shared refuses to work for two at once."""
    compilers: dict[str, typst.Compiler] = _of_thread.__dict__.setdefault("compilers", {})
    if template not in compilers:
        compilers[template] = typst.Compiler(str(TEMPLATES / template), root=str(TEMPLATES), font_paths=fonts())
    return compilers[template]
