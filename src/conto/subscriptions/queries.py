"""Reads of subscriptions that several use cases share (chapter 50 §§1, 12)."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, Uuid, any_, bindparam, func, or_, select

from conto.core.days import local_day
from conto.core.periods.schedule import Schedule
from conto.core.periods.tiles import BillingTime, Interval
from conto.core.plans import yearly_amount_cents
from conto.core.subscription_fee import Change
from conto.db.tables import billing_entities, customers, plans, subscriptions, usage_thresholds
from conto.errors import NotFound
from conto.work import ORGANIZATION, Work

LIVING = ("active", "pending", "incomplete")

_entity = billing_entities.alias("customers_entity")
_own_entity = billing_entities.alias("own_entity")
_previous = subscriptions.alias("previous")
_previous_plan = plans.alias("previous_plan")
_next = subscriptions.alias("next")
_next_plan = plans.alias("next_plan")

# Of several successors the most recently created one that was not canceled counts (chapter 50 §1).
_successor = (
    select(
        _next.c.id.label("next_id"),
        _next.c.status.label("next_status"),
        _next.c.started_at.label("next_started_at"),
        _next.c.plan_id.label("next_plan_id"),
        _next_plan.c.code.label("next_plan_code"),
        _next_plan.c.interval.label("next_interval"),
        _next_plan.c.amount_cents.label("next_amount_cents"),
    )
    .join(_next_plan, (_next_plan.c.organization_id == _next.c.organization_id) & (_next_plan.c.id == _next.c.plan_id))
    .where(
        _next.c.organization_id == subscriptions.c.organization_id,
        _next.c.previous_subscription_id == subscriptions.c.id,
        _next.c.status != "canceled",
    )
    .order_by(_next.c.created_at.desc(), _next.c.id.desc())
    .limit(1)
    .correlate(subscriptions)
    .lateral("successor")
)

SUBSCRIPTION: Select[*tuple[Any, ...]] = (
    select(
        subscriptions,
        customers.c.external_id.label("external_customer_id"),
        customers.c.billing_entity_id.label("customer_entity_id"),
        customers.c.timezone.label("customer_timezone"),
        customers.c.payment_provider,
        _entity.c.timezone.label("entity_timezone"),
        func.coalesce(_own_entity.c.code, _entity.c.code).label("billing_entity_code"),
        func.coalesce(_own_entity.c.id, _entity.c.id).label("issuer_id"),
        plans.c.code.label("plan_code"),
        plans.c.name.label("plan_name"),
        plans.c.invoice_display_name.label("plan_invoice_display_name"),
        plans.c.parent_id.label("plan_parent_id"),
        plans.c.interval,
        plans.c.amount_cents.label("plan_amount_cents"),
        plans.c.amount_currency.label("plan_amount_currency"),
        plans.c.pay_in_advance,
        plans.c.trial_period,
        plans.c.bill_charges_monthly,
        plans.c.bill_fixed_charges_monthly,
        _previous_plan.c.code.label("previous_plan_code"),
        _previous_plan.c.interval.label("previous_interval"),
        _previous_plan.c.amount_cents.label("previous_amount_cents"),
        *_successor.c,
    )
    .join(
        customers,
        (customers.c.organization_id == subscriptions.c.organization_id)
        & (customers.c.id == subscriptions.c.customer_id),
    )
    .join(
        _entity,
        (_entity.c.organization_id == customers.c.organization_id) & (_entity.c.id == customers.c.billing_entity_id),
    )
    .outerjoin(
        _own_entity,
        (_own_entity.c.organization_id == subscriptions.c.organization_id)
        & (_own_entity.c.id == subscriptions.c.billing_entity_id),
    )
    .join(plans, (plans.c.organization_id == subscriptions.c.organization_id) & (plans.c.id == subscriptions.c.plan_id))
    .outerjoin(
        _previous,
        (_previous.c.organization_id == subscriptions.c.organization_id)
        & (_previous.c.id == subscriptions.c.previous_subscription_id),
    )
    .outerjoin(
        _previous_plan,
        (_previous_plan.c.organization_id == _previous.c.organization_id)
        & (_previous_plan.c.id == _previous.c.plan_id),
    )
    .outerjoin(_successor, _successor.c.next_id.is_not(None))
)
"""Subscriptions, each with what it takes from its customer, plan, billing entity, predecessor and successor."""

_OF_ORGANIZATION = SUBSCRIPTION.where(subscriptions.c.organization_id == ORGANIZATION)
_BY_EXTERNAL_ID = _OF_ORGANIZATION.where(
    subscriptions.c.external_id == bindparam("external_id"),
    subscriptions.c.status == any_(bindparam("statuses", type_=ARRAY(Text))),
).order_by(
    subscriptions.c.terminated_at.desc().nulls_first(),
    subscriptions.c.started_at.desc().nulls_last(),
    subscriptions.c.created_at.desc(),
    subscriptions.c.id,
)
_ACTIVE_BY_EXTERNAL_IDS = _OF_ORGANIZATION.where(
    subscriptions.c.external_id == any_(bindparam("external_ids", type_=ARRAY(Text))),
    subscriptions.c.status == "active",
).order_by(subscriptions.c.started_at, subscriptions.c.created_at, subscriptions.c.id)
_BY_IDS = _OF_ORGANIZATION.where(subscriptions.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))


def called(subscription: Row[Any]) -> str:
    """What invoices call the subscription."""
    return subscription.name or subscription.plan_invoice_display_name or subscription.plan_name


def timezone_of(subscription: Row[Any]) -> str:
    """The zone that the subscription's days are told in: its customer's, else that of the customer's entity."""
    return subscription.customer_timezone or subscription.entity_timezone


def schedule_of(subscription: Row[Any]) -> Schedule:
    """What decides about the subscription's periods."""
    zone = timezone_of(subscription)
    return Schedule(
        interval=Interval(subscription.interval),
        billing_time=BillingTime(subscription.billing_time),
        anchor=local_day(subscription.subscription_at, zone),
        timezone=zone,
        pay_in_advance=subscription.pay_in_advance,
        bill_charges_monthly=subscription.bill_charges_monthly is True,
        bill_fixed_charges_monthly=subscription.bill_fixed_charges_monthly is True,
    )


def replaces(subscription: Row[Any]) -> Change | None:
    """How the subscription took its predecessor's place, None without one."""
    if subscription.previous_interval is None:
        return None
    return _change(
        yearly_amount_cents(subscription.previous_interval, subscription.previous_amount_cents),
        yearly_amount_cents(subscription.interval, subscription.plan_amount_cents),
    )


def replaced_by(subscription: Row[Any]) -> Change | None:
    """How its next subscription takes its place, None without one."""
    if subscription.next_id is None:
        return None
    return _change(
        yearly_amount_cents(subscription.interval, subscription.plan_amount_cents),
        yearly_amount_cents(subscription.next_interval, subscription.next_amount_cents),
    )


def _change(before: int, after: int) -> Change:
    return Change.UPGRADE if before <= after else Change.DOWNGRADE


async def subscription(work: Work, external_id: str, statuses: Sequence[str] = ("active",)) -> Row[Any]:
    """The subscription with this external id in one of the statuses: not ended, else latest ended, else latest started.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(_BY_EXTERNAL_ID, external_id=external_id, statuses=list(statuses))
    if found is None:
        raise NotFound("subscription")
    return found


async def subscriptions_called(work: Work, external_id: str, statuses: Sequence[str]) -> Sequence[Row[Any]]:
    """The subscriptions with this external id in one of the statuses: not ended, then latest ended, then the others."""
    return await work.rows(_BY_EXTERNAL_ID, external_id=external_id, statuses=list(statuses))


async def subscriptions_by_id(work: Work, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """The subscriptions with these ids of ours."""
    return {row.id: row for row in await work.rows(_BY_IDS, ids=list(ids))} if ids else {}


async def active_subscriptions(work: Work, external_ids: Collection[str]) -> dict[str, Row[Any]]:
    """The active subscriptions with these external ids, by them."""
    if not external_ids:
        return {}
    return {row.external_id: row for row in await work.rows(_ACTIVE_BY_EXTERNAL_IDS, external_ids=list(external_ids))}


_THRESHOLDS = (
    select(usage_thresholds)
    .where(
        usage_thresholds.c.organization_id == ORGANIZATION,
        usage_thresholds.c.deleted_at.is_(None),
        or_(
            usage_thresholds.c.subscription_id == bindparam("subscription_id", type_=Uuid()),
            usage_thresholds.c.plan_id == any_(bindparam("plan_ids", type_=ARRAY(Uuid))),
        ),
    )
    .order_by(usage_thresholds.c.recurring, usage_thresholds.c.amount_cents, usage_thresholds.c.id)
)


async def applicable_thresholds(work: Work, subscription: Row[Any]) -> list[Row[Any]]:
    """The thresholds that hold: the subscription's own, else its copy's of the plan, else the plan's (chapter 62 §1).

    None where progressive billing is switched off for it. Those that recur come last, others by their amount.
    """
    if subscription.progressive_billing_disabled:
        return []
    plan_ids = [each for each in (subscription.plan_id, subscription.plan_parent_id) if each is not None]
    rows = await work.rows(_THRESHOLDS, subscription_id=subscription.id, plan_ids=plan_ids)
    for owner in (None, *plan_ids):
        found = [row for row in rows if row.plan_id == owner]
        if found:
            return found
    return []
