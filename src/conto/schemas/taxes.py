"""Taxes as JSON (chapter 10 §5.1)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import as_number, instant
from conto.schemas.fields import Code, Flag, LongText, Mandatory, Rate, items, number

TaxRate = Annotated[Decimal, number(ge=0, le=100_000)]
TaxCodes = Annotated[list[str], items(100)]


class TaxCreateInput(Struct, kw_only=True, frozen=True):
    """A new tax. `rate` is a percentage."""

    name: Mandatory
    code: Code
    rate: TaxRate
    description: LongText | None | UnsetType = UNSET
    applied_to_organization: Flag | UnsetType = UNSET


class TaxUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of a tax: only the keys present."""

    name: Mandatory | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    rate: TaxRate | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    applied_to_organization: Flag | UnsetType = UNSET


class TaxObject(Struct, kw_only=True, frozen=True):
    """A tax. The counters are always 0; they are kept for clients that read them."""

    lago_id: UUID
    name: str
    code: str
    description: str | None
    rate: Rate
    applied_to_organization: bool
    applied_to_billing_entities_codes: list[str]
    created_at: str
    add_ons_count: int = 0
    charges_count: int = 0
    commitments_count: int = 0
    customers_count: int = 0
    plans_count: int = 0


def show_tax(tax: Row[Any], billing_entity_codes: Sequence[str], default_code: str) -> TaxObject:
    """The tax with the billing entities that it is a default of."""
    return TaxObject(
        lago_id=tax.id,
        name=tax.name,
        code=tax.code,
        description=tax.description,
        rate=as_number(tax.rate),
        applied_to_organization=default_code in billing_entity_codes,
        applied_to_billing_entities_codes=list(billing_entity_codes),
        created_at=instant(tax.created_at),
    )
