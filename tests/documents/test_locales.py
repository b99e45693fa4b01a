"""Documents in every locale: its words, its numbers and dates, its characters (chapter 72 §7)."""

import io
import re
import string
import subprocess
import sys
from typing import Any

import pytest
import typst
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from conto.documents import fonts
from conto.documents.labels import LOCALES, labels
from conto.documents.render import render_invoice
from conto.schemas import vocabulary
from tests.documents.test_invoice_pdf import CUSTOMER, SELLER, appears, credit, fee, invoice, text_of

NAMES = {"Chinese": "台灣積體電路製造股份有限公司", "Japanese": "株式会社サンプル商事", "Korean": "주식회사 한국어"}


def placeholders(label: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(label) if name}


def test_there_is_a_table_of_labels_for_every_locale_that_can_be_chosen():
    assert tuple(LOCALES) == vocabulary.LOCALES


@pytest.mark.parametrize("locale", LOCALES)
def test_a_locale_has_every_label_and_none_beside(locale: str):
    assert list(labels(locale)) == list(labels("en"))
    assert {key: placeholders(label) for key, label in labels(locale).items()} == {
        key: placeholders(label) for key, label in labels("en").items()
    }
    assert all(label.strip() == label and fonts.prints(label) for label in labels(locale).values())


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_hardly_a_label_was_left_in_english(locale: str):
    same = {key for key, label in labels(locale).items() if label == labels("en")[key]}
    assert same <= {"total"}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_of_every_locale_are_printed(locale: str):
    steps = {"graduated_ranges": [tier(0, 10), tier(11, None)]}
    made = invoice(
        fee("Calls", amount_details=steps),
        fee("Storage", amount=2000),
        coupons_amount_cents=100,
        progressive_billing_credit_amount_cents=200,
        credit_notes_amount_cents=300,
        prepaid_credit_amount_cents=400,
        credits=[credit("credit_note", "N-1", "N-1-CN1", 300)],
        applied_taxes=[{**TAX, "tax_code": code} for code in ("lago_eu_reverse_charge", "lago_eu_tax_exempt")],
    )
    shown = text_of(made, SELLER, locale)
    own = labels(locale)
    for key in PRINTED:
        words = [part for part in re.split(r"\{.*?\}", own[key]) if part.strip(" \u00a0().,:")]
        for expected in words:
            assert appears(expected, shown), (key, expected)


TAX = {"tax_name": "VAT", "tax_code": "x", "tax_rate": 0, "amount_cents": 0, "fees_amount_cents": 100}
PRINTED = (
    "title_invoice number purchase_order_number issuing_date payment_term days from bill_to legal_number tax_number due"
    " item units unit_price tax_rate amount fees_period range_open flat_fee usage_already_billed coupon tax_on"
    " subtotal_without_tax subtotal_with_tax credit_note prepaid_credits total reverse_charge tax_exempt page"
).split()


def tier(first: int, last: int | None) -> dict[str, Any]:
    numbers = {"units": "10.0", "per_unit_amount": "1.0", "per_unit_total_amount": "10.0", "flat_unit_amount": "2.0"}
    return {"from_value": first, "to_value": last, **numbers}


@pytest.mark.parametrize(
    ("locale", "issued", "amount", "rate", "country"),
    [
        ("en", "Jan 31, 2024", "€1,234.56", "8.875%", "United States"),
        ("fr", "31 janv. 2024", "1 234,56 €", "8,875 %", "États-Unis"),
        ("nb", "31. jan. 2024", "1 234,56 €", "8,875 %", "USA"),
        ("de", "31.01.2024", "1.234,56 €", "8,875 %", "Vereinigte Staaten"),
        ("it", "31 gen 2024", "1.234,56 €", "8,875%", "Stati Uniti"),
        ("es", "31 ene 2024", "1.234,56 €", "8,875 %", "Estados Unidos"),
        ("sv", "31 jan. 2024", "1 234,56 €", "8,875 %", "USA"),
        ("pt-BR", "31 de jan. de 2024", "€ 1.234,56", "8,875%", "Estados Unidos"),
        ("zh-TW", "2024年1月31日", "€1,234.56", "8.875%", "美國"),
    ],
)
def test_dates_numbers_and_countries_are_written_as_the_locale_does(
    locale: str, issued: str, amount: str, rate: str, country: str
):
    shown = text_of(invoice(fee(amount=123456, taxes_rate=8.875)), SELLER, locale)
    assert [text for text in (issued, amount, rate, country) if not appears(text, shown)] == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en", "en"), ("fr", "fr"), ("nb", "nb"), ("de", "de"), ("it", "it"), ("es", "es"), ("sv", "sv")]
    + [("pt-BR", "pt-BR"), ("zh-TW", "zh-TW")],
)
def test_the_document_says_which_language_it_is_in(locale: str, language: str):
    reader = PdfReader(io.BytesIO(render_invoice(invoice(), SELLER, locale)))
    assert reader.trailer["/Root"]["/Lang"] == language


@pytest.mark.parametrize(
    ("locale", "term", "shown"),
    [("en", 0, "0 days"), ("en", 1, "1 day"), ("fr", 0, "0 jour"), ("fr", 2, "2 jours"), ("de", 1, "1 Tag")]
    + [("pt-BR", 1, "1 dia"), ("sv", 30, "30 dagar"), ("zh-TW", 1, "1 天")],
)
def test_days_are_counted_as_the_language_does(locale: str, term: int, shown: str):
    assert appears(shown, text_of(invoice(net_payment_term=term), SELLER, locale))


def test_names_in_chinese_japanese_and_korean_are_printed_in_english_documents():
    made = invoice(*(fee(name, "add_on") for name in NAMES.values()), number="見積-7")
    made["customer"] |= {"legal_name": NAMES["Japanese"], "city": "千代田区", "country": "JP"}
    shown = text_of(made, SELLER | {"legal_name": NAMES["Chinese"]})
    for name in (*NAMES.values(), "千代田区", "見積-7", "Invoice number"):
        assert appears(name, shown), name


def test_marks_that_only_select_a_glyphs_variant_are_dropped():
    assert fonts.printable("葛\U000e0100城") == "葛城"


@pytest.mark.parametrize(
    ("locale", "customer", "seller", "family"),
    [
        ("zh-TW", "JP", "CN", "tc"),
        ("en", "JP", "FR", "jp"),
        ("en", "KR", "FR", "kr"),
        ("en", "FR", "CN", "sc"),
        ("en", "HK", "US", "hk"),
        ("en", "FR", None, "tc"),
    ],
)
def test_shared_characters_have_the_forms_of_the_readers_country(
    locale: str, customer: str, seller: str | None, family: str
):
    made = invoice(customer=CUSTOMER | {"legal_name": "骨直", "country": customer})
    pdf = render_invoice(made, SELLER | {"country": seller}, locale)
    assert {name for name in embedded_fonts(pdf) if "CJK" in name} == {f"NotoSansCJK{family}"}


def embedded_fonts(pdf: bytes) -> set[str]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    bases = [font.get_object()["/BaseFont"] for page in pages for font in page["/Resources"]["/Font"].values()]
    return {re.sub(r"^/[A-Z]{6}\+|-.*$", "", base) for base in bases}


def ink(text: str, weight: int) -> float:
    """How much is drawn of the text's characters, in the typeface of Chinese documents."""
    source = f'#set text(font: "{fonts.families("TW", ())[1]}", weight: {weight})'
    pdf = typst.Compiler(font_paths=fonts.fonts()).compile(f"{source}\n{text}".encode(), format="pdf")
    assert isinstance(pdf, bytes)
    (used,) = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"].values()
    program = used["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"].get_data()
    glyphs = TTFont(io.BytesIO(program)).getGlyphSet()
    pen = AreaPen(glyphs)
    for name in glyphs:
        glyphs[name].draw(pen)
    return abs(pen.value)


def test_bold_chinese_is_really_bold():
    assert ink("發票總計", 700) > 1.2 * ink("發票總計", 400) > 0


def test_only_the_characters_used_are_embedded():
    made = invoice(*(fee(f"{name} {number}", "add_on") for number in range(40) for name in NAMES.values()))
    assert len(render_invoice(made, SELLER, "zh-TW")) < 400_000


WITHOUT = """
import sys
sys.modules["manimgx_fonts_cjk"] = None
from tests.documents.test_invoice_pdf import SELLER, fee, invoice, text_of
print(text_of(invoice(fee("台灣")), SELLER, "zh-TW").encode("ascii", "backslashreplace").decode())
"""


def test_without_the_large_typeface_its_characters_are_replaced_and_its_locale_speaks_english():
    ran = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True, timeout=60)
    assert appears(r"\ufffd\ufffd", ran.stdout)
    assert appears("Invoice number ACM-0001-014", ran.stdout)
