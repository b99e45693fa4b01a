"""A page of a query and the count of all that it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, func, or_, select

from conto.work import Work


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one page, and how many rows there are in all."""

    rows: Sequence[Row[Any]]
    total: int


async def page_of(work: Work, statement: Select[Any], *, offset: int, limit: int) -> Found:
    """The page from `offset`; the count is always taken, never kept (chapter 01 §4.2)."""
    counted = select(func.count().label("total")).select_from(statement.order_by(None).subquery())
    total = (await work.one(counted)).total
    if offset >= total:
        return Found((), total)
    return Found(await work.rows(statement.offset(offset).limit(limit)), total)


def contains(term: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether `term`, trimmed and without regard to case, is part of one of the columns."""
    escaped = term.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return or_(*(column.cast(String).ilike(f"%{escaped}%", escape="\\") for column in columns))
