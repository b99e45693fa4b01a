"""Which database a process uses: the one that `DATABASE_URL` names, or the embedded one below `CONTO_DATA`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from conto.db import embedded
from conto.settings import Settings

NAME = "conto"


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


def _embedded(server: embedded.RunningServer) -> Database:
    return Database(server.url(NAME), server.url(NAME, "conto_app"))
