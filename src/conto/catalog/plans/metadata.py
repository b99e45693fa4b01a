"""Metadata of a plan: an object of texts, of which null may stand for one (chapter 52 §5.1)."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Row, update

from conto.db.tables import plans
from conto.errors import NotFound
from conto.schemas.reader import Problems
from conto.work import Work

MOST_KEYS = 50
LONGEST_KEY = 100
LONGEST_VALUE = 255

Metadata = dict[str, str | None]


def read_metadata(raw: object, problems: Problems) -> Metadata | None:
    """The object that was given; None where there is none, or the problems say what is wrong with it."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        problems.add("value", "must be an object")
        return None
    given = cast("Mapping[str, object]", raw)
    for sentence in wrong(given):
        problems.add("value", sentence)
    return None if "value" in problems else cast("Metadata", dict(given))


def wrong(given: Mapping[str, object]) -> list[str]:
    """What is wrong with metadata, in sentences."""
    found: list[str] = []
    if len(given) > MOST_KEYS:
        found.append(f"cannot have more than {MOST_KEYS} keys")
    if any(not key.strip() or "\0" in key for key in given):
        found.append("cannot have a blank key")
    if any(len(key) > LONGEST_KEY for key in given):
        found.append(f"cannot have a key longer than {LONGEST_KEY} characters")
    values = [value for value in given.values() if value is not None]
    if not all(isinstance(value, str) and "\0" not in value for value in values):
        found.append("must have values that are strings or null")
    if any(isinstance(value, str) and len(value) > LONGEST_VALUE for value in values):
        found.append(f"cannot have a value longer than {LONGEST_VALUE} characters")
    return found


async def store_metadata(work: Work, plan: Row[Any], metadata: Metadata | None) -> None:
    """Write a plan's whole metadata; the plan is locked."""
    await work.execute(
        update(plans)
        .where(plans.c.organization_id == work.organization.id, plans.c.id == plan.id)
        .values(metadata=metadata, updated_at=work.now)
    )


async def replace_metadata(work: Work, plan: Row[Any], given: Metadata | None) -> None:
    """Replace the whole object; nothing given changes nothing. The plan is locked.

    Raises:
        Invalid: it is not as metadata must be.
    """
    if given is not None:
        await store_metadata(work, plan, given)
    _tell(work, plan, plan.metadata if given is None else given)


async def merge_metadata(work: Work, plan: Row[Any], given: Metadata | None) -> None:
    """Add the keys given to those there are; where there is no metadata an empty object makes none.

    Raises:
        Invalid: there would be too many keys.
    """
    merged = plan.metadata
    if given:
        merged = (plan.metadata or {}) | given
        problems = Problems()
        read_metadata(merged, problems)
        problems.raise_if_any()
        await store_metadata(work, plan, merged)
    _tell(work, plan, merged)


async def delete_metadata(work: Work, plan: Row[Any]) -> None:
    """Remove the whole object. The plan is locked."""
    await store_metadata(work, plan, None)
    _tell(work, plan, None)


async def delete_metadata_key(work: Work, plan: Row[Any], key: str) -> None:
    """Remove one key, which need not be there. The plan is locked; nothing is told.

    Raises:
        NotFound: the plan has no metadata.
    """
    if plan.metadata is None:
        raise NotFound("metadata")
    await store_metadata(work, plan, {name: value for name, value in plan.metadata.items() if name != key})


def _tell(work: Work, plan: Row[Any], after: Metadata | None) -> None:
    changes = {} if plan.metadata == after else {"metadata": [plan.metadata, after]}
    work.emit("plan.updated", plan.id, changes=changes)
