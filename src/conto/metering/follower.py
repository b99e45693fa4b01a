"""The follower: reads a table's new rows in the order of their transactions, each once, and misses none.

Rows carry their transaction's `xid8`. A row is read once every transaction that began before its own
has ended, so one that commits late is never passed over. What is done with the rows happens in the
transaction that moves the position, so it happens once. Any long write transaction on the server
holds the follower back, hence `behind`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Row, Table, Text, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from conto.db.tables import follower_positions

BATCH = 1000
LAST_ROW = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Stream:
    """A table to follow: it has the columns `xid` (xid8) and `id` (bigint), with an index on both."""

    name: str
    table: Table


type_of_handler = Callable[[AsyncConnection, Sequence[Row[Any]]], Awaitable[None]]

_PLACE = (bindparam("xid", type_=Text), bindparam("row_id", type_=BigInteger))
_BEHIND_POSITION = "(xid, id) > (cast(cast(:xid as text) as xid8), :row_id)"
_BEHIND = text(_BEHIND_POSITION).bindparams(*_PLACE)
_BELOW = text(f"xid < pg_snapshot_xmin(pg_current_snapshot()) and {_BEHIND_POSITION}").bindparams(*_PLACE)
_TRY_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('conto.follower ' || cast(:name as text), 0))")
_HORIZON = text("select pg_snapshot_xmin(pg_current_snapshot())")


async def follow(connection: AsyncConnection, stream: Stream, handle: type_of_handler, *, batch: int = BATCH) -> int:
    """Handle the next rows of the stream in the connection's transaction; how many there were.

    0 too where another follower of the stream is at work.
    """
    position = await _hold_position(connection, stream)
    if position is None:
        return 0
    found = await connection.execute(
        select(stream.table)
        .where(_BELOW.bindparams(xid=str(position.xid), row_id=position.row_id))
        .order_by(stream.table.c.xid, stream.table.c.id)
        .limit(batch)
    )
    rows = found.all()
    if rows:
        await handle(connection, rows)
        await _move(connection, stream, rows[-1].xid, rows[-1].id)
    return len(rows)


async def behind(connection: AsyncConnection, stream: Stream) -> int:
    """How many transactions lie between the follower's position and the oldest one still open."""
    horizon = (await connection.execute(_HORIZON)).scalar_one()
    found = await connection.execute(
        select(follower_positions.c.xid).where(follower_positions.c.follower == stream.name)
    )
    return int(horizon) - (found.scalar() or 0)


async def waiting(connection: AsyncConnection, stream: Stream, limit: int) -> int:
    """How many rows there are behind the position, readable yet or not; at most `limit` are counted."""
    found = await connection.execute(
        select(follower_positions.c.xid, follower_positions.c.row_id).where(
            follower_positions.c.follower == stream.name
        )
    )
    position = found.first()
    xid, row_id = (position.xid, position.row_id) if position is not None else (0, 0)
    rows = select(stream.table.c.id).where(_BEHIND.bindparams(xid=str(xid), row_id=row_id)).limit(limit)
    return (await connection.execute(select(func.count()).select_from(rows.subquery()))).scalar_one()


async def _hold_position(connection: AsyncConnection, stream: Stream) -> Any | None:
    """The position, held for this transaction; None where another follower holds it."""
    # A lock that is tried, not a row that is inserted: two first followers would wait for each other's row.
    held = await connection.execute(_TRY_LOCK, {"name": stream.name})
    if not held.scalar_one():
        return None
    await connection.execute(
        insert(follower_positions).values(follower=stream.name, xid=0, row_id=0).on_conflict_do_nothing()
    )
    found = await connection.execute(
        select(follower_positions.c.xid, follower_positions.c.row_id).where(
            follower_positions.c.follower == stream.name
        )
    )
    return found.one()


async def _move(connection: AsyncConnection, stream: Stream, xid: int, row_id: int) -> None:
    await connection.execute(
        update(follower_positions)
        .where(follower_positions.c.follower == stream.name)
        .values(xid=int(xid), row_id=row_id)
    )


async def pass_over(connection: AsyncConnection, stream: Stream) -> None:
    """Move the position behind all rows that could be read now, reading none: nobody wants them."""
    if await _hold_position(connection, stream) is not None:
        horizon = (await connection.execute(_HORIZON)).scalar_one()
        await _move(connection, stream, int(horizon) - 1, LAST_ROW)
