"""The security log (chapter 72 §3.3)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.ids import as_id
from conto.organizations import security_logs
from conto.schemas.security_logs import SecurityLogFilters, SecurityLogObject, show_security_log
from conto.work import Work

RESOURCE = "security_log"


class SecurityLogAnswer(Struct, kw_only=True, frozen=True):
    """One entry."""

    security_log: SecurityLogObject


class SecurityLogsAnswer(Struct, kw_only=True, frozen=True):
    """A page of entries."""

    security_logs: list[SecurityLogObject]
    meta: PaginationMeta


@get("/security_logs", resource=RESOURCE)
async def find_all_security_logs(work: Work, query: Query[SecurityLogFilters], page: Page) -> SecurityLogsAnswer:
    """List changes of API keys and webhook endpoints up to a day or instant, the latest first."""
    found = await security_logs.list_security_logs(work, query.read(), offset=page.offset, limit=page.limit)
    return SecurityLogsAnswer(
        security_logs=[show_security_log(entry) for entry in found.rows], meta=meta(page, found.total)
    )


@get("/security_logs/{log_id}", resource=RESOURCE)
async def find_security_log(work: Work, log_id: str) -> SecurityLogAnswer:
    """Retrieve an entry of the security log."""
    found = await security_logs.security_log(work, as_id(log_id, RESOURCE))
    return SecurityLogAnswer(security_log=show_security_log(found))
