"""The statements that a unit of work runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from conto.db.engine import driver
from conto.work import Work


@contextmanager
def statements_of(work: Work) -> Iterator[list[str]]:
    """What the work runs within the context: through SQLAlchemy's engine, or by the driver alone."""
    run: list[str] = []

    def by_engine(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        run.append(statement)

    def by_driver(query: Any) -> None:
        run.append(query.query)

    engine = work.connection.engine.sync_engine
    event.listen(engine, "before_cursor_execute", by_engine)
    try:
        with driver(work.connection).query_logger(by_driver):
            yield run
    finally:
        event.remove(engine, "before_cursor_execute", by_engine)
