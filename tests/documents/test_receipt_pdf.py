"""The payment receipt's PDF: every value of its JSON is on the page, in the customer's language (chapter 72 §8)."""

from copy import deepcopy
from io import BytesIO
from string import Formatter
from typing import Any

import pytest
from pypdf import PdfReader

from conto.documents.receipt import receipt_data
from conto.documents.receipt_labels import ENGLISH, RECEIPT_LABELS
from conto.documents.render import render_receipt
from conto.schemas.vocabulary import LOCALES
from tests.documents.test_invoice_pdf import A4, CUSTOMER, LETTER, MARKUP, SELLER


def receipt(currency: str = "EUR", amount: int = 123456, **changes: Any) -> dict[str, Any]:
    payment = {
        "type": "manual",
        "reference": "wire 4711",
        "amount_cents": amount,
        "amount_currency": currency,
        "created_at": "2024-01-31T23:30:00Z",
    }
    line = {
        "number": "ACM-0001-014",
        "issuing_date": "2024-01-15",
        "total_amount_cents": amount + 100,
        "paid_amount_cents": amount,
        "due_amount_cents": 100,
    }
    found: dict[str, Any] = {
        "number": "ACM-0001-RCPT-000001",
        "payment": payment,
        "customer": deepcopy(CUSTOMER),
        "invoices": [line],
    }
    return found | changes


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


def test_every_value_of_the_receipt_is_printed():
    shown = text_of(render_receipt(receipt(), SELLER))
    for part in (
        *("Payment receipt", "ACM-0001-RCPT-000001", "Manual payment", "wire 4711", "Acme Cloud SAS", "Hooli, Inc."),
        *("Payment date Jan 31, 2024", "€1,234.56 Paid on Jan 31, 2024", "Page 1 of 1"),
        "ACM-0001-014 Jan 15, 2024 €1,235.56 €1,234.56 €1.00",
    ):
        assert part in shown, part


def test_many_invoices_run_on_over_pages_under_their_heading():
    lines = [receipt()["invoices"][0] | {"number": f"ACM-{n:04d}"} for n in range(120)]
    pages = PdfReader(BytesIO(render_receipt(receipt(invoices=lines), SELLER))).pages
    assert len(pages) > 1
    assert all("Issue date" in page.extract_text() for page in pages)
    whole = " ".join(page.extract_text() for page in pages)
    assert [n for n in range(120) if f"ACM-{n:04d}" not in whole] == []


@pytest.mark.parametrize(
    ("locale", "parts"),
    [
        ("fr", ("Reçu de paiement", "31 janv. 2024", "1 234,56 €")),
        ("nb", ("Betalingskvittering", "31. jan. 2024", "1 234,56 €")),
        ("de", ("Zahlungsbeleg", "31.01.2024", "1.234,56 €")),
        ("it", ("Ricevuta di pagamento", "31 gen 2024", "1.234,56 €")),
        ("es", ("Recibo de pago", "31 ene 2024", "1.234,56 €")),
        ("sv", ("Betalningskvitto", "31 jan. 2024", "1 234,56 €")),
        ("pt-BR", ("Recibo de pagamento", "31 de jan. de 2024", "€ 1.234,56")),
        ("zh-TW", ("付款收據", "付款日期 2024年", "€1,234.56")),
    ],
)
def test_a_receipt_speaks_the_customers_language(locale: str, parts: tuple[str, ...]):
    shown = text_of(render_receipt(receipt(), SELLER, locale))
    for part in parts:
        assert part in shown, part


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_names_everything(locale: str):
    said = RECEIPT_LABELS[locale]
    assert said.keys() == ENGLISH.keys()
    assert {key: fields(text) for key, text in said.items()} == {key: fields(text) for key, text in ENGLISH.items()}
    assert receipt_data(receipt(), SELLER, locale)["title"] == said["title_receipt"]


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text)} - {None}


@pytest.mark.parametrize(("country", "size"), [("US", LETTER), ("FR", A4)])
def test_the_paper_is_the_sellers_countrys(country: str, size: tuple[int, int]):
    (page,) = PdfReader(BytesIO(render_receipt(receipt(), SELLER | {"country": country}))).pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == size


def test_minor_units_are_the_currencys():
    assert "¥123,456 Paid" in text_of(render_receipt(receipt("JPY"), SELLER))


def test_markup_in_texts_is_printed_as_it_is():
    made = receipt()
    made["payment"]["reference"] = MARKUP
    made["customer"]["name"] = made["customer"]["legal_name"] = MARKUP
    assert text_of(render_receipt(made, SELLER)).count('#read("x") *b* $ _') == 2


def test_the_same_receipt_is_the_same_file():
    assert render_receipt(receipt(), SELLER) == render_receipt(receipt(), SELLER)
