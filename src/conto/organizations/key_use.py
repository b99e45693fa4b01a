"""Write when keys were last used, for all organizations together (chapter 01 §2.2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, func, select

from conto.work import Works

EVERY_SECONDS = 3600
AT_ONCE = 500
"""Keys that are written in one transaction."""

log = structlog.get_logger()

_NOTE = select(
    func.conto_note_key_use(
        bindparam("organizations", type_=ARRAY(Uuid)),
        bindparam("keys", type_=ARRAY(Uuid)),
        bindparam("instants", type_=ARRAY(DateTime(timezone=True))),
    )
)


async def write_key_use(works: Works) -> None:
    """Write the uses that this process remembers; what cannot be written is remembered again."""
    waiting = works.key_use.take()
    try:
        while waiting:
            batch = waiting[:AT_ONCE]
            organizations, keys, instants = (list(column) for column in zip(*batch, strict=True))
            async with works.engine.begin() as connection:
                await connection.execute(_NOTE, {"organizations": organizations, "keys": keys, "instants": instants})
            waiting = waiting[AT_ONCE:]
    finally:
        for use in waiting:
            works.key_use.note(*use)


@asynccontextmanager
async def kept_key_use(works: Works) -> AsyncIterator[None]:
    """Write the uses every hour while the context lasts, and at its end."""
    writing = asyncio.create_task(_write_every_hour(works))
    try:
        yield
    finally:
        writing.cancel()
        # What it was about to write is remembered again once it has ended.
        with suppress(asyncio.CancelledError):
            await writing
        await _try_to_write(works)


async def _write_every_hour(works: Works) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await _try_to_write(works)


async def _try_to_write(works: Works) -> None:
    try:
        await write_key_use(works)
    except Exception:
        log.exception("keys.use_not_written")
