"""What the events of a period came to so far under an in-advance charge, from the events alone (chapter 30 §4.10)."""

from functools import lru_cache

from conto.core.charges.in_advance import Marks
from conto.metering.aggregations import distinct
from conto.metering.aggregations.scopes import TAKES_PART, Key, Scope, Shape, apart, events_of, placed
from conto.metering.aggregations.statements import Statement, listed, statement
from conto.work import Work

DECIMALS = 5
"""What each event pays of a prorated charge is rounded up at so many."""


async def marks(work: Work, scope: Scope, *, prorated_over: int | None) -> dict[Key, Marks]:
    """The marks of each bucket and group that has events in the period.

    `prorated_over` is the number of days of the whole period, None where the charge is not prorated.
    """
    if scope.shape.value == "number":
        scope = scope.without_history()
    values = scope.values | {"period": prorated_over}
    rows = await marks_statement(scope.shape, prorated_over is not None).rows(work, values)
    return {scope.keyed(row): Marks(row["current"], row["highest"], row["prorated"]) for row in rows}


def units_added(shape: Shape) -> str:
    """The events of the period with the units `v` that each adds or takes away."""
    columns = listed(apart(shape), "timestamp", "id", "day")
    if shape.value == "text":
        change = "case when not changes then 0 when adds then 1 else -1 end::numeric"
        rows = distinct.changes(shape)
        return f"select {columns}, {change} as v from ({rows}) as walked where timestamp >= {{from}}"
    value = "1::numeric as v" if shape.value == "none" else ""
    rows = f"{events_of(shape, 'timestamp', 'id', 'width_bucket(timestamp, {starts}) as day', value)} offset 0"
    return f"select {columns}, v from ({placed(shape, rows)}) as placed where {TAKES_PART[shape.value] or 'true'}"


@lru_cache(maxsize=512)
def marks_statement(shape: Shape, prorated: bool) -> Statement:
    """The statement for marks: the net of the units, the highest it was, and what the steps to it weigh."""
    run = f"window run as (partition by {apart(shape)} order by timestamp, id rows unbounded preceding)"
    running = f"select *, sum(v) over run as current from ({units_added(shape)}) as added {run}"
    marks = "sum(v) as current, greatest(max(current), 0) as highest"
    if not prorated:
        return statement(
            f"select {apart(shape)}, {marks}, greatest(max(current), 0) as prorated"
            f" from ({running}) as running group by {apart(shape)}"
        )
    highest = f"select *, greatest(max(current) over run, 0) as highest from ({running}) as running {run}"
    billed = f"select *, highest - lag(highest, 1, 0::numeric) over run as billed from ({highest}) as marked {run}"
    weighed = f"(billed * ({{days}} + 1 - greatest(day, 1)) * 1e{DECIMALS})"
    # Whole steps of the last decimal, rounded up: a division of numerics would end early.
    steps = f"div({weighed}, {{period}}) + case when mod({weighed}, {{period}}) > 0 then 1 else 0 end"
    return statement(
        f"select {apart(shape)}, {marks}, sum({steps}) * 1e-{DECIMALS} as prorated"
        f" from ({billed}) as billed group by {apart(shape)}"
    )
