"""Change a subscription (chapter 50 §4)."""

from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, select, update

from conto import agenda
from conto.core.days import local_day
from conto.customers.queries import customer_by_id
from conto.db.tables import customers, plans, subscriptions
from conto.errors import NotAllowed, NotFound
from conto.organizations.queries import billing_entity
from conto.payments.methods import refuse_wrong_method
from conto.schemas.reader import Problems
from conto.schemas.subscription_changes import SubscriptionUpdateInput
from conto.subscriptions.create import refuse_wrong_end
from conto.subscriptions.ending import plan_ending
from conto.subscriptions.overrides import override_plan
from conto.subscriptions.parts import (
    payment_method_type,
    refuse_payment_rule,
    refuse_wrong_own_thresholds,
    refuse_wrong_rules,
    store_own_thresholds,
    store_sections,
)
from conto.subscriptions.queries import SUBSCRIPTION, subscriptions_by_id, timezone_of
from conto.subscriptions.renewal_dates import plan_renewals
from conto.subscriptions.start import begin, plan_activation, set_active
from conto.work import Work

PLAIN = ("name", "on_termination_invoice", "consolidate_invoice", "progressive_billing_disabled", "ending_at")
"""What is written as it is given."""


async def update_subscription(
    work: Work, external_id: str, status: str | None, data: SubscriptionUpdateInput, problems: Problems
) -> UUID:
    """Change what is given; the id of the subscription. A pending one whose start has come is started.

    Raises:
        NotFound: no subscription, or no billing entity with the code.
        NotAllowed: it waits for a payment, or has ended and its order number is to change.
        Invalid: the end is not as it must be.
    """
    found = await _meant(work, external_id, status)
    await _lock(work, found.customer_id)
    await agenda.settle(work, found.customer_id)
    found = (await subscriptions_by_id(work, [found.id]))[found.id]
    if found.status == "incomplete":
        raise NotAllowed("subscription_incomplete")
    _refuse_late_order_number(found, data)
    refuse_wrong_end(work, data.ending_at, data.subscription_at or found.subscription_at, problems)
    refuse_wrong_own_thresholds(data.usage_thresholds, data.plan_overrides, problems)
    refuse_wrong_method(data.payment_method, problems)
    _refuse_wrong_rules(found, data, problems)
    problems.raise_if_any()
    await _write(work, found, await _values(work, found, data))
    if data.plan_overrides:
        await override_plan(work, found, data.plan_overrides)
    await _store_parts(work, found, data)
    changed = (await subscriptions_by_id(work, [found.id]))[found.id]
    if found.status == "pending":
        await _move_start(work, changed, data)
    else:
        work.emit("subscription.updated", found.id)
    if data.ending_at is not UNSET and changed.status in ("active", "pending"):
        await plan_ending(work, changed)
        if changed.status == "active":
            await plan_renewals(work, changed.customer_id, [(changed, changed.renewed_on)])
    return found.id


async def _meant(work: Work, external_id: str, status: str | None) -> Row[Any]:
    """The only subscription with the id, whatever its status; of several the active one, or one in the status asked."""
    rows = await work.rows(
        SUBSCRIPTION.where(
            subscriptions.c.organization_id == work.organization.id, subscriptions.c.external_id == external_id
        ).order_by(subscriptions.c.subscription_at.desc(), subscriptions.c.created_at.desc())
    )
    wanted = status if status in ("pending", "incomplete") else "active"
    among = rows if len(rows) == 1 else [row for row in rows if row.status == wanted]
    if not among:
        raise NotFound("subscription")
    return among[0]


async def _lock(work: Work, customer_id: UUID) -> None:
    await work.execute(
        select(customers.c.id)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer_id)
        .with_for_update(key_share=True)
    )


def _refuse_wrong_rules(found: Row[Any], data: SubscriptionUpdateInput, problems: Problems) -> None:
    """Activation rules are for what has not started."""
    if data.activation_rules is UNSET:
        return
    if found.status != "pending":
        problems.add("activation_rules", "subscription_not_pending")
        return
    refuse_wrong_rules(data.activation_rules, problems)
    if data.activation_rules and "activation_rules" not in problems:
        refuse_payment_rule(data.payment_method, found, problems)


async def _store_parts(work: Work, found: Row[Any], data: SubscriptionUpdateInput) -> None:
    """Its own thresholds and choice of sections, where they are given."""
    plan = await work.one(
        select(plans.c.id, plans.c.parent_id)
        .join(
            subscriptions,
            (subscriptions.c.organization_id == plans.c.organization_id) & (subscriptions.c.plan_id == plans.c.id),
        )
        .where(plans.c.organization_id == work.organization.id, subscriptions.c.id == found.id)
    )
    await store_own_thresholds(work, found.id, plan, data.usage_thresholds)
    await store_sections(work, found.id, data.invoice_custom_section)


def _refuse_late_order_number(found: Row[Any], data: SubscriptionUpdateInput) -> None:
    """The order number of a subscription that is over stays."""
    if data.purchase_order_number is UNSET or found.status not in ("terminated", "canceled"):
        return
    if (data.purchase_order_number or None) != found.purchase_order_number:
        raise NotAllowed("purchase_order_number_not_editable")


async def _values(work: Work, found: Row[Any], data: SubscriptionUpdateInput) -> dict[str, Any]:
    """The columns that change."""
    given = {name: getattr(data, name) for name in PLAIN}
    values = {name: value if value != "" else None for name, value in given.items() if value is not UNSET}
    for name, default in (("consolidate_invoice", True), ("progressive_billing_disabled", False)):
        if values.get(name, default) is None:
            values[name] = default
    if values.get("on_termination_invoice", "generate") is None:
        values["on_termination_invoice"] = "generate"
    if data.purchase_order_number is not UNSET:
        values["purchase_order_number"] = data.purchase_order_number or None
    if data.on_termination_credit_note is not UNSET and found.pay_in_advance:
        values["on_termination_credit_note"] = data.on_termination_credit_note
    if data.payment_method is not UNSET:
        values["payment_method_type"] = payment_method_type(data.payment_method)
    if data.billing_entity_code:
        values["billing_entity_id"] = (await billing_entity(work, data.billing_entity_code)).id
    return values


async def _write(work: Work, found: Row[Any], values: dict[str, Any]) -> None:
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == found.id)
        .values(values | {"updated_at": work.now})
    )


async def _move_start(work: Work, pending: Row[Any], data: SubscriptionUpdateInput) -> None:
    """A pending subscription's start: put off, or come, with what follows of it."""
    at = data.subscription_at
    if not at or pending.previous_subscription_id is not None:
        work.emit("subscription.updated", pending.id)
        return
    await _write(work, pending, {"subscription_at": at})
    if at > work.now:
        await plan_activation(work, (await subscriptions_by_id(work, [pending.id]))[pending.id])
        return
    await _start(work, pending, at)
    work.emit("subscription.updated", pending.id)


async def _start(work: Work, pending: Row[Any], at: Any) -> None:
    """Start it at an instant that has come; what has begun on an earlier day is not billed."""
    zone = timezone_of(pending)
    await set_active(work, pending.id, started_at=at)
    started = (await subscriptions_by_id(work, [pending.id]))[pending.id]
    today = local_day(at, zone) == local_day(work.now, zone)
    await begin(work, await customer_by_id(work, pending.customer_id), started, bills=today)
