"""Charges, their filters and fixed charges of one subscription, with prices of its own (chapters 52 §7.2 and 53 §6)."""

from collections.abc import Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import Row

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, meta
from conto.api.query import Query
from conto.api.v1.plan_charges import ChargeAnswer, ChargeFilterAnswer, ChargeFiltersAnswer, ChargesAnswer
from conto.api.v1.plan_fixed_charges import FixedChargeAnswer, FixedChargesAnswer
from conto.api.v1.subscriptions import WantedStatus
from conto.catalog.plans import queries
from conto.listing import page_of
from conto.schemas.charges import ChargeFilterInput, ChargeInput, FixedChargeInput, FixedChargeObject, show_filter
from conto.schemas.encoding import as_number
from conto.schemas.reader import Problems
from conto.subscriptions import overrides
from conto.subscriptions.fixed_charge_units import units_of
from conto.subscriptions.queries import subscription
from conto.work import Work


@get("/subscriptions/{external_id}/charges", resource="subscription")
async def find_all_subscription_charges(
    work: Work, external_id: str, query: Query[WantedStatus], page: Page
) -> ChargesAnswer:
    """List the charges of the plan that a subscription is on, newest first."""
    plan_id = (await subscription(work, external_id, query.read().statuses)).plan_id
    found = await page_of(work, queries.charges_of(work, plan_id), offset=page.offset, limit=page.limit)
    return ChargesAnswer(charges=await queries.shown_charges(work, found.rows), meta=meta(page, found.total))


@get("/subscriptions/{external_id}/charges/{charge_code}", resource="subscription")
async def find_subscription_charge(
    work: Work, external_id: str, charge_code: str, query: Query[WantedStatus]
) -> ChargeAnswer:
    """Retrieve a charge of the plan that a subscription is on."""
    return await _charge_answer(work, await _charge(work, external_id, charge_code, query))


@put("/subscriptions/{external_id}/charges/{charge_code}", resource="subscription", envelope="charge")
async def override_subscription_charge(
    work: Work, external_id: str, charge_code: str, body: Body[ChargeInput], query: Query[WantedStatus]
) -> ChargeAnswer:
    """Give a subscription prices of its own for a charge: only the keys given change."""
    held, problems = await overrides.lock_subscription(work, external_id, query.read().statuses), Problems()
    changed = await overrides.override_one_charge(work, held, charge_code, body.read(problems), problems)
    return await _charge_answer(work, changed)


@post("/subscriptions/{external_id}/charges/{charge_code}/filters", resource="subscription", envelope="filter")
async def create_subscription_charge_filter(
    work: Work, external_id: str, charge_code: str, body: Body[ChargeFilterInput], query: Query[WantedStatus]
) -> ChargeFilterAnswer:
    """Add a filter to a charge for one subscription."""
    held, problems = await overrides.lock_subscription(work, external_id, query.read().statuses), Problems()
    made = await overrides.create_one_filter(work, held, charge_code, body.read(problems), problems)
    return ChargeFilterAnswer(filter=show_filter(made, charge_code))


@get("/subscriptions/{external_id}/charges/{charge_code}/filters", resource="subscription")
async def find_all_subscription_charge_filters(
    work: Work, external_id: str, charge_code: str, query: Query[WantedStatus], page: Page
) -> ChargeFiltersAnswer:
    """List the filters of a charge of the plan that a subscription is on, in their order."""
    found = queries.filters_in(await _charge(work, external_id, charge_code, query))
    shown = [show_filter(one, charge_code) for one in found[page.offset : page.offset + page.limit]]
    return ChargeFiltersAnswer(filters=shown, meta=meta(page, len(found)))


@get("/subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}", resource="subscription")
async def find_subscription_charge_filter(
    work: Work, external_id: str, charge_code: str, filter_id: str, query: Query[WantedStatus]
) -> ChargeFilterAnswer:
    """Retrieve a filter of a charge of the plan that a subscription is on."""
    found = queries.filter_in(await _charge(work, external_id, charge_code, query), filter_id)
    return ChargeFilterAnswer(filter=show_filter(found, charge_code))


@put(
    "/subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}",
    resource="subscription",
    envelope="filter",
)
async def update_subscription_charge_filter(
    work: Work,
    external_id: str,
    charge_code: str,
    filter_id: str,
    body: Body[ChargeFilterInput],
    query: Query[WantedStatus],
) -> ChargeFilterAnswer:
    """Change the properties or the display name of a filter for one subscription."""
    held, problems = await overrides.lock_subscription(work, external_id, query.read().statuses), Problems()
    changed = await overrides.update_one_filter(work, held, charge_code, filter_id, body.read(problems), problems)
    return ChargeFilterAnswer(filter=show_filter(changed, charge_code))


@delete("/subscriptions/{external_id}/charges/{charge_code}/filters/{filter_id}", resource="subscription")
async def destroy_subscription_charge_filter(
    work: Work, external_id: str, charge_code: str, filter_id: str, query: Query[WantedStatus]
) -> ChargeFilterAnswer:
    """Delete a filter for one subscription."""
    held = await overrides.lock_subscription(work, external_id, query.read().statuses)
    gone = await overrides.delete_one_filter(work, held, charge_code, filter_id)
    return ChargeFilterAnswer(filter=show_filter(gone, charge_code))


@get("/subscriptions/{external_id}/fixed_charges", resource="subscription")
async def find_all_subscription_fixed_charges(
    work: Work, external_id: str, query: Query[WantedStatus], page: Page
) -> FixedChargesAnswer:
    """List the fixed charges of the plan that a subscription is on, newest first, with the units that it has."""
    found = await subscription(work, external_id, query.read().statuses)
    rows = await page_of(work, queries.fixed_charges_of(work, found.plan_id), offset=page.offset, limit=page.limit)
    return FixedChargesAnswer(fixed_charges=await _shown(work, found, rows.rows), meta=meta(page, rows.total))


@get("/subscriptions/{external_id}/fixed_charges/{fixed_charge_code}", resource="subscription")
async def find_subscription_fixed_charge(
    work: Work, external_id: str, fixed_charge_code: str, query: Query[WantedStatus]
) -> FixedChargeAnswer:
    """Retrieve a fixed charge of the plan that a subscription is on, with the units that it has."""
    found = await subscription(work, external_id, query.read().statuses)
    row = await queries.fixed_charge(work, found.plan_id, fixed_charge_code)
    return FixedChargeAnswer(fixed_charge=(await _shown(work, found, [row]))[0])


@put("/subscriptions/{external_id}/fixed_charges/{fixed_charge_code}", resource="subscription", envelope="fixed_charge")
async def override_subscription_fixed_charge(
    work: Work, external_id: str, fixed_charge_code: str, body: Body[FixedChargeInput], query: Query[WantedStatus]
) -> FixedChargeAnswer:
    """Give a subscription units or prices of its own for a fixed charge: only the keys given change."""
    held, problems = await overrides.lock_subscription(work, external_id, query.read().statuses), Problems()
    row = await overrides.override_one_fixed_charge(work, held, fixed_charge_code, body.read(problems), problems)
    return FixedChargeAnswer(fixed_charge=(await _shown(work, held, [row]))[0])


async def _charge(work: Work, external_id: str, charge_code: str, query: Query[WantedStatus]) -> Row[Any]:
    found = await subscription(work, external_id, query.read().statuses)
    return await queries.charge(work, found.plan_id, charge_code)


async def _charge_answer(work: Work, charge: Row[Any]) -> ChargeAnswer:
    return ChargeAnswer(charge=(await queries.shown_charges(work, [charge]))[0])


async def _shown(work: Work, of: Row[Any], rows: Sequence[Row[Any]]) -> list[FixedChargeObject]:
    """The fixed charges, with the units that the subscription has of its own in place of the plan's."""
    own = await units_of(work, of.id)
    return [
        structs.replace(shown, units=as_number(own[shown.lago_id])) if shown.lago_id in own else shown
        for shown in await queries.shown_fixed_charges(work, rows)
    ]
