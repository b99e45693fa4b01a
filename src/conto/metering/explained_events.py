"""Which events of a subscription a charge's usage counts, and why it does not count the others."""

from functools import lru_cache

from conto.metering.aggregations.scopes import FIELDS, TAKES_PART, VALUES, Field
from conto.metering.aggregations.statements import Statement, both, listed, statement
from conto.metering.store import Question
from conto.schemas.explanations import (
    ExplainedEvents,
    ExplanationEvents,
    IgnoredEvents,
    IgnoredReason,
)
from conto.work import Work

SAMPLE = 10
"""Transaction ids that are told of events counted, or ignored for one reason."""

REASONS: tuple[IgnoredReason, ...] = ("before_period", "after_period", "no_usable_value", "other_group")
NONE = ExplainedEvents(count=0, transaction_ids=[])


async def explained_events(work: Work, question: Question) -> ExplanationEvents:
    """How many events there are of each kind, with some of them."""
    metric = question.metric
    values = {
        "organization": work.organization.id,
        "subscription": question.external_subscription_id,
        "code": metric.code,
        "from": question.span.from_datetime,
        "to": question.span.to_datetime,
        "field": metric.field_name,
    }
    for number, (key, allowed) in enumerate(question.only.items()):
        values |= {f"key_{number}": key, f"values_{number}": list(allowed)}
    found = {
        row["kind"]: ExplainedEvents(count=row["count"], transaction_ids=row["transaction_ids"])
        for row in await judged(FIELDS[metric.aggregation_type], metric.recurring, len(question.only)).rows(
            work, values
        )
    }
    return ExplanationEvents(
        counted=found.get("counted", NONE),
        carried=found.get("carried", NONE),
        ignored=[
            IgnoredEvents(reason=reason, count=found[reason].count, transaction_ids=found[reason].transaction_ids)
            for reason in REASONS
            if reason in found
        ],
    )


@lru_cache(maxsize=64)
def judged(field: Field, recurring: bool, only: int) -> Statement:
    """The statement for the number of events of each kind, and the first of them in order of time."""
    values = [f"properties ->> {{key_{number}}} as only_{number}" for number in range(only)]
    wanted = both(*[f"only_{number} = any({{values_{number}}})" for number in range(only)])
    before = "" if recurring else "when timestamp < {from} then 'before_period'"
    kind = f"""
        case when timestamp > {{to}} then 'after_period' {before}
        when ({TAKES_PART[field] or "true"}) is not true then 'no_usable_value'
        when ({wanted}) is not true then 'other_group'
        when timestamp < {{from}} then 'carried' else 'counted' end
    """
    return statement(f"""
        with seen as (
            select {listed("timestamp", "id", "transaction_id", VALUES[field], *values)} from events
            where organization_id = {{organization}} and external_subscription_id = {{subscription}} and code = {{code}}
            offset 0
        ), judged as materialized (
            select timestamp, id, transaction_id, {kind} as kind from seen
        )
        select kind, count(*) as count, (
            select array_agg(transaction_id order by timestamp, id) from (
                select * from judged as same where same.kind = judged.kind order by timestamp, id limit {SAMPLE}
            ) as first
        ) as transaction_ids
        from judged group by kind
    """)
