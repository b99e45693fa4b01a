"""Unique counts: values that were added and not removed since (chapter 30 §§4.4 and 4.7).

A walk over a value's operations ends active exactly where the last one adds. How long it was active takes the walk
itself, by window functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conto.core.charges.proration import Window
from conto.metering.aggregations.scopes import (
    TAKES_PART,
    Key,
    Scope,
    Shape,
    apart,
    events_of,
    placed,
    properties_apart,
)
from conto.metering.aggregations.statements import Statement, listed, statement
from conto.work import Work

ADDS = "(properties ->> 'operation_type') is distinct from 'remove' as adds"


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many values are active at the end, and the sum over all values of the days on which they were."""

    active: int
    days: int = 0


async def active_values(work: Work, scope: Scope) -> dict[Key, Distinct]:
    """How many values are active at the end, for each bucket and group that has events."""
    rows = await active_statement(scope.shape).rows(work, scope.values)
    return {scope.keyed(row): Distinct(row["active"]) for row in rows}


async def active_days(work: Work, scope: Scope, window: Window) -> dict[Key, Distinct]:
    """The same with the days of the window on which each value was active, that of its removal too."""
    values: Mapping[str, Any] = scope.values | {"days_carried": window.carried_days}
    rows = await days_statement(scope.shape).rows(work, values)
    return {scope.keyed(row): Distinct(row["active"], row["days"]) for row in rows}


async def is_active(work: Work, scope: Scope, value: str) -> bool:
    """Whether the value is active at the end, in the one bucket and group of the scope."""
    rows = await is_active_statement(scope.shape).rows(work, scope.values | {"item_value": value})
    return bool(rows and rows[0]["adds"])


@lru_cache(maxsize=512)
def is_active_statement(shape: Shape) -> Statement:
    """The statement for the last operation of one value."""
    assert shape.sole is not None
    rows = f"select * from ({events_of(shape, 'timestamp', 'id', ADDS)}) as events where v = {{item_value}}"
    return statement(f"select adds from ({placed(shape, rows)}) as placed order by timestamp desc, id desc limit 1")


@lru_cache(maxsize=512)
def active_statement(shape: Shape) -> Statement:
    """The statement for values that are active at the end."""
    rows = f"select * from ({events_of(shape, 'timestamp', 'id', ADDS)}) as events where {TAKES_PART[shape.value]}"
    last = "max(array[extract(epoch from timestamp), id, adds::int])"
    if shape.keys:
        properties = properties_apart(shape)
        rows = f"select {properties}, v, {last} as last from ({rows}) as rows group by {properties}, v"
        last = "max(last)"
    by_value = f"""
        select {apart(shape)}, {last} as last from ({placed(shape, rows)}) as placed group by {apart(shape)}, v
    """
    return statement(
        f"select {apart(shape)}, count(*) filter (where last[3] = 1) as active"
        f" from ({by_value}) as walked group by {apart(shape)}"
    )


def changes(shape: Shape) -> str:
    """The operations of unique counts, each with whether it `changes` anything, and with its `day` of the window.

    Days before the window are all its day 0, which tells enough: what lies wholly before it weighs the same whether
    a removal and an addition were on one day or not.
    """
    day = "width_bucket(timestamp, {starts}) as day"
    rows = f"{events_of(shape, 'timestamp', 'id', day, ADDS)} offset 0"
    columns = listed(apart(shape), "v", "timestamp", "id", "day", "adds")
    operations = f"select {columns} from ({placed(shape, rows)}) as operations where {TAKES_PART[shape.value]}"
    walk = f"window walk as (partition by {apart(shape)}, v order by timestamp, id)"
    walked = f"select *, lag(adds) over walk as active from ({operations}) as operations {walk}"
    return f"select *, adds <> coalesce(active, false) as changes from ({walked}) as walked"


def spans(shape: Shape) -> str:
    """The changes of each value, where one that is removed and added again on one day stays active.

    A value's first operation is among them even if it changes nothing, so that its group is; it has no day.
    """
    walk = f"window walk as (partition by {apart(shape)}, v order by timestamp, id)"
    changed = f"""
        select {listed(apart(shape), "v", "timestamp", "id", "adds", "changes")},
            case when changes then day else -1 end as day
        from ({changes(shape)}) as walked where changes or active is null
    """
    neighbours = f"""
        select *, lag(day) over walk as last_day, lead(day) over walk as next_day from ({changed}) as changed {walk}
    """
    return f"""
        select *, timestamp < {{from}} as earlier,
            lead(day) over walk as end_day, lead(timestamp) over walk < {{from}} as ended_earlier
        from ({neighbours}) as changed
        where day is distinct from case when adds then last_day else next_day end {walk}
    """


@lru_cache(maxsize=512)
def days_statement(shape: Shape) -> Statement:
    """The statement for days on which values were active."""
    first = "case when earlier then 1 else greatest(day, 1) end"
    weight = f"""
        case when not adds or ended_earlier then 0
            when end_day is null and earlier then {{days_carried}}
            else greatest(least(coalesce(end_day, {{days}}), {{days}}) - {first} + 1, 0) end
    """
    return statement(
        f"select {listed(apart(shape), f'sum({weight})::bigint as days')},"
        " sum(case when not changes then 0 when adds then 1 else -1 end)::bigint as active"
        f" from ({spans(shape)}) as spans group by {apart(shape)}"
    )
