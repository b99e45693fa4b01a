"""Fixed charges of plans, one by one (chapter 53 §7)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.api.v1.plan_charges import cascades
from conto.catalog.plans import one_fixed_charge, queries
from conto.listing import page_of
from conto.schemas.charges import CascadeInput, FixedChargeInput, FixedChargeObject
from conto.schemas.reader import Problems
from conto.work import Work


class FixedChargeAnswer(Struct, kw_only=True, frozen=True):
    """One fixed charge."""

    fixed_charge: FixedChargeObject


class FixedChargesAnswer(Struct, kw_only=True, frozen=True):
    """A page of fixed charges."""

    fixed_charges: list[FixedChargeObject]
    meta: PaginationMeta


@post("/plans/{code}/fixed_charges", resource="plan", envelope="fixed_charge")
async def create_plan_fixed_charge(work: Work, code: str, body: Body[FixedChargeInput]) -> FixedChargeAnswer:
    """Add a fixed charge to a plan."""
    plan, problems = await queries.lock_plan(work, code), Problems()
    charge_code = await one_fixed_charge.create_fixed_charge(work, plan, body.read(problems), problems)
    return await _answer(work, code, charge_code)


@get("/plans/{code}/fixed_charges", resource="plan")
async def find_all_plan_fixed_charges(work: Work, code: str, page: Page) -> FixedChargesAnswer:
    """List the fixed charges of a plan, newest first."""
    plan = await queries.plan_row(work, code)
    found = await page_of(work, queries.fixed_charges_of(work, plan.id), offset=page.offset, limit=page.limit)
    shown = await queries.shown_fixed_charges(work, found.rows)
    return FixedChargesAnswer(fixed_charges=shown, meta=meta(page, found.total))


@get("/plans/{code}/fixed_charges/{fixed_charge_code}", resource="plan")
async def find_plan_fixed_charge(work: Work, code: str, fixed_charge_code: str) -> FixedChargeAnswer:
    """Retrieve a fixed charge of a plan."""
    return await _answer(work, code, fixed_charge_code)


@put("/plans/{code}/fixed_charges/{fixed_charge_code}", resource="plan", envelope="fixed_charge")
async def update_plan_fixed_charge(
    work: Work, code: str, fixed_charge_code: str, body: Body[FixedChargeInput]
) -> FixedChargeAnswer:
    """Update a fixed charge of a plan."""
    plan = await queries.lock_plan(work, code)
    found, problems = await queries.fixed_charge(work, plan.id, fixed_charge_code), Problems()
    changed = await one_fixed_charge.update_fixed_charge(work, plan, found, body.read(problems), problems)
    return await _answer(work, code, changed)


@delete("/plans/{code}/fixed_charges/{fixed_charge_code}", resource="plan", envelope="fixed_charge", optional_body=True)
async def destroy_plan_fixed_charge(
    work: Work, code: str, fixed_charge_code: str, body: Body[CascadeInput], query: Query[CascadeInput]
) -> FixedChargeAnswer:
    """Delete a fixed charge of a plan."""
    plan = await queries.lock_plan(work, code)
    found = await queries.fixed_charge(work, plan.id, fixed_charge_code)
    shown = (await queries.shown_fixed_charges(work, [found]))[0]
    await one_fixed_charge.delete_fixed_charge(work, plan, found, cascade=cascades(body, query))
    return FixedChargeAnswer(fixed_charge=shown)


async def _answer(work: Work, code: str, charge_code: str) -> FixedChargeAnswer:
    found = await queries.fixed_charge(work, (await queries.plan_row(work, code)).id, charge_code)
    return FixedChargeAnswer(fixed_charge=(await queries.shown_fixed_charges(work, [found]))[0])
