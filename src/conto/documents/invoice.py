"""An invoice's PDF in words: the template's data, every value ready to print (chapter 72 §8.1)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from conto.clock import zone as zone_named
from conto.documents import lines, parties
from conto.documents.labels import labels
from conto.documents.wording import Wording

Json = Mapping[str, Any]

TAX_INVOICE_COUNTRIES = frozenset({"AU", "AE", "NZ", "ID", "SG"})
COLUMNS = ("item", "units", "unit_price", "tax_rate", "amount")
TAX_NOTES = {"lago_eu_reverse_charge": "reverse_charge", "lago_eu_tax_exempt": "tax_exempt"}


def invoice_data(invoice: Json, seller: Json, locale: str) -> dict[str, Any]:
    """All that the template prints, from the invoice's and the billing entity's JSON."""
    zone = zone_named(invoice["customer"].get("applicable_timezone") or "UTC")
    wording = Wording(locale, labels(locale), invoice["currency"], zone)
    summary, sections = _sections(invoice, wording)
    return {
        "title": wording.say(f"title_{title(invoice, seller)}"),
        "number": invoice["number"],
        "company": parties.entity_name(seller),
        "facts": _facts(invoice, wording),
        "parties": parties.both(invoice, seller, wording),
        "sum": _sum(invoice, wording),
        "notice": _progressive_notice(invoice, wording),
        "summary": summary,
        "sections": sections,
        "totals": totals(invoice, wording),
        "notes": _notes(invoice, wording),
        "footer": _footer(invoice, seller, wording),
        "labels": {key: wording.say(key) for key in COLUMNS},
        "page": wording.labels["page"],
    }


def title(invoice: Json, seller: Json) -> str:
    """Which of the titles heads the invoice: the first that fits."""
    paid = invoice["invoice_type"] == "advance_charges"
    if invoice.get("self_billed"):
        return "self_billing_invoice"
    if invoice["invoice_type"] == "credit":
        return "advance_invoice"
    if seller.get("country") in TAX_INVOICE_COUNTRIES:
        return "paid_tax_invoice" if paid else "tax_invoice"
    return "paid_invoice" if paid else "invoice"


def _facts(invoice: Json, wording: Wording) -> list[dict[str, str]]:
    facts = [(wording.say("number"), invoice["number"])]
    if order := invoice.get("purchase_order_number"):
        facts.append((wording.say("purchase_order_number"), order))
    facts.append((wording.say("issuing_date"), wording.day(date.fromisoformat(invoice["issuing_date"]))))
    term = invoice.get("net_payment_term")
    if term is not None:
        facts.append((wording.say("payment_term"), wording.days(term)))
    metadata = [entry for entry in invoice["customer"].get("metadata") or [] if entry["display_in_invoice"]]
    facts += [(entry["key"], entry["value"]) for entry in sorted(metadata, key=lambda entry: entry["created_at"])]
    return [{"label": label, "value": value} for label, value in facts]


def _sum(invoice: Json, wording: Wording) -> dict[str, str | None]:
    due = invoice.get("payment_due_date")
    return {
        "amount": wording.money(invoice["total_amount_cents"]),
        "due": wording.say("due", date=wording.day(date.fromisoformat(due))) if due else None,
    }


def _progressive_notice(invoice: Json, wording: Wording) -> str | None:
    reached = invoice.get("applied_usage_thresholds") or []
    if invoice["invoice_type"] != "progressive_billing" or not reached:
        return None
    highest = max(reached, key=lambda entry: entry["usage_threshold"]["amount_cents"])
    return wording.say(
        "progressive_notice",
        usage=wording.money(highest["lifetime_usage_amount_cents"]),
        threshold=wording.money(highest["usage_threshold"]["amount_cents"]),
    )


def _sections(invoice: Json, wording: Wording) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """One table of lines; with several subscriptions a summary of them and a table for each."""
    groups = lines.by_subscription(invoice.get("fees") or [])
    if len(groups) < 2:
        return [], [lines.section(None, fees, wording) for fees in groups.values()]
    summary, sections = [], []
    for subscription, fees in groups.items():
        name = _subscription_name(invoice, subscription, fees, wording)
        amount = wording.money(sum(fee["amount_cents"] for fee in fees))
        summary.append({"name": name, "amount": amount})
        total = {"label": wording.say("section_total", name=name), "amount": amount}
        sections.append({**lines.section(name, fees, wording), "total": total})
    return summary, sections


def _subscription_name(invoice: Json, subscription_id: str | None, fees: Sequence[Json], wording: Wording) -> str:
    """The subscription's name, else that of its fee, else the plan's code."""
    if subscription_id is None:
        return wording.say("other_fees")
    known = {entry["lago_id"]: entry for entry in invoice.get("subscriptions") or []}
    subscription = known.get(subscription_id, {})
    own = [fee["item"] for fee in fees if fee["item"]["type"] == "subscription"]
    shown = own[0].get("invoice_display_name") or own[0]["name"] if own else None
    return subscription.get("name") or shown or subscription.get("plan_code") or wording.say("other_fees")


def totals(invoice: Json, wording: Wording) -> list[dict[str, str]]:
    """The rows below the lines, in their order. `kind` is how a row is set: plain, subtotal or total."""
    without_tax = wording.money(invoice["sub_total_excluding_taxes_amount_cents"])
    with_tax = wording.money(invoice["sub_total_including_taxes_amount_cents"])
    return [
        *_credits(invoice, "invoice", "progressive_billing_credit_amount_cents", wording),
        *_credits(invoice, "coupon", "coupons_amount_cents", wording),
        _row(wording.say("subtotal_without_tax"), without_tax, "subtotal"),
        *_taxes(invoice, wording),
        _row(wording.say("subtotal_with_tax"), with_tax, "subtotal"),
        *_credits(invoice, "credit_note", "credit_notes_amount_cents", wording),
        *_prepaid(invoice, wording),
        _row(wording.say("total"), wording.money(invoice["total_amount_cents"]), "total"),
    ]


def _row(label: str, amount: str, kind: str = "plain") -> dict[str, str]:
    return {"label": label, "amount": amount, "kind": kind}


def _credits(invoice: Json, kind: str, sum_field: str, wording: Wording) -> list[dict[str, str]]:
    """A row for each credit of the kind; one row for all if the invoice does not list what its sum is made of."""
    total = invoice[sum_field]
    credits = [credit for credit in invoice.get("credits") or [] if credit["item"]["type"] == kind]
    if sum(credit["amount_cents"] for credit in credits) == total:
        return [
            _row(_credit_name(credit["item"], wording), wording.money(-credit["amount_cents"])) for credit in credits
        ]
    name = {"invoice": "usage_already_billed", "coupon": "coupon", "credit_note": "credit_notes"}[kind]
    return [_row(wording.say(name), wording.money(-total))]


def _credit_name(item: Json, wording: Wording) -> str:
    if item["type"] == "coupon":
        return item["name"]
    label = "credit_note" if item["type"] == "credit_note" else "usage_already_billed_on"
    return wording.say(label, number=item["code"])


def _taxes(invoice: Json, wording: Wording) -> list[dict[str, str]]:
    taxes = invoice.get("applied_taxes") or []
    if not taxes:
        return [_row(wording.say("no_tax", rate=wording.percent(0)), wording.money(invoice["taxes_amount_cents"]))]
    return [_row(_tax_name(tax, wording), wording.money(tax["amount_cents"])) for tax in taxes]


def _tax_name(tax: Json, wording: Wording) -> str:
    base = wording.money(tax["fees_amount_cents"])
    return wording.say("tax_on", name=tax["tax_name"], rate=wording.percent(tax["tax_rate"]), base=base)


def _prepaid(invoice: Json, wording: Wording) -> list[dict[str, str]]:
    used = invoice["prepaid_credit_amount_cents"]
    return [_row(wording.say("prepaid_credits"), wording.money(-used))] if used else []


def _notes(invoice: Json, wording: Wording) -> list[dict[str, str | None]]:
    """The notes that EU tax law asks for, then the custom sections."""
    codes = {tax["tax_code"] for tax in invoice.get("applied_taxes") or []}
    legal = [{"title": None, "text": wording.say(label)} for code, label in TAX_NOTES.items() if code in codes]
    custom = [
        {"title": section.get("display_name") or None, "text": section.get("details") or ""}
        for section in invoice.get("applied_invoice_custom_sections") or []
    ]
    return [*legal, *custom]


def _footer(invoice: Json, seller: Json, wording: Wording) -> str | None:
    """The billing entity's own footer; on self-billing invoices the notice that they must bear instead."""
    if not invoice.get("self_billed"):
        return seller.get("invoice_footer") or None
    supplier = parties.customer_names(invoice["customer"])[0]
    return wording.say("self_billing_notice", customer=parties.entity_name(seller), supplier=supplier)
