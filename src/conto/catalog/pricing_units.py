"""Create, change and read pricing units: an organization's own currencies, of two decimals (chapter 40 §9)."""

from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from conto.changes import given
from conto.db.tables import pricing_units
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.schemas.pricing_units import PricingUnitCreateInput, PricingUnitUpdateInput
from conto.work import Work


def pricing_units_of(work: Work) -> Select[Any]:
    """All pricing units of the organization."""
    return select(pricing_units).where(pricing_units.c.organization_id == work.organization.id)


async def pricing_unit(work: Work, code: str) -> Row[Any]:
    """The pricing unit with this code.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(pricing_units_of(work).where(pricing_units.c.code == code))
    if found is None:
        raise NotFound("pricing_unit")
    return found


async def create_pricing_unit(work: Work, data: PricingUnitCreateInput) -> Row[Any]:
    """Create a pricing unit.

    Raises:
        Invalid: the code is taken.
    """
    if await work.first(pricing_units_of(work).where(pricing_units.c.code == data.code)):
        raise Invalid({"code": ["value_already_exist"]})
    values = {"description": None} | given(data)
    return await work.one(
        insert(pricing_units)
        .values(
            values
            | {
                "organization_id": work.organization.id,
                "id": new_id(),
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
        .returning(pricing_units)
    )


async def update_pricing_unit(work: Work, found: Row[Any], data: PricingUnitUpdateInput) -> Row[Any]:
    """Change what is given. Fees already made keep the short name of their time."""
    return await work.one(
        update(pricing_units)
        .where(pricing_units.c.organization_id == work.organization.id, pricing_units.c.id == found.id)
        .values(given(data) | {"updated_at": work.now})
        .returning(pricing_units)
    )
