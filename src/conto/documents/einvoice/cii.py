"""An e-invoice in UN/CEFACT's Cross Industry Invoice: what goes into the PDF (Factur-X, profile EN 16931)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from conto.documents.einvoice import GUIDELINE
from conto.documents.einvoice.amounts import Rated
from conto.documents.einvoice.facts import DISCOUNT, UNIT, Category, EInvoice, Line, Party
from conto.documents.einvoice.xml import Vocabulary, plain, two_decimals, written

PREFIXES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
rsm, ram, udt = (Vocabulary(PREFIXES[prefix], PREFIXES) for prefix in ("rsm", "ram", "udt"))


def cii(facts: EInvoice) -> bytes:
    """The document."""
    return written(
        rsm(
            "CrossIndustryInvoice",
            rsm(
                "ExchangedDocumentContext",
                ram("GuidelineSpecifiedDocumentContextParameter", ram("ID", GUIDELINE)),
            ),
            rsm(
                "ExchangedDocument",
                ram("ID", facts.number),
                ram("TypeCode", facts.type_code),
                ram("IssueDateTime", _day(facts.issued_on)),
                ram("IncludedNote", ram("Content", facts.note)),
            ),
            rsm(
                "SupplyChainTradeTransaction",
                *(_line(line) for line in facts.lines),
                _agreement(facts),
                ram(
                    "ApplicableHeaderTradeDelivery",
                    ram("ActualDeliverySupplyChainEvent", ram("OccurrenceDateTime", _day(facts.delivered_on))),
                ),
                ram("ApplicableHeaderTradeSettlement", *_settlement(facts)),
            ),
        )
    )


def _day(day: date) -> Any:
    return udt("DateTimeString", day.strftime("%Y%m%d"), format="102")


def _line(line: Line) -> Any:
    return ram(
        "IncludedSupplyChainTradeLineItem",
        ram("AssociatedDocumentLineDocument", ram("LineID", str(line.number))),
        ram("SpecifiedTradeProduct", ram("Name", line.name), ram("Description", line.description)),
        ram("SpecifiedLineTradeAgreement", ram("NetPriceProductTradePrice", ram("ChargeAmount", plain(line.price)))),
        ram("SpecifiedLineTradeDelivery", ram("BilledQuantity", plain(line.units), unitCode=UNIT)),
        ram(
            "SpecifiedLineTradeSettlement",
            ram("ApplicableTradeTax", *_category(line.category)),
            ram(
                "SpecifiedTradeSettlementLineMonetarySummation",
                ram("LineTotalAmount", two_decimals(line.amount)),
            ),
        ),
    )


def _category(category: Category) -> Iterator[Any]:
    yield ram("TypeCode", "VAT")
    yield ram("CategoryCode", category.code)
    if category.rate is not None:
        yield ram("RateApplicablePercent", plain(category.rate))


def _agreement(facts: EInvoice) -> Any:
    return ram(
        "ApplicableHeaderTradeAgreement",
        _party("SellerTradeParty", facts.seller),
        _party("BuyerTradeParty", facts.buyer),
        ram("BuyerOrderReferencedDocument", ram("IssuerAssignedID", facts.order_number)),
    )


def _party(name: str, party: Party) -> Any:
    address = party.address
    return ram(
        name,
        ram("ID", party.id),
        ram("Name", party.name),
        ram(
            "PostalTradeAddress",
            ram("PostcodeCode", address.get("zipcode")),
            ram("LineOne", address.get("address_line1")),
            ram("LineTwo", address.get("address_line2")),
            ram("CityName", address.get("city")),
            ram("CountryID", address.get("country")),
            ram("CountrySubDivisionName", address.get("state")),
        ),
        ram("SpecifiedTaxRegistration", ram("ID", party.vat_number, schemeID="VA")),
        ram("SpecifiedTaxRegistration", ram("ID", party.tax_number, schemeID="FC")),
    )


def _settlement(facts: EInvoice) -> Iterator[Any]:
    yield ram("InvoiceCurrencyCode", facts.currency)
    for payment in facts.payments:
        yield ram(
            "SpecifiedTradeSettlementPaymentMeans", ram("TypeCode", payment.code), ram("Information", payment.text)
        )
    for category, part in facts.breakdown:
        yield _tax(category, part)
    for category, part in facts.breakdown:
        if part.allowance:
            yield _allowance(category, part, facts.discount)
    yield ram("SpecifiedTradePaymentTerms", ram("DueDateDateTime", _day(facts.due_on)))
    yield _sums(facts)
    yield ram("InvoiceReferencedDocument", ram("IssuerAssignedID", facts.preceding))


def _tax(category: Category, part: Rated) -> Any:
    return ram(
        "ApplicableTradeTax",
        ram("CalculatedAmount", two_decimals(part.tax)),
        ram("TypeCode", "VAT"),
        ram("ExemptionReason", category.reason),
        ram("BasisAmount", two_decimals(part.basis)),
        ram("CategoryCode", category.code),
        ram("ExemptionReasonCode", category.reason_code),
        ram("RateApplicablePercent", None if category.rate is None else plain(category.rate)),
    )


def _allowance(category: Category, part: Rated, reason: str) -> Any:
    return ram(
        "SpecifiedTradeAllowanceCharge",
        ram("ChargeIndicator", udt("Indicator", "false")),
        ram("ActualAmount", two_decimals(part.allowance)),
        ram("ReasonCode", DISCOUNT),
        ram("Reason", reason),
        ram("CategoryTradeTax", *_category(category)),
    )


def _sums(facts: EInvoice) -> Any:
    sums = facts.sums
    return ram(
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        ram("LineTotalAmount", two_decimals(sums.lines)),
        ram("AllowanceTotalAmount", two_decimals(sums.allowances)),
        ram("TaxBasisTotalAmount", two_decimals(sums.tax_basis)),
        ram("TaxTotalAmount", two_decimals(sums.taxes), currencyID=facts.currency),
        ram("GrandTotalAmount", two_decimals(sums.grand_total)),
        ram("TotalPrepaidAmount", two_decimals(sums.prepaid)),
        ram("DuePayableAmount", two_decimals(sums.due)),
    )
