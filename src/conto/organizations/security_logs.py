"""The security log: who changed keys and webhook endpoints, and how (chapter 72 §3.3).

An entry is written in the transaction of what it tells of, and never changed or deleted. Changes of keys and
endpoints are made by hand, so the log stays short.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, false, insert, select

from conto.db.tables import security_logs
from conto.errors import NotFound
from conto.ids import new_id
from conto.listing import Found, page_of
from conto.schemas.security_logs import SecurityLogFilters
from conto.work import Work


async def record(work: Work, log_event: str, resources: Mapping[str, Any]) -> None:
    """Write an entry: an event such as `api_key.rotated`, and what it was done to. It names no secret."""
    await work.execute(
        insert(security_logs).values(
            organization_id=work.organization.id,
            id=new_id(),
            log_type=log_event.partition(".")[0],
            log_event=log_event,
            api_key_id=work.access.api_key_id if work.access else None,
            resources=dict(resources),
            logged_at=work.now,
            created_at=work.now,
        )
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Where the values differ: what was deleted and what was added, of lists the items alone."""
    return {name: difference(before[name], after[name]) for name in after if before[name] != after[name]}


def difference(before: Any, after: Any) -> dict[str, Any]:
    """A value that is gone and the one in its place; of two lists the items that only one of them has."""
    if isinstance(before, list) and isinstance(after, list):
        return {
            "deleted": [item for item in before if item not in after],
            "added": [item for item in after if item not in before],
        }
    return {"deleted": before, "added": after}


async def list_security_logs(work: Work, filters: SecurityLogFilters, *, offset: int, limit: int) -> Found:
    """Entries up to `to_date`, the latest first.

    No user acts here, only keys and whoever runs the server, so nothing
    is found for ids of users.
    """
    statement = select(security_logs).where(security_logs.c.organization_id == work.organization.id)
    statement = statement.where(security_logs.c.logged_at <= filters.to_date)
    if filters.from_date:
        statement = statement.where(security_logs.c.logged_at >= filters.from_date)
    if filters.user_ids:
        statement = statement.where(false())
    for column, values in (
        (security_logs.c.api_key_id, filters.api_key_ids),
        (security_logs.c.log_type, filters.log_types),
        (security_logs.c.log_event, filters.log_events),
    ):
        if values:
            statement = statement.where(column.in_(values))
    ordered = statement.order_by(security_logs.c.logged_at.desc(), security_logs.c.sequence.desc())
    return await page_of(work, ordered, offset=offset, limit=limit)


async def security_log(work: Work, log_id: UUID) -> Row[Any]:
    """The entry with this id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(
        select(security_logs).where(
            security_logs.c.organization_id == work.organization.id, security_logs.c.id == log_id
        )
    )
    if found is None:
        raise NotFound("security_log")
    return found
