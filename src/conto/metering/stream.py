"""What follows from events: whoever listens is told of each event once, soon after it was taken in (chapter 30 §3.6).

A live organization's events are told by a worker, which follows the table behind the oldest open transaction, so
that one that commits late is not missed. A test organization's are told in the transaction that takes them in, so
that an advance of its clock finds all that follows from them on the agenda.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from conto.db.tables import events
from conto.metering import follower
from conto.metering.follower import Stream
from conto.work import ORGANIZATION, Work, Works

EVENTS = Stream("events", events)

Listener = Callable[[Work, Sequence[Row[Any]]], Awaitable[None]]
"""Is told of events of one organization, in the order in which they are to be followed.

It does as little as it can (it puts entries on the agenda), for all other events wait meanwhile. It is told in the
transaction that notes them as followed; should that fail, it is told again.
"""

MOST_COUNTED = 100_000

LISTENERS: list[Listener] = []

_STORED = (
    select(events)
    .where(
        events.c.organization_id == ORGANIZATION,
        events.c.transaction_id == any_(bindparam("transaction_ids", type_=ARRAY(Text))),
        events.c.event_id == any_(bindparam("event_ids", type_=ARRAY(Uuid))),
    )
    .order_by(events.c.id)
)


def listens(listener: Listener) -> Listener:
    """Register what is told of every event."""
    LISTENERS.append(listener)
    return listener


async def follow_events(works: Works) -> int:
    """Tell of the next events of live organizations; how many were read. With no listener they are passed over."""
    async with works.across() as connection:
        if not LISTENERS:
            await follower.pass_over(connection, EVENTS)
            return 0

        async def tell_all(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> None:
            owner = attrgetter("organization_id")
            # The sort is stable: each organization's events stay in their order.
            for organization_id, own in groupby(sorted(rows, key=owner), key=owner):
                work = await works.within(connection, organization_id)
                if work is not None and work.organization.live:
                    await tell(work, list(own))
                    await work.send()

        return await follower.follow(connection, EVENTS, tell_all)


async def events_waiting(works: Works) -> int:
    """How many events have not been followed yet, those included that an open transaction holds back.

    Above `MOST_COUNTED` they are not counted any further.
    """
    async with works.across() as connection:
        return await follower.waiting(connection, EVENTS, MOST_COUNTED)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the follower is behind: `events` as `events_waiting` counts them, and transactions."""

    events: int
    transactions: int


async def lag(works: Works) -> Lag:
    """How far the follower is behind what was taken in."""
    async with works.across() as connection:
        waiting = await follower.waiting(connection, EVENTS, MOST_COUNTED)
        return Lag(waiting, await follower.behind(connection, EVENTS) if waiting else 0)


async def tell(work: Work, rows: Sequence[Row[Any]]) -> None:
    """Tell every listener of the events."""
    for listener in LISTENERS:
        await listener(work, rows)


async def tell_at_once(work: Work, transaction_ids: Sequence[str], event_ids: Sequence[str]) -> None:
    """Tell of events that a test organization has just taken in."""
    if LISTENERS and not work.organization.live:
        rows = await work.rows(
            _STORED, transaction_ids=list(transaction_ids), event_ids=[UUID(one) for one in event_ids]
        )
        await tell(work, rows)
