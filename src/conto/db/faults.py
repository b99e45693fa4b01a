"""What the database refuses, in the words of our own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from conto.errors import ContoError, Invalid, Locked, TimedOut

UNIQUE_VIOLATION = "23505"
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
QUERY_CANCELED = "57014"


LOST = (DBAPIError, PostgresError, InterfaceError, OSError)
"""What is raised where the database is away, by SQLAlchemy or the driver; some of it has other causes as well."""


class Deadlock(ContoError):
    """Two transactions waited for each other and this one was ended; it may be run again, once."""


def sqlstate(error: DBAPIError | PostgresError) -> str | None:
    """The SQLSTATE of a database error, SQLAlchemy's or the driver's own."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)


def _taken_field(error: DBAPIError | PostgresError) -> str | None:
    """The field whose value another request took first: unique indexes are named after it."""
    below = getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else error
    constraint = getattr(below, "constraint_name", None) or ""
    return constraint.partition("__")[2] if constraint.startswith("uq_") else None


@contextmanager
def raised_as_ours() -> Iterator[None]:
    """Turn a race for a unique value, a lock that was not had in time, a deadlock and a statement that took
    too long into our errors.

    Raises:
        Invalid: another transaction took a unique value first.
        Locked: the lock, or a connection, was not had in time.
        Deadlock: the transaction was ended to resolve one.
        TimedOut: a statement ran for longer than it may.
    """
    try:
        yield
    except PoolTimeout as error:
        # Every connection is taken, and stayed so: nothing has begun, and the call may be sent again.
        raise Locked from error
    except (DBAPIError, PostgresError) as error:
        state = sqlstate(error)
        if state == UNIQUE_VIOLATION and (field := _taken_field(error)):
            raise Invalid({field: ["value_already_exist"]}) from error
        if state == LOCK_NOT_AVAILABLE:
            raise Locked from error
        if state == DEADLOCK:
            raise Deadlock from error
        if state == QUERY_CANCELED:
            raise TimedOut from error
        raise
