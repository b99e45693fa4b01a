"""Payment receipts as JSON (chapter 70 §8)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.files import Files
from conto.schemas.encoding import instant
from conto.schemas.fields import Text
from conto.schemas.payments import PaymentObject


class PaymentReceiptFilters(Struct, kw_only=True, frozen=True):
    """Filters of payment receipts."""

    invoice_id: Text | UnsetType = UNSET


class PaymentReceiptObject(Struct, kw_only=True, frozen=True):
    """The receipt of a payment."""

    lago_id: UUID
    number: str
    payment: PaymentObject
    created_at: str
    file_url: str | None
    xml_url: str | None


def show_payment_receipt(
    receipt: Row[Any], payment: PaymentObject, files: Files, now: datetime
) -> PaymentReceiptObject:
    """The receipt. `now` is the system's clock, by which links to files end."""
    return PaymentReceiptObject(
        lago_id=receipt.id,
        number=receipt.number,
        payment=payment,
        created_at=instant(receipt.created_at),
        file_url=receipt.file_path and files.link(receipt.file_path, now),
        xml_url=receipt.xml_path and files.link(receipt.xml_path, now),
    )
