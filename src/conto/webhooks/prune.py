"""Records of deliveries are kept for 90 days after their last change (chapter 71 §2.4)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from conto import agenda
from conto.agenda import Lane, Rank
from conto.db.tables import webhooks
from conto.work import Work

KIND = "webhooks.prune"
KEPT = timedelta(days=90)
HOUR = 1
AT_ONCE = 5000
"""Deliveries deleted in one transaction; more are due at once again."""


def due_at(updated_at: datetime) -> datetime:
    """The instant at which a record last changed then is deleted: the first 01:00 UTC when it is old enough."""
    old_enough = updated_at.astimezone(UTC) + KEPT
    same_day = old_enough.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return same_day if same_day >= old_enough else same_day + timedelta(days=1)


async def see_to_it(work: Work) -> None:
    """Have the organization's old records deleted when their time comes, if that is not on the agenda yet."""
    if await agenda.waiting(work, KIND, work.organization.id) is None:
        await put(work, due_at(work.now))


async def put(work: Work, instant: datetime) -> None:
    """Have old records deleted at the instant."""
    await agenda.put(work, KIND, work.organization.id, lane=work.organization.id, due_at=instant)


@agenda.handles(KIND, lane=Lane.ORGANIZATION, rank=Rank.HOUSEKEEPING)
async def prune(work: Work, organization_id: UUID) -> None:
    """Delete the records that are old enough, and come again for the oldest of the others."""
    old = (
        select(webhooks.c.id)
        .where(webhooks.c.organization_id == organization_id, webhooks.c.updated_at <= work.now - KEPT)
        .order_by(webhooks.c.updated_at, webhooks.c.id)
        .limit(AT_ONCE)
    )
    await work.execute(delete(webhooks).where(webhooks.c.organization_id == organization_id, webhooks.c.id.in_(old)))
    oldest = await work.one(
        select(func.min(webhooks.c.updated_at)).where(webhooks.c.organization_id == organization_id)
    )
    if oldest[0] is not None:
        await put(work, due_at(oldest[0]))
