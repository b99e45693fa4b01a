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


def knows(revision: str) -> bool:
    """Whether this version of the code has the migration to this revision."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


async def migrate(url: str) -> None:
    """Run all migrations that the database lacks, in one transaction, as the role in `url`."""
    engine = owner_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()


async def current_revision(url: str) -> str | None:
    """The revision that the database has, None where it was never migrated."""
    engine = owner_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    finally:
        await engine.dispose()


def owner_engine(url: str) -> AsyncEngine:
    """Connections of the owner. Statements take the time that they need, whatever limit the server has for others."""
    return create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": {"statement_timeout": "0"}})


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to `target` that the database lacks, in one transaction, that of the connection if any."""
    scripts = _scripts()

    def steps(revision: object, _: MigrationContext) -> object:
        return scripts._upgrade_revs(target, revision)  # pyright: ignore[reportPrivateUsage, reportArgumentType]

    with EnvironmentContext(Config(), scripts, fn=steps) as context:
        context.configure(connection=connection, transaction_per_migration=False)
        with context.begin_transaction():
            # Inside the transaction: taken before it, the lock's own transaction would swallow the migration.
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
            context.run_migrations()
