"""Subscriptions as the API shows them, with what depends on the day (chapter 50 §12)."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sqlalchemy import Row

from conto.catalog.plans.queries import shown_plan
from conto.catalog.selected_sections import sections_of_subscription
from conto.core.days import local_day
from conto.core.periods.ranges import Period, charges_period
from conto.core.periods.schedule import plan_change_day
from conto.core.subscription_fee import Change
from conto.customers.queries import embedded
from conto.schemas.custom_sections import AppliedSectionObject, show_custom_section, show_selected_section
from conto.schemas.customers import CustomerObject
from conto.schemas.plans import ApplicableUsageThreshold, PlanObject, show_applicable
from conto.schemas.subscriptions import SubscriptionObject, show_subscription
from conto.subscriptions.queries import applicable_thresholds, replaced_by, schedule_of, timezone_of
from conto.work import Work

EXTENDED = ("plan", "entitlements", "applicable_usage_thresholds", "applied_invoice_custom_sections")
"""The parts that an answer to one subscription shows."""
UPDATED = ("plan", "applicable_usage_thresholds", "applied_invoice_custom_sections")
TERMINATED = ("plan", "applied_invoice_custom_sections")


def shown(work: Work, subscription: Row[Any], **parts: Any) -> SubscriptionObject:
    """The subscription as it stands at `work.now`, with parts that are shown already."""
    period = current_period(work, subscription)
    return show_subscription(
        subscription,
        (period.from_datetime, period.to_datetime) if period else None,
        downgrade_plan_date(work, subscription),
        **parts,
    )


async def extended(work: Work, subscription: Row[Any], parts: Iterable[str] = EXTENDED) -> SubscriptionObject:
    """The subscription as it stands, with these parts (chapter 50 §12)."""
    return shown(work, subscription, **{part: await _PARTS[part](work, subscription) for part in parts})


async def _plan(work: Work, subscription: Row[Any]) -> PlanObject:
    return await shown_plan(work, subscription.plan_id)


async def _customer(work: Work, subscription: Row[Any]) -> CustomerObject:
    return (await embedded(work, [subscription.customer_id]))[subscription.customer_id]


async def _entitlements(work: Work, subscription: Row[Any]) -> list[Any]:
    """There are no features, so no subscription has any."""
    return []


async def _thresholds(work: Work, subscription: Row[Any]) -> list[ApplicableUsageThreshold]:
    return [show_applicable(each) for each in await applicable_thresholds(work, subscription)]


async def _sections(work: Work, subscription: Row[Any]) -> list[AppliedSectionObject]:
    rows = await sections_of_subscription(work, subscription.id)
    return [show_selected_section(row, show_custom_section(row)) for row in rows]


_PARTS: dict[str, Callable[[Work, Row[Any]], Awaitable[Any]]] = {
    "plan": _plan,
    "customer": _customer,
    "entitlements": _entitlements,
    "applicable_usage_thresholds": _thresholds,
    "applied_invoice_custom_sections": _sections,
}


def current_period(work: Work, subscription: Row[Any]) -> Period | None:
    """The usage charges' period in progress; None before the start."""
    if subscription.started_at is None:
        return None
    return charges_period(
        schedule_of(subscription), work.now, subscription.started_at, terminated_at=subscription.terminated_at
    )


def downgrade_plan_date(work: Work, subscription: Row[Any]) -> str | None:
    """The local day on which a cheaper plan takes over, or took over; None where none does."""
    if replaced_by(subscription) is not Change.DOWNGRADE:
        return None
    if subscription.next_started_at is not None:
        return local_day(subscription.next_started_at, timezone_of(subscription)).isoformat()
    return plan_change_day(schedule_of(subscription), work.now).isoformat()
