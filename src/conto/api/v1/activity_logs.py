"""Activity logs (chapter 72 §3.1)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.ids import as_id
from conto.logs.activities import activity, list_activities
from conto.schemas.activity_logs import ActivityLogFilters, ActivityLogObject, show_activity_log
from conto.work import Work


class ActivityLogAnswer(Struct, kw_only=True, frozen=True):
    """One activity."""

    activity_log: ActivityLogObject


class ActivityLogsAnswer(Struct, kw_only=True, frozen=True):
    """A page of activities."""

    activity_logs: list[ActivityLogObject]
    meta: PaginationMeta


@get("/activity_logs", resource="activity_log")
async def find_all_activity_logs(work: Work, query: Query[ActivityLogFilters], page: Page) -> ActivityLogsAnswer:
    """List what happened, the latest first."""
    found = await list_activities(work, query.read(), offset=page.offset, limit=page.limit)
    return ActivityLogsAnswer(
        activity_logs=[show_activity_log(row) for row in found.rows], meta=meta(page, found.total)
    )


@get("/activity_logs/{activity_id}", resource="activity_log")
async def find_activity_log(work: Work, activity_id: str) -> ActivityLogAnswer:
    """Retrieve an activity."""
    found = await activity(work, as_id(activity_id, "activity_log"))
    return ActivityLogAnswer(activity_log=show_activity_log(found))
