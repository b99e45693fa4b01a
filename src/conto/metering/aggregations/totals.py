"""What can be added up over events in any order: counts, sums, the greatest, the latest (chapter 30 §§4.2 to 4.7).

The events are first put together by the texts of the properties that filters and groups look at, of which there are
few, and only then by bucket and group: so each event's conditions cost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

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
from conto.metering.aggregations.statements import Statement, in_one, listed, statement
from conto.metering.store import Question
from conto.work import Work

DAYS_LEFT = "({days} + 1 - greatest(width_bucket(timestamp, {starts}), 1))"
"""The days from an event's to the last of the window, both counted."""

MEASURES: Mapping[str, tuple[str, str]] = {
    "count": ("count(*)", "sum"),
    "sum": ("sum(v)", "sum"),
    "greatest": ("max(v)", "max"),
    # Arrays are compared item by item, so the greatest one is that of the last instant, and of the last received.
    "latest": ("max(array[extract(epoch from timestamp), id, v])", "max"),
    "moment": ("sum(v * extract(epoch from timestamp))", "sum"),
    "earlier": ("sum(v) filter (where timestamp < {from})", "sum"),
    "weighed": (f"sum(v * {DAYS_LEFT}) filter (where timestamp >= {{from}})", "sum"),
    "given": ("sum(precise_total_amount_cents)", "sum"),
}
"""How each is made of events, and of parts of itself. `moment` is the sum of values times seconds of the epoch."""

OF_AGGREGATION: Mapping[str, tuple[str, ...]] = {
    "count_agg": ("count",),
    "custom_agg": ("count",),
    "sum_agg": ("count", "sum"),
    "max_agg": ("count", "greatest"),
    "latest_agg": ("count", "latest"),
    "weighted_sum_agg": ("count", "sum", "moment"),
}

TYPES: Mapping[str, str] = {"count": "bigint", "latest": "numeric[]"}
"""What the measures are on the server, where they are no plain numbers."""

AT_ONCE = 20
"""Questions that one statement answers."""

Measured = Mapping[str, Any]
Asked = tuple[Scope, tuple[str, ...]]
"""A question's scope, and the measures that it takes."""


def measures_of(question: Question) -> tuple[str, ...]:
    """What the question takes."""
    found = OF_AGGREGATION[question.metric.aggregation_type]
    if question.prorated and question.metric.aggregation_type == "sum_agg":
        found += ("earlier", "weighed")
    if any(bucket.needs.given_amount for bucket in question.buckets):
        found += ("given",)
    return found


async def totals(work: Work, asked: Sequence[Asked]) -> list[dict[Key, Measured]]:
    """The measures of each bucket and group that has events, for each of `asked`; 20 of them take one statement."""
    found: list[dict[Key, Measured]] = []
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        found += await (_of_one(work, *some[0]) if len(some) == 1 else _of_several(work, some))
    return found


async def _of_one(work: Work, scope: Scope, measures: tuple[str, ...]) -> list[dict[Key, Measured]]:
    rows = await totals_statement(scope.shape, measures).rows(work, scope.values)
    return [{scope.keyed(row): dict(zip(measures, scope.measures(row), strict=True)) for row in rows if row["count"]}]


async def _of_several(work: Work, asked: Sequence[Asked]) -> list[dict[Key, Measured]]:
    statement = together(tuple((scope.shape, measures) for scope, measures in asked))
    values = {
        f"{place} {name}": value for place, (scope, _) in enumerate(asked) for name, value in scope.values.items()
    }
    found: list[dict[Key, Measured]] = [{} for _ in asked]
    for row in await statement.rows(work, values):
        if row["count"]:
            scope, measures = asked[row["question"]]
            found[row["question"]][scope.keyed(row[1:])] = {name: row[name] for name in measures}
    return found


@lru_cache(maxsize=512)
def together(parts: tuple[tuple[Shape, tuple[str, ...]], ...]) -> Statement:
    """The statement for several questions: each one's rows under its place, what it has not left empty."""
    groups = max(len(shape.groups) for shape, _ in parts)
    names = [name for name in MEASURES if any(name in measures for _, measures in parts)]

    def part(place: int, shape: Shape, measures: tuple[str, ...]) -> Statement:
        own = totals_statement(shape, measures)
        columns = listed(
            f"{place} as question",
            "bucket",
            *[f"g{number}" if number < len(shape.groups) else f"null::text as g{number}" for number in range(groups)],
            *[f"{name if name in measures else 'null'}::{TYPES.get(name, 'numeric')} as {name}" for name in names],
        )
        return replace(own, text=f"select {columns} from ({own.text}) as question_{place}")

    return in_one([part(place, shape, measures) for place, (shape, measures) in enumerate(parts)])


@lru_cache(maxsize=512)
def totals_statement(shape: Shape, measures: tuple[str, ...]) -> Statement:
    """The statement for measures of this shape of question."""
    columns = ["timestamp", "id", "precise_total_amount_cents"]
    rows = f"select * from ({events_of(shape, *columns)}) as events"
    if TAKES_PART[shape.value]:
        rows += f" where {TAKES_PART[shape.value]}"
    made = [f"{MEASURES[name][0]} as {name}" for name in measures]
    if shape.keys:
        properties = properties_apart(shape)
        rows = f"select {listed(properties, *made)} from ({rows}) as rows group by {properties}"
        made = [f"{MEASURES[name][1]}({name}) as {name}" for name in measures]
    return statement(
        f"select {listed(apart(shape), *made)} from ({placed(shape, rows)}) as placed group by {apart(shape)}"
    )
