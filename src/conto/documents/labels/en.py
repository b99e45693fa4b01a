"""Labels in English."""

LABELS = {
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
    "fees_period": "Fees from {start} to {end}",
    "other_fees": "Other fees",
    "section_total": "Total of {name}",
    "prepaid_credits_bought": "Prepaid credits",
    "minimum_spend": "{name} – minimum spend",
    "minimum_commitment": "Minimum commitment",
    "range_open": "{first} and above",
    "flat_fee": "flat fee {amount}",
    "packages": "Units in packages of {size} at {price}: {units}",
    "free_units": "Free units: {units}",
    "free_events": "Free events: {count}",
    "events": "Events: {count} × {price} = {total}",
    "adjustment": "Minimum and maximum per event: {amount}",
    "conversion": "{amount} at 1 {unit} = {rate}",
    "progressive_notice": (
        "This invoice bills usage before the end of the period: usage has reached {usage}, the threshold is "
        "{threshold}."
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
        "Not subject to EU VAT: the place of supply is outside the European Union (Articles 44 and 59, Directive "
        "2006/112/EC)."
    ),
    "self_billing_notice": (
        "Self-billing: this invoice is issued by {customer} in the name and on behalf of {supplier}."
    ),
    "page": "Page {page} of {pages}",
    "amount_due": "Amount due",
    "discount": "Discount",
    "not_subject_to_vat": "Not subject to VAT",
}
