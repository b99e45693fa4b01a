"""Pricing units as JSON (chapter 40 §9.1)."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import Code, LongText, Mandatory, text

SHORT_NAME_LIMIT = 3

ShortName = Annotated[str, text(SHORT_NAME_LIMIT, mandatory=True)]


class PricingUnitCreateInput(Struct, kw_only=True, frozen=True):
    """A new pricing unit."""

    code: Code
    name: Mandatory
    short_name: ShortName
    description: LongText | None | UnsetType = UNSET


class PricingUnitUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of a pricing unit: only the keys present. Its code stays."""

    name: Mandatory | UnsetType = UNSET
    short_name: ShortName | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET


class PricingUnitObject(Struct, kw_only=True, frozen=True):
    """A pricing unit."""

    lago_id: UUID
    code: str
    name: str
    short_name: str
    description: str | None
    created_at: str


def show_pricing_unit(unit: Row[Any]) -> PricingUnitObject:
    """The pricing unit."""
    return PricingUnitObject(
        lago_id=unit.id,
        code=unit.code,
        name=unit.name,
        short_name=unit.short_name,
        description=unit.description,
        created_at=instant(unit.created_at),
    )
