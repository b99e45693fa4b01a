"""Connections to PostgreSQL, always as the role without superuser rights."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from asyncpg import Connection as DriverConnection
from sqlalchemy import ARRAY, Insert, Table, bindparam, func, insert, make_url, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

APPLICATION_ROLE = "conto_app"
"""The role that row-level security holds for; migrations make it."""

LOCK_TIMEOUT = "5s"
"""Above the server's one-second deadlock check, so that a deadlock is told from a wait."""

IDLE_TRANSACTION_TIMEOUT = "60s"
"""An open write transaction holds back the follower of events, so a forgotten one must end."""

_json_encoder = msgspec.json.Encoder(decimal_format="number")
_json_decoder = msgspec.json.Decoder(float_hook=Decimal)


def _encode_json(value: object) -> str:
    return _json_encoder.encode(value).decode()


def create_engine(url: str, *, pool_size: int = 10, pool_timeout: float = 30) -> AsyncEngine:
    """An engine whose connections act as the application's role. JSON keeps decimals exact both ways."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        hide_parameters=True,
        json_serializer=_encode_json,
        json_deserializer=_json_decoder.decode,
        connect_args={"server_settings": server_settings()},
    )


def server_settings() -> dict[str, str]:
    """What every connection of the application sets on the server."""
    return {
        "role": APPLICATION_ROLE,
        "application_name": "conto",
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TRANSACTION_TIMEOUT,
        "jit": "off",
    }


def driver_arguments(url: str) -> dict[str, Any]:
    """What the driver itself connects with, for what listens or runs outside the engine's pool."""
    _, arguments = PGDialect_asyncpg().create_connect_args(make_url(url))
    return {**arguments, "server_settings": server_settings()}


async def driver(connection: AsyncConnection) -> DriverConnection:
    """The driver's connection below, which is in the same transaction.

    SQLAlchemy begins a transaction with its own first statement; what went to the driver before that
    would commit by itself, hence the assertion.
    """
    raw = await connection.get_raw_connection()
    below = raw.driver_connection
    assert isinstance(below, DriverConnection)
    assert below.is_in_transaction()
    return below


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert all rows, which have the same columns, in one statement; none is no statement."""
    if rows:
        columns = tuple(rows[0])
        await connection.execute(insertion(table, columns), inserted(table, columns, rows))


@cache
def insertion(table: Table, columns: tuple[str, ...]) -> Insert:
    """The statement that inserts any number of rows, each column of which is one parameter (see `inserted`).

    So one statement serves for all numbers of rows: it is compiled, and prepared on the server, once.
    """
    parameters = [bindparam(_parameter(table, name), type_=ARRAY(table.c[name].type)) for name in columns]
    rows = func.unnest(*parameters).table_valued(*columns).render_derived()
    return insert(table).from_select(columns, select(*rows.c))


def inserted(table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> dict[str, Sequence[object]]:
    """The parameters with which the statement inserts these rows; what a row does not have is null."""
    return {_parameter(table, name): [row.get(name) for row in rows] for name in columns}


def _parameter(table: Table, column: str) -> str:
    return f"{table.name}__{column}"
