"""What weighted sums of recurring metrics start from: the totals of the last billed period (chapter 30 §4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from conto.catalog.priced import PricedMetric
from conto.ids import new_id
from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Place, Question, place
from conto.schemas.encoding import ENCODER
from conto.work import Work

SECOND = timedelta(seconds=1)

_LAST = text("""
    select kept.totals::text as totals, subscriptions.previous_subscription_id is not null as replaced
    from unnest(
        cast(:subscription_ids as uuid[]), cast(:charge_ids as uuid[]), cast(:begins as timestamptz[])
    ) with ordinality as asked (subscription_id, charge_id, from_datetime, place)
    left join subscriptions
        on subscriptions.organization_id = :organization and subscriptions.id = asked.subscription_id
    left join lateral (
        select totals from carried_totals
        where carried_totals.organization_id = :organization
            and carried_totals.subscription_id = asked.subscription_id
            and carried_totals.charge_id = asked.charge_id
            and carried_totals.to_datetime < asked.from_datetime
        order by to_datetime desc limit 1
    ) as kept on true
    order by asked.place
""")
_KEEP = text("""
    insert into carried_totals (organization_id, id, subscription_id, charge_id, to_datetime, totals, created_at)
    select :organization, id, subscription_id, charge_id, to_datetime, totals::jsonb, :now
    from unnest(
        cast(:ids as uuid[]), cast(:subscription_ids as uuid[]), cast(:charge_ids as uuid[]),
        cast(:ends as timestamptz[]), cast(:totals as text[])
    ) as kept (id, subscription_id, charge_id, to_datetime, totals)
    order by subscription_id, charge_id, to_datetime
    on conflict (organization_id, subscription_id, charge_id, to_datetime) do nothing
""")


class _Total(msgspec.Struct):
    filter_id: UUID | None
    group: dict[str, str | None]
    total: Decimal


_TOTALS = msgspec.json.Decoder(list[_Total])


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one charge of one subscription."""

    question: Question
    subscription_id: UUID
    charge_id: UUID


def carries(metric: PricedMetric) -> bool:
    """Whether totals of the metric go on from period to period."""
    return metric.recurring and metric.aggregation_type == "weighted_sum_agg"


async def carry(work: Work, asked: Sequence[Asked]) -> list[Question]:
    """The questions, in their order, each told what its weighted sums start from; others stay as they are.

    That is what was kept of the last period before the question's. Where nothing was, and the subscription replaced
    another, it is the sum of all values up to one second before the period.
    """
    carrying = [one for one in asked if carries(one.question.metric)]
    if not carrying:
        return [one.question for one in asked]
    rows = await work.rows(
        _LAST,
        subscription_ids=[one.subscription_id for one in carrying],
        charge_ids=[one.charge_id for one in carrying],
        begins=[one.question.span.from_datetime for one in carrying],
    )
    found: dict[int, dict[Place, Decimal]] = {}
    replacing: list[Question] = []
    for one, row in zip(carrying, rows, strict=True):
        if row.totals is not None:
            found[id(one)] = {place(kept.filter_id, kept.group): kept.total for kept in _TOTALS.decode(row.totals)}
        elif row.replaced:
            replacing.append(one.question)
    sums = dict(zip(map(id, replacing), await _sums_before(work, replacing), strict=True))
    return [
        replace(one.question, carried=found.get(id(one), sums.get(id(one.question), one.question.carried)))
        for one in asked
    ]


async def _sums_before(work: Work, questions: Sequence[Question]) -> list[dict[Place, Decimal]]:
    """The sums of all values up to one second before each question's period, by place."""
    answers = await aggregate(work, [_sum_before(question) for question in questions])
    return [
        {where: total for one in aggregates for where, total in _totals(one, one.presented)} for aggregates in answers
    ]


def _sum_before(question: Question) -> Question:
    span = replace(question.span, to_datetime=question.span.from_datetime - SECOND)
    metric = replace(question.metric, aggregation_type="sum_agg", rounding_function=None)
    return replace(question, metric=metric, span=span, carried={})


def _totals(one: Aggregate, presented: Sequence[tuple[Any, Decimal]]) -> list[tuple[Place, Decimal]]:
    """The totals of a bucket's group and of the combinations of its presentation keys."""
    return [
        (place(one.bucket.filter_id, one.group), one.level),
        *((place(one.bucket.filter_id, {**one.group, **combination}), total) for combination, total in presented),
    ]


async def keep(work: Work, answered: Sequence[tuple[Asked, Sequence[Aggregate]]]) -> None:
    """Keep the totals at the end of periods that are invoiced; what was kept of one before stays."""
    carrying = [(asked, aggregates) for asked, aggregates in answered if carries(asked.question.metric)]
    if not carrying:
        return
    totals = [
        [
            _Total(filter_id, dict(group), total)
            for one in aggregates
            for (filter_id, group), total in _totals(one, one.presented_levels)
        ]
        for _, aggregates in carrying
    ]
    await work.change(
        _KEEP,
        now=work.now,
        ids=[new_id() for _ in carrying],
        subscription_ids=[asked.subscription_id for asked, _ in carrying],
        charge_ids=[asked.charge_id for asked, _ in carrying],
        ends=[asked.question.span.to_datetime for asked, _ in carrying],
        totals=[ENCODER.encode(own).decode() for own in totals],
    )
