"""The follower reads each row once, in the order of transactions, and never passes over a late commit."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest_asyncio
from sqlalchemy import BigInteger, Column, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import UserDefinedType

from conto.ids import new_id
from conto.metering.follower import Stream, behind, follow
from tests.company import eventually


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


@pytest_asyncio.fixture
async def engine(databases: Any) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(databases.url(role="postgres"), poolclass=NullPool)
    yield made
    await made.dispose()


@pytest_asyncio.fixture
async def stream(engine: AsyncEngine) -> AsyncIterator[Stream]:
    name = f"followed_{new_id().hex}"
    async with engine.begin() as connection:
        await connection.execute(
            text(
                f"create table {name} (id bigint generated always as identity,"
                " xid xid8 not null default pg_current_xact_id(), word text)"
            )
        )
    columns = (Column("id", BigInteger), Column("xid", Xid8()), Column("word", BigInteger))
    yield Stream(name, Table(name, MetaData(), *columns))
    async with engine.begin() as connection:
        await connection.execute(text(f"drop table {name}"))


async def write(connection: AsyncConnection, stream: Stream, word: str) -> None:
    await connection.execute(text(f"insert into {stream.name} (word) values (:word)"), {"word": word})


async def read_some(engine: AsyncEngine, stream: Stream, words: list[str], batch: int = 1000) -> int:
    async def handle(_: AsyncConnection, rows: Sequence[Any]) -> None:
        words.extend(row.word for row in rows)

    async with engine.begin() as connection:
        return await follow(connection, stream, handle, batch=batch)


async def test_rows_are_read_once_and_in_order(engine: AsyncEngine, stream: Stream):
    async with engine.begin() as connection:
        for word in "abcde":
            await write(connection, stream, word)
    words: list[str] = []

    async def all_read() -> bool:
        await read_some(engine, stream, words, batch=2)
        return len(words) >= 5

    await eventually(all_read)
    assert words == list("abcde")
    assert await read_some(engine, stream, words) == 0


async def test_a_transaction_that_commits_late_is_not_missed(engine: AsyncEngine, stream: Stream):
    words: list[str] = []
    async with engine.connect() as slow:
        begun = await slow.begin()
        await write(slow, stream, "late")
        async with engine.begin() as quick:
            await write(quick, stream, "early")
        assert await read_some(engine, stream, words) == 0
        await begun.commit()

    async def both_read() -> bool:
        await read_some(engine, stream, words)
        return len(words) >= 2

    await eventually(both_read)
    assert words == ["late", "early"]


async def test_a_handler_that_fails_reads_the_same_rows_again(engine: AsyncEngine, stream: Stream):
    async with engine.begin() as connection:
        await write(connection, stream, "a")
    seen: list[str] = []

    async def fail_once(_: AsyncConnection, rows: Sequence[Any]) -> None:
        seen.extend(row.word for row in rows)
        if len(seen) == 1:
            raise ZeroDivisionError

    async def attempt() -> bool:
        try:
            async with engine.begin() as connection:
                await follow(connection, stream, fail_once)
        except ZeroDivisionError:
            pass
        return len(seen) >= 2

    await eventually(attempt)
    assert seen == ["a", "a"]
    assert await read_some(engine, stream, seen) == 0


async def test_two_followers_do_not_read_beside_each_other(engine: AsyncEngine, stream: Stream):
    async with engine.begin() as connection:
        await write(connection, stream, "a")
    words: list[str] = []

    async def meanwhile(_: AsyncConnection, rows: Sequence[Any]) -> None:
        words.extend(row.word for row in rows)
        assert await read_some(engine, stream, words) == 0

    async def read() -> bool:
        async with engine.begin() as connection:
            await follow(connection, stream, meanwhile)
        return bool(words)

    await eventually(read)
    assert words == ["a"]


async def test_how_far_the_follower_is_behind_shrinks_when_it_reads(engine: AsyncEngine, stream: Stream):
    async with engine.begin() as connection:
        await write(connection, stream, "a")
        before = await behind(connection, stream)
    words: list[str] = []

    async def read() -> bool:
        await read_some(engine, stream, words)
        return bool(words)

    await eventually(read)
    async with engine.connect() as connection:
        assert await behind(connection, stream) < before
