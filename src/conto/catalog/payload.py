"""What webhooks tell of metrics and plans (chapters 30 §1.3 and 52 §10)."""

from uuid import UUID

from msgspec import UNSET, structs

from conto.catalog.metrics import METRICS, shown
from conto.catalog.plans.queries import shown_plan
from conto.db.tables import billable_metrics
from conto.errors import NotFound
from conto.schemas.metrics import BillableMetricObject
from conto.schemas.plans import PlanObject
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("billable_metric")
async def metric_payload(work: Work, metric_id: UUID, webhook_type: str) -> BillableMetricObject:
    """The metric, deleted or not."""
    found = await work.first(METRICS.where(billable_metrics.c.id == metric_id), organization=work.organization.id)
    if found is None:
        raise NotFound("billable_metric")
    return shown(found)


@payload_of("plan")
async def plan_payload(work: Work, plan_id: UUID, webhook_type: str) -> PlanObject:
    """The plan with all that is on it, be it deleted or a child; once it is deleted, without entitlements."""
    shown = await shown_plan(work, plan_id)
    return structs.replace(shown, entitlements=UNSET) if webhook_type == "plan.deleted" else shown
