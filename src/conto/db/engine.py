"""Connections to PostgreSQL, always as the role without superuser rights."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from asyncpg import Connection as DriverConnection
from sqlalchemy import JSON, Executable, Row, Table, Text, bindparam, func, make_url, null, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import UserDefinedType

from conto.db.dialect import decode_json, encode_json
from conto.db.prepared import prepared

APPLICATION_ROLE = "conto_app"
"""The role that row-level security holds for; migrations make it."""

LOCK_TIMEOUT = "5s"
"""Above the server's one-second deadlock check, so that a deadlock is told from a wait."""

IDLE_TRANSACTION_TIMEOUT = "60s"
"""An open write transaction holds back the follower of events, so a forgotten one must end."""

PREPARED_STATEMENTS = 300
"""How many statements each connection keeps prepared on the server."""


def create_engine(
    url: str, *, pool_size: int = 10, pool_timeout: float = 30, statement_seconds: int = 0, plans_once: bool = False
) -> AsyncEngine:
    """An engine whose connections act as the application's role. JSON keeps decimals exact both ways.

    A statement that runs longer than `statement_seconds` is ended by the server; 0 lets it run. With `plans_once`
    the server plans a prepared statement once and not for the values of each time, which often takes longer than
    to run it.
    """
    settings = {**server_settings(plans_once=plans_once), "statement_timeout": f"{statement_seconds}s"}
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        hide_parameters=True,
        json_serializer=encode_json,
        json_deserializer=decode_json,
        connect_args={
            "server_settings": settings,
            "statement_cache_size": PREPARED_STATEMENTS,
            "max_cacheable_statement_size": 0,
        },
    )


def server_settings(*, plans_once: bool = False) -> dict[str, str]:
    """What every connection of the application sets on the server; see `create_engine` for `plans_once`."""
    # A plan that is kept may have been made when its tables were empty, and must serve when they no longer are.
    planning = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"} if plans_once else {}
    return {
        "role": APPLICATION_ROLE,
        "application_name": "conto",
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TRANSACTION_TIMEOUT,
        "jit": "off",
        **planning,
    }


def driver_arguments(url: str, *, plans_once: bool = False) -> dict[str, Any]:
    """What the driver itself connects with, for what listens or runs outside the engine's pool."""
    _, arguments = PGDialect_asyncpg().create_connect_args(make_url(url))
    return {**arguments, "server_settings": server_settings(plans_once=plans_once)}


def driver(connection: AsyncConnection) -> DriverConnection:
    """The driver's connection below, which is in the same transaction.

    SQLAlchemy begins a transaction with its own first statement; what went to the driver before that
    would commit by itself, hence the assertion.
    """
    assert connection.sync_connection is not None
    below = connection.sync_connection.connection.driver_connection
    assert isinstance(below, DriverConnection)
    assert below.is_in_transaction()
    return below


@asynccontextmanager
async def bare_driver(engine: AsyncEngine) -> AsyncIterator[DriverConnection]:
    """A connection of the pool on which no transaction is open: each statement is one by itself.

    For what is a single statement, to which SQLAlchemy would add more than the statement takes.
    """
    raw = await engine.raw_connection()
    while closed(raw):
        # The server has ended it while nobody used it.
        raw.invalidate()
        raw = await engine.raw_connection()
    below = raw.driver_connection
    assert isinstance(below, DriverConnection)
    try:
        yield below
    finally:
        if closed(raw):
            # SQLAlchemy has not seen that it failed, and would give it to others.
            raw.invalidate()
        raw.close()


def closed(connection: PoolProxiedConnection) -> bool:
    """Whether the driver's connection below has ended."""
    below = connection.driver_connection
    assert isinstance(below, DriverConnection)
    return below.is_closed()


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert all rows, which have the same columns, in one statement; none is no statement."""
    if rows:
        await run(connection, insertion(table, tuple(rows[0])), inserted(table, rows))


async def run(connection: AsyncConnection, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """Run, in the transaction, a statement that is built once and whose parameters have these values; its rows."""
    found = prepared(statement, tuple(values))
    if found is not None:
        return await found.rows(driver(connection), values)
    result = await connection.execute(statement, values)
    return result.all() if result.returns_rows else ()


@cache
def insertion(table: Table, columns: tuple[str, ...]) -> Insert:
    """The statement that inserts any number of rows, which are one parameter (see `inserted`).

    So one statement serves for all numbers of rows: it is compiled, and prepared on the server, once.
    What a row does not have is null. Columns of bytes do not fit.
    """
    rows = func.json_populate_recordset(
        null().cast(_RowOf(table)), bindparam(table.name, type_=Text()).cast(JSON)
    ).table_valued(*columns)
    return insert(table).from_select(columns, select(*rows.c))


def inserted(table: Table, rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """The parameter with which the statement inserts these rows."""
    return {table.name: encode_json(rows)}


class _RowOf(UserDefinedType[Any]):
    """The type that a table's rows have."""

    cache_ok = True

    def __init__(self, table: Table) -> None:
        self.name = table.name

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return self.name
