"""Start a subscription: its units, its first invoice, and what will happen to it (chapters 50 §§3.4-3.5, 51 §6.1)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select, update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.days import local_day, start_of_day
from conto.core.periods.ranges import Occasion
from conto.core.subscription_fee import in_trial
from conto.customers.queries import customer_by_id
from conto.db.tables import subscriptions
from conto.invoices.billed import Billed, Reason, Side, gather
from conto.invoices.subscription_invoice import bill
from conto.subscriptions.ending import plan_ending
from conto.subscriptions.fixed_charge_units import give_first_units
from conto.subscriptions.queries import subscriptions_by_id, timezone_of
from conto.subscriptions.renewal_dates import plan_renewals
from conto.subscriptions.trials import plan_trial_end
from conto.work import Work

ACTIVATION = "subscriptions.activation"
"""The kind of entry that starts a pending subscription."""

TAKEN_RETRY = timedelta(days=1)
"""When a pending subscription whose external id is in use is looked at again."""


async def plan_activation(work: Work, subscription: Row[Any]) -> None:
    """Have a pending subscription start when the local day of its `subscription_at` begins."""
    zone = timezone_of(subscription)
    due_at = start_of_day(local_day(subscription.subscription_at, zone), zone)
    await agenda.put(work, ACTIVATION, subscription.id, lane=subscription.customer_id, due_at=max(due_at, work.now))


async def begin(work: Work, customer: Row[Any], subscription: Row[Any], *, bills: bool) -> None:
    """Have a subscription that is active from now on run; `bills` where its start is billed by itself.

    The customer's row must be locked, and carries what it inherits from its billing entity.
    """
    (one,) = await gather(work, [Side(subscription, Occasion.START, Reason.STARTING)], work.now)
    await give_first_units(work, subscription, one.plan)
    await plan_ending(work, subscription)
    await plan_trial_end(work, one)
    await plan_renewals(work, customer.id, [(subscription, None)])
    work.emit("subscription.started", subscription.id)
    side = starting_side(one)
    if bills and side is not None:
        await bill(work, customer, [side], work.now)


def starting_side(one: Billed) -> Side | None:
    """What a start is billed for by itself, None where it is not (chapter 50 §3.4)."""
    if one.plan.pay_in_advance and not in_trial(one.standing, one.at):
        return Side(one.subscription, Occasion.START, Reason.STARTING)
    if any(fixed_charge.pay_in_advance for fixed_charge in one.plan.fixed_charges):
        return Side(one.subscription, Occasion.IN_ADVANCE, Reason.IN_ADVANCE)
    return None


@agenda.handles(ACTIVATION, lane=Lane.CUSTOMER, rank=Rank.ACTIVATION)
async def activate(work: Work, subscription_id: UUID) -> None:
    """Start the pending subscription, unless it was canceled or started meanwhile.

    While another subscription is active under its external id it stays pending.
    """
    pending = (await subscriptions_by_id(work, [subscription_id])).get(subscription_id)
    if pending is None or pending.status != "pending":
        return
    if await _is_taken(work, pending):
        await agenda.put(work, ACTIVATION, subscription_id, lane=pending.customer_id, due_at=work.now + TAKEN_RETRY)
        return
    await set_active(work, subscription_id, started_at=work.now)
    started = (await subscriptions_by_id(work, [subscription_id]))[subscription_id]
    await begin(work, await customer_by_id(work, started.customer_id), started, bills=True)


async def set_active(work: Work, subscription_id: UUID, *, started_at: Any) -> None:
    """Mark the subscription as running since then."""
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription_id)
        .values(status="active", started_at=started_at, activated_at=work.now, updated_at=work.now)
    )


async def _is_taken(work: Work, pending: Row[Any]) -> bool:
    other = exists().where(
        subscriptions.c.organization_id == work.organization.id,
        subscriptions.c.external_id == pending.external_id,
        subscriptions.c.status == "active",
    )
    return (await work.one(select(other.label("taken")))).taken
