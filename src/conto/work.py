"""The unit of work: one transaction, one organization, one `now`, and the effects that follow it.

A request and an agenda entry each run inside one. Use cases take it first and never commit; it
commits when its context ends without an error and rolls back otherwise. What a use case emits is
written in the same transaction, so it happens exactly when the action does.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, Select, Table, Uuid, bindparam, func, literal, select, text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from conto.clock import system_now
from conto.db.engine import insert_rows, inserted, insertion, run
from conto.db.faults import raised_as_ours
from conto.db.tables import activity_logs, agenda, ledger_transfers, webhook_endpoints, webhooks
from conto.emissions import ACTIVITY_COLUMNS, Emission, Resource, Source, activity_rows, delivery_rows
from conto.errors import Forbidden, NotFound, Unauthorized
from conto.files import Files
from conto.ids import new_id
from conto.jobs import Job
from conto.jobs import enqueue as put_on_queue
from conto.key_use import KeyUse
from conto.secrets import Secrets
from conto.smtp import Mailer


@dataclass(frozen=True, slots=True)
class Organization:
    """The tenant that a unit of work belongs to. `frozen_time` is set on test organizations alone."""

    id: UUID
    name: str
    frozen_time: datetime | None

    @property
    def live(self) -> bool:
        """Whether the system's clock rules here, and workers take its agenda."""
        return self.frozen_time is None


Permissions = Mapping[str, Sequence[str]] | None
"""The modes that a key has on each resource; None means everything."""


def permits(permissions: Permissions, resource: str, mode: str) -> bool:
    """Whether a key with the permissions has `mode` on `resource` (chapter 01 §2.3)."""
    return permissions is None or mode in permissions.get(resource, ())


@dataclass(frozen=True, slots=True)
class Access:
    """What the key of a request may do."""

    api_key_id: UUID
    permissions: Permissions


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the organizations' logs are kept."""

    activity_logs: timedelta = timedelta(days=365)
    api_logs: timedelta = timedelta(days=30)


ORGANIZATION = bindparam("organization", type_=Uuid())
"""The organization, as a parameter of statements that are built once, when their module is loaded.

Building and compiling a statement takes longer than running it; `Work.rows` and its like fill this in.
"""

_ENDPOINTS = (
    select(webhook_endpoints.c.id, webhook_endpoints.c.event_types)
    .where(webhook_endpoints.c.organization_id == ORGANIZATION)
    .order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
    # One that is being deleted is waited for, and then is no more.
    .with_for_update(read=True, key_share=True)
)
ENTRY = ("organization_id", "id", "lane", "lane_kind", "live", "due_at", "rank", "kind", "subject_id")
"""The columns of an entry of the agenda that is put there."""

TRANSFER = (
    "organization_id",
    "id",
    "customer_id",
    "invoice_id",
    "kind",
    "debit_account",
    "debit_subject_id",
    "credit_account",
    "credit_subject_id",
    "currency",
    "amount_cents",
    "posted_at",
)
"""The columns of a transfer of the ledger."""

CHANNEL = "conto_agenda"
"""Channel on which workers hear of an entry that is due at once."""


def _putting() -> Insert:
    entries = insertion(agenda, ENTRY)
    return entries.on_conflict_do_update(
        index_elements=[agenda.c.organization_id, agenda.c.kind, agenda.c.subject_id],
        set_={"due_at": entries.excluded.due_at, "attempts": 0, "try_at": None, "error": None},
    )


_RING = select(func.pg_notify(CHANNEL, ""))

ACTIVITY = "activity"
"""The kind of job that shows the objects of a batch of activities."""


@dataclass(slots=True)
class Work:
    """One transaction of one organization at one instant."""

    connection: AsyncConnection
    organization: Organization
    now: datetime
    secrets: Secrets
    files: Files
    public_url: str
    mailer: Mailer | None = None
    access: Access | None = None
    key_use: KeyUse | None = None
    source: Source = "system"
    retention: Retention = field(default_factory=Retention)
    emissions: list[Emission] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    """What is to be written to the ledger; see `conto.ledger.post`."""
    entries: dict[tuple[str, UUID], dict[str, Any]] = field(default_factory=dict)
    """What is to be put on the agenda, by kind and subject; see `conto.agenda.put`."""
    next_due: datetime | None = None
    """When the first entry falls due of those that the work has put on the agenda."""
    opened: Row[Any] | None = None
    """What the statement gave that the work was entered with, where it is one of the caller's."""

    def require(self, resource: str, mode: str) -> None:
        """Refuse a call that the request's key does not permit (chapter 01 §2.3).

        Raises:
            Forbidden: the key lacks `mode` on `resource`.
        """
        assert self.access is not None
        if not permits(self.access.permissions, resource, mode):
            raise Forbidden(f"{mode}_action_not_allowed_for_{resource}")

    def note_key_use(self) -> None:
        """Remember that the request's key was used just now; it is written later, with others."""
        assert self.access is not None
        assert self.key_use is not None
        self.key_use.note(self.organization.id, self.access.api_key_id, system_now())

    async def execute(
        self, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Any:
        """Run one statement in the transaction."""
        return await self.connection.execute(statement, rows)

    async def rows(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """All rows of a query. `values` are those of its parameters, beside the organization.

        A statement with parameters is one that is built once, when its module is loaded.
        """
        if values:
            return await run(self.connection, statement, {"organization": self.organization.id, **values})
        return (await self.connection.execute(statement)).all()

    async def first(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row of a query, None where there is none."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def one(self, statement: Executable, **values: Any) -> Row[Any]:
        """The one row of a query that always has one."""
        (row,) = await self.rows(statement, **values)
        return row

    async def change(self, statement: Executable, **values: Any) -> None:
        """Run a statement that has parameters and gives no rows."""
        await run(self.connection, statement, {"organization": self.organization.id, **values})

    def emit(
        self,
        event_type: str,
        object_id: UUID,
        *,
        on: Resource | None = None,
        changes: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """Tell of an event, after the commit, to each endpoint that wants it, and log it where it is an activity.

        `on` is what the activity is logged on where that is not the object; `changes` are attributes of an object
        that was updated, each with its value before and after (see `conto.changes.differences`); an update that
        changed nothing is told, not logged.
        """
        self.emissions.append(Emission(event_type, object_id, on, changes))

    def enqueue(self, job: Job) -> None:
        """Have a job done after the commit."""
        self.jobs.append(job)

    async def send(self) -> None:
        """Write the effects gathered so far: transfers, agenda entries, activities, deliveries and jobs.

        Called before counters are taken, and at the end.
        """
        transfers, self.transfers = self.transfers, []
        emissions, self.emissions = self.emissions, []
        batch_id = new_id()
        activities = activity_rows(
            emissions, organization_id=self.organization.id, batch_id=batch_id, source=self.source, now=self.now
        )
        told = any(emission.told for emission in emissions)
        rows = {ledger_transfers: transfers, agenda: self._entries(), activity_logs: activities}
        endpoints = await self._write(rows, told=told)
        deliveries = delivery_rows(emissions, endpoints, organization_id=self.organization.id, now=self.now)
        await insert_rows(self.connection, webhooks, deliveries)
        self.jobs.extend(Job("webhook", delivery["id"]) for delivery in deliveries)
        if activities:
            # A record of ours and no effect on the outside, so a rehearsal need not wait for it.
            self.jobs.append(Job(ACTIVITY, batch_id, real_time=True))
        waiting, self.jobs = self.jobs, []
        await put_on_queue(self.connection, self.organization.id, self.organization.live, waiting)

    async def put_entries(self) -> None:
        """Put the gathered entries on the agenda, in one statement."""
        await self._write({agenda: self._entries()}, told=False)

    def _entries(self) -> list[dict[str, Any]]:
        """The entries that are to be put on the agenda now."""
        waiting, self.entries = list(self.entries.values()), {}
        if waiting:
            first = min(entry["due_at"] for entry in waiting)
            self.next_due = min(first, self.next_due or first)
        return waiting

    async def _write(self, rows: Mapping[Table, Sequence[Mapping[str, Any]]], *, told: bool) -> Sequence[Row[Any]]:
        """Insert all rows in one round trip, and ring for entries that are due; the endpoints, where they are told."""
        written = {table: found for table, found in rows.items() if found}
        if not written and not told:
            return ()
        values: dict[str, Any] = {"organization": self.organization.id}
        for table, found in written.items():
            values |= inserted(table, found)
        endpoints = await run(self.connection, _writing(tuple(written), told), values)
        if self.organization.live and any(entry["due_at"] <= self.now for entry in written.get(agenda, ())):
            await self.connection.execute(_RING)
        return endpoints if told else ()


@cache
def _writing(tables: tuple[Table, ...], told: bool) -> Select[Any]:
    """The statement that inserts rows of the tables, and answers with the endpoints where they are told."""
    parts = [
        _putting() if table is agenda else insertion(table, ACTIVITY_COLUMNS if table is activity_logs else TRANSFER)
        for table in tables
    ]
    answer: Any = _ENDPOINTS if told else select(literal(1))
    return answer.add_cte(*(part.cte(f"written_{table.name}") for table, part in zip(tables, parts, strict=True)))


_OPEN = text("select * from conto_open(:hash)")
_ENTER = text("select * from conto_enter(:organization)")
_HOLD_CLOCK = text("select conto_hold_clock(:organization)")
_TAKE_ANY_TIME = text("set local statement_timeout = 0")
_TAKE_USUAL_TIME = text("set local statement_timeout to default")
_BECOME = text("select set_config('conto.organization', :organization, true)")
_ACROSS = text("select set_config('conto.across', 'on', true)")
_NOT_ACROSS = text("select set_config('conto.across', '', true)")


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a unit of work is entered with: a statement that sets the organization, and answers with its row first."""

    statement: Executable
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


ENTRANCE = Entrance(_ENTER)


def hashed(key: str) -> str:
    """What is stored of an API key. The key is random, so a plain hash tells nothing of it."""
    return sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Works:
    """Opens units of work on one pool of connections. Jobs find here what they reach on the outside.

    `vies_url` is the service that VAT numbers are checked at, None where they are not checked.
    """

    engine: AsyncEngine
    secrets: Secrets
    files: Files
    public_url: str
    vies_url: str | None = None
    key_use: KeyUse = field(default_factory=KeyUse)
    mailer: Mailer | None = None
    """What sends mail, None where mail is switched off."""
    allow_private_webhooks: bool = False
    retention: Retention = field(default_factory=Retention)

    @asynccontextmanager
    async def open(self, credential: str, writes: bool) -> AsyncIterator[Work]:
        """The unit of work of a request that bears the key `credential`.

        A write to a test organization waits for an advance of its clock to end, and is waited for by
        the next one.

        Raises:
            Unauthorized: no such key, or it has expired.
        """
        with raised_as_ours():
            async with self.engine.begin() as connection:
                opened = await connection.execute(_OPEN, {"hash": hashed(credential)})
                row = opened.first()
                if row is None or (row.expires_at is not None and row.expires_at <= system_now()):
                    raise Unauthorized
                frozen = row.frozen_time
                if frozen is not None and writes:
                    # The wait for an advance has a limit of its own.
                    await connection.execute(_TAKE_ANY_TIME)
                    frozen = (await connection.execute(_HOLD_CLOCK, {"organization": row.id})).scalar_one()
                    await connection.execute(_TAKE_USUAL_TIME)
                work = self._work(connection, Organization(row.id, row.name, frozen))
                work.access = Access(row.api_key_id, row.permissions)
                work.key_use = self.key_use
                work.source = "api"
                yield work
                await work.send()

    @asynccontextmanager
    async def enter(
        self,
        organization_id: UUID,
        *,
        now: datetime | None = None,
        connection: AsyncConnection | None = None,
        by: Entrance = ENTRANCE,
    ) -> AsyncIterator[Work]:
        """A unit of work of the system itself, on a connection of its own or, one after another, on one given.

        Raises:
            NotFound: there is no such organization.
        """
        if connection is None:
            async with (
                self.engine.connect() as own,
                self.enter(organization_id, now=now, connection=own, by=by) as work,
            ):
                yield work
            return
        with raised_as_ours():
            async with connection.begin():
                entered = await connection.execute(by.statement, {"organization": organization_id, **by.values})
                row = entered.first()
                if row is None:
                    raise NotFound("organization")
                work = self._work(connection, Organization(row.id, row.name, row.frozen_time))
                work.opened = row
                if now is not None:
                    work.now = now
                yield work
                await work.send()

    @asynccontextmanager
    async def found(self, organization: Organization) -> AsyncIterator[Work]:
        """The unit of work in which an organization comes into being."""
        with raised_as_ours():
            async with self.engine.begin() as connection:
                await connection.execute(_BECOME, {"organization": str(organization.id)})
                work = self._work(connection, organization)
                yield work
                await work.send()

    @asynccontextmanager
    async def across(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that reads organizations, keys and agenda of everybody, and nothing else."""
        with raised_as_ours():
            async with self.engine.begin() as connection:
                await connection.execute(_ACROSS)
                yield connection

    async def within(self, connection: AsyncConnection, organization_id: UUID) -> Work | None:
        """The unit of work of an organization in a transaction that goes from one to the next.

        The transaction reads across organizations no more; who opened it calls the work's `send` before the next
        and commits. None where there is no such organization.
        """
        await connection.execute(_NOT_ACROSS)
        row = (await connection.execute(_ENTER, {"organization": organization_id})).first()
        return None if row is None else self._work(connection, Organization(row.id, row.name, row.frozen_time))

    def _work(self, connection: AsyncConnection, organization: Organization) -> Work:
        now = organization.frozen_time or system_now()
        return Work(
            connection,
            organization,
            now,
            self.secrets,
            self.files,
            self.public_url,
            mailer=self.mailer,
            retention=self.retention,
        )
