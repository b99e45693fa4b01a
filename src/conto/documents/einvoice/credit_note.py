"""A credit note as data: document type 381, in the two syntaxes (chapter 72 §9)."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from conto.core.money import exact_decimal, in_major_units
from conto.documents.credit_note import wording_of
from conto.documents.einvoice.cii import cii
from conto.documents.einvoice.facts import CLEARING, NOT_DEFINED, EInvoice, Payment, einvoice
from conto.documents.einvoice.ubl import ubl_credit_note

Json = Mapping[str, Any]

CREDIT_NOTE = "381"
MEANS = {"credit": CLEARING, "refund": NOT_DEFINED, "offset": CLEARING}
"""How each part is given back (UNTDID 4461)."""


def credit_note_cii(note: Json, seller: Json, locale: str) -> bytes:
    """What goes into the credit note's PDF."""
    return cii(_facts(note, seller, locale))


def credit_note_ubl(note: Json, seller: Json, locale: str) -> bytes:
    """The file on its own."""
    return ubl_credit_note(_facts(note, seller, locale))


def _facts(note: Json, seller: Json, locale: str) -> EInvoice:
    wording = wording_of(note, locale)
    parts = [(part, note[f"{part}_amount_cents"]) for part in MEANS]
    return replace(
        einvoice(_as_invoice(note), seller, locale),
        type_code=CREDIT_NOTE,
        note=f"Credit note ID: {note['lago_id']}",
        preceding=note["invoice_number"],
        payments=[
            Payment(MEANS[part], f"{wording.say(f'part_{part}')}: {wording.money(cents)}")
            for part, cents in parts
            if cents
        ],
    )


def _as_invoice(note: Json) -> dict[str, Any]:
    """The credit note in the form in which invoices are told of: each item a fee of one unit."""
    fees = [_as_fee(item, note["currency"]) for item in note["items"]]
    whole = sum(fee["amount_cents"] for fee in fees)
    return {
        "lago_id": note["lago_id"],
        "number": note["number"],
        "invoice_type": "one_off",
        "self_billed": note["self_billed"],
        "issuing_date": note["issuing_date"],
        "payment_due_date": note["issuing_date"],
        "created_at": note["created_at"],
        "currency": note["currency"],
        "purchase_order_number": note["purchase_order_number"],
        "customer": note["customer"],
        "fees": fees,
        # What makes the lines come to the note's subtotal: the share of coupons, to the cent.
        "coupons_amount_cents": max(whole - note["sub_total_excluding_taxes_amount_cents"], 0),
        "progressive_billing_credit_amount_cents": 0,
        "credit_notes_amount_cents": 0,
        "prepaid_credit_amount_cents": 0,
        "taxes_amount_cents": note["taxes_amount_cents"],
        "total_amount_cents": note["total_amount_cents"],
    }


def _as_fee(item: Json, currency: str) -> dict[str, Any]:
    fee, amount = item["fee"], Decimal(item["precise_amount_cents"])
    share = Fraction(amount) / fee["amount_cents"] if fee["amount_cents"] else Fraction(0)
    net = Fraction(amount) - Fraction(fee["precise_coupons_amount_cents"]) * share
    tax = exact_decimal(net * Fraction(str(fee["taxes_rate"])) / 100)
    return {
        "item": fee["item"],
        "amount_cents": item["amount_cents"],
        "precise_unit_amount": f"{in_major_units(Decimal(item['amount_cents']), currency):f}",
        "units": "1",
        "taxes_rate": fee["taxes_rate"],
        "taxes_precise_amount": f"{in_major_units(tax, currency):f}",
    }
