"""Events read again: one by its transaction id, and the list with its filters (chapter 30 §3.5)."""

from datetime import datetime
from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, Text, bindparam, select

from conto.db.tables import events, subscriptions
from conto.errors import NotFound
from conto.listing import Found, page_of
from conto.schemas.events import EventFilters
from conto.schemas.reader import Problems
from conto.work import ORGANIZATION, Work

_BY_TRANSACTION = (
    select(events)
    .where(events.c.organization_id == ORGANIZATION, events.c.transaction_id == bindparam("transaction_id", type_=Text))
    .order_by(events.c.id.desc())
    .limit(1)
)
_STARTED_AT = (
    select(subscriptions.c.started_at)
    .where(
        subscriptions.c.organization_id == ORGANIZATION,
        subscriptions.c.external_id == bindparam("external_id", type_=Text),
        subscriptions.c.started_at.is_not(None),
        subscriptions.c.status.in_(["active", "terminated"]),
    )
    .order_by(
        (subscriptions.c.status == "active").desc(),
        subscriptions.c.terminated_at.desc().nulls_last(),
        subscriptions.c.started_at.desc(),
    )
    .limit(1)
)


async def event(work: Work, transaction_id: str) -> Row[Any]:
    """The newest event with this transaction id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(_BY_TRANSACTION, transaction_id=transaction_id) if "\0" not in transaction_id else None
    if found is None:
        raise NotFound("event")
    return found


async def list_events(work: Work, filters: EventFilters, problems: Problems, *, offset: int, limit: int) -> Found:
    """Events by their timestamp, latest first, then by transaction id.

    Since the start of a subscription that never started there are none.

    Raises:
        Invalid: `problems` has some, or two filters exclude each other.
    """
    since_start = filters.timestamp_from_started_at is True
    if since_start and filters.timestamp_from is not UNSET and "timestamp_from" not in problems:
        problems.add("timestamp_from", "cannot be used with timestamp_from_started_at")
    if since_start and not filters.external_subscription_id:
        problems.add("external_subscription_id", "required with timestamp_from_started_at")
    problems.raise_if_any()
    earliest = filters.timestamp_from
    if since_start:
        earliest = await _started_at(work, str(filters.external_subscription_id))
        if earliest is None:
            return Found((), 0)
    statement = select(events).where(events.c.organization_id == work.organization.id)
    if filters.code:
        statement = statement.where(events.c.code == filters.code)
    if filters.external_subscription_id:
        statement = statement.where(events.c.external_subscription_id == filters.external_subscription_id)
    if earliest is not UNSET:
        statement = statement.where(events.c.timestamp >= earliest)
    if filters.timestamp_to is not UNSET:
        statement = statement.where(events.c.timestamp <= filters.timestamp_to)
    # Texts are compared byte by byte, as the index and every other list of ours has them.
    ordered = statement.order_by(events.c.timestamp.desc(), events.c.transaction_id, events.c.id)
    return await page_of(work, ordered, offset=offset, limit=limit)


async def _started_at(work: Work, external_id: str) -> datetime | None:
    found = await work.first(_STARTED_AT, external_id=external_id)
    return None if found is None else found.started_at
