"""Single statements run below SQLAlchemy on connections of its pool, which stays whole."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from conto.db.engine import bare_driver, create_engine
from tests.databases import Databases


@pytest.fixture
async def engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    """An engine with one connection."""
    made = create_engine(databases.url(), pool_size=1, pool_timeout=1)
    yield made
    await made.dispose()


async def end(databases: Databases, pid: int) -> None:
    """Have the server end a connection."""
    connection = await asyncpg.connect(databases.url(role="postgres").replace("+asyncpg", ""))
    assert await connection.fetchval("select pg_terminate_backend($1, 5000)", pid)
    await connection.close()


async def pid_of(engine: AsyncEngine) -> int:
    async with bare_driver(engine) as below:
        return await below.fetchval("select pg_backend_pid()")


async def test_the_connection_is_the_pools_and_goes_back_to_it(engine):
    first = await pid_of(engine)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with bare_driver(engine) as below:
            await below.fetchval("select 1 / 0")
    assert await pid_of(engine) == first
    async with engine.begin() as connection:
        assert (await connection.execute(text("select pg_backend_pid()"))).scalar_one() == first


async def test_a_connection_that_the_server_has_ended_is_replaced(engine, databases):
    first = await pid_of(engine)
    await end(databases, first)
    assert await pid_of(engine) != first


async def test_a_connection_that_ends_while_it_is_used_is_given_to_nobody_else(engine, databases):
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with bare_driver(engine) as below:
            await end(databases, await below.fetchval("select pg_backend_pid()"))
            await below.fetchval("select 1")
    async with engine.begin() as connection:
        assert (await connection.execute(text("select 1"))).scalar_one() == 1
