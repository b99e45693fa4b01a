"""Which events a question is about, and the bucket and group that each falls into (chapter 30 §§4.1, 5 and 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from conto.core.days import DAY, start_of_day
from conto.metering.aggregations.statements import both, listed
from conto.metering.ingest import VALUE, VALUE_LENGTH
from conto.metering.store import Group, Question, Span
from conto.work import Work

Field = Literal["none", "number", "text"]
"""What of the metric's property takes part: nothing, numbers, or texts that are not blank."""

Key = tuple[int, tuple[str | None, ...]]
"""The number of a bucket in its question, and the values of the scope's grouping keys; null where it lacks one."""

FIELDS: Mapping[str, Field] = {
    "count_agg": "none",
    "custom_agg": "none",
    "sum_agg": "number",
    "max_agg": "number",
    "latest_agg": "number",
    "weighted_sum_agg": "number",
    "unique_count_agg": "text",
}

HISTORIC = frozenset({"sum_agg", "unique_count_agg"})
"""The aggregations that events before the period count for, where the metric recurs."""

# A number is what ingestion takes for one; `value` is what it found, where it read this property.
NUMBER = (
    "case when value_field = {field} then value"
    f" when length(properties ->> {{field}}) <= {VALUE_LENGTH} and properties ->> {{field}} ~ '^{VALUE.pattern}$'"
    " then (properties ->> {field})::numeric end"
)

VALUES: Mapping[Field, str] = {"none": "", "number": f"{NUMBER} as v", "text": "properties ->> {field} as v"}
TAKES_PART: Mapping[Field, str] = {"none": "", "number": "v is not null", "text": r"btrim(v, E' \t\n\r\f\x0b') <> ''"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands: only what comes before counts. `id` None is after all events of the instant."""

    timestamp: datetime
    id: int | None


@dataclass(frozen=True, slots=True)
class Sole:
    """The one bucket and group that is asked for."""

    bucket: int
    group: Group


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a question decides the text of its statements.

    Attributes:
        value: what of the metric's property takes part.
        history: whether events before the period count.
        filters: the numbers of the keys that each bucket looks at; none for the default bucket.
        groups: the number of each grouping key, and the buckets that have it; None where all have.
        keys: how many keys there are.
        only: how many properties are restricted.
        before: whether an instant, or a place in the order of reception, ends the events.
        sole: how many grouping keys the one bucket has that is asked for; None where all buckets are.
    """

    value: Field
    history: bool
    filters: tuple[tuple[int, ...], ...]
    groups: tuple[tuple[int, tuple[int, ...] | None], ...]
    keys: int
    only: int = 0
    before: Literal["", "instant", "reception"] = ""
    sole: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """A question's shape, the values of its parameters, and the grouping keys of each bucket by their place."""

    shape: Shape
    values: dict[str, Any]
    group_keys: tuple[tuple[tuple[str, int], ...], ...]

    def group(self, key: Key) -> Group:
        """The values of the bucket's own grouping keys."""
        number, values = key
        return {name: values[place] for name, place in self.group_keys[number]}

    def in_order(self, key: Key) -> list[tuple[bool, str]]:
        """What a bucket's groups are sorted by: the values of its grouping keys, null first."""
        values = [key[1][place] for _, place in self.group_keys[key[0]]]
        return [(value is not None, value or "") for value in values]

    def without_history(self) -> "Scope":
        """The same with the events of the period alone."""
        return replace(self, shape=replace(self.shape, history=False)) if self.shape.history else self

    def keyed(self, row: Sequence[Any]) -> Key:
        """The bucket and group that a row begins with."""
        return row[0], tuple(row[1 : 1 + len(self.shape.groups)])

    def measures(self, row: Sequence[Any]) -> Sequence[Any]:
        """What follows them in the row."""
        return row[1 + len(self.shape.groups) :]


@dataclass(slots=True)
class _Keys:
    """Numbers the properties that are read apart."""

    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def number(self, key: str) -> int:
        return self.numbers.setdefault(key, len(self.numbers))


def scope(
    work: Work,
    question: Question,
    *,
    presented: bool = False,
    before: Position | None = None,
    sole: Sole | None = None,
) -> Scope:
    """The question's scope. With `presented`, presentation keys split the groups further."""
    span, metric = question.span, question.metric
    starts = starts_of_days(span)
    values: dict[str, Any] = {
        "organization": work.organization.id,
        "subscription": question.external_subscription_id,
        "code": metric.code,
        "from": span.from_datetime,
        "to": span.to_datetime if before is None else min(span.to_datetime, before.timestamp),
        "field": metric.field_name,
        "starts": starts,
        "days": len(starts),
    }
    if before is not None:
        values |= {"at": before.timestamp, "id": before.id}
    for number, (key, allowed) in enumerate(question.only.items()):
        # No stored text has a null character, and the server takes none.
        possible = [value for value in allowed if "\0" not in key + value]
        values |= {f"key_only_{number}": key.replace("\0", ""), f"values_only_{number}": possible}
    keys = _Keys()
    filters = _filters(question, keys, values)
    groups, group_keys = ((), ()) if sole is not None else _groups(question, keys, presented=presented)
    if sole is not None:
        values["bucket"] = sole.bucket
        for number, (key, item) in enumerate(sole.group.items()):
            values |= {f"key_sole_{number}": key, f"item_{number}": item}
        group_keys = tuple(() for _ in question.buckets)
    for key, number in keys.numbers.items():
        values[f"key_{number}"] = key
    shape = Shape(
        value=FIELDS[metric.aggregation_type],
        history=metric.recurring and metric.aggregation_type in HISTORIC,
        filters=filters,
        groups=groups,
        keys=len(keys.numbers),
        only=len(question.only),
        before="" if before is None else "instant" if before.id is None else "reception",
        sole=None if sole is None else len(sole.group),
    )
    return Scope(shape, values, group_keys)


def _filters(question: Question, keys: _Keys, values: dict[str, Any]) -> tuple[tuple[int, ...], ...]:
    found: list[tuple[int, ...]] = []
    for place, bucket in enumerate(question.buckets):
        for key, allowed in bucket.values.items():
            values[f"values_{place}_{keys.number(key)}"] = list(allowed)
        found.append(tuple(keys.number(key) for key in bucket.values))
    return tuple(found)


def _groups(
    question: Question, keys: _Keys, *, presented: bool
) -> tuple[tuple[tuple[int, tuple[int, ...] | None], ...], tuple[tuple[tuple[str, int], ...], ...]]:
    """The grouping keys with the buckets that have them, and each bucket's own with their places among all."""
    own = [
        dict.fromkeys((*bucket.group_keys, *(bucket.presentation_keys if presented else ())))
        for bucket in question.buckets
    ]
    having: dict[str, list[int]] = {}
    for number, names in enumerate(own):
        for name in names:
            having.setdefault(name, []).append(number)
    places = {name: place for place, name in enumerate(having)}
    every = len(question.buckets)
    groups = tuple(
        (keys.number(name), None if len(numbers) == every else tuple(numbers)) for name, numbers in having.items()
    )
    return groups, tuple(tuple((name, places[name]) for name in names) for names in own)


@lru_cache(maxsize=4096)
def _starts(first_on: Any, count: int, timezone: str) -> list[datetime]:
    return [start_of_day(first_on + number * DAY, timezone) for number in range(count)]


def starts_of_days(span: Span) -> list[datetime]:
    """When each day of the window begins, so that instants are told apart by day as everywhere else."""
    return _starts(span.days.first_on, max(span.days.days, 1), span.timezone)


def events_of(shape: Shape, *columns: str) -> str:
    """The events that take part, as rows of `columns`, the keys `p0`, `p1`, … and the value `v`."""
    keys = [f"properties ->> {{key_{number}}} as p{number}" for number in range(shape.keys)]
    only = [f"properties ->> {{key_only_{number}}} = any({{values_only_{number}}})" for number in range(shape.only)]
    group = [
        f"nullif(properties ->> {{key_sole_{number}}}, '') is not distinct from {{item_{number}}}"
        for number in range(shape.sole or 0)
    ]
    conditions = both(
        "organization_id = {organization} and external_subscription_id = {subscription} and code = {code}",
        "timestamp <= {to}",
        "" if shape.history else "timestamp >= {from}",
        "(timestamp, id) < ({at}, {id})" if shape.before == "reception" else "",
        *only,
        *group,
    )
    return f"select {listed(VALUES[shape.value], *keys, *columns) or '1'} from events where {conditions}"


def placed(shape: Shape, rows: str) -> str:
    """The rows, which have the keys, with their `bucket` and the values `g0`, `g1`, … of the grouping keys."""
    groups = [f"{_group(key, buckets, bucket(shape))} as g{place}" for place, (key, buckets) in enumerate(shape.groups)]
    found = f"select rows.*, {listed(f'{bucket(shape)} as bucket', *groups)} from ({rows}) as rows"
    if any(not keys for keys in shape.filters) and shape.sole is None:
        return found
    wanted = "bucket is not null" if shape.sole is None else "bucket = {bucket}"
    return f"select * from ({found}) as placed where {wanted}"


def bucket(shape: Shape) -> str:
    """The number of the first bucket that takes a row; null where none does."""
    default = next((number for number, keys in enumerate(shape.filters) if not keys), None)
    conditions = [
        f"when {both(*[f'p{key} = any({{values_{number}_{key}}})' for key in keys])} then {number}"
        for number, keys in enumerate(shape.filters)
        if keys
    ]
    if not conditions:
        return str(default)
    return f"case {' '.join(conditions)} {'' if default is None else f'else {default}'} end"


def _group(key: int, buckets: tuple[int, ...] | None, own_bucket: str) -> str:
    value = f"nullif(p{key}, '')"
    if buckets is None:
        return value
    return f"case when {own_bucket} in ({', '.join(map(str, buckets))}) then {value} end"


def apart(shape: Shape) -> str:
    """The columns by which results are apart: the bucket and the group."""
    return listed("bucket", *[f"g{place}" for place in range(len(shape.groups))])


def properties_apart(shape: Shape) -> str:
    """The columns of the keys, by which rows that fall into one bucket and group may still differ."""
    return listed(*[f"p{number}" for number in range(shape.keys)])
