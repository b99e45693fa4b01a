"""The fixed words of documents, one table a locale; what a locale lacks is said in English (chapter 72 §7)."""

from collections.abc import Mapping

ENGLISH: dict[str, str] = {
    "title_invoice": "Invoice",
    "title_tax_invoice": "Tax invoice",
    "title_paid_invoice": "Paid invoice",
    "title_paid_tax_invoice": "Paid tax invoice",
    "title_advance_invoice": "Advance invoice",
    "title_self_billing_invoice": "Self-billing invoice",
    "number": "Invoice number",
    "purchase_order_number": "Purchase order",
    "issuing_date": "Issue date",
    "payment_term": "Payment term",
    "day": "{count} day",
    "days": "{count} days",
    "from": "From",
    "bill_to": "Bill to",
    "legal_number": "Company number {number}",
    "tax_number": "Tax ID {number}",
    "due": "Due {date}",
    "item": "Item",
    "units": "Units",
    "unit_price": "Unit price",
    "tax_rate": "Tax rate",
    "amount": "Amount",
    "period": "{start} – {end}",
    "fees_period": "Fees from {start} to {end}",
    "other_fees": "Other fees",
    "summary": "Summary",
    "section_total": "Total of {name}",
    "prepaid_credits_bought": "Prepaid credits",
    "minimum_spend": "{name} – minimum spend",
    "range": "{first}–{last}",
    "range_open": "{first} and above",
    "per_unit": "{units} × {price} = {total}",
    "per_percent": "{units} × {rate} = {total}",
    "flat_fee": "flat fee {amount}",
    "packages": "{units} units in packages of {size} at {price}",
    "free_units": "{units} free units",
    "free_events": "{count} free events",
    "events": "{count} events × {price} = {total}",
    "adjustment": "Minimum and maximum per event: {amount}",
    "conversion": "{amount} at 1 {unit} = {rate}",
    "progressive_notice": (
        "This invoice bills usage before the end of the period: usage has reached {usage}, "
        "the threshold is {threshold}."
    ),
    "usage_already_billed": "Usage already billed",
    "usage_already_billed_on": "Usage already billed ({number})",
    "coupon": "Coupon",
    "subtotal_without_tax": "Subtotal excl. tax",
    "tax_on": "{name} ({rate} on {base})",
    "no_tax": "Tax ({rate})",
    "subtotal_with_tax": "Subtotal incl. tax",
    "credit_notes": "Credit notes",
    "credit_note": "Credit note {number}",
    "prepaid_credits": "Prepaid credits",
    "total": "Total",
    "reverse_charge": (
        "Reverse charge: VAT is to be accounted for by the recipient (Article 196, Directive 2006/112/EC)."
    ),
    "tax_exempt": (
        "Not subject to EU VAT: the place of supply is outside the European Union "
        "(Articles 44 and 59, Directive 2006/112/EC)."
    ),
    "self_billing_notice": (
        "Self-billing: this invoice is issued by {customer} in the name and on behalf of {supplier}."
    ),
    "page": "Page {page} of {pages}",
}

LABELS: dict[str, Mapping[str, str]] = {"en": ENGLISH}


def labels(locale: str) -> Mapping[str, str]:
    """All labels in the locale."""
    return {**ENGLISH, **LABELS.get(locale, {})}
