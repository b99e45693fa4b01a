"""What is due because of a subscription's `ending_at`: its end, and the warnings before (chapter 50 §11, 51 §6.6)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.days import local_day, start_of_day
from conto.subscriptions.queries import subscriptions_by_id, timezone_of
from conto.work import Work

ENDING = "subscriptions.ending"
"""The kind of entry that ends a subscription on its day."""
ALERT = "subscriptions.termination_alert"
"""The kind of entry that warns of an end that nears."""

ALERT_DAYS = (45, 15)
"""So many days before the end, by UTC dates, a warning is sent."""


async def plan_ending(work: Work, subscription: Row[Any]) -> None:
    """Have the subscription end on the local day of its `ending_at`, as soon as it begins, and be warned of."""
    if subscription.ending_at is None:
        await drop_ending(work, subscription.id)
        return
    zone = timezone_of(subscription)
    due_at = start_of_day(local_day(subscription.ending_at, zone), zone)
    await agenda.put(work, ENDING, subscription.id, lane=subscription.customer_id, due_at=max(due_at, work.now))
    await _plan_alert(work, subscription, after=work.now - timedelta(days=1))


async def drop_ending(work: Work, subscription_id: UUID) -> None:
    """Take off what is due because of an end."""
    await agenda.drop(work, ENDING, subscription_id)
    await agenda.drop(work, ALERT, subscription_id)


async def _plan_alert(work: Work, subscription: Row[Any], *, after: datetime) -> None:
    """Have the next warning sent on its UTC day, none that was due before that of `after` ends."""
    ends_on = subscription.ending_at.astimezone(UTC).date()
    for days in ALERT_DAYS:
        day = ends_on - timedelta(days=days)
        if day > after.astimezone(UTC).date():
            due_at = datetime.combine(day, time(), UTC)
            await agenda.put(work, ALERT, subscription.id, lane=subscription.customer_id, due_at=max(due_at, work.now))
            return
    await agenda.drop(work, ALERT, subscription.id)


@agenda.handles(ALERT, lane=Lane.CUSTOMER, rank=Rank.TERMINATION_ALERT)
async def warn(work: Work, subscription_id: UUID) -> None:
    """Tell of the end that nears, and plan the next warning."""
    subscription = (await subscriptions_by_id(work, [subscription_id])).get(subscription_id)
    if subscription is None or subscription.status != "active" or subscription.ending_at is None:
        return
    work.emit("subscription.termination_alert", subscription_id)
    await _plan_alert(work, subscription, after=work.now)
