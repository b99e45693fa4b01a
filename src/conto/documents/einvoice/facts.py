"""What an e-invoice says, whichever syntax says it: the table of chapter 72 §9, from an invoice's JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from conto.core.days import zone as zone_named
from conto.documents import parties
from conto.documents.einvoice.amounts import Rated, Sums, by_rate, hundredths, rate_of, sums
from conto.documents.labels import labels
from conto.documents.wording import Wording

Json = Mapping[str, Any]

INVOICE, PREPAYMENT, SELF_BILLED = "380", "386", "389"
STANDARD, ZERO_RATED, OUTSIDE = "S", "Z", "O"
OUTSIDE_CODE = "VATEX-EU-O"
UNIT = "C62"
NOT_DEFINED, STANDING_AGREEMENT, CLEARING = "1", "57", "97"
DISCOUNT = "95"


@dataclass(frozen=True, slots=True)
class Party:
    """A side of the invoice. `vat_number` begins with its country; `tax_number` is any other."""

    id: str | None
    name: str
    address: Json
    vat_number: str | None
    tax_number: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """A tax category; outside of all taxes it has no rate, and says why."""

    code: str
    rate: Decimal | None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A fee. `price` is in major units, per unit, precise; `amount` in hundredths."""

    number: int
    name: str
    description: str | None
    price: Decimal
    units: Decimal
    category: Category
    amount: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A means of payment: its code (UNTDID 4461), and words that tell the amount."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class EInvoice:
    """All that an e-invoice says. Days are the customer's own; amounts are hundredths."""

    number: str
    type_code: str
    issued_on: date
    due_on: date
    delivered_on: date
    currency: str
    note: str
    order_number: str | None
    buyer_reference: str | None
    seller: Party
    buyer: Party
    lines: list[Line]
    payments: list[Payment]
    breakdown: list[tuple[Category, Rated]]
    discount: str
    sums: Sums
    preceding: str | None = None
    """The number of the invoice that a credit note is on."""


def einvoice(invoice: Json, seller: Json, locale: str) -> EInvoice:
    """The facts of an invoice (InvoiceObjectExtended) that the billing entity `seller` (BillingEntityObject) issues."""
    zone = zone_named(invoice["customer"].get("applicable_timezone") or "UTC")
    wording = Wording(locale, labels(locale), invoice["currency"], zone)
    whole, kind = sums(invoice), type_code(invoice)
    sides = [_entity(seller, kind), _customer(invoice["customer"], kind)]
    if kind == SELF_BILLED:
        # The customer is who delivers: the same swap as on the page that this is the data of.
        sides.reverse()
    return EInvoice(
        number=invoice["number"],
        type_code=kind,
        issued_on=date.fromisoformat(invoice["issuing_date"]),
        due_on=date.fromisoformat(invoice["payment_due_date"]),
        delivered_on=_delivered_on(invoice, zone),
        currency=invoice["currency"],
        note=f"Invoice ID: {invoice['lago_id']}",
        order_number=invoice.get("purchase_order_number"),
        buyer_reference=invoice["customer"]["external_id"] if seller.get("country") == "DE" else None,
        seller=sides[0],
        # Of buyers the standard knows numbers for VAT alone.
        buyer=replace(sides[1], tax_number=None),
        lines=_lines(invoice, kind, wording),
        payments=_payments(invoice, wording),
        breakdown=[(_category(part.rate, kind, wording), part) for part in by_rate(invoice, whole)],
        discount=wording.say("discount"),
        sums=whole,
    )


def type_code(invoice: Json) -> str:
    """The kind of document (UNTDID 1001): the first that fits, as for the page's title."""
    if invoice.get("self_billed"):
        return SELF_BILLED
    return PREPAYMENT if invoice["invoice_type"] == "credit" else INVOICE


def _entity(entity: Json, kind: str) -> Party:
    return Party(entity["code"], parties.entity_name(entity), entity, *_tax_numbers(entity, kind))


def _customer(customer: Json, kind: str) -> Party:
    return Party(None, parties.customer_names(customer)[0], customer, *_tax_numbers(customer, kind))


def _tax_numbers(source: Json, kind: str) -> tuple[str | None, str | None]:
    """The number as one for VAT, or as another; neither where the invoice is outside of VAT (rule BR-O-02)."""
    number = re.sub(r"[\s.\-]", "", source.get("tax_identification_number") or "").upper()
    if kind == PREPAYMENT or not number:
        return None, None
    return (number, None) if re.match(r"[A-Z]{2}[0-9A-Z]", number) else (None, number)


def _delivered_on(invoice: Json, zone: ZoneInfo) -> date:
    """The first day of the usage that is billed; without such a period, the day on which the invoice was made."""
    starts = [period.get("charges_from_datetime") for period in invoice.get("billing_periods") or []]
    known = sorted(start for start in starts if start)
    return datetime.fromisoformat(known[0] if known else invoice["created_at"]).astimezone(zone).date()


def _category(rate: Decimal, kind: str, wording: Wording) -> Category:
    if kind == PREPAYMENT:
        return Category(OUTSIDE, None, OUTSIDE_CODE, wording.say("not_subject_to_vat"))
    return Category(STANDARD if rate else ZERO_RATED, rate)


def _lines(invoice: Json, kind: str, wording: Wording) -> list[Line]:
    """Every fee, the smallest amount first."""
    fees = sorted(invoice["fees"], key=lambda fee: fee["amount_cents"])
    return [
        Line(
            number=number,
            name=fee["item"]["name"],
            description=fee["item"].get("invoice_display_name"),
            price=Decimal(fee["precise_unit_amount"]),
            units=Decimal(fee["units"]),
            category=_category(rate_of(fee), kind, wording),
            amount=hundredths(fee["amount_cents"], invoice["currency"]),
        )
        for number, fee in enumerate(fees, 1)
    ]


def _payments(invoice: Json, wording: Wording) -> list[Payment]:
    means = (
        (NOT_DEFINED, "amount_due", invoice["total_amount_cents"]),
        (STANDING_AGREEMENT, "prepaid_credits", invoice["prepaid_credit_amount_cents"]),
        (CLEARING, "credit_notes", invoice["credit_notes_amount_cents"]),
    )
    return [Payment(code, f"{wording.say(label)}: {wording.money(cents)}") for code, label, cents in means if cents > 0]
