"""The migrations make the schema that the code is written against, once, and the queue's own."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from conto.db.engine import driver
from conto.db.migrate import current_revision, migrate, newest_revision
from conto.db.tables import metadata
from conto.jobs import queries_on

MIGRATE = "import asyncio, sys; from conto.db.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"


@pytest.fixture
async def empty(databases) -> AsyncIterator[str]:
    """The address of an empty database, as its owner reaches it."""
    async with databases.another("empty") as url:
        yield url


@pytest.fixture
async def migrated(databases) -> AsyncIterator[AsyncConnection]:
    """A connection to a migrated database."""
    engine = create_async_engine(databases.url("template", "postgres"), poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return compare_metadata(context, metadata)


async def test_the_migrated_database_is_what_the_tables_say(migrated):
    assert await migrated.run_sync(differences) == []


async def test_checks_are_those_that_the_tables_say(migrated):
    rows = await migrated.execute(
        text("select conname from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace")
    )
    said = {
        constraint.name
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert {row.conname for row in rows} == said


async def test_the_queue_is_as_its_library_wants_it(migrated):
    await migrated.execute(text("select 1"))
    plan = await queries_on(driver(migrated)).plan_upgrade()
    assert (plan.statements, plan.notes) == ((), ())


async def test_three_that_migrate_at_once_migrate_once(empty):
    assert await current_revision(empty) is None
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty, stderr=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    ended = [(await process.communicate(), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert await current_revision(empty) == newest_revision()
    engine = create_async_engine(empty, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        rows = await connection.execute(text("select version_num from alembic_version"))
        assert [row.version_num for row in rows] == [newest_revision()]
    await engine.dispose()


async def test_migrating_again_changes_nothing(empty):
    await migrate(empty)
    await migrate(empty)
    assert await current_revision(empty) == newest_revision()


async def test_migrations_take_the_time_that_they_need(empty, databases):
    engine = create_async_engine(databases.url("postgres", "postgres"), poolclass=NullPool)
    async with engine.begin() as connection:
        name = empty.partition("?")[0].rpartition("/")[2]
        await connection.execute(text(f"alter database {name} set statement_timeout = '1ms'"))
    await engine.dispose()
    await migrate(empty)
    assert await current_revision(empty) == newest_revision()
