"""Delete a plan: its subscriptions end, and then its code becomes free (chapter 52 §8).

The call notes that deletion was asked for; the rest is done in the background. Each subscription is ended by an entry
of its customer's lane, and after the last one the plan and its children are gone.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, or_, select, update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.db.tables import agenda as entries
from conto.db.tables import plans, subscriptions
from conto.invoices.queries import lock
from conto.invoices.subscription_invoice import drafts_of, issue
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.terminate import cancel, terminate
from conto.work import Work

DELETION = "plan.deletion"
ENDING = "subscription.plan_deleted"
LIVING = ("active", "pending", "incomplete")


async def delete_plan(work: Work, plan: Row[Any]) -> None:
    """Ask for the deletion of a catalogue plan, which is locked; asking again changes nothing."""
    if plan.pending_deletion:
        return
    await work.execute(update(plans).where(*_family(work, plan.id)).values(pending_deletion=True, updated_at=work.now))
    await agenda.put(work, DELETION, plan.id, lane=work.organization.id, due_at=work.now)
    work.emit("plan.deleted", plan.id)


@agenda.handles(DELETION, lane=Lane.ORGANIZATION, rank=Rank.ENDING)
async def carry_out(work: Work, plan_id: UUID) -> None:
    """Have the living subscriptions of the plan and its children ended; once there are none, the plans are gone.

    Charges, fees and old invoices stay as they are.
    """
    await _lock(work, plan_id)
    waiting = await work.rows(_living(work, plan_id).add_columns(subscriptions.c.customer_id))
    if waiting:
        await agenda.put_all(work, ENDING, [(row.id, row.customer_id) for row in waiting], due_at=work.now)
        return
    await work.execute(
        update(plans)
        .where(*_family(work, plan_id))
        .values(deleted_at=work.now, pending_deletion=False, updated_at=work.now)
    )


@agenda.handles(ENDING, lane=Lane.CUSTOMER, rank=Rank.ENDING)
async def end_subscription(work: Work, subscription_id: UUID) -> None:
    """Terminate or cancel a subscription of a plan that is being deleted; after the last one the plan goes."""
    found = await work.first(
        select(subscriptions.c.status, plans.c.id, plans.c.parent_id)
        .join(
            plans,
            (plans.c.organization_id == subscriptions.c.organization_id) & (plans.c.id == subscriptions.c.plan_id),
        )
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription_id)
    )
    assert found
    if found.status in LIVING:
        await _end(work, subscription_id)
    plan_id = found.parent_id or found.id
    # Of two that end at once the second sees that the first has ended.
    await _lock(work, plan_id)
    if not await work.first(_living(work, plan_id).where(_has_entry()).limit(1)):
        await agenda.put(work, DELETION, plan_id, lane=work.organization.id, due_at=work.now)


async def _end(work: Work, subscription_id: UUID) -> None:
    subscription = (await subscriptions_by_id(work, [subscription_id]))[subscription_id]
    if subscription.status == "active":
        await terminate(work, subscription)
    else:
        await cancel(work, subscription_id)
        work.emit("subscription.terminated", subscription_id)
    for draft_id in await drafts_of(work, subscription_id):
        await issue(work, await lock(work, draft_id))


def _family(work: Work, plan_id: UUID) -> list[Any]:
    """The conditions of the plan and its children that are not deleted."""
    return [
        plans.c.organization_id == work.organization.id,
        or_(plans.c.id == plan_id, plans.c.parent_id == plan_id),
        plans.c.deleted_at.is_(None),
    ]


def _living(work: Work, plan_id: UUID) -> Select[Any]:
    """The living subscriptions of the plan and its children."""
    return (
        select(subscriptions.c.id)
        .join(
            plans,
            (plans.c.organization_id == subscriptions.c.organization_id) & (plans.c.id == subscriptions.c.plan_id),
        )
        .where(*_family(work, plan_id), subscriptions.c.status.in_(LIVING))
        .order_by(subscriptions.c.id)
    )


def _has_entry() -> Any:
    return exists().where(
        entries.c.organization_id == subscriptions.c.organization_id,
        entries.c.kind == ENDING,
        entries.c.subject_id == subscriptions.c.id,
    )


async def _lock(work: Work, plan_id: UUID) -> None:
    await work.first(
        select(plans.c.id)
        .where(plans.c.organization_id == work.organization.id, plans.c.id == plan_id)
        .with_for_update(key_share=True)
    )
