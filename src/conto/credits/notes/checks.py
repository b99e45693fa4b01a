"""What a credit note must fulfil before it is made by hand (chapter 61 §§3.1 and 7)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from conto.core.credit_notes import Item, NoteAmounts, Parts
from conto.credits.notes.source import Source
from conto.errors import Invalid, NotAllowed, NotFound
from conto.schemas.fields import ITEMS_LIMIT
from conto.schemas.reader import Problems
from conto.schemas.rules import Refused, uuid, whole_number

TOO_MUCH = "higher_than_remaining_invoice_amount"


def refuse_wrong_type(source: Source) -> None:
    """Purchases of prepaid credits need an active wallet, and none can be bought before there are wallets.

    Raises:
        NotAllowed: the invoice is such a purchase.
    """
    if source.invoice.invoice_type == "credit":
        raise NotAllowed("invalid_type_or_status")


def read_items(source: Source, given: object) -> list[Item]:
    """The items as they were sent, each checked in turn; items of the same call count already.

    Raises:
        Invalid: they are no list, or too many, or one's amount is none, or more than is left of its fee.
        NotFound: one's fee is not on the invoice.
    """
    if not isinstance(given, list):
        raise Invalid({"items": ["must_be_an_array"]})
    if len(given) > ITEMS_LIMIT:
        raise Invalid({"items": ["invalid_count"]})
    fees = source.fees_by_id
    items: list[Item] = []
    for entry in given:
        fields = cast("Mapping[str, Any]", entry) if isinstance(entry, Mapping) else {}
        fee = fees.get(_fee_id(fields.get("fee_id")))
        if fee is None:
            raise NotFound("fee")
        amount = _amount(fields.get("amount_cents"))
        if amount > fee.creditable_cents:
            raise Invalid({"amount_cents": ["higher_than_remaining_fee_amount"]})
        items.append(Item(fee, Decimal(amount)))
        fees[fee.id] = fee.credited_by(amount)
    return items


def _fee_id(value: object) -> UUID | None:
    try:
        return uuid(value)
    except Refused:
        return None


def _amount(value: object) -> int:
    try:
        amount = whole_number(value, "invalid_value", "invalid_value")
    except Refused:
        amount = -1
    if amount < 0:
        raise Invalid({"amount_cents": ["invalid_value"]})
    return amount


def refuse_wrong_parts(source: Source, found: NoteAmounts, parts: Parts) -> None:
    """The parts must come to what the items do, and to no more than the invoice has left.

    Raises:
        Invalid: they do not; all reasons together.
    """
    problems = Problems()
    if abs(parts.total_cents - found.total_cents) > 1:
        problems.add("base", "does_not_match_item_amounts")
    _check_refund(source, parts.refund_cents, problems)
    left = source.undiscounted_cents - source.credits_cents - source.offsets_cents
    if parts.credit_cents and parts.credit_cents > left + 1:
        problems.add("credit_amount_cents", TOO_MUCH)
    if parts.offset_cents and parts.offset_cents > min(source.due_cents, left):
        problems.add("offset_amount_cents", TOO_MUCH)
    if parts.total_cents > left - source.refunds_cents + 1:
        problems.add("base", TOO_MUCH)
    if parts.total_cents <= 0:
        problems.add("base", "total_amount_must_be_positive")
    problems.raise_if_any()


def _check_refund(source: Source, refund_cents: int, problems: Problems) -> None:
    if not refund_cents:
        return
    if not source.invoice.total_paid_amount_cents or source.paid_without_success:
        problems.add("refund_amount_cents", "cannot_refund_unpaid_invoice")
    if source.invoice.total_paid_amount_cents and refund_cents > source.unrefunded_cents:
        problems.add("refund_amount_cents", TOO_MUCH)
