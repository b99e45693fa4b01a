"""Subscriptions as the API shows them, with what depends on the day (chapter 50 §12)."""

from typing import Any

from sqlalchemy import Row

from conto.core.days import local_day
from conto.core.periods.ranges import Period, charges_period
from conto.core.periods.schedule import plan_change_day
from conto.core.subscription_fee import Change
from conto.schemas.subscriptions import SubscriptionObject, show_subscription
from conto.subscriptions.queries import replaced_by, schedule_of, timezone_of
from conto.work import Work


def shown(work: Work, subscription: Row[Any]) -> SubscriptionObject:
    """The subscription as it stands at `work.now`."""
    period = current_period(work, subscription)
    return show_subscription(
        subscription,
        (period.from_datetime, period.to_datetime) if period else None,
        downgrade_plan_date(work, subscription),
    )


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
