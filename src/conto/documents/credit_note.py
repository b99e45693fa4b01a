"""A credit note's PDF in words: the template's data, every value ready to print (chapter 72 §8.1)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from conto.core.days import zone as zone_named
from conto.documents import parties
from conto.documents.credit_note_labels import CREDIT_NOTE_LABELS, ENGLISH
from conto.documents.labels import labels
from conto.documents.lines import line as fee_line
from conto.documents.wording import Wording

Json = Mapping[str, Any]

COLUMNS = ("item", "tax_rate", "amount")
PARTS = ("credit", "refund", "offset")


def credit_note_data(note: Json, seller: Json, locale: str) -> dict[str, Any]:
    """All that the template prints, from the credit note's and the billing entity's JSON."""
    wording = wording_of(note, locale)
    return {
        "title": wording.say("title_credit_note"),
        "number": note["number"],
        "company": parties.entity_name(seller),
        "facts": _facts(note, wording),
        "parties": parties.both(note, seller, wording),
        "sum": {"amount": wording.money(note["total_amount_cents"])},
        "lines": [_line(item, wording) for item in note["items"]],
        "totals": _totals(note, wording),
        "parts": _parts(note, wording),
        "footer": note.get("description") or None,
        "labels": {key: wording.say(key) for key in COLUMNS},
        "page": wording.labels["page"],
    }


def wording_of(note: Json, locale: str) -> Wording:
    """How the credit note speaks: its own labels over those of all documents."""
    said = {**labels(locale), **CREDIT_NOTE_LABELS.get(locale, ENGLISH)}
    return Wording(locale, said, note["currency"], zone_named(note["customer"].get("applicable_timezone") or "UTC"))


def _facts(note: Json, wording: Wording) -> list[dict[str, str]]:
    facts = [("credit_note_number", note["number"]), ("invoice_number", note["invoice_number"])]
    if order := note.get("purchase_order_number"):
        facts.append(("purchase_order_number", order))
    facts.append(("issuing_date", wording.day(date.fromisoformat(note["issuing_date"]))))
    return [{"label": wording.say(label), "value": value} for label, value in facts]


def _line(item: Json, wording: Wording) -> dict[str, Any]:
    """What is given back of a fee, under the name that the invoice has for it."""
    told = fee_line(item["fee"], wording)
    return {
        "name": told["name"],
        "below": told["below"][:1],
        "tax_rate": told["tax_rate"],
        "amount": wording.money(item["amount_cents"]),
    }


def _totals(note: Json, wording: Wording) -> list[dict[str, str]]:
    """The rows below the lines, in their order, as on an invoice."""
    coupons = note["coupons_adjustment_amount_cents"]
    return [
        *([_row(wording.say("coupons"), wording.money(-coupons))] if coupons else []),
        _row(
            wording.say("subtotal_without_tax"),
            wording.money(note["sub_total_excluding_taxes_amount_cents"]),
            "subtotal",
        ),
        *_taxes(note, wording),
        _row(wording.say("total"), wording.money(note["total_amount_cents"]), "total"),
    ]


def _taxes(note: Json, wording: Wording) -> list[dict[str, str]]:
    taxes = note["applied_taxes"]
    if not taxes:
        return [_row(wording.say("no_tax", rate=wording.percent(0)), wording.money(note["taxes_amount_cents"]))]
    return [
        _row(
            wording.say(
                "tax_on",
                name=tax["tax_name"],
                rate=wording.percent(tax["tax_rate"]),
                base=wording.money(tax["base_amount_cents"]),
            ),
            wording.money(tax["amount_cents"]),
        )
        for tax in taxes
    ]


def _parts(note: Json, wording: Wording) -> list[dict[str, str]]:
    """How the total is given back."""
    amounts = [(part, note[f"{part}_amount_cents"]) for part in PARTS]
    return [_row(wording.say(f"part_{part}"), wording.money(cents)) for part, cents in amounts if cents]


def _row(label: str, amount: str, kind: str = "plain") -> dict[str, str]:
    return {"label": label, "amount": amount, "kind": kind}
