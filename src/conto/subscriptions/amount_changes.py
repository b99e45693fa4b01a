"""What a plan's new amount does to subscriptions that wait for a change of plan (chapter 52 §4.1).

They belong to many customers, so each is an entry of its customer's lane, due now, whose handler looks again.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.plans import yearly_amount_cents
from conto.db.tables import plans, subscriptions
from conto.subscriptions.change import hasten
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.terminate import cancel
from conto.work import Work

DROP = "subscription.drop_downgrade"
HASTEN = "subscription.hasten_upgrade"

_next = subscriptions.alias("next")
_next_plan = plans.alias("next_plan")
_WAITING = (
    select(
        _next.c.id,
        _next.c.customer_id,
        _next.c.plan_id,
        subscriptions.c.id.label("previous_id"),
        subscriptions.c.plan_id.label("previous_plan_id"),
        plans.c.interval.label("previous_interval"),
        plans.c.amount_cents.label("previous_amount_cents"),
        _next_plan.c.interval,
        _next_plan.c.amount_cents,
    )
    .select_from(_next)
    .join(
        subscriptions,
        (subscriptions.c.organization_id == _next.c.organization_id)
        & (subscriptions.c.id == _next.c.previous_subscription_id),
    )
    .join(plans, (plans.c.organization_id == subscriptions.c.organization_id) & (plans.c.id == subscriptions.c.plan_id))
    .join(_next_plan, (_next_plan.c.organization_id == _next.c.organization_id) & (_next_plan.c.id == _next.c.plan_id))
    .where(_next.c.status == "pending", subscriptions.c.status == "active")
)
"""Pending subscriptions that follow an active one, with the plans of both."""


async def drop_dearer_successors(work: Work, plan_id: UUID) -> None:
    """Cancel downgrades of subscriptions on the plan whose target is now the dearer one, amount against amount."""
    rows = await work.rows(_of(work).where(subscriptions.c.plan_id == plan_id))
    await _put(work, DROP, [row for row in rows if row.previous_amount_cents < row.amount_cents])


async def hasten_upgrades(work: Work, plan_ids: Sequence[UUID]) -> None:
    """Carry out at once the downgrades to these plans that have become upgrades, by the amounts of a year."""
    rows = await work.rows(_of(work).where(_next.c.plan_id.in_(plan_ids)))
    await _put(work, HASTEN, [row for row in rows if is_upgrade(row)])


def is_upgrade(row: Row[Any]) -> bool:
    """Whether the plan that waits is as dear as the present one, or dearer."""
    return yearly_amount_cents(row.interval, row.amount_cents) >= yearly_amount_cents(
        row.previous_interval, row.previous_amount_cents
    )


def _of(work: Work) -> Any:
    return _WAITING.where(_next.c.organization_id == work.organization.id).order_by(_next.c.id)


async def _put(work: Work, kind: str, rows: Sequence[Row[Any]]) -> None:
    await agenda.put_all(work, kind, [(row.id, row.customer_id) for row in rows], due_at=work.now)


@agenda.handles(DROP, lane=Lane.CUSTOMER, rank=Rank.ACTIVATION)
async def drop_downgrade(work: Work, subscription_id: UUID) -> None:
    """Cancel the pending subscription, if its plan still is the dearer one; the present one goes on."""
    row = await work.first(_of(work).where(_next.c.id == subscription_id))
    if row is None or row.previous_amount_cents >= row.amount_cents:
        return
    await cancel(work, subscription_id)
    work.emit("subscription.updated", row.previous_id)


@agenda.handles(HASTEN, lane=Lane.CUSTOMER, rank=Rank.ACTIVATION)
async def hasten_upgrade(work: Work, subscription_id: UUID) -> None:
    """Put the pending subscription in the place of the present one now, if it still is an upgrade."""
    row = await work.first(_of(work).where(_next.c.id == subscription_id))
    if row is None or not is_upgrade(row):
        return
    await hasten(work, (await subscriptions_by_id(work, [row.previous_id]))[row.previous_id])
