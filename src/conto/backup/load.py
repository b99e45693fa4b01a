"""Put a backup's tables into a database, wholly or not at all.

The schema is made by the migrations up to the backup's own revision, filled, and then brought up to this
version's: all in one transaction.
"""

import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from conto.backup.archive import Archive, ArchiveError, Manifest, TableContent
from conto.backup.dump import FORMS, NO_LIMITS, SCHEMAS
from conto.db.engine import driver
from conto.db.migrate import LOCK, knows, owner_engine, upgrade
from conto.db.queue import QUEUE_SCHEMA

PARTITIONS = "partitions"
"""The schema of the parts of tables that are kept in parts."""

_LOCK = text("select pg_advisory_xact_lock(:key)")
_OTHERS = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and application_name = 'conto' and pid <> pg_backend_pid()"
)
_TABLES = text(
    "select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace"
    " and c.relkind in ('r', 'p') and not c.relispartition"
    " and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1"
)
_FUNCTIONS = text(
    "select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'public'::regnamespace"
    " and p.prokind = 'f' and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1"
)
_ACROSS = text("select set_config('conto.across', :state, true)")
_ORGANIZATIONS = text("select exists (select from public.organizations)")
_IN_SCHEMAS = "(select oid from pg_namespace where nspname = any(:schemas))"
_REFERENCES = text(
    "select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition"
    f" from pg_constraint where contype = 'f' and conparentid = 0 and connamespace in {_IN_SCHEMAS} order by 1, 2"
)
_FORCED = text(
    f"select oid::regclass::text from pg_class where relforcerowsecurity and relnamespace in {_IN_SCHEMAS} order by 1"
)
_SET_SEQUENCE = "select setval($1::regclass, $2)"


class State(StrEnum):
    """What a database holds."""

    NOTHING = "nothing"
    SCHEMA = "a schema without organizations"
    ORGANIZATIONS = "organizations"
    SOMETHING_ELSE = "tables that are not Conto's"


async def refuse_unless_free(url: str, *, replace: bool) -> None:
    """Refuse a database that holds something, or that a server uses.

    Raises:
        ArchiveError: it holds organizations and `replace` is not asked, it holds something else, or is in use.
    """
    engine = owner_engine(url)
    try:
        async with engine.begin() as connection:
            await _refuse(connection, replace=replace)
    finally:
        await engine.dispose()


def refuse_unknown(manifest: Manifest) -> None:
    """Refuse a backup of a schema that this version does not know.

    Raises:
        ArchiveError: it was taken by a newer version.
    """
    if not knows(manifest.revision):
        raise ArchiveError(
            f"The backup was taken by version {manifest.version}, at revision {manifest.revision},"
            " which this version does not know: restore it with that version or a newer one."
        )


@asynccontextmanager
async def loaded(url: str, archive: Archive, *, replace: bool) -> AsyncIterator[None]:
    """Load the tables in place of what the database holds; what is done in the context comes before the commit.

    `url` is the owner's.

    Raises:
        ArchiveError: the database is not free, or refuses what the backup holds.
    """
    engine = owner_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(_LOCK, {"key": LOCK})
            await _set(connection, {**FORMS, **NO_LIMITS})
            if await _refuse(connection, replace=replace) is not State.NOTHING:
                await _clear(connection)
            await connection.run_sync(upgrade, archive.manifest.revision)
            await _fill(connection, archive)
            await connection.run_sync(upgrade)
            yield
        async with engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("analyze"))
    except (DBAPIError, asyncpg.PostgresError) as error:
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        raise ArchiveError(f"The database refuses the backup {archive.path}: {said}") from error
    finally:
        await engine.dispose()


async def _refuse(connection: AsyncConnection, *, replace: bool) -> State:
    state = await _state(connection)
    if state is State.SOMETHING_ELSE or (state is State.ORGANIZATIONS and not replace):
        advice = "" if state is State.SOMETHING_ELSE else "; --replace deletes them first"
        raise ArchiveError(f"The database holds {state}: restore into an empty one{advice}.")
    others = (await connection.execute(_OTHERS)).scalar_one()
    if others:
        raise ArchiveError(f"Conto runs on the database ({others} connections): stop it first.")
    return state


async def _state(connection: AsyncConnection) -> State:
    tables = set((await connection.execute(_TABLES)).scalars())
    if not tables:
        return State.NOTHING
    if not {"alembic_version", "organizations"} <= tables:
        return State.SOMETHING_ELSE
    await connection.execute(_ACROSS, {"state": "on"})
    found = (await connection.execute(_ORGANIZATIONS)).scalar_one()
    await connection.execute(_ACROSS, {"state": ""})
    return State.ORGANIZATIONS if found else State.SCHEMA


async def _set(connection: AsyncConnection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        await connection.execute(text("select set_config(:name, :value, true)"), {"name": name, "value": value})


async def _clear(connection: AsyncConnection) -> None:
    """Drop all that the migrations make."""
    await _run(connection, [f"drop schema if exists {schema} cascade" for schema in (QUEUE_SCHEMA, PARTITIONS)])
    for kind, query in (("table", _TABLES), ("function", _FUNCTIONS)):
        names = list((await connection.execute(query)).scalars())
        if names:
            await _run(connection, [f"drop {kind} {', '.join(names)} cascade"])


async def _fill(connection: AsyncConnection, archive: Archive) -> None:
    """Load all tables, with neither references nor row-level security in the way until they are full."""
    schemas = {"schemas": list(SCHEMAS)}
    references = (await connection.execute(_REFERENCES, schemas)).all()
    forced = list((await connection.execute(_FORCED, schemas)).scalars())
    await _run(connection, [f"alter table {row.table} drop constraint {row.name}" for row in references])
    await _run(connection, [f"alter table {name} no force row level security" for name in forced])
    below = driver(connection)
    for table in archive.manifest.tables:
        await _load(below, table, archive)
    for name, value in archive.manifest.sequences.items():
        await below.fetchval(_SET_SEQUENCE, name, value)
    await _run(
        connection, [f"alter table {row.table} add constraint {row.name} {row.definition}" for row in references]
    )
    await _run(connection, [f"alter table {name} force row level security" for name in forced])


async def _load(below: asyncpg.Connection, table: TableContent, archive: Archive) -> None:
    with gzip.open(archive.open(table.content)) as rows:
        status = await below.copy_to_table(
            table.name, schema_name=table.schema, columns=table.columns, source=rows, format="text"
        )
    found = int(status.removeprefix("COPY "))
    if found != table.rows:
        raise ArchiveError(f"The backup {archive.path} is damaged: {table.name} has {found} of {table.rows} rows.")


async def _run(connection: AsyncConnection, statements: Sequence[str]) -> None:
    for statement in statements:
        await connection.exec_driver_sql(statement)
