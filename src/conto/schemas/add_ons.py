"""Add-ons as JSON (chapter 10 §6)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import Code, Currency, ExactCurrencyCode, LongText, Mandatory, PositiveCents, TextOrNull
from conto.schemas.taxes import TaxCodes, TaxObject


class AddOnCreateInput(Struct, kw_only=True, frozen=True):
    """A new add-on."""

    name: Mandatory
    code: Code
    amount_cents: PositiveCents
    amount_currency: ExactCurrencyCode
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class AddOnUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of an add-on: only the keys present."""

    name: Mandatory | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    amount_cents: PositiveCents | UnsetType = UNSET
    amount_currency: ExactCurrencyCode | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class AddOnObject(Struct, kw_only=True, frozen=True):
    """An add-on; its amount is in minor units."""

    lago_id: UUID
    name: str
    invoice_display_name: str | None
    code: str
    amount_cents: int
    amount_currency: Currency
    description: str | None
    created_at: str
    taxes: list[TaxObject]


def show_add_on(add_on: Row[Any], taxes: Sequence[TaxObject]) -> AddOnObject:
    """The add-on with its own taxes."""
    return AddOnObject(
        lago_id=add_on.id,
        name=add_on.name,
        invoice_display_name=add_on.invoice_display_name,
        code=add_on.code,
        amount_cents=add_on.amount_cents,
        amount_currency=add_on.amount_currency,
        description=add_on.description,
        created_at=instant(add_on.created_at),
        taxes=list(taxes),
    )
