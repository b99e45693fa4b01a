"""Read a database as it was at one instant, beside whatever else goes on in it.

Everything is read in one transaction, which sees what was committed when it began, takes no lock that
writes would wait for, and holds no follower back. It is read by COPY rather than by pg_dump, which refuses
tables with forced row-level security to an owner who is no superuser, as owners are on managed servers:
such an owner reads organization by organization.
"""

import gzip
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from conto.backup.archive import Content, TableContent, Writer
from conto.db.migrate import LOCK
from conto.db.queue import QUEUE_SCHEMA

SCHEMAS = ("public", QUEUE_SCHEMA)
LEFT_OUT = ("alembic_version", "follower_positions")
"""The first is what migrations write; transactions that the second counts mean nothing on another server."""

COMPRESSION = 4

FORMS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""How values are written, so that every server reads them as they were."""

NO_LIMITS = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}

_TABLES = """
    select n.nspname as schema, c.relname as name, c.relrowsecurity as guarded,
           array(select a.attname::text from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                 order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and c.relkind in ('r', 'p') and not c.relispartition and not c.relname = any($2)
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1, 2
"""
_SEQUENCES = """
    select schemaname || '.' || sequencename as name, last_value from pg_sequences
    where schemaname = any($1) and last_value is not null order by 1
"""
_FILE_COLUMNS = r"""
    select n.nspname as schema, c.relname as name, a.attname as column, c.relrowsecurity as guarded
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
      and not a.attisdropped and a.attname ~ '(^|_)file_path$'
"""
_PASSES_BY = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database at one instant.

    `organizations` are those whose rows are read one after another; None where the role sees all at once.
    """

    connection: asyncpg.Connection
    organizations: Sequence[UUID] | None

    async def turns(self, guarded: bool) -> AsyncIterator[None]:
        """Once for each query that reads a whole table: in the name of each organization, or in nobody's."""
        if not guarded or self.organizations is None:
            yield
            return
        for organization in self.organizations:
            await self.connection.execute("select set_config('conto.organization', $1, true)", str(organization))
            yield

    async def revision(self) -> str | None:
        """The schema's revision, None where there is no schema."""
        if await self.connection.fetchval("select to_regclass('public.alembic_version')") is None:
            return None
        return await self.connection.fetchval("select version_num from public.alembic_version")

    async def server_version(self) -> str:
        """PostgreSQL's version."""
        return str(await self.connection.fetchval("show server_version"))

    async def sequences(self) -> dict[str, int]:
        """The last values of all sequences; they may have gone on since the instant, which does no harm."""
        rows = await self.connection.fetch(_SEQUENCES, SCHEMAS)
        return {row["name"]: row["last_value"] for row in rows}

    async def named_files(self) -> set[str]:
        """The paths of documents that rows refer to: every column `file_path` or `…_file_path` has some."""
        found: set[str] = set()
        for column in await self.connection.fetch(_FILE_COLUMNS):
            name = f'"{column["column"]}"'
            query = f'select {name} from "{column["schema"]}"."{column["name"]}" where {name} is not null'
            async for _ in self.turns(column["guarded"]):
                found |= {row[0] for row in await self.connection.fetch(query)}
        return found

    async def add_tables(self, writer: Writer) -> list[TableContent]:
        """Add every table to a backup."""
        return [await self._add(table, writer) for table in await self.connection.fetch(_TABLES, SCHEMAS, LEFT_OUT)]

    async def _add(self, table: Any, writer: Writer) -> TableContent:
        columns = ", ".join(f'"{column}"' for column in table["columns"])
        query = f'select {columns} from "{table["schema"]}"."{table["name"]}"'
        rows = 0
        with temporary(writer.folder) as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as compressed:
                async for _ in self.turns(table["guarded"]):
                    status = await self.connection.copy_from_query(query, output=compressed)
                    rows += int(status.removeprefix("COPY "))
            content: Content = writer.add(f"tables/{table['schema']}.{table['name']}.gz", file)
        return TableContent(
            schema=table["schema"], name=table["name"], columns=table["columns"], rows=rows, content=content
        )


def temporary(folder: Path) -> IO[bytes]:
    """A file without a name, where there is room for a table."""
    return tempfile.TemporaryFile(dir=folder)


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """The database as it is now, for as long as the context lasts. No migration changes it meanwhile.

    `url` is the owner's.
    """
    _, arguments = PGDialect_asyncpg().create_connect_args(make_url(url))
    connection = await asyncpg.connect(**arguments, server_settings={**FORMS, **NO_LIMITS})
    try:
        # Before the transaction, for its first statement fixes what it sees.
        await connection.execute("select pg_advisory_lock_shared($1)", LOCK)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection, await whom_to_read(connection))
    finally:
        await connection.close()


async def whom_to_read(connection: asyncpg.Connection) -> Sequence[UUID] | None:
    """The organizations to read one by one, None where row-level security does not hold for the role."""
    if await connection.fetchval(_PASSES_BY):
        return None
    if await connection.fetchval("select to_regclass('public.organizations')") is None:
        return ()
    await connection.execute("select set_config('conto.across', 'on', true)")
    rows = await connection.fetch("select id from public.organizations order by id")
    await connection.execute("select set_config('conto.across', '', true)")
    return [row["id"] for row in rows]
