"""What the event store answers, from PostgreSQL (chapter 30 §§4 to 6).

What can be added up takes one statement for all charges, however many filters they have; unique counts take one a
charge. Where a price looks at single events, or where units are broken down or marked in advance, each of these takes
one more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from conto.core.charges import percentage, prorated_graduated, proration
from conto.core.charges.graduated import Graduated
from conto.core.charges.in_advance import Marks
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import NO_EVENTS, Climb, SingleEvents, Step
from conto.core.charges.proration import Operation
from conto.core.money import ZERO, in_major_units
from conto.db.engine import driver
from conto.metering.aggregations import singles
from conto.metering.aggregations.distinct import Distinct, active_days, active_values
from conto.metering.aggregations.marks import marks
from conto.metering.aggregations.scopes import Key, Scope, scope
from conto.metering.aggregations.singles import Runs
from conto.metering.aggregations.totals import Measured, measures_of, totals
from conto.metering.aggregations.units import Units, of_distinct, of_measures
from conto.metering.store import Aggregate, Bucket, Group, Question
from conto.work import Work

# A plan for any subscription is a bad one for those with many events: it neither scans nor reads in parallel.
PLAN_EACH = "set local plan_cache_mode = force_custom_plan; set local enable_seqscan = on"
PLAN_AS_USUAL = "set local plan_cache_mode to default; set local enable_seqscan to default"

NO_MEASURES: Measured = {}
NONE_ACTIVE = Distinct(0)


@dataclass(slots=True)
class Found:
    """What the statements of one question found, by bucket and group; each holds only what was asked for."""

    scope: Scope
    units: dict[Key, Units]
    measured: Mapping[Key, Measured]
    runs: dict[Key, Runs] = field(default_factory=dict[Key, Runs])
    changes: Mapping[Key, Sequence[Any]] = field(default_factory=dict[Key, Sequence[Any]])
    marks: Mapping[Key, Marks] = field(default_factory=dict[Key, Marks])
    presented: Mapping[Key, "Presented"] = field(default_factory=dict[Key, "Presented"])


@dataclass(slots=True)
class Presented:
    """The units and levels by combination of the presentation keys."""

    units: list[tuple[Group, Decimal]] = field(default_factory=list[tuple[Group, Decimal]])
    levels: list[tuple[Group, Decimal]] = field(default_factory=list[tuple[Group, Decimal]])


NOT_PRESENTED = Presented()


async def aggregate(work: Work, questions: Sequence[Question], *, last: bool = False) -> list[list[Aggregate]]:
    """What the events of each question come to: its buckets in their order, each one's groups sorted.

    A bucket with group keys and no events yields one aggregate whose keys are all null; one without yields one always.
    `last`: the work asks the database for nothing after this.
    """
    if not questions:
        return []
    below = driver(work.connection)
    await below.execute(PLAN_EACH)
    asked = [(question, scope(work, question)) for question in questions]
    adding_up = [(question, its_scope) for question, its_scope in asked if adds_up(question)]
    measured = iter(await totals(work, [(its_scope, measures_of(question)) for question, its_scope in adding_up]))
    answers = [
        await answer(work, question, its_scope, next(measured) if adds_up(question) else None)
        for question, its_scope in asked
    ]
    if not last:
        await below.execute(PLAN_AS_USUAL)
    return answers


def adds_up(question: Question) -> bool:
    """Whether the question's units are made of what can be added up over events."""
    return question.metric.aggregation_type != "unique_count_agg"


async def answer(
    work: Work, question: Question, its_scope: Scope, measured: Mapping[Key, Measured] | None
) -> list[Aggregate]:
    """What the events of one question come to; `measured` is what they add up to, where they do."""
    found = await find(work, question, its_scope, measured)
    if any(bucket.presentation_keys for bucket in question.buckets):
        found.presented = await presented(work, question, found.scope)
    keys = keys_in_order(found)
    none = (None,) * len(found.scope.shape.groups)
    return [
        aggregated(question, found, key)
        for number in range(len(question.buckets))
        for key in keys.get(number) or [(number, none)]
    ]


async def find(work: Work, question: Question, asked: Scope, measured: Mapping[Key, Measured] | None = None) -> Found:
    """What the statements find in the scope, presentation aside."""
    found = await units_found(work, question, asked, measured)
    await find_single_events(work, question, found)
    if question.marks:
        days = question.span.days.period_days if question.prorated else None
        found.marks = await marks(work, asked, prorated_over=days)
    return found


async def units_found(
    work: Work, question: Question, asked: Scope, measured: Mapping[Key, Measured] | None = None
) -> Found:
    """The units of each bucket and group that has any events, or a total that was carried to it.

    `measured` is what the events add up to, where that is known.
    """
    if not adds_up(question):
        return await distinct_found(work, question, asked)
    if measured is None:
        (measured,) = await totals(work, [(asked, measures_of(question))])
    carried = carried_by_key(question, asked)
    units = {
        key: of_measures(question, measured.get(key, NO_MEASURES), carried.get(key, ZERO))
        for key in {*measured, *carried}
    }
    return Found(asked, units, measured)


async def distinct_found(work: Work, question: Question, asked: Scope) -> Found:
    """The same for a unique count."""
    if question.prorated:
        found = await active_days(work, asked, question.span.days)
    else:
        found = await active_values(work, asked)
    return Found(asked, {key: of_distinct(question, one) for key, one in found.items()}, {})


def carried_by_key(question: Question, asked: Scope) -> dict[Key, Decimal]:
    """The totals that weighted sums start from."""
    found: dict[Key, Decimal] = {}
    carried: dict[UUID | None, list[tuple[tuple[tuple[str, str | None], ...], Decimal]]] = {}
    for (filter_id, group), total in question.carried.items():
        carried.setdefault(filter_id, []).append((group, total))
    for number, bucket in enumerate(question.buckets):
        own = dict(asked.group_keys[number])
        for group, total in carried.get(bucket.filter_id, ()):
            if {key for key, _ in group} == own.keys():
                values: list[str | None] = [None] * len(asked.shape.groups)
                for key, value in group:
                    values[own[key]] = value
                found[number, tuple(values)] = total
    return found


async def find_single_events(work: Work, question: Question, found: Found) -> None:
    """Read what the buckets need of single events."""
    buckets, asked = question.buckets, found.scope
    needs = [bucket.needs for bucket in buckets]
    if any(one.first_values is not None or one.values_until_above is not None for one in needs):
        found.runs |= await singles.first_values(work, asked, buckets)
    if any(one.every_value and one.in_order for one in needs):
        found.runs |= await singles.all_values(work, asked, buckets)
    if any(one.every_value and not one.in_order for one in needs):
        found.runs |= await singles.counted_values(work, asked, buckets)
    if any(one.steps for one in needs):
        if question.metric.aggregation_type == "unique_count_agg":
            found.changes = await singles.operations(work, asked, question.span)
        else:
            found.changes = await singles.changes_of_sums(work, asked, question.span)


async def presented(work: Work, question: Question, asked: Scope) -> dict[Key, Presented]:
    """The units that are shown of each combination of presentation keys, sorted, by bucket and group."""
    finer = await units_found(work, question, scope(work, question, presented=True))
    weighted = question.metric.aggregation_type == "weighted_sum_agg"
    found: dict[Key, Presented] = {}
    for number, keys in keys_in_order(finer).items():
        bucket = question.buckets[number]
        for key in keys if bucket.presentation_keys else ():
            values = finer.scope.group(key)
            combination = {name: values[name] for name in bucket.presentation_keys}
            units = finer.units[key].rounded(question.metric)
            own = found.setdefault(key_of(asked, number, values), Presented())
            own.units.append((combination, units.units if units.full_units is None else units.full_units))
            if weighted:
                own.levels.append((combination, units.level))
    return found


def key_of(asked: Scope, number: int, values: Group) -> Key:
    """The key of the bucket's group that has these values."""
    found: list[str | None] = [None] * len(asked.shape.groups)
    for name, at in asked.group_keys[number]:
        found[at] = values[name]
    return number, tuple(found)


def keys_in_order(found: Found) -> dict[int, list[Key]]:
    """The groups that each bucket has, sorted by their values, null first."""
    keys: dict[int, list[Key]] = {}
    for key in sorted(found.units, key=found.scope.in_order):
        keys.setdefault(key[0], []).append(key)
    return keys


def aggregated(question: Question, found: Found, key: Key) -> Aggregate:
    """The answer for one bucket and group."""
    bucket, metric = question.buckets[key[0]], question.metric
    units = found.units.get(key) or nothing(question)
    shown = units.rounded(metric)
    return Aggregate(
        bucket=bucket,
        group=found.scope.group(key),
        units=shown.units,
        full_units=shown.full_units,
        level=shown.level,
        count=shown.count,
        events=single_events(bucket, metric.aggregation_type, shown, found.runs.get(key, ())),
        climb=climb(question, bucket, found, key) if bucket.needs.steps else None,
        given_amount=given_amount(question, bucket, found.measured.get(key, NO_MEASURES)),
        marks=found.marks.get(key),
        presented=tuple(found.presented.get(key, NOT_PRESENTED).units),
        presented_levels=tuple(found.presented.get(key, NOT_PRESENTED).levels),
    )


def given_amount(question: Question, bucket: Bucket, measured: Measured) -> Decimal | None:
    """The sum of the amounts that the events brought along, in major units."""
    if not bucket.needs.given_amount:
        return None
    assert question.currency is not None
    return in_major_units(measured.get("given") or ZERO, question.currency)


def nothing(question: Question) -> Units:
    """The units of no events."""
    if question.metric.aggregation_type == "unique_count_agg":
        return of_distinct(question, NONE_ACTIVE)
    return of_measures(question, NO_MEASURES, ZERO)


def single_events(bucket: Bucket, aggregation_type: str, units: Units, runs: Runs) -> SingleEvents:
    """What a percentage charge has to know of single events."""
    if not isinstance(bucket.properties, Percentage):
        return NO_EVENTS
    match aggregation_type:
        case "sum_agg":
            return percentage.gather(bucket.properties, runs)
        case "count_agg" | "unique_count_agg":
            return percentage.gather_counted(bucket.properties, units.units, units.count)
        case _:
            return percentage.gather_uncounted(bucket.properties, units.count)


def climb(question: Question, bucket: Bucket, found: Found, key: Key) -> Climb | None:
    """How far a prorated graduated charge climbs."""
    if not isinstance(bucket.properties, Graduated):
        return None
    return prorated_graduated.climb(bucket.properties, steps(question, found, key))


def steps(question: Question, found: Found, key: Key) -> Sequence[Step]:
    """The steps of the running total: what was carried, then each event."""
    window, changes = question.span.days, found.changes.get(key, ())
    if question.metric.aggregation_type == "unique_count_agg":
        operations: Sequence[Operation] = changes
        return list(proration.count_steps(operations, window))
    carried = found.measured.get(key, NO_MEASURES).get("earlier") or ZERO
    return list(proration.sum_steps(carried, changes, window))
