"""Pricing units (chapter 40 §9.1)."""

from msgspec import Struct

from conto.api.endpoint import get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog import pricing_units
from conto.db import tables
from conto.listing import page_of
from conto.schemas.pricing_units import (
    PricingUnitCreateInput,
    PricingUnitObject,
    PricingUnitUpdateInput,
    show_pricing_unit,
)
from conto.work import Work


class PricingUnitAnswer(Struct, kw_only=True, frozen=True):
    """One pricing unit."""

    pricing_unit: PricingUnitObject


class PricingUnitsAnswer(Struct, kw_only=True, frozen=True):
    """A page of pricing units."""

    pricing_units: list[PricingUnitObject]
    meta: PaginationMeta


@post("/pricing_units", resource="plan", envelope="pricing_unit")
async def create_pricing_unit(work: Work, body: Body[PricingUnitCreateInput]) -> PricingUnitAnswer:
    """Create a pricing unit."""
    created = await pricing_units.create_pricing_unit(work, body.read())
    return PricingUnitAnswer(pricing_unit=show_pricing_unit(created))


@get("/pricing_units", resource="plan")
async def find_all_pricing_units(work: Work, page: Page) -> PricingUnitsAnswer:
    """List pricing units, newest first."""
    columns = tables.pricing_units.c
    statement = pricing_units.pricing_units_of(work).order_by(columns.created_at.desc(), columns.id)
    found = await page_of(work, statement, offset=page.offset, limit=page.limit)
    return PricingUnitsAnswer(
        pricing_units=[show_pricing_unit(row) for row in found.rows], meta=meta(page, found.total)
    )


@get("/pricing_units/{code+}", resource="plan")
async def find_pricing_unit(work: Work, code: str) -> PricingUnitAnswer:
    """Retrieve a pricing unit."""
    return PricingUnitAnswer(pricing_unit=show_pricing_unit(await pricing_units.pricing_unit(work, code)))


@put("/pricing_units/{code+}", resource="plan", envelope="pricing_unit")
async def update_pricing_unit(work: Work, code: str, body: Body[PricingUnitUpdateInput]) -> PricingUnitAnswer:
    """Update a pricing unit."""
    found = await pricing_units.pricing_unit(work, code)
    changed = await pricing_units.update_pricing_unit(work, found, body.read())
    return PricingUnitAnswer(pricing_unit=show_pricing_unit(changed))
