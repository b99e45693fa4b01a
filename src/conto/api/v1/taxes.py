"""Taxes (chapter 10 §5.1)."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Row, select

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog import taxes
from conto.catalog.applied_taxes import shown
from conto.db import tables
from conto.listing import page_of
from conto.schemas.taxes import TaxCreateInput, TaxObject, TaxUpdateInput
from conto.work import Work


class TaxAnswer(Struct, kw_only=True, frozen=True):
    """One tax."""

    tax: TaxObject


class TaxesAnswer(Struct, kw_only=True, frozen=True):
    """A page of taxes."""

    taxes: list[TaxObject]
    meta: PaginationMeta


async def _answer(work: Work, tax: Row[Any]) -> TaxAnswer:
    return TaxAnswer(tax=(await shown(work, [tax]))[tax.id])


@post("/taxes", resource="tax", envelope="tax")
async def create_tax(work: Work, body: Body[TaxCreateInput]) -> TaxAnswer:
    """Create a tax."""
    return await _answer(work, await taxes.create_tax(work, body.read()))


@get("/taxes", resource="tax")
async def find_all_taxes(work: Work, page: Page) -> TaxesAnswer:
    """List taxes, by name then newest first."""
    statement = (
        select(tables.taxes)
        .where(tables.taxes.c.organization_id == work.organization.id, tables.taxes.c.deleted_at.is_(None))
        .order_by(tables.taxes.c.name, tables.taxes.c.created_at.desc(), tables.taxes.c.id)
    )
    found = await page_of(work, statement, offset=page.offset, limit=page.limit)
    objects = await shown(work, found.rows)
    return TaxesAnswer(taxes=[objects[row.id] for row in found.rows], meta=meta(page, found.total))


@get("/taxes/{code+}", resource="tax")
async def find_tax(work: Work, code: str) -> TaxAnswer:
    """Retrieve a tax."""
    return await _answer(work, await taxes.tax(work, code))


@put("/taxes/{code+}", resource="tax", envelope="tax")
async def update_tax(work: Work, code: str, body: Body[TaxUpdateInput]) -> TaxAnswer:
    """Update a tax. Finalized documents keep their copies of it."""
    tax = await taxes.tax(work, code)
    return await _answer(work, await taxes.update_tax(work, tax, body.read()))


@delete("/taxes/{code+}", resource="tax")
async def destroy_tax(work: Work, code: str) -> TaxAnswer:
    """Delete a tax: it is taken off all that is not yet a document."""
    tax = await taxes.tax(work, code)
    answer = await _answer(work, tax)
    await taxes.delete_tax(work, tax)
    return answer
