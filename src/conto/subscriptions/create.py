"""Create a subscription (chapter 50 §3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import UnsetType
from sqlalchemy import Row, func, select, update

from conto import agenda
from conto.catalog.plans.override import overridden_plan, own_units_in
from conto.core.days import local_day
from conto.customers.queries import customer_by_id
from conto.customers.upsert import upsert_customer
from conto.db.tables import billing_entities, customers, plans, subscriptions
from conto.errors import Invalid, NotFound
from conto.organizations.queries import billing_entity
from conto.schemas.customers import CustomerInput
from conto.schemas.reader import Problems
from conto.schemas.subscriptions import SubscriptionInput
from conto.subscriptions.change import change_plan
from conto.subscriptions.fixed_charge_units import store_units
from conto.subscriptions.parts import payment_method_type, refuse_wrong_parts, store_parts
from conto.subscriptions.queries import SUBSCRIPTION, subscriptions_by_id
from conto.subscriptions.records import insert_subscription
from conto.subscriptions.start import begin, plan_activation
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Start:
    """When a subscription starts, and what it is from now on."""

    status: str
    started_at: datetime | None
    today: bool = False


async def create_subscription(work: Work, data: SubscriptionInput, problems: Problems) -> UUID:
    """Put a customer on a plan; the id of the subscription that is then in force or will be.

    `problems` holds what the reader of the input found; it is told after what names nothing.

    Raises:
        NotFound: the billing entity's code or the plan's names none.
        Invalid: fields are not as they must be, or the external id is another customer's.
    """
    entity_id = await _own_entity(work, data)
    plan = await _plan(work, data.plan_code)
    refuse_wrong_end(work, data.ending_at, data.subscription_at, problems)
    await refuse_wrong_parts(work, data, problems)
    problems.raise_if_any()
    customer = await _customer(work, data)
    await _take_currency(work, customer, plan)
    await agenda.settle(work, customer.id)
    current = await _current(work, customer, data.external_id)
    if current is not None and current.plan_id == plan.id:
        await store_parts(work, current.id, plan, data)
        return current.id
    if current is not None:
        return await change_plan(work, data, customer, current, plan, entity_id)
    return await _start(work, data, customer, plan, entity_id)


def refuse_wrong_end(
    work: Work, ending_at: datetime | None | UnsetType, subscription_at: datetime | None | UnsetType, problems: Problems
) -> None:
    """The end lies on a later UTC day than today, and than the start."""
    if not ending_at:
        return
    earliest = max(work.now, subscription_at or work.now).astimezone(UTC).date()
    if ending_at.astimezone(UTC).date() <= earliest:
        problems.add("ending_at", "invalid_date")


async def _own_entity(work: Work, data: SubscriptionInput) -> UUID | None:
    return (await billing_entity(work, data.billing_entity_code)).id if data.billing_entity_code else None


async def _plan(work: Work, code: str | None | Any) -> Row[Any]:
    """The catalogue plan with this code."""
    found = code and await work.first(
        select(plans).where(
            plans.c.organization_id == work.organization.id,
            plans.c.code == code,
            plans.c.parent_id.is_(None),
            plans.c.deleted_at.is_(None),
        )
    )
    if not found:
        raise NotFound("plan")
    return found


async def _customer(work: Work, data: SubscriptionInput) -> Row[Any]:
    """The customer, locked; one that does not exist yet is made, with nothing but its id and entity."""
    if not data.external_customer_id:
        raise Invalid({"external_customer_id": ["value_is_mandatory"]})
    found = await _locked(work, data.external_customer_id)
    if found is None:
        blank = CustomerInput(external_id=data.external_customer_id, billing_entity_code=data.billing_entity_code)
        await upsert_customer(work, blank, Problems())
        found = await _locked(work, data.external_customer_id)
    assert found is not None
    return found


async def _locked(work: Work, external_id: str) -> Row[Any] | None:
    return await work.first(
        select(customers)
        .where(
            customers.c.organization_id == work.organization.id,
            customers.c.external_id == external_id,
            customers.c.deleted_at.is_(None),
        )
        .with_for_update(key_share=True)
    )


async def _take_currency(work: Work, customer: Row[Any], plan: Row[Any]) -> None:
    if customer.currency is None:
        await work.execute(
            update(customers)
            .where(customers.c.organization_id == work.organization.id, customers.c.id == customer.id)
            .values(currency=plan.amount_currency)
        )


async def _current(work: Work, customer: Row[Any], external_id: str) -> Row[Any] | None:
    """The customer's subscription that is active, or pending without a predecessor.

    Raises:
        Invalid: one of the customer's is incomplete, or another customer's is active.
    """
    found = await work.rows(
        SUBSCRIPTION.where(
            subscriptions.c.organization_id == work.organization.id,
            subscriptions.c.external_id == external_id,
            subscriptions.c.status.in_(("active", "pending", "incomplete")),
        ).order_by(subscriptions.c.status, subscriptions.c.created_at.desc())
    )
    own = [row for row in found if row.customer_id == customer.id]
    if any(row.status == "incomplete" for row in own):
        raise Invalid({"subscription": ["subscription_incomplete"]})
    if any(row.status == "active" for row in found if row.customer_id != customer.id):
        raise Invalid({"external_id": ["value_already_exist"]})
    living = [row for row in own if row.status == "active" or row.previous_subscription_id is None]
    return living[0] if living else None


async def _start(
    work: Work, data: SubscriptionInput, customer: Row[Any], plan: Row[Any], entity_id: UUID | None
) -> UUID:
    """Store a new subscription, which starts now, has started, or will."""
    subscription_at = data.subscription_at or work.now
    start = await _start_of(work, customer, data.external_id, subscription_at)
    subscription_id = await insert_subscription(
        work,
        customer_id=customer.id,
        plan_id=await overridden_plan(work, plan, data.plan_overrides),
        billing_entity_id=entity_id,
        external_id=data.external_id,
        name=data.name or None,
        status=start.status,
        billing_time=data.billing_time or "calendar",
        subscription_at=subscription_at,
        started_at=start.started_at,
        ending_at=data.ending_at or None,
        purchase_order_number=data.purchase_order_number or None,
        payment_method_type=payment_method_type(data.payment_method),
        consolidate_invoice=data.consolidate_invoice is not False,
        progressive_billing_disabled=data.progressive_billing_disabled is True,
    )
    await store_units(work, subscription_id, own_units_in(data.plan_overrides))
    await store_parts(work, subscription_id, plan, data)
    made = (await subscriptions_by_id(work, [subscription_id]))[subscription_id]
    if start.started_at is None:
        await plan_activation(work, made)
    else:
        await begin(work, await customer_by_id(work, customer.id), made, bills=start.today)
    return subscription_id


async def _start_of(work: Work, customer: Row[Any], external_id: str, subscription_at: datetime) -> Start:
    """By the customer's day: later is pending, today starts exactly then, earlier has started.

    What a terminated predecessor's last invoice has billed is not billed again, so a start in the past is not
    before its end.
    """
    zone = customer.timezone or await _entity_timezone(work, customer.billing_entity_id)
    day, today = local_day(subscription_at, zone), local_day(work.now, zone)
    if day > today:
        return Start("pending", None)
    if day == today:
        return Start("active", subscription_at, today=True)
    ended = await work.one(
        select(func.max(subscriptions.c.terminated_at).label("at")).where(
            subscriptions.c.organization_id == work.organization.id,
            subscriptions.c.customer_id == customer.id,
            subscriptions.c.external_id == external_id,
            subscriptions.c.status == "terminated",
            subscriptions.c.on_termination_invoice == "generate",
        )
    )
    return Start("active", max(subscription_at, ended.at) if ended.at else subscription_at)


async def _entity_timezone(work: Work, entity_id: UUID) -> str:
    found = await work.one(
        select(billing_entities.c.timezone).where(
            billing_entities.c.organization_id == work.organization.id, billing_entities.c.id == entity_id
        )
    )
    return found.timezone
