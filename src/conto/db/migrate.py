"""Bringing a database up to the schema of this version, once, however many processes ask at the same time."""

from importlib.resources import files

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

LOCK = 0x636F6E746F
"""Key of the advisory lock that lets one process migrate at a time."""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(files("conto.db") / "migrations"))


def newest_revision() -> str:
    """The revision that this version of the code needs."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


async def migrate(url: str) -> None:
    """Run all migrations that the database lacks, in one transaction, as the role in `url`."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def current_revision(url: str) -> str | None:
    """The revision that the database has, None where it was never migrated."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision_of)
    finally:
        await engine.dispose()


def revision_of(connection: Connection) -> str | None:
    """The revision of the connection's database, None where it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def _engine(url: str) -> AsyncEngine:
    """Connections of the owner. Statements take the time that they need, whatever limit the server has for others."""
    return create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": {"statement_timeout": "0"}})


def _upgrade(connection: Connection) -> None:
    scripts = _scripts()

    def steps(revision: object, _: MigrationContext) -> object:
        return scripts._upgrade_revs("head", revision)  # pyright: ignore[reportPrivateUsage, reportArgumentType]

    with EnvironmentContext(Config(), scripts, fn=steps) as context:
        context.configure(connection=connection, transaction_per_migration=False)
        with context.begin_transaction():
            # Inside the transaction: taken before it, the lock's own transaction would swallow the migration.
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
            context.run_migrations()
