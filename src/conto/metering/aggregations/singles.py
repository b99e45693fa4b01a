"""Single events, where a price looks at them one by one (chapters 40 §§4.6 and 7.1)."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from conto.core.charges.proration import Operation
from conto.core.days import DAY, local_day
from conto.metering.aggregations import distinct
from conto.metering.aggregations.scopes import TAKES_PART, Key, Scope, Shape, apart, events_of, placed
from conto.metering.aggregations.statements import Statement, listed, statement
from conto.metering.store import Bucket, Span
from conto.work import Work

ALL = 2**62
IN_TIME = "order by timestamp, id"

Runs = Sequence[tuple[Decimal, int]]
"""Values with how often each comes in a row."""


async def first_values(work: Work, scope: Scope, buckets: Sequence[Bucket]) -> dict[Key, Runs]:
    """The values in order of time that the allowances of some buckets look at."""
    found = await _values(
        work,
        scope,
        [bucket.needs.first_values for bucket in buckets],
        [bucket.needs.values_until_above for bucket in buckets],
    )
    return {key: [(value, 1) for value in values] for key, values in found.items()}


async def all_values(work: Work, scope: Scope, buckets: Sequence[Bucket]) -> dict[Key, Runs]:
    """All values of the period in order of time, where buckets need them so."""
    wanted = [ALL if bucket.needs.every_value and bucket.needs.in_order else None for bucket in buckets]
    found = await _values(work, scope.without_history(), wanted, [None] * len(buckets))
    return {key: [(value, 1) for value in values] for key, values in found.items()}


async def _values(
    work: Work, scope: Scope, firsts: Sequence[int | None], aboves: Sequence[Decimal | None]
) -> dict[Key, list[Decimal]]:
    values = scope.values | {"firsts": firsts, "aboves": aboves}
    rows = await values_statement(scope.shape).rows(work, values)
    return {scope.keyed(row): row["values"] for row in rows}


@lru_cache(maxsize=512)
def values_statement(shape: Shape) -> Statement:
    """The statement for the first values, or those until their sum exceeds a bound, of each bucket and group."""
    rows = f"{events_of(shape, 'timestamp', 'id')} offset 0"
    run = f"window run as (partition by {apart(shape)} {IN_TIME})"
    running = f"""
        select {listed(apart(shape), "v", "timestamp", "id")},
            row_number() over run as place, sum(v) over (run rows unbounded preceding) as running
        from ({placed(shape, rows)}) as placed where {TAKES_PART[shape.value]} {run}
    """
    passed = f"""
        select *, max(running) over (run rows between unbounded preceding and 1 preceding) as passed
        from ({running}) as running {run}
    """
    bound = "({aboves})[bucket + 1]"
    return statement(
        f"select {apart(shape)}, array_agg(v {IN_TIME}) as values from ({passed}) as passed"
        f" where place <= ({{firsts}})[bucket + 1] or coalesce(passed <= {bound}, {bound} is not null)"
        f" group by {apart(shape)}"
    )


async def counted_values(work: Work, scope: Scope, buckets: Sequence[Bucket]) -> dict[Key, Runs]:
    """All values of the period with how often each comes, where buckets need them in any order."""
    scope = scope.without_history()
    wanted = [ALL if bucket.needs.every_value and not bucket.needs.in_order else None for bucket in buckets]
    found: dict[Key, list[tuple[Decimal, int]]] = {}
    for row in await counted_statement(scope.shape).rows(work, scope.values | {"firsts": wanted}):
        found.setdefault(scope.keyed(row), []).append((row["v"], row["count"]))
    return dict(found)


@lru_cache(maxsize=512)
def counted_statement(shape: Shape) -> Statement:
    """The statement for the number of events of each value, in each bucket and group."""
    rows = f"{events_of(shape)} offset 0"
    return statement(
        f"select {apart(shape)}, v, count(*) as count from ({placed(shape, rows)}) as placed"
        f" where {TAKES_PART[shape.value]} and ({{firsts}})[bucket + 1] is not null group by {apart(shape)}, v"
    )


async def changes_of_sums(work: Work, scope: Scope, span: Span) -> dict[Key, list[tuple[Decimal, date]]]:
    """The values of the period in order of time, each with its day."""
    scope = scope.without_history()
    days = [span.days.first_on + number * DAY for number in range(len(scope.values["starts"]))]
    return {
        scope.keyed(row): [
            (value, days[max(day, 1) - 1]) for value, day in zip(row["values"], row["days"], strict=True)
        ]
        for row in await changes_statement(scope.shape).rows(work, scope.values)
    }


@lru_cache(maxsize=512)
def changes_statement(shape: Shape) -> Statement:
    """The statement for the values of each bucket and group, and their days of the window."""
    rows = f"{events_of(shape, 'timestamp', 'id', 'width_bucket(timestamp, {starts}) as day')} offset 0"
    return statement(
        f"select {apart(shape)}, array_agg(v {IN_TIME}) as values, array_agg(day {IN_TIME}) as days"
        f" from ({placed(shape, rows)}) as placed where {TAKES_PART[shape.value]} group by {apart(shape)}"
    )


async def operations(work: Work, scope: Scope, span: Span) -> dict[Key, list[Operation]]:
    """The operations of unique counts that change anything, in order of time."""
    day_of = _Days(span, scope.values["starts"])
    return {
        scope.keyed(row): [
            Operation(value, day_of(instant), adds, earlier=instant < span.from_datetime)
            for value, instant, adds in zip(row["values"], row["instants"], row["adds"], strict=True)
        ]
        for row in await operations_statement(scope.shape).rows(work, scope.values)
    }


class _Days:
    """Tells the day of an instant; quickly within the window."""

    def __init__(self, span: Span, starts: Sequence[datetime]) -> None:
        self.span, self.starts = span, starts

    def __call__(self, instant: datetime) -> date:
        number = bisect_right(self.starts, instant)
        if number == 0:
            return local_day(instant, self.span.timezone)
        return self.span.days.first_on + (number - 1) * DAY


@lru_cache(maxsize=512)
def operations_statement(shape: Shape) -> Statement:
    """The statement for the operations of each bucket and group that change anything."""
    lists = [
        f"array_agg({column} {IN_TIME}) as {name}"
        for column, name in (("v", "values"), ("timestamp", "instants"), ("adds", "adds"))
    ]
    return statement(
        f"select {listed(apart(shape), *lists)} from ({distinct.changes(shape)}) as walked where changes"
        f" group by {apart(shape)}"
    )
