"""A payment receipt's PDF in words: the template's data, every value ready to print (chapter 72 §8)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from conto.core.days import zone
from conto.documents import parties
from conto.documents.labels import labels
from conto.documents.receipt_labels import ENGLISH, RECEIPT_LABELS
from conto.documents.wording import Wording

Json = Mapping[str, Any]

COLUMNS = ("invoice", "invoice_date", "invoice_total", "invoice_paid", "invoice_due")


def receipt_data(receipt: Json, seller: Json, locale: str) -> dict[str, Any]:
    """All that the template prints, from the receipt's JSON with its customer and invoices, and the seller's."""
    wording = wording_of(receipt, locale)
    customer = receipt["customer"]
    return {
        "title": wording.say("title_receipt"),
        "number": receipt["number"],
        "company": parties.entity_name(seller),
        "facts": _facts(receipt, wording),
        "parties": [
            parties.party("from", [parties.entity_name(seller)], seller, wording),
            parties.party("received_from", parties.customer_names(customer), customer, wording),
        ],
        "sum": {
            "amount": wording.money(receipt["payment"]["amount_cents"]),
            "paid": wording.say("paid_on", date=wording.day(paid_on(receipt))),
        },
        "invoices": [_line(invoice, wording) for invoice in receipt["invoices"]],
        "labels": {key: wording.say(key) for key in COLUMNS},
        "page": wording.labels["page"],
    }


def wording_of(receipt: Json, locale: str) -> Wording:
    """How the receipt speaks: its own labels over those of all documents."""
    said = {**labels(locale), **RECEIPT_LABELS.get(locale, ENGLISH)}
    return Wording(locale, said, receipt["payment"]["amount_currency"], _zone(receipt))


def paid_on(receipt: Json) -> date:
    """The day of the payment, where the customer is."""
    return datetime.fromisoformat(receipt["payment"]["created_at"]).astimezone(_zone(receipt)).date()


def _zone(receipt: Json) -> ZoneInfo:
    return zone(receipt["customer"].get("applicable_timezone") or "UTC")


def _facts(receipt: Json, wording: Wording) -> list[dict[str, str]]:
    payment = receipt["payment"]
    facts = [
        ("receipt_number", receipt["number"]),
        ("payment_date", wording.day(paid_on(receipt))),
        ("payment_method", wording.say(f"method_{payment['type']}")),
    ]
    if reference := payment.get("reference"):
        facts.append(("reference", reference))
    return [{"label": wording.say(label), "value": value} for label, value in facts]


def _line(invoice: Json, wording: Wording) -> dict[str, str]:
    """What the receipt says of one invoice, its money in the payment's currency, which is the invoice's own."""
    return {
        "invoice": invoice["number"],
        "invoice_date": wording.day(date.fromisoformat(invoice["issuing_date"])),
        "invoice_total": wording.money(invoice["total_amount_cents"]),
        "invoice_paid": wording.money(invoice["paid_amount_cents"]),
        "invoice_due": wording.money(invoice["due_amount_cents"]),
    }
