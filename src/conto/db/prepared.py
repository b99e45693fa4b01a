"""Statements that are compiled once, and go to the driver without SQLAlchemy's engine in between.

The engine adds more to a short statement than the server takes for it. What it would do for a statement that stays
the same is done here once: the text, the order of its parameters, and how values are turned into what the driver
takes and rows into what we read. Rows are SQLAlchemy's own, so it makes no difference to who reads them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asyncpg import Connection as DriverConnection
from sqlalchemy import ClauseElement, Executable, Row
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from conto.db.dialect import DIALECT

STATEMENTS_KEPT = 2048

NUMERIC = 1700
"""The server's number of the type of exact numbers, which is what all our numbers with a fraction are."""

Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the driver takes it.

    Attributes:
        text: its text, with numbered parameters.
        names: what each parameter is called.
        fixed: the values that are part of the statement itself, by name.
        encoders: what turns a parameter's value into the driver's.
        columns: what the rows' columns are called and how their values are read; None where the server tells.
    """

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    encoders: tuple[Process, ...]
    columns: "Columns | None"

    async def rows(self, below: DriverConnection, values: Mapping[str, Any]) -> list[Row[Any]]:
        """All rows for these values; none where the statement gives none."""
        given = {**self.fixed, **values} if self.fixed else values
        arguments = [
            given[name] if encode is None else encode(given[name])
            for name, encode in zip(self.names, self.encoders, strict=True)
        ]
        records = await below.fetch(self.text, *arguments)
        if not records:
            return []
        columns = self.columns or Columns.named(records[0].keys())
        return [columns.row(record) for record in records]


@dataclass(frozen=True, slots=True)
class Columns:
    """What rows are made with."""

    parent: SimpleResultMetaData
    places: Mapping[Any, int]
    decoders: tuple[Process, ...] | None

    @classmethod
    def named(cls, names: Iterable[str], decoders: Sequence[Process] = ()) -> "Columns":
        """Columns with these names, whose values are read by `decoders` where there are any."""
        keys = list(names)
        places = {name: place for place, name in enumerate(keys)}
        return cls(SimpleResultMetaData(keys), places, tuple(decoders) if any(decoders) else None)

    def row(self, record: Sequence[Any]) -> Row[Any]:
        """The row that a record of the driver is."""
        return Row(self.parent, self.decoders, self.places, record)  # pyright: ignore


@lru_cache(STATEMENTS_KEPT)
def prepared(statement: Executable, names: tuple[str, ...]) -> Prepared | None:
    """The statement with parameters of these names; None where its text depends on their values."""
    assert isinstance(statement, ClauseElement)
    compiled = statement.compile(dialect=DIALECT, column_keys=list(names))  # pyright: ignore
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params or compiled.literal_execute_params or _has_defaults(compiled):
        return None
    places = tuple(compiled.positiontup or ())
    return Prepared(
        text=compiled.string,
        names=places,
        fixed={name: value for name, value in compiled.params.items() if name in places and name not in names},
        encoders=tuple(_encoder(compiled, name) for name in places),
        columns=_columns(compiled),
    )


def _has_defaults(compiled: SQLCompiler) -> bool:
    """Whether values are made anew each time it runs."""
    return bool(compiled.insert_prefetch or compiled.update_prefetch)


def _encoder(compiled: SQLCompiler, name: str) -> Process:
    return compiled.binds[name].type.dialect_impl(DIALECT).bind_processor(DIALECT)


def _columns(compiled: SQLCompiler) -> Columns | None:
    """The columns of the result, where the statement itself says what they are."""
    found = compiled._result_columns  # pyright: ignore
    if not found:
        return None
    decoders = [one.type.dialect_impl(DIALECT).result_processor(DIALECT, NUMERIC) for one in found]
    return Columns.named([one.keyname for one in found], decoders)
