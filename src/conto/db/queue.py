"""The queue's tables, which the queue's library owns, in a schema of their own."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgqueuer.domain.settings import DBSettings
    from pgqueuer.queries import Queries

QUEUE_SCHEMA = "queue"


@cache
def queue_settings() -> "DBSettings":
    """The queue's names. The library takes them from the environment, at its first look."""
    os.environ["PGQUEUER_SCHEMA"] = QUEUE_SCHEMA
    from pgqueuer.domain import settings

    settings.db_settings.cache_clear()
    return settings.db_settings()


def queries_on(connection: Any) -> "Queries":
    """The queue's calls on one connection of the driver."""
    queue_settings()
    from pgqueuer.queries import Queries

    return Queries.from_asyncpg_connection(connection)
