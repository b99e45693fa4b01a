"""Metadata: a few keys and values that an object carries for its owner, replaced as a whole (chapter 10 §4.2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import UnsetType
from sqlalchemy import ColumnElement, Table, delete, exists, select

from conto.db.engine import insert_rows
from conto.errors import Invalid
from conto.ids import new_id
from conto.work import Work


class Entry(Protocol):
    """An entry as it was sent."""

    @property
    def id(self) -> UUID | None | UnsetType: ...
    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...


AnEntry = TypeVar("AnEntry", bound=Entry)


def no_more(entry: Entry) -> dict[str, Any]:
    """What entries have beside key and value, where that is nothing."""
    return {}


async def replace(
    work: Work,
    table: Table,
    owner_column: str,
    owner_id: UUID,
    entries: Sequence[AnEntry],
    more: Callable[[AnEntry], dict[str, Any]] = no_more,
) -> dict[str, list[dict[str, str]]]:
    """Make the owner's metadata exactly these: known ids change, others are added, what is not named goes.

    Answers with what changed, as `conto.changes.differences` does.

    Additions come before deletions, so a key that exists cannot be sent again without its id. `more`
    gives the columns that an entry has beside key and value.

    Raises:
        Invalid: a key would stand twice.
    """
    of_owner = (table.c.organization_id == work.organization.id, table.c[owner_column] == owner_id)
    existing = {row.id: row for row in await work.rows(select(table).where(*of_owner).order_by(table.c.position))}
    changed = {entry.id: entry for entry in entries if entry.id and entry.id in existing}
    added = [entry for entry in entries if not entry.id or entry.id not in existing]
    refuse_repeated([changed[key].key if key in changed else row.key for key, row in existing.items()], added)

    def row(entry: AnEntry, position: int) -> dict[str, Any]:
        return {
            "organization_id": work.organization.id,
            "id": new_id(),
            owner_column: owner_id,
            "key": entry.key,
            "value": entry.value,
            "position": position,
            "created_at": work.now,
            "updated_at": work.now,
        } | more(entry)

    kept = [
        row(entry, old.position) | {"id": old.id, "created_at": old.created_at}
        for old in existing.values()
        if (entry := changed.get(old.id))
    ]
    first = max((old.position for old in existing.values()), default=-1) + 1
    # Deleted and inserted anew, so that keys may change places without meeting each other half-way.
    if existing:
        await work.execute(delete(table).where(*of_owner))
    rows = kept + [row(entry, place) for place, entry in enumerate(added, first)]
    await insert_rows(work.connection, table, rows)
    before, after = {old.key: old.value for old in existing.values()}, {new["key"]: new["value"] for new in rows}
    return {"metadata": [before, after]} if before != after else {}


def refuse_repeated(keys: Sequence[str], added: Sequence[Entry]) -> None:
    """Keys are unique among those that exist, as changed, and those added."""
    all_keys = [*keys, *(entry.key for entry in added)]
    if len(set(all_keys)) < len(all_keys):
        raise Invalid({"key": ["value_already_exist"]})


def matching(
    work: Work, table: Table, owner_column: str, owner: ColumnElement[UUID], wanted: Mapping[str, str]
) -> list[ColumnElement[bool]]:
    """Conditions on a list's owners: each pair must match, and an empty value means that the key is absent."""
    conditions: list[ColumnElement[bool]] = []
    for key, value in wanted.items():
        entry = table.alias()
        there = select(entry.c.id).where(
            entry.c.organization_id == work.organization.id, entry.c[owner_column] == owner, entry.c.key == key
        )
        conditions.append(exists(there.where(entry.c.value == value)) if value else ~exists(there))
    return conditions
