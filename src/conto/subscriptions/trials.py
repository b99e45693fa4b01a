"""The end of a trial: told, and what is left of the period billed (chapters 50 §9 and 51 §5.4)."""

from uuid import UUID

from sqlalchemy import update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.periods.ranges import Occasion
from conto.core.subscription_fee import in_trial
from conto.customers.queries import customer_by_id
from conto.db.tables import subscriptions
from conto.invoices.billed import Billed, Reason, Side, gather
from conto.invoices.subscription_invoice import bill
from conto.subscriptions.queries import subscriptions_by_id
from conto.work import Work

TRIAL_END = "subscriptions.trial_end"
"""The kind of entry that ends a trial."""


async def plan_trial_end(work: Work, one: Billed) -> None:
    """Have the subscription's trial end in time, if it is in one."""
    ends_at = one.standing.trial_ends_at
    if ends_at is not None and in_trial(one.standing, work.now):
        await agenda.put(work, TRIAL_END, one.subscription.id, lane=one.subscription.customer_id, due_at=ends_at)


@agenda.handles(TRIAL_END, lane=Lane.CUSTOMER, rank=Rank.TRIAL_END)
async def end_trial(work: Work, subscription_id: UUID) -> None:
    """End the trial at its exact instant; a plan in advance is billed from there, unless a renewal was."""
    subscription = (await subscriptions_by_id(work, [subscription_id])).get(subscription_id)
    if subscription is None or subscription.status != "active" or subscription.trial_ended_at is not None:
        return
    (one,) = await gather(work, [Side(subscription, Occasion.START, Reason.STARTING)], work.now)
    if in_trial(one.standing, work.now):
        # The plan's trial has grown since.
        await plan_trial_end(work, one)
        return
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription_id)
        .values(trial_ended_at=one.standing.trial_ends_at or work.now, updated_at=work.now)
    )
    work.emit("subscription.trial_ended", subscription_id)
    if one.plan.pay_in_advance and one.has_subscription_fee:
        await bill(work, await customer_by_id(work, subscription.customer_id), [one.side], work.now)
