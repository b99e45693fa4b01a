"""What invoices used of a customer's credits, as JSON (chapter 60 §1.3)."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row

from conto.schemas.fields import Currency


class CreditItem(Struct, kw_only=True, frozen=True):
    """What was used."""

    lago_item_id: UUID
    type: Literal["coupon", "credit_note", "invoice"]
    code: str
    name: str
    description: str | None


class CreditInvoice(Struct, kw_only=True, frozen=True):
    """The invoice that used it."""

    lago_id: UUID
    payment_status: Literal["pending", "succeeded", "failed"]


class CreditObject(Struct, kw_only=True, frozen=True):
    """What an invoice used of one credit, in minor units."""

    lago_id: UUID
    amount_cents: int
    amount_currency: Currency
    before_taxes: bool
    item: CreditItem
    invoice: CreditInvoice


def show_credit(credit: Any, invoice: Row[Any]) -> CreditObject:
    """What the invoice used of a credit note, which the row tells of."""
    return CreditObject(
        lago_id=credit.id,
        amount_cents=credit.amount_cents,
        amount_currency=credit.currency,
        before_taxes=credit.before_taxes,
        item=CreditItem(
            lago_item_id=credit.credit_note_id,
            type="credit_note",
            code=credit.item_code,
            name=credit.item_name,
            description=credit.item_description,
        ),
        invoice=CreditInvoice(lago_id=invoice.id, payment_status=invoice.payment_status),
    )
