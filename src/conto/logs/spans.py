"""When something was logged, as a condition."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Column, ColumnElement

from conto.schemas.log_filters import LogFilters


def within(filters: LogFilters, logged_at: Column[Any]) -> list[ColumnElement[bool]]:
    """That the instant lies in the span that the filters name, both ends within it."""
    conditions: list[ColumnElement[bool]] = []
    if filters.from_date is not UNSET:
        conditions.append(logged_at >= filters.from_date)
    if filters.to_date is not UNSET:
        conditions.append(logged_at <= filters.to_date)
    return conditions
