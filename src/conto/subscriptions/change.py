"""Change the plan of a subscription: at once, or when its period ends (chapters 50 §§3.3, 5-6 and 51 §§6.3-6.4)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, update

from conto.catalog.plans.override import overridden_plan, own_units_in
from conto.core.periods.ranges import Occasion
from conto.core.plans import yearly_amount_cents
from conto.core.subscription_fee import in_trial
from conto.customers.queries import customer_by_id
from conto.db.tables import subscriptions
from conto.invoices.advance_charges import regroup
from conto.invoices.billed import Billed, Reason, Side, gather
from conto.invoices.subscription_invoice import bill
from conto.schemas.subscriptions import SubscriptionInput
from conto.subscriptions.ending import plan_ending
from conto.subscriptions.fixed_charge_units import give_first_units, store_units
from conto.subscriptions.parts import payment_method_type, store_parts
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.records import insert_subscription
from conto.subscriptions.renewal_dates import plan_renewals
from conto.subscriptions.start import set_active
from conto.subscriptions.terminate import cancel, set_ended
from conto.subscriptions.trials import plan_trial_end
from conto.subscriptions.unused import give_back_unused
from conto.work import Work


async def change_plan(
    work: Work,
    data: SubscriptionInput,
    customer: Row[Any],
    current: Row[Any],
    plan: Row[Any],
    entity_id: UUID | None,
) -> UUID:
    """Move a subscription to another plan; the id of the one that the call answers with.

    A pending one takes the plan as it is. A running one ends now where the plan costs as much or more a year,
    else when its period ends. The customer's row must be locked.
    """
    if current.status == "pending":
        return await _retarget(work, data, current, plan)
    if current.next_status == "pending":
        await cancel(work, current.next_id)
    before = yearly_amount_cents(current.interval, current.plan_amount_cents)
    after = yearly_amount_cents(plan.interval, _amount_cents(plan, data))
    inherited = _inherited(data, current, entity_id)
    inherited["plan_id"] = await overridden_plan(work, plan, data.plan_overrides)
    if after >= before:
        return await _upgrade(work, customer, current, plan, data, inherited)
    next_id = await insert_subscription(work, status="pending", **inherited)
    await _store_parts(work, next_id, plan, data)
    work.emit("subscription.updated", current.id)
    return current.id


def _amount_cents(plan: Row[Any], data: SubscriptionInput) -> int:
    """The plan's price as the successor would have it."""
    own = data.plan_overrides.amount_cents if data.plan_overrides else UNSET
    return plan.amount_cents if own is UNSET or own is None else own


async def _store_parts(work: Work, subscription_id: UUID, plan: Row[Any], data: SubscriptionInput) -> None:
    """What the call gives the successor beside its plan."""
    await store_units(work, subscription_id, own_units_in(data.plan_overrides))
    await store_parts(work, subscription_id, plan, data)


async def _retarget(work: Work, data: SubscriptionInput, pending: Row[Any], plan: Row[Any]) -> UUID:
    """Give a subscription that has not started another plan."""
    named = {} if data.name is UNSET else {"name": data.name or None}
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == pending.id)
        .values(plan_id=plan.id, updated_at=work.now, **named)
    )
    return pending.id


def _inherited(data: SubscriptionInput, current: Row[Any], entity_id: UUID | None) -> dict[str, Any]:
    """What the successor takes from its predecessor, where the call says nothing else."""

    def said(name: str) -> Any:
        given = getattr(data, name)
        return getattr(current, name) if given is UNSET else given or None

    consolidates = current.consolidate_invoice if data.consolidate_invoice is UNSET else data.consolidate_invoice
    return {
        "customer_id": current.customer_id,
        "billing_entity_id": entity_id or current.billing_entity_id,
        "previous_subscription_id": current.id,
        "external_id": current.external_id,
        "name": data.name or None,
        "billing_time": current.billing_time,
        "subscription_at": current.subscription_at,
        "ending_at": said("ending_at"),
        "payment_method_type": payment_method_type(data.payment_method),
        "purchase_order_number": said("purchase_order_number"),
        "consolidate_invoice": consolidates is not False,
        "progressive_billing_disabled": data.progressive_billing_disabled is True,
    }


async def _upgrade(
    work: Work,
    customer: Row[Any],
    current: Row[Any],
    plan: Row[Any],
    data: SubscriptionInput,
    inherited: dict[str, Any],
) -> UUID:
    """End the subscription and start its successor now; one invoice has both."""
    await set_ended(work, current)
    new_id = await insert_subscription(work, status="active", started_at=work.now, **inherited)
    await _store_parts(work, new_id, plan, data)
    await take_over(work, customer.id, [(current.id, new_id)], Occasion.UPGRADE)
    return new_id


async def hasten(work: Work, current: Row[Any]) -> None:
    """Have the pending successor take over now, as an upgrade: its plan has become the dearer one."""
    await set_ended(work, current)
    await set_active(work, current.next_id, started_at=work.now)
    await take_over(work, current.customer_id, [(current.id, current.next_id)], Occasion.UPGRADE)


async def switch(work: Work, due: Sequence[Row[Any]]) -> None:
    """Have the pending successors of subscriptions whose period has ended take over."""
    for current in due:
        await set_ended(work, current)
        await set_active(work, current.next_id, started_at=work.now)
        await take_over(work, current.customer_id, [(current.id, current.next_id)], Occasion.DOWNGRADE)


async def take_over(work: Work, customer_id: UUID, pairs: Sequence[tuple[UUID, UUID]], occasion: Occasion) -> None:
    """Bill the end of each old subscription with the start of its successor, and have the successor run."""
    customer = await customer_by_id(work, customer_id)
    found = await subscriptions_by_id(work, [each for pair in pairs for each in pair])
    for old_id, new_id in pairs:
        old, new = found[old_id], found[new_id]
        (one,) = await gather(work, [Side(new, Occasion.START, Reason.STARTING)], work.now)
        await give_first_units(work, new, one.plan)
        await plan_ending(work, new)
        await plan_trial_end(work, one)
        await plan_renewals(work, customer_id, [(new, None)])
        if occasion is Occasion.UPGRADE:
            await give_back_unused(work, old, upgrade=True, way=old.on_termination_credit_note or "credit")
        ending = Side(old, occasion, Reason.TERMINATING)
        starting = [one.side] if _is_billed_up_front(one) else []
        if old.purchase_order_number == new.purchase_order_number:
            await bill(work, customer, [ending, *starting], work.now)
        else:
            await bill(work, customer, [ending], work.now)
            if starting:
                await bill(work, customer, starting, work.now)
        await regroup(work, customer, [ending], work.now)
        work.emit("subscription.terminated", old.id)
        work.emit("subscription.started", new.id)


def _is_billed_up_front(one: Billed) -> bool:
    """Whether the start of a successor has anything to bill: its plan, or fixed charges in advance."""
    if one.plan.pay_in_advance and not in_trial(one.standing, one.at):
        return True
    return any(fixed_charge.pay_in_advance for fixed_charge in one.plan.fixed_charges)
