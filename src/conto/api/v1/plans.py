"""Plans and their metadata (chapter 52)."""

from typing import Any

from msgspec import Struct, structs

from conto.api.endpoint import delete, get, patch, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog.plans import metadata as plan_metadata
from conto.catalog.plans import queries
from conto.catalog.plans.create import create_plan as make_plan
from conto.catalog.plans.delete import delete_plan
from conto.catalog.plans.update import update_plan as change_plan
from conto.db.tables import plans as table
from conto.listing import page_of
from conto.schemas.plans import PlanCreateInput, PlanInput, PlanMetadataInput, PlanObject
from conto.schemas.reader import Problems
from conto.work import Work


class PlanAnswer(Struct, kw_only=True, frozen=True):
    """One plan with all that is on it."""

    plan: PlanObject


class PlansAnswer(Struct, kw_only=True, frozen=True):
    """A page of plans."""

    plans: list[PlanObject]
    meta: PaginationMeta


class PlanMetadataAnswer(Struct, kw_only=True, frozen=True):
    """The metadata of a plan; null where it has none."""

    metadata: dict[str, Any] | None


@post("/plans", resource="plan", envelope="plan")
async def create_plan(work: Work, body: Body[PlanCreateInput]) -> PlanAnswer:
    """Create a plan with all that is on it."""
    return PlanAnswer(plan=await queries.shown_plan(work, await make_plan(work, body.raw)))


@get("/plans", resource="plan")
async def find_all_plans(work: Work, page: Page) -> PlansAnswer:
    """List plans, newest first, without their fixed charges."""
    statement = queries.PLANS.where(*queries.catalogue(work)).order_by(table.c.created_at.desc(), table.c.id)
    found = await page_of(work, statement, offset=page.offset, limit=page.limit)
    shown = await queries.shown_plans(work, found.rows, listed=True)
    return PlansAnswer(plans=shown, meta=meta(page, found.total))


@get("/plans/{code+}", resource="plan")
async def find_plan(work: Work, code: str) -> PlanAnswer:
    """Retrieve a plan."""
    return PlanAnswer(plan=await queries.shown_plan(work, (await queries.plan_row(work, code)).id))


@put("/plans/{code+}", resource="plan", envelope="plan")
async def update_plan(work: Work, code: str, body: Body[PlanInput]) -> PlanAnswer:
    """Update a plan; lists of charges and fixed charges are complete lists."""
    plan = await queries.lock_plan(work, code)
    await change_plan(work, plan, body.raw)
    return PlanAnswer(plan=await queries.shown_plan(work, plan.id))


@delete("/plans/{code+}", resource="plan")
async def destroy_plan(work: Work, code: str) -> PlanAnswer:
    """Delete a plan, ending its subscriptions."""
    plan = await queries.lock_plan(work, code)
    shown = await queries.shown_plan(work, plan.id)
    await delete_plan(work, plan)
    return PlanAnswer(plan=structs.replace(shown, pending_deletion=True))


@post("/plans/{code}/metadata", resource="plan")
async def replace_plan_metadata(work: Work, code: str, body: Body[PlanMetadataInput]) -> PlanMetadataAnswer:
    """Replace a plan's metadata."""
    plan, problems = await queries.lock_plan(work, code), Problems()
    given = plan_metadata.read_metadata(body.raw.get("metadata"), problems)
    problems.raise_if_any()
    await plan_metadata.replace_metadata(work, plan, given)
    return await _metadata(work, code)


@patch("/plans/{code}/metadata", resource="plan")
async def merge_plan_metadata(work: Work, code: str, body: Body[PlanMetadataInput]) -> PlanMetadataAnswer:
    """Add to a plan's metadata."""
    plan, problems = await queries.lock_plan(work, code), Problems()
    given = plan_metadata.read_metadata(body.raw.get("metadata"), problems)
    problems.raise_if_any()
    await plan_metadata.merge_metadata(work, plan, given)
    return await _metadata(work, code)


@delete("/plans/{code}/metadata", resource="plan")
async def delete_all_plan_metadata(work: Work, code: str) -> PlanMetadataAnswer:
    """Delete a plan's metadata."""
    await plan_metadata.delete_metadata(work, await queries.lock_plan(work, code))
    return await _metadata(work, code)


@delete("/plans/{code}/metadata/{key}", resource="plan")
async def delete_plan_metadata_key(work: Work, code: str, key: str) -> PlanMetadataAnswer:
    """Delete one key of a plan's metadata."""
    await plan_metadata.delete_metadata_key(work, await queries.lock_plan(work, code), key)
    return await _metadata(work, code)


async def _metadata(work: Work, code: str) -> PlanMetadataAnswer:
    return PlanMetadataAnswer(metadata=(await queries.plan_row(work, code)).metadata)
