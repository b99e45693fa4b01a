"""Identifiers: random UUIDs made by the server, and their reading from text (chapter 01 §1.1)."""

from uuid import UUID, uuid4

from conto.errors import NotFound


def new_id() -> UUID:
    """A random UUID v4."""
    return uuid4()


def as_id(text: str, resource: str) -> UUID:
    """The UUID that `text` is.

    Raises:
        NotFound: it is none; a path id that is no UUID names nothing.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(resource) from None
