"""The agenda: each thing that will happen later is a row with its instant.

A lane is a customer, or the organization for what concerns no customer. Within a lane entries are
handled one after another in the order of (instant, rank, sequence), each in a transaction of its own
whose `now` is the entry's instant: a machine that was down for a week catches up as if it had not
been. An entry is taken off in the transaction that handles it. One that fails stays, is tried again
with growing pauses, and holds up its lane alone.
"""

import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import DateTime, Row, Uuid, and_, bindparam, delete, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from conto.clock import machine_now
from conto.db.faults import Deadlock
from conto.db.tables import agenda, organizations
from conto.errors import Locked
from conto.ids import new_id
from conto.work import Entrance, Work, Works

log = structlog.get_logger()

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)

type_of_handler = Callable[[Work, UUID], Awaitable[None]]


class Rank(IntEnum):
    """What comes first of the entries at one instant in one lane (chapter 51 §3)."""

    ACTIVATION = 10
    ENDING = 20
    RENEWAL = 30
    IN_ADVANCE = 35
    ACTIVATION_EXPIRY = 40
    FINALIZATION = 50
    OVERDUE = 60
    COUPON_EXPIRY = 70
    TRIAL_END = 80
    WALLET_EXPIRY = 90
    DUNNING = 100
    TERMINATION_ALERT = 110
    TOP_UP_RULE_EXPIRY = 120
    INTERVAL_TOP_UP = 130
    HOUSEKEEPING = 200


class Lane(StrEnum):
    """Whose row is locked while entries of the lane are handled."""

    CUSTOMER = "customer"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: whose lane it stands in, and what it does."""

    name: str
    lane: Lane
    rank: Rank
    handler: type_of_handler


KINDS: dict[str, Kind] = {}


def handles(name: str, *, lane: Lane, rank: Rank) -> Callable[[type_of_handler], type_of_handler]:
    """Register the handler of a kind of entry: `handler(work, subject_id)`, at `work.now` = the entry's instant."""

    def register(handler: type_of_handler) -> type_of_handler:
        assert name not in KINDS
        KINDS[name] = Kind(name, lane, rank, handler)
        return handler

    return register


async def put(work: Work, name: str, subject_id: UUID, *, lane: UUID, due_at: datetime) -> None:
    """Have `name` happen to the subject at `due_at`; an entry of the kind that is there moves to it.

    It is written with the other effects of the unit of work (`Work.send`).

    `lane` is the customer's id, or the organization's, as the kind demands.
    """
    await put_all(work, name, [(subject_id, lane)], due_at=due_at)


async def put_all(work: Work, name: str, subjects: Sequence[tuple[UUID, UUID]], *, due_at: datetime) -> None:
    """Have `name` happen to each subject, given with its lane, at `due_at`; see `put`."""
    kind = KINDS[name]
    for subject_id, lane in sorted(subjects):
        work.entries[name, subject_id] = {
            "organization_id": work.organization.id,
            "id": new_id(),
            "lane": lane,
            "lane_kind": kind.lane.value,
            "live": work.organization.live,
            "due_at": due_at,
            "rank": int(kind.rank),
            "kind": name,
            "subject_id": subject_id,
        }


async def waiting(work: Work, name: str, subject_id: UUID) -> datetime | None:
    """When the entry falls due, None where there is none."""
    if (name, subject_id) in work.entries:
        return work.entries[name, subject_id]["due_at"]
    found = await work.first(
        select(agenda.c.due_at).where(
            agenda.c.organization_id == work.organization.id, agenda.c.kind == name, agenda.c.subject_id == subject_id
        )
    )
    return found.due_at if found else None


async def drop(work: Work, name: str, subject_id: UUID) -> None:
    """Take the entry off, if it is there."""
    work.entries.pop((name, subject_id), None)
    await work.execute(
        delete(agenda).where(
            agenda.c.organization_id == work.organization.id, agenda.c.kind == name, agenda.c.subject_id == subject_id
        )
    )


async def due_lanes(connection: AsyncConnection, until: datetime, limit: int) -> Sequence[Any]:
    """Lanes of live organizations with something due, that of the oldest entry first; held lanes are left out.

    `connection` must read across organizations.
    """
    held = agenda.alias()
    heads = (
        select(agenda.c.organization_id, agenda.c.lane, agenda.c.lane_kind, agenda.c.due_at)
        .where(agenda.c.live, agenda.c.due_at <= until)
        .where(
            ~exists().where(
                held.c.organization_id == agenda.c.organization_id,
                held.c.lane == agenda.c.lane,
                held.c.try_at > machine_now(),
            )
        )
        .order_by(agenda.c.due_at, agenda.c.rank, agenda.c.sequence)
        .limit(limit)
        .subquery()
    )
    lanes = (
        select(heads.c.organization_id, heads.c.lane, heads.c.lane_kind)
        .group_by(heads.c.organization_id, heads.c.lane, heads.c.lane_kind)
        .order_by(func.min(heads.c.due_at))
    )
    return (await connection.execute(lanes)).all()


_TAKE = text("select * from conto_take_entry(:lane, :lane_kind, :until, :retry_until, :wait)").bindparams(
    bindparam("lane", type_=Uuid()),
    bindparam("until", type_=DateTime(timezone=True)),
    bindparam("retry_until", type_=DateTime(timezone=True)),
)


async def _take(
    work: Work, lane: UUID, lane_kind: str, until: datetime, retry_until: datetime, *, wait: bool
) -> Row[Any] | None:
    """Lock the lane, and take its first entry off if it is due and not held back after a failure; one round trip.

    None where there is none, or another transaction holds the lane and `wait` is not asked.
    """
    values = {"lane": lane, "lane_kind": lane_kind, "until": until, "retry_until": retry_until, "wait": wait}
    return await work.first(_TAKE, **values)


async def settle(work: Work, lane: UUID) -> None:
    """Handle in this transaction what has fallen due in the lane, so that what `work` does next comes after it.

    The lane's row must be locked. It is for calls that end or change what an entry is about: workers that lag, or
    were down, must not make a difference to what is billed. An entry that is held after a failure, and those
    behind it, are left.
    """
    now = work.now
    while (entry := await _take(work, lane, Lane.CUSTOMER, now, machine_now(), wait=True)) is not None:
        work.now = max(entry.due_at, work.organization.frozen_time or entry.due_at)
        await KINDS[entry.kind].handler(work, entry.subject_id)
        # What the handler has put there may be due before what comes next.
        await work.put_entries()
    work.now = now


_ENTER_LANE = text(
    "select * from conto_enter_lane(:organization, :lane, :lane_kind, :until, :retry_until, :wait)"
).bindparams(
    bindparam("organization", type_=Uuid()),
    bindparam("lane", type_=Uuid()),
    bindparam("until", type_=DateTime(timezone=True)),
    bindparam("retry_until", type_=DateTime(timezone=True)),
)
"""As `_TAKE`, with the entering of the organization before it, and whether more is due in the lane behind it."""


class Outcome(StrEnum):
    """How a try at a lane's next entry ended: `DONE` tells that there may be more to do in it, `LAST` that not."""

    DONE = "done"
    LAST = "last"
    NOTHING = "nothing"
    FAILED = "failed"


async def run_next(
    works: Works,
    organization_id: UUID,
    lane: UUID,
    lane_kind: str,
    until: datetime,
    *,
    connection: AsyncConnection | None = None,
    wait: bool = False,
) -> Outcome:
    """Handle the lane's next entry that is due at `until`, in a transaction of its own.

    In a test organization the clock moves to the entry's instant in the same transaction.
    """
    entry: Row[Any] | None = None
    values = {"lane": lane, "lane_kind": lane_kind, "until": until, "retry_until": machine_now(), "wait": wait}
    try:
        async with works.enter(organization_id, connection=connection, by=Entrance(_ENTER_LANE, values)) as work:
            assert work.opened is not None
            if work.opened.entry_id is None:
                return Outcome.NOTHING
            entry = work.opened
            if work.organization.frozen_time is not None:
                work.now = max(entry.due_at, work.organization.frozen_time)
                await move_clock(work, work.now)
            else:
                work.now = entry.due_at
            await KINDS[entry.kind].handler(work, entry.subject_id)
        more = entry.more or (work.next_due is not None and work.next_due <= until)
        return Outcome.DONE if more else Outcome.LAST
    except (Deadlock, Locked):
        # Nothing is wrong with the entry: another transaction was in the way, and it is tried again.
        return Outcome.FAILED
    except Exception as error:
        if entry is None:
            raise
        log.exception(
            "agenda.failed", kind=entry.kind, subject_id=str(entry.subject_id), organization=str(organization_id)
        )
        await _hold(works, organization_id, entry, error, connection)
        return Outcome.FAILED


async def _hold(
    works: Works, organization_id: UUID, entry: Row[Any], error: Exception, connection: AsyncConnection | None
) -> None:
    """Keep the entry from being tried again for a while, longer each time."""
    pause = min(FIRST_PAUSE * 2**entry.attempts, LONGEST_PAUSE)
    async with works.enter(organization_id, connection=connection) as work:
        await work.execute(
            update(agenda)
            .where(agenda.c.organization_id == organization_id, agenda.c.id == entry.entry_id)
            .values(
                attempts=entry.attempts + 1,
                try_at=machine_now() + pause,
                error="".join(traceback.format_exception_only(error)).strip()[:2000],
            )
        )


async def move_clock(work: Work, instant: datetime) -> None:
    """Set what the organization's test clock shows."""
    assert work.organization.frozen_time is not None
    await work.execute(
        update(organizations).where(organizations.c.id == work.organization.id).values(frozen_time=instant)
    )


async def next_of_organization(work: Work, until: datetime) -> Row[Any] | None:
    """The organization's next due entry in any lane that is not held back after a failure."""
    held = agenda.alias()
    return await work.first(
        select(agenda.c.lane, agenda.c.lane_kind)
        .where(agenda.c.organization_id == work.organization.id, agenda.c.due_at <= until)
        .where(
            ~exists().where(
                and_(
                    held.c.organization_id == agenda.c.organization_id,
                    held.c.lane == agenda.c.lane,
                    held.c.try_at > machine_now(),
                )
            )
        )
        .order_by(agenda.c.due_at, agenda.c.rank, agenda.c.sequence)
        .limit(1)
    )
