"""Rows of charges and of fixed charges: what both are made, changed and deleted by (chapters 52 §4.2 and 53 §7)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Column, Row, Table, bindparam, select, update

from conto.catalog.plans.entries import Entry
from conto.catalog.plans.references import References
from conto.schemas.reader import Problems
from conto.work import Work

T = TypeVar("T", bound=msgspec.Struct)


class Changes(Protocol):
    """Rows to be written: those that are made, the new columns of those that change, and who goes."""

    created: list[dict[str, Any]]
    changed: dict[UUID, dict[str, Any]]
    deleted: list[UUID]


def new_row(work: Work, row_id: UUID, plan_id: UUID, *, parent_id: UUID | None, position: int) -> dict[str, Any]:
    """The columns that every row of a plan is made with."""
    return {
        "organization_id": work.organization.id,
        "id": row_id,
        "plan_id": plan_id,
        "parent_id": parent_id,
        "position": position,
        "deleted_at": None,
        "created_at": work.now,
        "updated_at": work.now,
    }


async def update_rows(
    work: Work, table: Table, columns: Sequence[str], changed: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Set these columns of the rows with these ids, each to its own values, in one statement."""
    if not changed:
        return
    await work.execute(
        update(table)
        .where(table.c.organization_id == work.organization.id, table.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in columns} | {"updated_at": work.now}),
        [{"row_id": row_id, **{f"new_{name}": values[name] for name in columns}} for row_id, values in changed.items()],
    )


async def mark_deleted(work: Work, column: Column[UUID], ids: Collection[UUID]) -> None:
    """Delete the rows of the column's table in which it is one of these; what points at them goes on to do so."""
    if not ids:
        return
    table = column.table
    await work.execute(
        update(table)
        .where(table.c.organization_id == work.organization.id, column.in_(list(ids)), table.c.deleted_at.is_(None))
        .values(deleted_at=work.now)
    )


async def codes_on(work: Work, table: Table, plan_id: UUID) -> Sequence[Row[Any]]:
    """Id, code and position of the plan's live rows."""
    return await work.rows(
        select(table.c.id, table.c.code, table.c.position).where(
            table.c.organization_id == work.organization.id, table.c.plan_id == plan_id, table.c.deleted_at.is_(None)
        )
    )


def refuse_code(code: str | None, taken: Collection[str], problems: Problems) -> None:
    """A code is given, and no other of its kind on the plan has it."""
    if "code" in problems:
        return
    if not code:
        problems.add("code", "value_is_mandatory")
    elif code in taken:
        problems.add("code", "value_already_exist")


def make_list(
    changes: Changes,
    existing: Sequence[Any],
    given: Sequence[Entry[T]],
    references: References,
    *,
    create: Callable[..., UUID],
    change: Callable[..., None],
) -> None:
    """Gather what makes the plan's list what is given: rows named by id change, others are new, the rest goes.

    `create` and `change` are the verbs of `changes`, bound to all but the entry, what it refers to, and what others of
    the list have taken.

    Raises:
        Invalid: the fields of one are not as they must be.
        NotFound: a tax code names no tax.
    """
    by_id = {str(each.id): each for each in existing}
    named = {str(key) for key in map(_id_of, given) if key} & set(by_id)
    changes.deleted = [each.id for each in existing if str(each.id) not in named]
    codes = {key: each.code for key, each in by_id.items() if key in named}
    position = max((each.position for each in existing), default=-1)
    for entry in given:
        key = str(_id_of(entry) or "")
        if key in named:
            others = [code for other, code in codes.items() if other != key]
            change(by_id[key], entry.data, entry.problems, references, taken=others)
            codes[key] = changes.changed[by_id[key].id]["code"]
            continue
        position += 1
        taken = list(codes.values())
        made = create(entry.data, entry.problems, references, taken=taken, position=position, generate_code=True)
        codes[str(made)] = changes.created[-1]["code"]


def _id_of(entry: Entry[Any]) -> Any:
    return entry.data.id
