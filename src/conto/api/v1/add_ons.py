"""Add-ons (chapter 10 §6)."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Row, select

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog import add_ons
from conto.catalog.applied_taxes import shown_by_owner
from conto.db import tables
from conto.listing import page_of
from conto.schemas.add_ons import AddOnCreateInput, AddOnObject, AddOnUpdateInput, show_add_on
from conto.work import Work


class AddOnAnswer(Struct, kw_only=True, frozen=True):
    """One add-on."""

    add_on: AddOnObject


class AddOnsAnswer(Struct, kw_only=True, frozen=True):
    """A page of add-ons."""

    add_ons: list[AddOnObject]
    meta: PaginationMeta


async def _answer(work: Work, add_on: Row[Any]) -> AddOnAnswer:
    taxes = await shown_by_owner(work, tables.add_ons_taxes, "add_on_id", [add_on.id])
    return AddOnAnswer(add_on=show_add_on(add_on, taxes[add_on.id]))


@post("/add_ons", resource="add_on", envelope="add_on")
async def create_add_on(work: Work, body: Body[AddOnCreateInput]) -> AddOnAnswer:
    """Create an add-on."""
    return await _answer(work, await add_ons.create_add_on(work, body.read()))


@get("/add_ons", resource="add_on")
async def find_all_add_ons(work: Work, page: Page) -> AddOnsAnswer:
    """List add-ons, newest first."""
    statement = (
        select(tables.add_ons)
        .where(tables.add_ons.c.organization_id == work.organization.id, tables.add_ons.c.deleted_at.is_(None))
        .order_by(tables.add_ons.c.created_at.desc(), tables.add_ons.c.id)
    )
    found = await page_of(work, statement, offset=page.offset, limit=page.limit)
    taxes = await shown_by_owner(work, tables.add_ons_taxes, "add_on_id", [row.id for row in found.rows])
    return AddOnsAnswer(add_ons=[show_add_on(row, taxes[row.id]) for row in found.rows], meta=meta(page, found.total))


@get("/add_ons/{code+}", resource="add_on")
async def find_add_on(work: Work, code: str) -> AddOnAnswer:
    """Retrieve an add-on."""
    return await _answer(work, await add_ons.add_on(work, code))


@put("/add_ons/{code+}", resource="add_on", envelope="add_on")
async def update_add_on(work: Work, code: str, body: Body[AddOnUpdateInput]) -> AddOnAnswer:
    """Update an add-on; it shows on future fees only."""
    add_on = await add_ons.add_on(work, code)
    return await _answer(work, await add_ons.update_add_on(work, add_on, body.read()))


@delete("/add_ons/{code+}", resource="add_on")
async def destroy_add_on(work: Work, code: str) -> AddOnAnswer:
    """Delete an add-on; it can no longer be invoiced."""
    add_on = await add_ons.add_on(work, code)
    answer = await _answer(work, add_on)
    await add_ons.delete_add_on(work, add_on)
    return answer
