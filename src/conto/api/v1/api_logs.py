"""API logs (chapter 72 §3.2)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.logs.calls import call, list_calls
from conto.schemas.api_logs import ApiLogFilters, ApiLogObject, show_api_log
from conto.work import Work


class ApiLogAnswer(Struct, kw_only=True, frozen=True):
    """One call."""

    api_log: ApiLogObject


class ApiLogsAnswer(Struct, kw_only=True, frozen=True):
    """A page of calls."""

    api_logs: list[ApiLogObject]
    meta: PaginationMeta


@get("/api_logs", resource="api_log")
async def find_all_api_logs(work: Work, query: Query[ApiLogFilters], page: Page) -> ApiLogsAnswer:
    """List calls that were to change something, the latest first."""
    found = await list_calls(work, query.read(), offset=page.offset, limit=page.limit)
    return ApiLogsAnswer(api_logs=[show_api_log(row) for row in found.rows], meta=meta(page, found.total))


@get("/api_logs/{request_id}", resource="api_log")
async def find_api_log(work: Work, request_id: str) -> ApiLogAnswer:
    """Retrieve a call."""
    return ApiLogAnswer(api_log=show_api_log(await call(work, request_id)))
