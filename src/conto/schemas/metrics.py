"""Billable metrics as JSON (chapter 30 §1)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import (
    NEEDED,
    Code,
    Flag,
    LongText,
    Mandatory,
    Raw,
    Text,
    TextOrNull,
    identifier,
    integer,
    text,
)

AggregationType = Literal[
    "count_agg", "sum_agg", "max_agg", "unique_count_agg", "weighted_sum_agg", "latest_agg", "custom_agg"
]
RoundingFunction = Literal["round", "ceil", "floor"]

MOST_ROUNDING_DIGITS = 20
EXPRESSION_LIMIT = 4096

Expression = Annotated[str, text(EXPRESSION_LIMIT, blank_is_null=True)]
RoundingPrecision = Annotated[int, integer(-MOST_ROUNDING_DIGITS, MOST_ROUNDING_DIGITS)]


class MetricFilterInput(Struct, kw_only=True, frozen=True):
    """An event property by which usage may be priced apart, and the values that it may take."""

    key: Annotated[str, identifier(mandatory=True)]
    values: Annotated[list[Text], NEEDED] | UnsetType = UNSET


class MetricInput(Struct, kw_only=True, frozen=True):
    """A metric to make, or the keys of one to change."""

    name: Annotated[Mandatory, NEEDED] | UnsetType = UNSET
    code: Annotated[Code, NEEDED] | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    aggregation_type: Annotated[AggregationType, NEEDED] | UnsetType = UNSET
    field_name: TextOrNull | None | UnsetType = UNSET
    recurring: Flag | UnsetType = UNSET
    weighted_interval: Literal["seconds"] | None | UnsetType = UNSET
    expression: Expression | None | UnsetType = UNSET
    rounding_function: RoundingFunction | None | UnsetType = UNSET
    rounding_precision: RoundingPrecision | None | UnsetType = UNSET
    filters: list[MetricFilterInput] | UnsetType = UNSET


class EvaluateExpressionInput(Struct, kw_only=True, frozen=True):
    """An expression, and an event to try it on."""

    expression: Annotated[Expression, NEEDED] | None | UnsetType = UNSET
    event: Annotated[Raw, NEEDED] | UnsetType = UNSET


class ExpressionResult(Struct, kw_only=True, frozen=True):
    """What an expression comes to: a number as a decimal text, or a text."""

    value: str


class BillableMetricFilterObject(Struct, kw_only=True, frozen=True):
    """A key of a metric's filters with its values, in order."""

    key: str
    values: list[str]


class BillableMetricObject(Struct, kw_only=True, frozen=True):
    """A billable metric. The counters are always 0, and not shown where one metric is read."""

    lago_id: UUID
    name: str
    code: str
    description: str | None
    aggregation_type: AggregationType
    field_name: str | None
    recurring: bool
    weighted_interval: Literal["seconds"] | None
    expression: str | None
    rounding_function: RoundingFunction | None
    rounding_precision: int | None
    created_at: str
    filters: list[BillableMetricFilterObject]
    active_subscriptions_count: int | UnsetType = UNSET
    draft_invoices_count: int | UnsetType = UNSET
    plans_count: int | UnsetType = UNSET


def show_metric(metric: Row[Any], filters: Sequence[Any], *, counted: bool = True) -> BillableMetricObject:
    """The metric with its filters, by key; with `counted` also its counters."""
    same = (
        "name code description aggregation_type field_name recurring weighted_interval expression rounding_function"
        " rounding_precision"
    ).split()
    counter = 0 if counted else UNSET
    return BillableMetricObject(
        **{name: getattr(metric, name) for name in same},
        lago_id=metric.id,
        created_at=instant(metric.created_at),
        filters=[BillableMetricFilterObject(key=one.key, values=sorted(one.values)) for one in filters],
        active_subscriptions_count=counter,
        draft_invoices_count=counter,
        plans_count=counter,
    )
