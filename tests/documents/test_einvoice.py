"""E-invoices: what they say, that their sums hold and that they are valid, alone and in the PDF (chapter 72 §9)."""

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import facturx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from conto.core.money import to_cents
from conto.documents.einvoice.amounts import by_rate, divided, sums
from conto.documents.einvoice.cii import PREFIXES as CII
from conto.documents.einvoice.cii import cii
from conto.documents.einvoice.facts import einvoice
from conto.documents.einvoice.ubl import PREFIXES as UBL
from conto.documents.render import render_invoice, render_xml
from tests.documents.test_invoice_pdf import CUSTOMER, SELLER, fee, invoice

ISSUER = SELLER | {"einvoicing": True}
FRENCH = CUSTOMER | {"country": "FR", "tax_identification_number": "FR 83 404 833 048"}
ID = "1a901a90-1a90-4a90-9a90-1a901a901a90"


def taxed(name: str, amount: int, rate: float, *, coupon: str = "0", **changes: Any) -> dict[str, Any]:
    """A fee with its precise tax, on what a coupon in minor units leaves."""
    precise = max(Decimal(0), Decimal(amount) - Decimal(coupon)) * Decimal(str(rate)) / 10_000
    return fee(name, "add_on", amount, taxes_rate=rate, taxes_precise_amount=str(precise), **changes)


def summed(*fees: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An invoice over the fees, with totals that hold together."""
    credits = {f"{kind}_amount_cents": changes.pop(kind, 0) for kind in CREDITS}
    net = sum(one["amount_cents"] for one in fees) - credits["coupons_amount_cents"]
    net -= credits["progressive_billing_credit_amount_cents"]
    tax = to_cents(sum((Decimal(one["taxes_precise_amount"]) * 100 for one in fees), Decimal(0)))
    return invoice(*fees, lago_id=ID, created_at="2024-01-31T09:00:00Z", invoice_type="one_off") | {
        **credits,
        "sub_total_excluding_taxes_amount_cents": net,
        "taxes_amount_cents": tax,
        "sub_total_including_taxes_amount_cents": net + tax,
        "total_amount_cents": net + tax - credits["credit_notes_amount_cents"] - credits["prepaid_credit_amount_cents"],
        **changes,
    }


CREDITS = ("coupons", "progressive_billing_credit", "credit_notes", "prepaid_credit")


class Document:
    """An e-invoice in either syntax, read by paths."""

    def __init__(self, content: bytes, prefixes: dict[str, str]) -> None:
        self.content = content
        self._root = etree.fromstring(content)
        self._prefixes = prefixes

    def all(self, path: str) -> list[str]:
        """The texts of the elements at the path, from anywhere."""
        return [found.text for found in self._root.findall(f".//{path}", self._prefixes)]

    def one(self, path: str) -> str:
        """The text of the only one."""
        (found,) = self.all(path)
        return found

    def attributes(self, path: str, name: str) -> list[str]:
        """The attribute's value at each element of the path."""
        return [found.get(name) for found in self._root.findall(f".//{path}", self._prefixes)]


def as_cii(made: dict[str, Any], seller: dict[str, Any] = ISSUER, locale: str = "en") -> Document:
    return Document(cii(einvoice(made, seller, locale)), CII)


def as_ubl(made: dict[str, Any], seller: dict[str, Any] = ISSUER, locale: str = "en") -> Document:
    return Document(render_xml(made, seller, locale), UBL)


def test_an_invoice_says_who_sold_what_to_whom_and_when():
    made = summed(taxed("Setup", 10000, 20.0, units="2.0", precise_unit_amount="50.0"), customer=FRENCH)
    document = as_cii(made)
    assert document.one("ram:GuidelineSpecifiedDocumentContextParameter/ram:ID") == "urn:cen.eu:en16931:2017"
    assert document.one("rsm:ExchangedDocument/ram:ID") == "ACM-0001-014"
    assert document.one("rsm:ExchangedDocument/ram:TypeCode") == "380"
    assert document.one("ram:IssueDateTime/udt:DateTimeString") == "20240131"
    assert document.one("ram:IncludedNote/ram:Content") == f"Invoice ID: {ID}"
    assert document.one("ram:SellerTradeParty/ram:ID") == "acme"
    assert document.one("ram:SellerTradeParty/ram:Name") == "Acme Cloud SAS"
    assert document.one("ram:SellerTradeParty/ram:PostalTradeAddress/ram:CountryID") == "FR"
    assert document.one("ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID") == "FR40812345678"
    assert document.attributes("ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID", "schemeID") == ["VA"]
    assert document.one("ram:BuyerTradeParty/ram:Name") == "Hooli, Inc."
    assert document.one("ram:BuyerTradeParty/ram:PostalTradeAddress/ram:LineTwo") == "Building 43"
    assert document.one("ram:BuyerTradeParty/ram:SpecifiedTaxRegistration/ram:ID") == "FR83404833048"
    assert document.one("ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID") == "PO-4711"
    assert document.one("ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString") == "20240301"
    assert document.one("ram:NetPriceProductTradePrice/ram:ChargeAmount") == "50"
    assert document.one("ram:BilledQuantity") == "2"
    assert document.attributes("ram:BilledQuantity", "unitCode") == ["C62"]


def test_the_separate_file_says_the_same():
    made = summed(taxed("Setup", 10000, 20.0, units="2.0", precise_unit_amount="50.0"), customer=FRENCH)
    document = as_ubl(made)
    assert document.one("cbc:CustomizationID") == "urn:cen.eu:en16931:2017"
    assert document.all("cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID") == ["acme"]
    for path, expected in (
        ("cbc:IssueDate", "2024-01-31"),
        ("cbc:DueDate", "2024-03-01"),
        ("cbc:InvoiceTypeCode", "380"),
        ("cbc:Note", f"Invoice ID: {ID}"),
        ("cbc:DocumentCurrencyCode", "EUR"),
        ("cac:OrderReference/cbc:ID", "PO-4711"),
        ("cac:AccountingSupplierParty//cac:PartyTaxScheme/cbc:CompanyID", "FR40812345678"),
        ("cac:AccountingCustomerParty//cbc:RegistrationName", "Hooli, Inc."),
        ("cac:Price/cbc:PriceAmount", "50"),
        ("cbc:InvoicedQuantity", "2"),
        ("cac:LegalMonetaryTotal/cbc:PayableAmount", "120.00"),
    ):
        assert document.one(path) == expected
    assert document.all("cbc:BuyerReference") == []


def test_of_a_german_entity_the_file_refers_to_the_customers_external_id():
    german = ISSUER | {"country": "DE", "tax_identification_number": "DE123456789"}
    assert as_ubl(summed(taxed("Setup", 100, 19.0)), german).one("cbc:BuyerReference") == "hooli"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "380"),
        ({"invoice_type": "credit"}, "386"),
        ({"self_billed": True}, "389"),
        ({"self_billed": True, "invoice_type": "credit"}, "389"),
    ],
)
def test_the_type_of_the_document(changes: dict[str, Any], expected: str):
    made = summed(taxed("Setup", 10000, 0.0), **changes)
    assert as_cii(made).one("rsm:ExchangedDocument/ram:TypeCode") == expected
    assert as_ubl(made).one("cbc:InvoiceTypeCode") == expected


def test_on_a_self_billed_invoice_the_customer_is_the_seller():
    document = as_cii(summed(taxed("Work", 10000, 20.0), self_billed=True, customer=FRENCH))
    assert document.one("ram:SellerTradeParty/ram:Name") == "Hooli, Inc."
    assert document.one("ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID") == "FR83404833048"
    assert document.one("ram:BuyerTradeParty/ram:ID") == "acme"


def test_lines_come_smallest_first_with_name_and_description():
    made = summed(
        taxed("Large", 30000, 20.0),
        taxed("Small", 100, 5.5, item={"invoice_display_name": "A small thing"}),
        taxed("Middle", 2000, 0.0, precise_unit_amount="0.000000123456789"),
    )
    document = as_cii(made)
    assert document.all("ram:AssociatedDocumentLineDocument/ram:LineID") == ["1", "2", "3"]
    assert document.all("ram:SpecifiedTradeProduct/ram:Name") == ["Small", "Middle", "Large"]
    assert document.all("ram:SpecifiedTradeProduct/ram:Description") == ["A small thing", "Middle", "Large"]
    assert document.all("ram:LineTotalAmount") == ["1.00", "20.00", "300.00", "321.00"]
    assert document.all("ram:NetPriceProductTradePrice/ram:ChargeAmount") == ["1", "0.000000123456789", "300"]
    line = "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/"
    assert document.all(f"{line}ram:CategoryCode") == ["S", "Z", "S"]
    assert document.all(f"{line}ram:RateApplicablePercent") == ["5.5", "0", "20"]


def test_the_breakdown_has_a_part_for_each_rate():
    made = summed(
        taxed("Setup", 100000, 20.0), taxed("Book", 2950, 5.5), taxed("Free", 7777, 0.0), taxed("Hours", 20, 20.0)
    )
    document = as_cii(made)
    header = "ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/"
    assert document.all(f"{header}ram:RateApplicablePercent") == ["0", "5.5", "20"]
    assert document.all(f"{header}ram:CategoryCode") == ["Z", "S", "S"]
    assert document.all(f"{header}ram:BasisAmount") == ["77.77", "29.50", "1000.20"]
    assert document.all(f"{header}ram:CalculatedAmount") == ["0.00", "1.62", "200.04"]
    assert document.all("ram:SpecifiedTradeAllowanceCharge/ram:ActualAmount") == []


def test_coupons_and_progressive_credits_are_allowances_of_each_rate():
    made = summed(
        taxed("Setup", 100000, 20.0, coupon="6666.66"),
        taxed("Book", 30000, 5.5, coupon="2000"),
        taxed("Free", 20000, 0.0, coupon="1333.34"),
        coupons=7000,
        progressive_billing_credit=3000,
        credit_notes=5000,
        prepaid_credit=2500,
    )
    document = as_cii(made)
    allowance = "ram:SpecifiedTradeAllowanceCharge/"
    assert document.all(f"{allowance}ram:ActualAmount") == ["13.33", "20.00", "66.67"]
    assert document.all(f"{allowance}ram:CategoryTradeTax/ram:RateApplicablePercent") == ["0", "5.5", "20"]
    end = "ram:SpecifiedTradeSettlementHeaderMonetarySummation/"
    assert [document.one(end + f"ram:{name}") for name in SUMS] == [
        "1500.00",
        "100.00",
        "1400.00",
        "202.07",
        "1602.07",
        "75.00",
        "1527.07",
    ]


SUMS = (
    "LineTotalAmount AllowanceTotalAmount TaxBasisTotalAmount TaxTotalAmount GrandTotalAmount TotalPrepaidAmount"
    " DuePayableAmount"
).split()


def test_a_top_up_is_outside_of_taxes_and_names_no_vat_number():
    made = summed(taxed("credit", 10000, 0.0), invoice_type="credit", customer=FRENCH)
    document = as_cii(made)
    assert set(document.all("ram:CategoryCode")) == {"O"}
    assert document.all("ram:RateApplicablePercent") == []
    assert document.one("ram:ExemptionReasonCode") == "VATEX-EU-O"
    assert document.one("ram:ExemptionReason") == "Not subject to VAT"
    assert document.all("ram:SpecifiedTaxRegistration/ram:ID") == []
    assert as_ubl(made).all("cac:PartyTaxScheme/cbc:CompanyID") == []
    assert as_ubl(made).one("cbc:TaxExemptionReasonCode") == "VATEX-EU-O"


def test_a_number_that_is_not_for_vat_says_so():
    german = ISSUER | {"country": "DE", "tax_identification_number": "12/345/67890"}
    document = as_cii(summed(taxed("Setup", 100, 19.0)), german)
    assert document.attributes("ram:SpecifiedTaxRegistration/ram:ID", "schemeID") == ["FC"]


@pytest.mark.parametrize(
    ("credits", "codes"),
    [
        ({}, ["1"]),
        ({"prepaid_credit": 2000, "credit_notes": 3000}, ["1", "57", "97"]),
        ({"prepaid_credit": 12000}, ["57"]),
    ],
)
def test_means_of_payment_are_those_that_pay_something(credits: dict[str, int], codes: list[str]):
    made = summed(taxed("Setup", 10000, 20.0), **credits)
    assert as_cii(made).all("ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == codes
    assert as_ubl(made).all("cbc:PaymentMeansCode") == codes


def test_what_was_delivered_was_delivered_on_the_customers_day():
    document = as_cii(summed(taxed("Setup", 100, 20.0), created_at="2024-02-01T03:00:00Z"))
    assert document.one("ram:OccurrenceDateTime/udt:DateTimeString") == "20240131"


def test_usage_was_delivered_from_the_start_of_its_period():
    periods = [{"charges_from_datetime": "2024-01-01T08:00:00Z"}, {"charges_from_datetime": None}]
    made = summed(taxed("Calls", 100, 20.0), invoice_type="subscription", billing_periods=periods)
    assert as_cii(made).one("ram:OccurrenceDateTime/udt:DateTimeString") == "20240101"


def test_texts_are_in_the_locale():
    made = summed(taxed("Setup", 10000, 20.0, coupon="1000"), coupons=1000)
    document = as_cii(made, locale="de")
    assert document.one("ram:SpecifiedTradeAllowanceCharge/ram:Reason") == "Rabatt"
    assert document.one("ram:Information") == "Fälliger Betrag: 108,00\u00a0€"


@pytest.mark.parametrize(("currency", "total"), [("JPY", "12000.00"), ("KWD", "12.00"), ("EUR", "120.00")])
def test_amounts_have_two_decimals_in_every_currency(currency: str, total: str):
    document = as_cii(summed(taxed("Setup", 10000, 20.0), currency=currency))
    assert document.one("ram:GrandTotalAmount") == total


def written(made: dict[str, Any]) -> Iterator[bytes]:
    facts = einvoice(made, ISSUER, "en")
    document = cii(facts)
    facturx.xml_check_xsd(document, flavor="factur-x", level="en16931")
    yield document
    file = render_xml(made, ISSUER)
    facturx.xml_check_xsd(file, flavor="ubl-2.1-invoice")
    yield file


def test_a_customer_of_whom_little_is_known_has_a_valid_invoice():
    bare = {"external_id": "x", "metadata": [], "applicable_timezone": None}
    made = summed(taxed("Setup", 100, 20.0, item={"invoice_display_name": ""}), customer=bare)
    assert [document.count(b">x<") for document in written(made)] == [1, 1]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40), st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_ever_makes_an_e_invoice_invalid(name: str, other: str):
    made = summed(taxed(other or "x", 100, 20.0), number=name or "x", purchase_order_number=other)
    made["customer"] = CUSTOMER | {"legal_name": name, "city": other, "state": name, "tax_identification_number": other}
    assert all(written(made))


FEES = st.lists(
    st.tuples(st.integers(0, 10**9), st.sampled_from([0.0, 2.1, 5.5, 19.0, 20.0, 20.75]), st.decimals(-1, 1, places=6)),
    min_size=1,
    max_size=8,
)


@given(FEES, st.integers(0, 100), st.integers(0, 100), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_the_parts_add_up_to_the_sums(fees: list[Any], share: int, paid: int, currency: str):
    """Whatever the precise taxes are: rules BR-CO-10, 11, 13 to 16, and BR-S-08 of the standard."""
    listed = [
        taxed("x", amount, rate, coupon=str(Decimal(amount * share) / 100 + drift)) for amount, rate, drift in fees
    ]
    allowance = sum(amount for amount, _, _ in fees) * share // 100
    made = summed(*listed, coupons=allowance, currency=currency)
    made["credit_notes_amount_cents"] = made["sub_total_excluding_taxes_amount_cents"] * paid // 100
    whole = sums(made)
    parts = by_rate(made, whole)
    assert sum(part.amounts for part in parts) == whole.lines
    assert sum(part.allowance for part in parts) == whole.allowances
    assert sum(part.basis for part in parts) == whole.tax_basis
    assert sum(part.tax for part in parts) == whole.taxes
    assert whole.due == whole.lines - whole.allowances + whole.taxes - whole.prepaid


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_what_is_divided_adds_up_and_strays_by_less_than_one(total: int, weights: list[int]):
    parts = divided(total, weights, otherwise=[1] * len(weights))
    assert sum(parts) == total
    if sum(weights):
        exact = [total * weight / sum(weights) for weight in weights]
        assert all(abs(part - share) <= 1 for part, share in zip(parts, exact, strict=True))


@pytest.mark.parametrize("locale", ["fr", "zh-TW"])
def test_the_pdf_holds_the_data_and_stays_an_archive_document(locale: str):
    made = summed(taxed("Setup", 10000, 20.0), taxed("Book", 2950, 5.5))
    pdf = render_invoice(made, ISSUER, locale)
    name, content = facturx.get_xml_from_pdf(pdf, check_xsd=True)
    assert (name, content) == ("factur-x.xml", as_cii(made, locale=locale).content)
    root = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    metadata = etree.fromstring(root["/Metadata"].get_data())
    said = {etree.QName(found).localname: found.text for found in metadata.iter(etree.Element)}
    assert (said["part"], said["conformance"], said["ConformanceLevel"]) == ("3", "B", "EN 16931")
    assert (said["DocumentType"], said["DocumentFileName"]) == ("INVOICE", "factur-x.xml")
    assert root["/Lang"] == locale
    assert len(root["/OutputIntents"]) == 1
    assert [file.get_object()["/AFRelationship"] for file in root["/AF"]] == ["/Alternative"]
    assert "/StructTreeRoot" in root


def test_without_e_invoicing_the_pdf_holds_no_data():
    assert "/AF" not in PdfReader(io.BytesIO(render_invoice(summed(taxed("x", 1, 0.0)), SELLER))).trailer["/Root"]
