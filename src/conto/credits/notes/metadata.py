"""Metadata of a credit note: an object of texts, of which null may stand for one (chapter 61 §6.4)."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Row, update

from conto.db.tables import credit_notes
from conto.errors import NotFound
from conto.schemas.reader import Problems
from conto.work import Work

MOST_KEYS = 50
LONGEST_KEY = 100
LONGEST_VALUE = 255

Metadata = dict[str, str | None]


def read_metadata(raw: object, problems: Problems) -> Metadata | None:
    """The object that was given; None where there is none, or the problems say what is wrong with it."""
    if not raw and not isinstance(raw, Mapping):
        return None
    if not isinstance(raw, Mapping):
        problems.add("value", "must be an object")
        return None
    given = cast("Mapping[str, object]", raw)
    if len(given) > MOST_KEYS:
        problems.add("value", f"cannot have more than {MOST_KEYS} keys")
    for key, value in given.items():
        if len(key) > LONGEST_KEY or "\0" in key:
            problems.add("value", f"key '{key}' must be a String up to {LONGEST_KEY} characters")
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_VALUE or "\0" in value):
            problems.add("value", f"value for key '{key}' must be empty or a String up to {LONGEST_VALUE} characters")
    return None if "value" in problems else cast("Metadata", dict(given))


async def replace(work: Work, note: Row[Any], given: Metadata) -> Metadata:
    """Replace the whole object; what the note has then. The note is locked."""
    await _store(work, note, given)
    return given


async def merge(work: Work, note: Row[Any], given: Metadata | None) -> Metadata | None:
    """Add the keys given to those there are, of which none changes nothing; what the note has then.

    Raises:
        Invalid: there would be too many keys.
    """
    if not given:
        return note.metadata
    merged = (note.metadata or {}) | given
    problems = Problems()
    read_metadata(merged, problems)
    problems.raise_if_any()
    await _store(work, note, merged)
    return merged


async def remove(work: Work, note: Row[Any]) -> None:
    """Remove the whole object. The note is locked."""
    if note.metadata is not None:
        await _store(work, note, None)


async def remove_key(work: Work, note: Row[Any], key: str) -> Metadata:
    """Remove one key, which need not be there; what the note has then. The note is locked.

    Raises:
        NotFound: the note has no metadata.
    """
    if note.metadata is None:
        raise NotFound("metadata")
    left = {name: value for name, value in note.metadata.items() if name != key}
    if key in note.metadata:
        await _store(work, note, left)
    return left


async def _store(work: Work, note: Row[Any], metadata: Metadata | None) -> None:
    await work.execute(
        update(credit_notes)
        .where(credit_notes.c.organization_id == work.organization.id, credit_notes.c.id == note.id)
        .values(metadata=metadata, updated_at=work.now)
    )
