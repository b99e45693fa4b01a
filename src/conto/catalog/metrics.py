"""Create, change, delete and read billable metrics (chapter 30 §1)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, Select, delete, func, insert, select, update

from conto.catalog.metric_filters import listed_in, replace_filters
from conto.catalog.priced import METRIC_FILTERS
from conto.changes import differences, given
from conto.core.expression import InvalidExpression, parse
from conto.db.tables import billable_metric_filters, billable_metrics, charge_filters, charges, plans
from conto.errors import Forbidden, NotFound
from conto.ids import new_id
from conto.invoices.stale import refresh_drafts_of_metric
from conto.schemas.metrics import BillableMetricObject, MetricInput, show_metric
from conto.schemas.reader import Problems
from conto.work import ORGANIZATION, Work

METRICS: Select[Any] = select(billable_metrics, METRIC_FILTERS.column).where(
    billable_metrics.c.organization_id == ORGANIZATION
)
"""Metrics with their filters; the organization is a parameter."""

WITHOUT_FIELD = ("count_agg", "custom_agg")
NOT_RECURRING = ("count_agg", "max_agg", "latest_agg")
ALWAYS_CHANGED = ("name", "description")
BLANK: dict[str, Any] = {
    "description": None,
    "field_name": None,
    "recurring": False,
    "weighted_interval": None,
    "expression": None,
    "rounding_function": None,
    "rounding_precision": None,
}


def filters_of(metric: Row[Any]) -> list[Any]:
    """The filters of a metric, whose row is one of `METRICS`: each with its key and values."""
    return METRIC_FILTERS.of(metric)


def shown(metric: Row[Any], *, counted: bool = True) -> BillableMetricObject:
    """A metric, whose row is one of `METRICS`, as JSON."""
    return show_metric(metric, METRIC_FILTERS.of(metric), counted=counted)


async def metric(work: Work, code: str, *, lock: bool = False) -> Row[Any]:
    """The live metric with this code, a row of `METRICS`.

    Raises:
        NotFound: there is none.
    """
    statement = METRICS.where(billable_metrics.c.code == code, billable_metrics.c.deleted_at.is_(None))
    found = await work.first(
        statement.with_for_update(of=billable_metrics) if lock else statement, organization=work.organization.id
    )
    if found is None:
        raise NotFound("billable_metric")
    return found


async def create_metric(work: Work, data: MetricInput, problems: Problems) -> str:
    """Create a metric; its code. `problems` holds what the reader of the input found.

    Raises:
        Forbidden: its aggregation would be custom.
        Invalid: fields are not as they must be; nothing is stored.
    """
    refuse_custom(data)
    values = BLANK | given(data, without=("filters",))
    for field in ("name", "code"):
        if field not in values:
            problems.add(field, "value_is_mandatory") if field not in problems else None
    if values.get("code") and await _is_taken(work, values["code"]):
        problems.add("code", "value_already_exist")
    values = checked(values, problems)
    wanted = listed_in(data.filters or [], problems) if data.filters is not UNSET else {}
    problems.raise_if_any()
    own = {"organization_id": work.organization.id, "id": new_id(), "created_at": work.now, "updated_at": work.now}
    await work.execute(insert(billable_metrics).values(values | own))
    await replace_filters(work, own["id"], wanted)
    work.emit("billable_metric.created", own["id"])
    return values["code"]


async def update_metric(work: Work, found: Row[Any], data: MetricInput, problems: Problems) -> str:
    """Change what is given of a metric, which is locked; its code. While charges use it, little of it changes.

    Raises:
        Forbidden: its aggregation would be custom.
        Invalid: fields are not as they must be; nothing is stored.
    """
    refuse_custom(data)
    changes = given(data, without=("filters",))
    if await _is_attached(work, found):
        changes = {name: value for name, value in changes.items() if name in ALWAYS_CHANGED}
        for field in [
            field for field in problems.details if field not in (*ALWAYS_CHANGED, "filters", "key", "values")
        ]:
            del problems.details[field]
    elif "code" in changes and changes["code"] != found.code and await _is_taken(work, changes["code"]):
        problems.add("code", "value_already_exist")
    stored = {name: getattr(found, name) for name in (*BLANK, "name", "code", "aggregation_type")}
    values = checked(stored | changes, problems)
    wanted = listed_in(data.filters, problems) if data.filters is not UNSET else None
    problems.raise_if_any()
    changed = differences(found, values)
    if wanted is not None:
        changed |= await replace_filters(work, found.id, wanted)
        await refresh_drafts_of_metric(work, found.id)
    await work.execute(
        update(billable_metrics)
        .where(billable_metrics.c.organization_id == work.organization.id, billable_metrics.c.id == found.id)
        .values(values | {"updated_at": work.now})
    )
    work.emit("billable_metric.updated", found.id, changes=changed)
    return values["code"]


async def delete_metric(work: Work, found: Row[Any]) -> None:
    """Delete a metric, which is locked, with all charges on it; its code becomes free, its events stay."""
    own = work.organization.id
    of_metric = select(charges.c.id).where(charges.c.organization_id == own, charges.c.billable_metric_id == found.id)
    await work.execute(
        update(charge_filters)
        .where(
            charge_filters.c.organization_id == own,
            charge_filters.c.charge_id.in_(of_metric),
            charge_filters.c.deleted_at.is_(None),
        )
        .values(deleted_at=work.now)
    )
    await work.execute(
        update(charges)
        .where(
            charges.c.organization_id == own, charges.c.billable_metric_id == found.id, charges.c.deleted_at.is_(None)
        )
        .values(deleted_at=work.now)
    )
    await work.execute(
        delete(billable_metric_filters).where(
            billable_metric_filters.c.organization_id == own,
            billable_metric_filters.c.billable_metric_id == found.id,
        )
    )
    await work.execute(
        update(billable_metrics)
        .where(billable_metrics.c.organization_id == own, billable_metrics.c.id == found.id)
        .values(deleted_at=work.now)
    )
    await refresh_drafts_of_metric(work, found.id)
    work.emit("billable_metric.deleted", found.id)


def refuse_custom(data: MetricInput) -> None:
    """Custom aggregations are off for every organization (chapter 30 §4.9)."""
    if data.aggregation_type == "custom_agg":
        raise Forbidden("feature_unavailable")


def checked(values: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """The metric's values as they are stored, with what does not go together added to the problems."""
    aggregation = values.get("aggregation_type")
    if aggregation is None:
        problems.add("aggregation_type", "value_is_invalid")
        return values
    if aggregation == "count_agg":
        values = values | {"field_name": None}
    elif not values["field_name"] and aggregation not in WITHOUT_FIELD and "field_name" not in problems:
        problems.add("field_name", "value_is_mandatory")
    if values["recurring"] and aggregation in NOT_RECURRING:
        problems.add("recurring", "not_compatible_with_aggregation_type")
    if aggregation == "weighted_sum_agg" and values["weighted_interval"] is None:
        problems.add("weighted_interval", "value_is_invalid")
    if values["expression"] and not is_expression(values["expression"]):
        problems.add("expression", "invalid_expression")
    return values


def is_expression(text: str) -> bool:
    """Whether the text can be read as an expression."""
    try:
        parse(text)
    except InvalidExpression:
        return False
    return True


async def _is_taken(work: Work, code: str) -> bool:
    found = await work.first(
        select(billable_metrics.c.id).where(
            billable_metrics.c.organization_id == work.organization.id,
            billable_metrics.c.code == code,
            billable_metrics.c.deleted_at.is_(None),
        )
    )
    return found is not None


async def _is_attached(work: Work, found: Row[Any]) -> bool:
    """Whether a charge that is not deleted, on a plan that is not, uses the metric."""
    used = await work.one(
        select(func.count().label("charges"))
        .select_from(charges)
        .join(plans, (plans.c.organization_id == charges.c.organization_id) & (plans.c.id == charges.c.plan_id))
        .where(
            charges.c.organization_id == work.organization.id,
            charges.c.billable_metric_id == found.id,
            charges.c.deleted_at.is_(None),
            plans.c.deleted_at.is_(None),
        )
    )
    return used.charges > 0
