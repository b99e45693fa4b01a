"""Which database a process uses: the one that `DATABASE_URL` names, or the embedded one below `CONTO_DATA`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from conto.db import embedded
from conto.settings import Settings

NAME = "conto"
CONNECT_SECONDS = 10


class DatabaseUnreachable(Exception):
    """The database cannot be connected to; the message says which and why in one line."""


@dataclass(frozen=True, slots=True)
class Database:
    """The addresses of one database: for migrations, which own it, and for the application."""

    owner_url: str
    application_url: str


@contextmanager
def database(settings: Settings, *, own: bool = False) -> Iterator[Database]:
    """The database, for as long as the context lasts.

    The embedded server is shared with a process that already runs it, unless it is to be this
    process's own.

    Raises:
        EmbeddedServerError: it cannot be started; `DataFolderInUse` where another process runs it.
    """
    if settings.database_url:
        yield Database(settings.database_url, settings.database_url)
        return
    folder = settings.data / "postgres"
    shared = None if own else embedded.running(folder)
    if shared is not None:
        yield _embedded(shared)
        return
    with embedded.start(folder) as server:
        server.ensure_database(NAME)
        yield _embedded(server)


async def refuse_unreachable(url: str) -> None:
    """Connect once, for a message that people understand.

    Raises:
        DatabaseUnreachable: there is no connection to be had.
    """
    try:
        # Not as the application connects: its role may have still to be made.
        _, arguments = PGDialect_asyncpg().create_connect_args(make_url(url))
        connection = await asyncpg.connect(**arguments, timeout=CONNECT_SECONDS)
        await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        shown = make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)
        why = str(error) or type(error).__name__
        raise DatabaseUnreachable(f"The database {shown} cannot be reached: {why}") from error


def _embedded(server: embedded.RunningServer) -> Database:
    return Database(server.url(NAME), server.url(NAME, "conto_app"))
