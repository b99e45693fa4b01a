"""Delete a plan: its subscriptions end, and its code becomes free (chapter 52 §8)."""

from typing import Any

from sqlalchemy import Row, func, select, update

from conto.db.tables import plans, subscriptions
from conto.work import Work


async def delete_plan(work: Work, plan: Row[Any]) -> None:
    """Delete a plan, which is locked, and its children.

    Charges, fees and old invoices stay as they are.
    """
    of_organization = plans.c.organization_id == work.organization.id
    children = await work.rows(
        select(plans.c.id)
        .where(of_organization, plans.c.parent_id == plan.id, plans.c.deleted_at.is_(None))
        .order_by(plans.c.id)
        .with_for_update(key_share=True)
    )
    ids = [*(row.id for row in children), plan.id]
    await _end_subscriptions(work, ids)
    await work.execute(
        update(plans)
        .where(of_organization, plans.c.id.in_(ids))
        .values(deleted_at=work.now, pending_deletion=False, updated_at=work.now)
    )
    work.emit("plan.deleted", plan.id)


async def _end_subscriptions(work: Work, plan_ids: list[Any]) -> None:
    """Terminate the active subscriptions of the plans now, and cancel the pending ones."""
    table = subscriptions
    of_plans = (table.c.organization_id == work.organization.id, table.c.plan_id.in_(plan_ids))
    ended = await work.rows(
        update(table)
        .where(*of_plans, table.c.status == "active")
        .values(status="terminated", terminated_at=func.greatest(table.c.started_at, work.now), updated_at=work.now)
        .returning(table.c.id)
    )
    canceled = await work.rows(
        update(table)
        .where(*of_plans, table.c.status.in_(("pending", "incomplete")))
        .values(status="canceled", canceled_at=work.now, updated_at=work.now)
        .returning(table.c.id)
    )
    for row in ended:
        work.emit("subscription.terminated", row.id)
    for row in canceled:
        work.emit("subscription.canceled", row.id)
