"""Records that are kept for a time alone: what is too old is deleted at night, in parts, by the agenda."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, delete, func, select

from conto import agenda
from conto.agenda import Lane, Rank
from conto.work import Work

HOUR = 1
AT_ONCE = 5000
"""Rows deleted in one transaction; more are due at once again."""


def night_after(instant: datetime) -> datetime:
    """The first 01:00 UTC at or after the instant."""
    given = instant.astimezone(UTC)
    same_day = given.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return same_day if same_day >= given else same_day + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is pruned: the agenda's kind, the rows' table, the column that tells their age, and how long they stay."""

    kind: str
    table: Table
    age: Column[Any]
    kept: Callable[[Work], timedelta]
    known: dict[UUID, datetime] = field(default_factory=dict)
    """Until when an entry surely stands on an organization's agenda, as far as this process has seen."""

    def oldest_kept(self, work: Work) -> datetime:
        """The instant that rows must be younger than."""
        return work.now - self.kept(work)

    async def see_to_it(self, work: Work) -> None:
        """Have the organization's old rows deleted when their time comes, if that is not on the agenda yet."""
        if work.now < self.known.get(work.organization.id, work.now):
            return
        waiting = await agenda.waiting(work, self.kind, work.organization.id)
        in_time = night_after(work.now + self.kept(work))
        if waiting is None:
            await self._put(work, in_time)
        elif waiting > in_time:
            # Rows are kept for less time than when this was put there.
            await self._put(work, night_after(work.now))
        else:
            # Found there, and not only put there by a transaction that may yet fail.
            self.known[work.organization.id] = waiting

    async def prune(self, work: Work, organization_id: UUID) -> None:
        """Delete the rows that are old enough, and come again for the oldest of the others."""
        of_organization = self.table.c.organization_id == organization_id
        old = (
            select(self.table.c.id)
            .where(of_organization, self.age <= self.oldest_kept(work))
            .order_by(self.age, self.table.c.id)
            .limit(AT_ONCE)
        )
        await work.execute(delete(self.table).where(of_organization, self.table.c.id.in_(old)))
        oldest = (await work.one(select(func.min(self.age)).where(of_organization)))[0]
        if oldest is not None:
            await self._put(work, night_after(oldest + self.kept(work)))

    async def _put(self, work: Work, instant: datetime) -> None:
        await agenda.put(work, self.kind, work.organization.id, lane=work.organization.id, due_at=instant)


def register(kind: str, age: Column[Any], kept: Callable[[Work], timedelta]) -> Pruning:
    """Have rows deleted once `age`, an instant of theirs, is `kept` ago."""
    pruning = Pruning(kind, age.table, age, kept)  # pyright: ignore[reportArgumentType]
    agenda.handles(kind, lane=Lane.ORGANIZATION, rank=Rank.HOUSEKEEPING)(pruning.prune)
    return pruning
