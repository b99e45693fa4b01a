"""When a customer's subscriptions are renewed next: an instant on each, and one entry on the agenda (chapter 51 §3)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, text

from conto import agenda
from conto.core.periods.schedule import first_renewal_day, next_renewal_day, renewal_at
from conto.db.engine import inserted
from conto.db.tables import subscriptions
from conto.subscriptions.queries import schedule_of
from conto.work import Work

RENEWAL = "subscriptions.renewal"
"""The kind of entry that renews what a customer has; its subject is the customer."""

_PLAN = text(
    """
    with changed as (
        update subscriptions set renewed_on = given.renewed_on, renewal_at = given.renewal_at
        from json_populate_recordset(null::subscriptions, cast(:subscriptions as json)) given
        where subscriptions.organization_id = :organization and subscriptions.id = given.id
        returning subscriptions.id, subscriptions.renewal_at
    )
    select min(upcoming.renewal_at) as at from (
        select renewal_at from changed
        union all
        select renewal_at from subscriptions
        where organization_id = :organization and customer_id = :customer and status = 'active'
            and id not in (select id from changed)
    ) upcoming
    """
).bindparams(bindparam("customer", type_=Uuid()))


def next_renewal_at(subscription: Row[Any], renewed_on: date | None) -> datetime | None:
    """When the subscription is renewed after a renewal on the day, or for the first time; None where it ends before."""
    schedule = schedule_of(subscription)
    day = (
        next_renewal_day(schedule, renewed_on)
        if renewed_on
        else first_renewal_day(schedule, subscription.started_at, subscription.created_at)
    )
    return renewal_at(schedule, day, subscription.ending_at)


async def plan_renewals(work: Work, customer_id: UUID, renewed: Iterable[tuple[Row[Any], date | None]]) -> None:
    """Write down when the subscriptions are renewed next, each with the day of its last renewal, and the entry.

    The subscriptions are active ones of the customer, whose row must be locked.
    """
    rows = [{"id": row.id, "renewed_on": day, "renewal_at": next_renewal_at(row, day)} for row, day in renewed]
    at = (await work.one(_PLAN, customer=customer_id, **inserted(subscriptions, rows))).at
    if at is None:
        await agenda.drop(work, RENEWAL, customer_id)
    else:
        await agenda.put(work, RENEWAL, customer_id, lane=customer_id, due_at=max(at, work.now))


async def put_renewal(work: Work, customer_id: UUID) -> None:
    """Have the customer's next renewal happen in time; one whose instant has passed is due at once."""
    await plan_renewals(work, customer_id, [])
