"""Connections to PostgreSQL, always as the role without superuser rights."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from asyncpg import Connection as DriverConnection
from sqlalchemy import Table, make_url
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

APPLICATION_ROLE = "conto_app"
"""The role that row-level security holds for; migrations make it."""

LOCK_TIMEOUT = "5s"
"""Above the server's one-second deadlock check, so that a deadlock is told from a wait."""

MOST_PARAMETERS = 32_767
"""What one statement can carry."""

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
    """Insert all rows, in one statement as long as the protocol's limit on parameters allows it; none is none."""
    if not rows:
        return
    at_once = MOST_PARAMETERS // len(rows[0])
    for start in range(0, len(rows), at_once):
        await connection.execute(insert(table).values(rows[start : start + at_once]))
