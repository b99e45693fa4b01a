"""Billable metrics (chapter 30 §1)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog import expressions, metrics
from conto.db.tables import billable_metrics as table
from conto.listing import page_of
from conto.schemas.metrics import BillableMetricObject, EvaluateExpressionInput, ExpressionResult, MetricInput
from conto.schemas.reader import Problems
from conto.work import Work


class BillableMetricAnswer(Struct, kw_only=True, frozen=True):
    """One metric."""

    billable_metric: BillableMetricObject


class BillableMetricsAnswer(Struct, kw_only=True, frozen=True):
    """A page of metrics."""

    billable_metrics: list[BillableMetricObject]
    meta: PaginationMeta


class ExpressionAnswer(Struct, kw_only=True, frozen=True):
    """What an expression comes to."""

    expression_result: ExpressionResult


@post("/billable_metrics", resource="billable_metric", envelope="billable_metric")
async def create_billable_metric(work: Work, body: Body[MetricInput]) -> BillableMetricAnswer:
    """Create a billable metric."""
    problems = Problems()
    code = await metrics.create_metric(work, body.read(problems), problems)
    return BillableMetricAnswer(billable_metric=metrics.shown(await metrics.metric(work, code)))


@get("/billable_metrics", resource="billable_metric")
async def find_all_billable_metrics(work: Work, page: Page) -> BillableMetricsAnswer:
    """List billable metrics, newest first."""
    statement = (
        metrics.METRICS.params(organization=work.organization.id)
        .where(table.c.deleted_at.is_(None))
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    found = await page_of(work, statement, offset=page.offset, limit=page.limit)
    return BillableMetricsAnswer(
        billable_metrics=[metrics.shown(row) for row in found.rows], meta=meta(page, found.total)
    )


@post("/billable_metrics/evaluate_expression", resource="billable_metric")
async def evaluate_billable_metric_expression(work: Work, body: Body[EvaluateExpressionInput]) -> ExpressionAnswer:
    """Try an expression on an event, which is not stored."""
    return ExpressionAnswer(
        expression_result=ExpressionResult(value=expressions.evaluate_expression(work, body.read()))
    )


@get("/billable_metrics/{code+}", resource="billable_metric")
async def find_billable_metric(work: Work, code: str) -> BillableMetricAnswer:
    """Retrieve a billable metric."""
    return BillableMetricAnswer(billable_metric=metrics.shown(await metrics.metric(work, code), counted=False))


@put("/billable_metrics/{code+}", resource="billable_metric", envelope="billable_metric")
async def update_billable_metric(work: Work, code: str, body: Body[MetricInput]) -> BillableMetricAnswer:
    """Update a billable metric; while charges use it, its name, description and filters alone."""
    found, problems = await metrics.metric(work, code, lock=True), Problems()
    changed = await metrics.update_metric(work, found, body.read(problems), problems)
    return BillableMetricAnswer(billable_metric=metrics.shown(await metrics.metric(work, changed)))


@delete("/billable_metrics/{code+}", resource="billable_metric")
async def destroy_billable_metric(work: Work, code: str) -> BillableMetricAnswer:
    """Delete a billable metric and all charges on it."""
    found = await metrics.metric(work, code, lock=True)
    await metrics.delete_metric(work, found)
    return BillableMetricAnswer(billable_metric=metrics.shown(found))
