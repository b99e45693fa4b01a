"""Files of documents: made aside, kept, and only then noted on their object, once (chapter 72 §§8-9)."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, update

from conto.work import Work, Works

PDF = "file_path"
XML = "xml_path"
"""The columns that say where an object's PDF is, and its e-invoice."""

ENDINGS = {PDF: "pdf", XML: "xml"}


def lacking(row: Row[Any], *, einvoicing: bool) -> tuple[str, ...]:
    """The columns of the files that the object still needs; an e-invoice where its issuer makes them."""
    return tuple(column for column in ((XML, PDF) if einvoicing else (PDF,)) if not getattr(row, column))


async def make(
    works: Works, organization_id: UUID, table: Table, object_id: UUID, files: Mapping[str, Callable[[], bytes]]
) -> dict[str, str]:
    """Make the files of an object, by their columns, in threads of their own, and keep them; where each is.

    They are kept under names of their own before they are noted, so a run that ends in between is made good by the
    next.
    """
    made: dict[str, str] = {}
    for column, render in files.items():
        made[column] = f"{organization_id}/{table.name}/{object_id}.{ENDINGS[column]}"
        await works.files.put(made[column], await asyncio.to_thread(render))
    return made


async def noted(work: Work, table: Table, object_id: UUID, made: Mapping[str, str], **values: Any) -> Row[Any] | None:
    """Note where the files are, with other values; the object's row if this run noted its PDF, None otherwise.

    Of two workers that made one file at the same time, one notes it.
    """
    found: Row[Any] | None = None
    for column, path in made.items():
        row = await work.first(
            update(table)
            .where(table.c.organization_id == work.organization.id, table.c.id == object_id, table.c[column].is_(None))
            .values({column: path, **values})
            .returning(table)
        )
        if column == PDF:
            found = row
    return found
