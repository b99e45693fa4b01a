"""Charges of plans and their filters, one by one (chapter 52 §5)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.catalog.plans import one_charge, one_filter, queries
from conto.listing import page_of
from conto.schemas.charges import (
    CascadeInput,
    ChargeFilterInput,
    ChargeFilterObject,
    ChargeInput,
    ChargeObject,
    show_filter,
)
from conto.schemas.reader import Problems
from conto.work import Work


class ChargeAnswer(Struct, kw_only=True, frozen=True):
    """One charge."""

    charge: ChargeObject


class ChargesAnswer(Struct, kw_only=True, frozen=True):
    """A page of charges."""

    charges: list[ChargeObject]
    meta: PaginationMeta


class ChargeFilterAnswer(Struct, kw_only=True, frozen=True):
    """One filter of a charge."""

    filter: ChargeFilterObject


class ChargeFiltersAnswer(Struct, kw_only=True, frozen=True):
    """A page of filters."""

    filters: list[ChargeFilterObject]
    meta: PaginationMeta


@post("/plans/{code}/charges", resource="plan", envelope="charge")
async def create_plan_charge(work: Work, code: str, body: Body[ChargeInput]) -> ChargeAnswer:
    """Add a charge to a plan."""
    plan, problems = await queries.lock_plan(work, code), Problems()
    charge_code = await one_charge.create_charge(work, plan, body.read(problems), problems)
    return await _answer(work, code, charge_code)


@get("/plans/{code}/charges", resource="plan")
async def find_all_plan_charges(work: Work, code: str, page: Page) -> ChargesAnswer:
    """List the charges of a plan, newest first."""
    plan = await queries.plan_row(work, code)
    found = await page_of(work, queries.charges_of(work, plan.id), offset=page.offset, limit=page.limit)
    return ChargesAnswer(charges=await queries.shown_charges(work, found.rows), meta=meta(page, found.total))


@get("/plans/{code}/charges/{charge_code}", resource="plan")
async def find_plan_charge(work: Work, code: str, charge_code: str) -> ChargeAnswer:
    """Retrieve a charge of a plan."""
    return await _answer(work, code, charge_code)


@put("/plans/{code}/charges/{charge_code}", resource="plan", envelope="charge")
async def update_plan_charge(work: Work, code: str, charge_code: str, body: Body[ChargeInput]) -> ChargeAnswer:
    """Update a charge of a plan; while subscriptions are on it, little of it changes."""
    plan = await queries.lock_plan(work, code)
    charge, problems = await queries.charge(work, plan.id, charge_code), Problems()
    changed = await one_charge.update_charge(work, plan, charge, body.read(problems), problems)
    return await _answer(work, code, changed)


@delete("/plans/{code}/charges/{charge_code}", resource="plan", envelope="charge", optional_body=True)
async def destroy_plan_charge(
    work: Work, code: str, charge_code: str, body: Body[CascadeInput], query: Query[CascadeInput]
) -> ChargeAnswer:
    """Delete a charge of a plan."""
    plan = await queries.lock_plan(work, code)
    charge = await queries.charge(work, plan.id, charge_code)
    shown = (await queries.shown_charges(work, [charge]))[0]
    await one_charge.delete_charge(work, charge, cascade=cascades(body, query))
    return ChargeAnswer(charge=shown)


@post("/plans/{code}/charges/{charge_code}/filters", resource="plan", envelope="filter")
async def create_plan_charge_filter(
    work: Work, code: str, charge_code: str, body: Body[ChargeFilterInput]
) -> ChargeFilterAnswer:
    """Add a filter to a charge."""
    plan = await queries.lock_plan(work, code)
    charge, problems = await queries.charge(work, plan.id, charge_code), Problems()
    filter_id = await one_filter.create_filter(work, charge, body.read(problems), problems)
    return await _filter_answer(work, code, charge_code, filter_id)


@get("/plans/{code}/charges/{charge_code}/filters", resource="plan")
async def find_all_plan_charge_filters(work: Work, code: str, charge_code: str, page: Page) -> ChargeFiltersAnswer:
    """List the filters of a charge, in their order."""
    charge = await queries.charge(work, (await queries.plan_row(work, code)).id, charge_code)
    found = queries.filters_in(charge)
    shown = [show_filter(one, charge.code) for one in found[page.offset : page.offset + page.limit]]
    return ChargeFiltersAnswer(filters=shown, meta=meta(page, len(found)))


@get("/plans/{code}/charges/{charge_code}/filters/{filter_id}", resource="plan")
async def find_plan_charge_filter(work: Work, code: str, charge_code: str, filter_id: str) -> ChargeFilterAnswer:
    """Retrieve a filter of a charge."""
    return await _filter_answer(work, code, charge_code, filter_id)


@put("/plans/{code}/charges/{charge_code}/filters/{filter_id}", resource="plan", envelope="filter")
async def update_plan_charge_filter(
    work: Work, code: str, charge_code: str, filter_id: str, body: Body[ChargeFilterInput]
) -> ChargeFilterAnswer:
    """Update the properties or the display name of a filter."""
    plan = await queries.lock_plan(work, code)
    charge, problems = await queries.charge(work, plan.id, charge_code), Problems()
    found = queries.filter_in(charge, filter_id)
    await one_filter.update_filter(work, charge, found, body.read(problems), problems)
    return await _filter_answer(work, code, charge_code, filter_id)


@delete(
    "/plans/{code}/charges/{charge_code}/filters/{filter_id}", resource="plan", envelope="filter", optional_body=True
)
async def destroy_plan_charge_filter(
    work: Work, code: str, charge_code: str, filter_id: str, body: Body[CascadeInput], query: Query[CascadeInput]
) -> ChargeFilterAnswer:
    """Delete a filter of a charge."""
    plan = await queries.lock_plan(work, code)
    charge = await queries.charge(work, plan.id, charge_code)
    found = queries.filter_in(charge, filter_id)
    await one_filter.delete_filter(work, charge, found, cascade=cascades(body, query))
    return ChargeFilterAnswer(filter=show_filter(found, charge.code))


def cascades(body: Body[CascadeInput], query: Query[CascadeInput]) -> bool:
    """Whether a deletion is to reach the private copies of the plan, by the body or the query string."""
    return body.read().cascade_updates is True or query.read().cascade_updates is True


async def _answer(work: Work, code: str, charge_code: str) -> ChargeAnswer:
    charge = await queries.charge(work, (await queries.plan_row(work, code)).id, charge_code)
    return ChargeAnswer(charge=(await queries.shown_charges(work, [charge]))[0])


async def _filter_answer(work: Work, code: str, charge_code: str, filter_id: str) -> ChargeFilterAnswer:
    charge = await queries.charge(work, (await queries.plan_row(work, code)).id, charge_code)
    return ChargeFilterAnswer(filter=show_filter(queries.filter_in(charge, filter_id), charge.code))
