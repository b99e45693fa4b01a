"""The invoice's PDF: every number of its JSON is on the page, whatever the texts are (chapter 72 §8)."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from conto.documents import fonts, formats, labels
from conto.documents.invoice import invoice_data, title
from conto.documents.render import TEMPLATES, render_invoice, template_data
from conto.schemas.vocabulary import CURRENCIES

LETTER = (612, 792)
A4 = (595, 842)
COLUMN = 227  # Points, of one party on A4.
MARKUP = '#read("x") *b* $ _ \\ ` < @ [ ]'


def fee(name: str = "Seats", kind: str = "charge", amount: int = 1000, **changes: Any) -> dict[str, Any]:
    item = {"type": kind, "code": "x", "name": name, "invoice_display_name": name, "description": None}
    item |= {"filters": None, "filter_invoice_display_name": None, "grouped_by": {}}
    return {
        "item": item | changes.pop("item", {}),
        "lago_subscription_id": "s1",
        "lago_charge_id": None,
        "lago_true_up_parent_fee_id": None,
        "amount_cents": amount,
        "units": "1.0",
        "precise_unit_amount": str(Decimal(amount) / 100),
        "taxes_rate": 20.0,
        "from_date": "2024-01-01T00:00:00Z",
        "to_date": "2024-01-31T23:59:59Z",
        "description": None,
        "amount_details": {},
        "pricing_unit_details": None,
    } | changes


SELLER: dict[str, Any] = {
    "code": "acme",
    "name": "Acme",
    "legal_name": "Acme Cloud SAS",
    "legal_number": "RCS Paris 812 345 678",
    "address_line1": "12 rue de la Paix",
    "address_line2": None,
    "city": "Paris",
    "state": None,
    "zipcode": "75002",
    "country": "FR",
    "email": "billing@acme.example",
    "tax_identification_number": "FR40812345678",
    "invoice_footer": "Acme Cloud SAS, share capital €100,000. Late payment bears interest at 10% a year.",
}

CUSTOMER: dict[str, Any] = {
    "external_id": "hooli",
    "name": "Hooli",
    "legal_name": "Hooli, Inc.",
    "legal_number": None,
    "firstname": "Gavin",
    "lastname": "Belson",
    "address_line1": "1401 N Shoreline Blvd",
    "address_line2": "Building 43",
    "city": "Mountain View",
    "state": "CA",
    "zipcode": "94043",
    "country": "US",
    "email": "ap@hooli.example",
    "tax_identification_number": "94-1234567",
    "applicable_timezone": "America/Los_Angeles",
    "metadata": [
        {"key": "Vendor", "value": "V-77", "display_in_invoice": True, "created_at": "2024-01-02T00:00:00Z"},
        {"key": "Contract", "value": "C-2024-9", "display_in_invoice": True, "created_at": "2024-01-01T00:00:00Z"},
        {"key": "Secret", "value": "do not print", "display_in_invoice": False, "created_at": "2024-01-01T00:00:00Z"},
    ],
}


def invoice(*fees: dict[str, Any], currency: str = "EUR", **changes: Any) -> dict[str, Any]:
    fees = fees or (fee("Pro plan", "subscription", 4900), fee(amount=25000, units="250.0", precise_unit_amount="1.0"))
    net = sum(one["amount_cents"] for one in fees)
    tax = net // 5
    return {
        "number": "ACM-0001-014",
        "invoice_type": "subscription",
        "issuing_date": "2024-01-31",
        "payment_due_date": "2024-03-01",
        "net_payment_term": 30,
        "purchase_order_number": "PO-4711",
        "currency": currency,
        "self_billed": False,
        "fees_amount_cents": net,
        "progressive_billing_credit_amount_cents": 0,
        "coupons_amount_cents": 0,
        "sub_total_excluding_taxes_amount_cents": net,
        "taxes_amount_cents": tax,
        "sub_total_including_taxes_amount_cents": net + tax,
        "credit_notes_amount_cents": 0,
        "prepaid_credit_amount_cents": 0,
        "total_amount_cents": net + tax,
        "customer": deepcopy(CUSTOMER),
        "subscriptions": [{"lago_id": "s1", "name": "Production", "plan_code": "pro", "external_id": "prod"}],
        "fees": list(fees),
        "credits": [],
        "applied_taxes": [
            {
                "tax_name": "VAT",
                "tax_code": "vat",
                "tax_rate": 20.0,
                "amount_cents": tax,
                "fees_amount_cents": net,
            }
        ],
        "applied_invoice_custom_sections": [
            {"code": "bank", "display_name": "Bank transfer", "details": "IBAN FR76 3000 6000 0112 3456 7890 189"}
        ],
        "applied_usage_thresholds": [],
    } | changes


def credit(kind: str, name: str, code: str, amount: int) -> dict[str, Any]:
    return {"amount_cents": amount, "item": {"type": kind, "name": name, "code": code}}


def pages(pdf: bytes) -> list[str]:
    """The text of each page, its kinds of space made one."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(*arguments: Any, **named: Any) -> str:
    return " ".join(pages(render_invoice(*arguments, **named)))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def appears(expected: str, text: str) -> bool:
    return squeezed(expected) in squeezed(text)


def test_every_number_of_the_invoice_is_printed():
    made = invoice(
        fee("Plan", "subscription", 123456),
        fee("Calls", amount=701, units="12345.678", precise_unit_amount="0.000567812345678", taxes_rate=8.875),
        fee("Storage", amount=-305, units="3.5", precise_unit_amount="-0.8714285714285714", taxes_rate=0),
        progressive_billing_credit_amount_cents=1001,
        coupons_amount_cents=2005,
        sub_total_excluding_taxes_amount_cents=120846,
        sub_total_including_taxes_amount_cents=145017,
        credit_notes_amount_cents=1111,
        prepaid_credit_amount_cents=2222,
        total_amount_cents=141684,
        credits=[
            credit("coupon", "Spring", "spring", 1500),
            credit("coupon", "Friends", "friends", 505),
            credit("credit_note", "ACM-0001-010", "ACM-0001-010-CN001", 1111),
            credit("invoice", "ACM-0001-012", "ACM-0001-012", 1001),
        ],
        applied_taxes=[
            {"tax_name": "VAT", "tax_code": "a", "tax_rate": 19.6, "amount_cents": 24097, "fees_amount_cents": 120447},
            {"tax_name": "City", "tax_code": "b", "tax_rate": 0.125, "amount_cents": 74, "fees_amount_cents": 59200},
        ],
    )
    shown = text_of(made, SELLER)

    for expected in (
        *("ACM-0001-014", "PO-4711", "Jan 31, 2024", "Mar 1, 2024", "30 days", "Jan 1, 2024"),
        *("€1,234.56", "1 €1,234.56 20% €1,234.56"),
        *("12,345.678 €0.000567812345678 8.875% €7.01", "3.5 -€0.871428571428571 0% -€3.05"),
        *("Usage already billed (ACM-0001-012) -€10.01", "Spring -€15.00", "Friends -€5.05"),
        *("Subtotal excl. tax €1,208.46", "VAT (19.6% on €1,204.47) €240.97", "City (0.125% on €592.00) €0.74"),
        *("Subtotal incl. tax €1,450.17", "Credit note ACM-0001-010-CN001 -€11.11", "Prepaid credits -€22.22"),
        "Total €1,416.84",
    ):
        assert appears(expected, shown), expected


def test_the_totals_come_in_the_order_of_the_chapter():
    made = invoice(
        progressive_billing_credit_amount_cents=1,
        coupons_amount_cents=2,
        credit_notes_amount_cents=3,
        prepaid_credit_amount_cents=4,
    )
    assert [row["label"] for row in invoice_data(made, SELLER, "en")["totals"]] == [
        "Usage already billed",
        "Coupon",
        "Subtotal excl. tax",
        "VAT (20% on €299.00)",
        "Subtotal incl. tax",
        "Credit notes",
        "Prepaid credits",
        "Total",
    ]


def test_without_taxes_a_zero_tax_is_shown():
    assert appears("Tax (0%) €0.00", text_of(invoice(applied_taxes=[], taxes_amount_cents=0), SELLER))


def test_the_parties_and_facts_are_printed():
    shown = text_of(invoice(), SELLER)
    for expected in (
        *("Acme Cloud SAS", "RCS Paris 812 345 678", "12 rue de la Paix", "75002 Paris", "France", "FR40812345678"),
        *("Hooli, Inc.", "Gavin Belson", "Building 43", "Mountain View, CA 94043", "United States", "94-1234567"),
        *("billing@acme.example", "ap@hooli.example", "Contract C-2024-9 Vendor V-77"),
        *("Bank transfer", "IBAN FR76 3000 6000 0112 3456 7890 189", "interest at 10% a year"),
    ):
        assert appears(expected, shown), expected
    assert "do not print" not in shown


@pytest.mark.parametrize(
    ("changes", "country", "expected"),
    [
        ({}, "FR", "invoice"),
        ({}, "AU", "tax_invoice"),
        ({"invoice_type": "advance_charges"}, "FR", "paid_invoice"),
        ({"invoice_type": "advance_charges"}, "SG", "paid_tax_invoice"),
        ({"invoice_type": "credit"}, "AU", "advance_invoice"),
        ({"invoice_type": "credit", "self_billed": True}, "AU", "self_billing_invoice"),
    ],
)
def test_the_title_is_the_first_that_fits(changes: dict[str, Any], country: str, expected: str):
    assert title(invoice(**changes), SELLER | {"country": country}) == expected
    assert f"title_{expected}" in labels.labels("en")


def test_on_a_self_billing_invoice_the_sides_are_swapped_and_the_notice_replaces_the_footer():
    data = invoice_data(invoice(self_billed=True), SELLER, "en")
    assert [(side["label"], side["name"]) for side in data["parties"]] == [
        ("From", "Hooli, Inc."),
        ("Bill to", "Acme Cloud SAS"),
    ]
    assert data["footer"].startswith("Self-billing: this invoice is issued by Acme Cloud SAS")


def test_a_charge_that_cost_nothing_is_left_out():
    unused = fee("Unused", units="0.0", amount=0, precise_unit_amount="0.0")
    entered = fee("Flat only", units="0.0", amount=200, precise_unit_amount="0.0")
    lines = invoice_data(invoice(unused, entered), SELLER, "en")["sections"][0]["lines"]
    assert [line["name"] for line in lines] == ["Flat only"]


def test_lines_stand_plan_first_and_each_minimum_spend_after_its_charge():
    made = invoice(
        fee("Minimum commitment", "commitment"),
        fee("Storage", lago_charge_id="c1", lago_true_up_parent_fee_id="f1"),
        fee("Storage", lago_charge_id="c1", item={"filter_invoice_display_name": "EU", "grouped_by": {"kind": "ssd"}}),
        fee("Seats", lago_charge_id="c2"),
        fee("Setup", "fixed_charge"),
        fee("Pro", "subscription"),
    )
    lines = invoice_data(made, SELLER, "en")["sections"][0]["lines"]
    assert [line["name"] for line in lines] == [
        "Pro",
        "Setup",
        "Storage · EU · ssd",
        "Storage – minimum spend",
        "Seats",
        "Minimum commitment",
    ]


def test_the_period_is_in_the_customers_time_zone():
    paris = CUSTOMER | {"applicable_timezone": "Europe/Paris"}
    made = invoice(fee(from_date="2023-12-31T23:00:00Z", to_date="2024-01-31T22:59:59Z"), customer=paris)
    assert invoice_data(made, SELLER, "en")["sections"][0]["lines"][0]["below"] == ["Jan 1, 2024 – Jan 31, 2024"]


def test_whole_utc_days_are_taken_as_the_customers_own():
    assert invoice_data(invoice(fee()), SELLER, "en")["sections"][0]["lines"][0]["below"] == [
        "Jan 1, 2024 – Jan 31, 2024"
    ]


def test_a_fee_of_an_instant_has_no_period():
    once = fee("Setup", "add_on", from_date="2024-01-31T10:00:00Z", to_date="2024-01-31T10:00:00Z", description="Once.")
    line = invoice_data(invoice(once), SELLER, "en")["sections"][0]["lines"][0]
    assert (line["description"], line["below"]) == ("Once.", [])


def test_several_subscriptions_are_summed_up_before_their_lines():
    made = invoice(
        fee("Pro", "subscription", 4900),
        fee("Calls", amount=1200),
        fee("Basic", "subscription", 900, lago_subscription_id="s2"),
    )
    data = invoice_data(made, SELLER, "en")
    assert data["summary"] == [{"name": "Production", "amount": "€61.00"}, {"name": "Basic", "amount": "€9.00"}]
    first, second = pages(render_invoice(made, SELLER))
    assert appears("Production €61.00 Basic €9.00", first)
    assert appears("Total of Production €61.00", second)


def details(price: str = "1.0", **steps: Any) -> list[str]:
    one = fee(units="300.0", precise_unit_amount=price, amount_details=steps, from_date=None)
    return invoice_data(invoice(one), SELLER, "en")["sections"][0]["lines"][0]["below"]


def test_each_charge_model_says_how_it_came_to_its_amount():
    tier = {"from_value": 0, "to_value": 10, "flat_unit_amount": "2.0", "units": "10.0"}
    last = {"from_value": 11, "to_value": None, "flat_unit_amount": "0.0", "units": "1.5"}
    money = {"per_unit_amount": "10.0", "per_unit_total_amount": "100.0", "total_with_flat_amount": "102.0"}
    rates = {"rate": "1.25", "per_unit_total_amount": "0.125", "total_with_flat_amount": "2.125"}

    assert details(graduated_ranges=[tier | money, last | money]) == [
        "0–10: 10 × €10.00 = €100.00, flat fee €2.00",
        "11 and above: 1.5 × €10.00 = €100.00",
    ]
    assert details(graduated_percentage_ranges=[tier | rates]) == ["0–10: 10 × 1.25% = €0.125, flat fee €2.00"]
    assert details(free_units="10.0", paid_units="111.0", per_package_size=10, per_package_unit_amount="100.0") == [
        "Free units: 10",
        "Units in packages of 10 at €100.00: 111",
    ]
    assert details(flat_unit_amount="50.0", per_unit_amount="0.5", per_unit_total_amount="150.0") == [
        "300 × €0.50 = €150.00, flat fee €50.00"
    ]


def test_a_percentage_charge_shows_units_events_and_adjustment():
    shown = details(
        units="800.0",
        free_units="250.0",
        paid_units="550.0",
        free_events="2.0",
        paid_events=2,
        rate="1.3",
        per_unit_total_amount="7.15",
        fixed_fee_unit_amount="2.0",
        fixed_fee_total_amount="4.0",
        min_max_adjustment_total_amount="-1.5",
    )
    assert shown == [
        "Free units: 250",
        "Free events: 2",
        "550 × 1.3% = €7.15",
        "Events: 2 × €2.00 = €4.00",
        "Minimum and maximum per event: -€1.50",
    ]


def test_a_pricing_unit_shows_its_cost_and_rate():
    unit = {"short_name": "CR", "amount_cents": 30000, "conversion_rate": "0.5"}
    volume = {"flat_unit_amount": "0.0", "per_unit_amount": "1.0", "per_unit_total_amount": "300.0"}
    made = invoice(fee(units="300.0", pricing_unit_details=unit, amount_details=volume, from_date=None))
    assert invoice_data(made, SELLER, "en")["sections"][0]["lines"][0]["below"] == [
        "300 × 1\u00a0CR = 300\u00a0CR",
        "300\u00a0CR at 1 CR = €0.50",
    ]


def test_progressive_billing_names_usage_and_the_highest_threshold_reached():
    reached = [
        {"lifetime_usage_amount_cents": 10500, "usage_threshold": {"amount_cents": cents}} for cents in (5000, 10000)
    ]
    made = invoice(invoice_type="progressive_billing", applied_usage_thresholds=reached)
    assert appears("usage has reached €105.00, the threshold is €100.00", text_of(made, SELLER))


def test_reverse_charge_is_noted():
    tax = {"tax_name": "Reverse Charge", "tax_code": "lago_eu_reverse_charge", "tax_rate": 0, "amount_cents": 0}
    assert "Article 196" in text_of(invoice(applied_taxes=[tax | {"fees_amount_cents": 29900}]), SELLER)


@pytest.mark.parametrize(
    ("currency", "amount", "price"),
    [("JPY", "¥123,456", "¥0.5"), ("KWD", "KWD 123.456", "KWD 0.500"), ("USD", "$1,234.56", "$0.50")],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, amount: str, price: str):
    shown = text_of(invoice(fee(amount=123456, precise_unit_amount="0.5"), currency=currency), SELLER)
    assert appears(f"1 {price} 20% {amount}", shown)


def test_minor_units_are_counted_by_iso_and_not_by_custom():
    assert [formats.money(123456, code, "en") for code in ("RSD", "ISK")] == ["RSD\u00a01,234.56", "ISK\u00a0123,456"]


def test_no_digit_of_a_long_number_is_lost():
    assert formats.money(9_223_372_036_854_775_807, "EUR", "en") == "€92,233,720,368,547,758.07"
    assert formats.quantity(Decimal("123456789012345678.123456789012345"), "en").endswith("345,678.123456789012345")
    assert formats.price(Decimal("1.0000000000000005"), "EUR", "en") == "€1.000000000000001"
    assert formats.price(Decimal("10.0"), "EUR", "en") == "€10.00"


def test_three_hundred_lines_repeat_their_heads_and_number_the_pages():
    many = [
        fee(f"Metric {number}", amount=number * 7, units=f"{number}.0", precise_unit_amount="0.07")
        for number in range(1, 301)
    ]
    shown = pages(render_invoice(invoice(*many), SELLER))
    everything = " ".join(shown)

    assert len(shown) > 3
    for number, page in enumerate(shown, 1):
        assert appears(f"Page {number} of {len(shown)}", page)
        assert "ACM-0001-014" in page
        assert "Metric" not in page or appears("Item Units Unit price Tax rate Amount", page)
    for number in range(1, 301):
        amount = formats.money(number * 7, "EUR", "en")
        assert appears(f"Metric {number} {number} €0.07 20% {amount}", everything)


def test_markup_in_texts_is_printed_as_it_is():
    made = invoice(fee(MARKUP, item={"filter_invoice_display_name": MARKUP}), number=MARKUP)
    made["customer"] |= {"legal_name": MARKUP}
    made["applied_invoice_custom_sections"] = [{"code": "x", "display_name": MARKUP, "details": MARKUP}]
    shown = text_of(made, SELLER | {"invoice_footer": MARKUP, "legal_name": MARKUP})
    assert squeezed(shown).count(squeezed(MARKUP)) >= 8


def test_braces_in_texts_are_no_patterns():
    tax = {"tax_name": "{base}{0}", "tax_code": "x", "tax_rate": 1, "amount_cents": 1, "fees_amount_cents": 100}
    assert appears("{base}{0} (1% on €1.00)", text_of(invoice(applied_taxes=[tax]), SELLER))


def longest_run(letter: str, pdf: bytes) -> int:
    """The most of the letter on one printed line."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\u200b", "")
    return max(map(len, re.findall(f"{letter}+", text)))


def test_long_words_wrap_and_long_texts_go_on():
    url = "https://example.com/" + "a" * 150 + "?" + "w=1&" * 60
    long = "Lorem ipsum dolor sit amet " * 370
    made = invoice(fee("W" * 400, "add_on", description=long), fee(url, item={"grouped_by": {"k": "M" * 100}}))
    made["customer"] |= {"legal_name": "X" * 255, "email": "e" * 200 + "@example.com"}
    pdf = render_invoice(made, SELLER | {"legal_name": "Y" * 255, "invoice_footer": "Z" * 600})
    shown = squeezed(" ".join(pages(pdf)))

    assert shown.count("W") >= 400
    assert shown.count("X") >= 255
    assert shown.count("Y") >= 255
    assert shown.count("Z") == 600
    assert shown.count("Loremipsumdolorsitamet") >= 365
    assert longest_run("X", pdf) * 5 < COLUMN
    assert longest_run("Y", pdf) * 5 < COLUMN
    assert longest_run("W", pdf) * 8 < 330
    assert longest_run("Z", pdf) * 4 < 2 * COLUMN + 30


def test_a_line_higher_than_a_page_is_cut_nowhere():
    texts = [f"Note {number}" for number in range(1, 201)]
    made = invoice(
        fee("Setup", "add_on", description="\n".join(texts)), fee("B" * 230, "add_on", description="C" * 200)
    )
    coupons = [credit("coupon", f"Coupon {number} {'D' * 60}", "c", 1) for number in range(100)]
    shown = text_of(made | {"coupons_amount_cents": 100, "credits": coupons}, SELLER)
    assert [text for text in texts if not appears(text, shown)] == []
    assert [one["item"]["name"] for one in coupons if not appears(one["item"]["name"], shown)] == []


def test_currencies_are_printable_in_every_locale():
    for locale in ("en", "fr", "nb", "de", "it", "es", "sv", "pt-BR", "zh-TW"):
        for currency in CURRENCIES:
            amount = formats.money(-123456789, currency, locale)
            assert fonts.REPLACEMENT not in fonts.printable(amount), (locale, amount)
    assert formats.money(100, "THB", "de") == "1,00\u00a0THB"


@pytest.mark.parametrize(("country", "size"), [("US", LETTER), ("CA", LETTER), ("FR", A4), (None, A4)])
def test_the_paper_is_the_sellers(country: str | None, size: tuple[int, int]):
    box = PdfReader(io.BytesIO(render_invoice(invoice(), SELLER | {"country": country}))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_the_same_input_gives_the_same_bytes_in_every_thread():
    inputs = [invoice(number=f"N-{number}") for number in range(6)]
    alone = [render_invoice(made, SELLER) for made in inputs]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda made: render_invoice(made, SELLER), inputs * 2)) == alone * 2


def test_the_document_says_what_it_is_and_when_it_was_issued():
    reader = PdfReader(io.BytesIO(render_invoice(invoice(), SELLER)))
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Invoice ACM-0001-014", "Acme Cloud SAS")
    assert reader.metadata["/CreationDate"].startswith("D:20240131")
    assert b"pdfaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()


def test_the_template_compiles_without_warnings():
    data = template_data(invoice(), SELLER, "en")
    compiler = typst.Compiler(str(TEMPLATES / "invoice.typ"), root=str(TEMPLATES), font_paths=fonts.fonts())
    _, warnings = compiler.compile_with_warnings(format="pdf", sys_inputs={"data": json.dumps(data)})
    assert warnings == []


def test_the_fonts_have_the_letters_of_europe_and_the_signs_of_the_labels():
    letters = (
        "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØŒŠÙÚÛÜÝŸŽŐŰÞßàáâãäåæçèéêëìíîïðñòóôõöøœšùúûüýÿžőűþąćęłńśźżčďěňřťůğışțășāēīūżđћЖжΩω"
    )
    signs = "€£¥₹₺₴₪₫₦₩₽¢×–—·•“”‘’…°§%\u00a0\u202f−"
    assert fonts.covered().issuperset(letters + signs)


def test_characters_that_no_font_has_are_replaced_and_do_not_stop_the_invoice():
    made = invoice(fee("𝐁old 中 😀\ue000 \ud800 bell\x07 zero\u200bwidth \u202eturned"))
    assert appears("Bold 中 \ufffd\ufffd \ufffd bell zerowidth turned", text_of(made, SELLER))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80), st.text(st.characters(codec="utf-8"), max_size=200), st.text("aW/&\n\t é中", max_size=300))
def test_no_text_ever_stops_an_invoice(name: str, note: str, word: str):
    made = invoice(
        fee(name or "x", "add_on", description=note), fee(word or "x"), number=name, purchase_order_number=word
    )
    made["customer"] |= {"legal_name": note, "city": name, "state": word, "metadata": []}
    made["applied_invoice_custom_sections"] = [{"code": "x", "display_name": name, "details": note}]
    assert appears("Total €24.00", text_of(made, SELLER | {"legal_name": word, "invoice_footer": note}))
