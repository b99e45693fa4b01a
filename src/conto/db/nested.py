"""Rows within rows: what an object has many of, read as a column of its own row.

One statement then reads an object with all its parts, where a statement for each kind of part would
cost a round trip each.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Label, Row, Select, Text, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by


@dataclass(frozen=True, slots=True)
class Nested:
    """A column that holds the rows of a query, in order."""

    column: Label[str]
    decoder: msgspec.json.Decoder[list[Any]]

    def of(self, row: Row[Any]) -> list[Any]:
        """The rows that `row` holds in the column, each with its columns as attributes."""
        return self.read(getattr(row, self.column.name))

    def read(self, text: str | None) -> list[Any]:
        """The rows that the column's text says."""
        return self.decoder.decode(text) if text else []


def nested(name: str, rows: Select[*tuple[Any, ...]], *order: str) -> Nested:
    """The rows of a query that refers to the tables around it, ordered by the columns named."""
    inner = rows.subquery(f"each_{name}")
    ordered = aggregate_order_by(inner.table_valued(), *(inner.c[column] for column in order))
    column = select(func.json_agg(ordered).cast(Text)).scalar_subquery().label(name)
    fields = [(str(key), _type_of(column)) for key, column in inner.c.items()]
    row = msgspec.defstruct(name, fields, kw_only=True)
    # Numbers within JSON columns stay exact, too.
    return Nested(column, msgspec.json.Decoder(list[row], float_hook=Decimal))


def _type_of(column: ColumnElement[Any]) -> Any:
    # Whether a column of a joined table can be null is not known here, so each may be.
    return column.type.python_type | None
