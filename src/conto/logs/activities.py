"""The activity log: read, and completed with the objects as they are after the action (chapter 72 §3.1).

An entry is written in the transaction of its action, without its object: rendering that there would cost a read more,
and would come too early, as numbers are given last. A job shows the objects of a batch right after the commit.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import ColumnElement, Row, Select, Text, select, text

from conto import jobs, pruning
from conto.db.tables import activity_logs as logs
from conto.errors import NotFound
from conto.listing import Found, page_of
from conto.logs.spans import within
from conto.schemas.activity_logs import ActivityLogFilters
from conto.schemas.encoding import encode
from conto.webhooks.payloads import LOADERS
from conto.work import ACTIVITY, Work, Works

log = structlog.get_logger()

MOST_FEES = 25
MOST_CHARGES = 50
MOST_CHARGE_FILTERS = 100
"""What is more is left out of the object."""

kept = pruning.register("logs.prune_activities", logs.c.logged_at, lambda work: work.retention.activity_logs)

_NOT_SHOWN = select(logs.c.id, logs.c.resource_type, logs.c.object_type, logs.c.object_id)
_SHOW = text(
    "update activity_logs set activity_object = shown.activity_object,"
    " external_customer_id = shown.external_customer_id, external_subscription_id = shown.external_subscription_id"
    " from json_to_recordset(cast(cast(:shown as text) as json)) as shown (id uuid, activity_object json,"
    " external_customer_id text, external_subscription_id text)"
    " where activity_logs.organization_id = :organization and activity_logs.id = shown.id"
)


@jobs.handles(ACTIVITY)
async def show(works: Works, organization_id: UUID, batch_id: UUID) -> None:
    """Complete the activities of a batch. A second run finds nothing left to do."""
    async with works.enter(organization_id) as work:
        rows = await work.rows(
            _NOT_SHOWN.where(
                logs.c.organization_id == work.organization.id,
                logs.c.batch_id == batch_id,
                logs.c.activity_object.is_(None),
            )
        )
        objects = {
            subject: await shown(work, *subject) for subject in {(row.object_type, row.object_id) for row in rows}
        }
        completed = [_completed(row, objects[row.object_type, row.object_id]) for row in rows]
        if any(completed):
            await work.change(_SHOW, shown=encode([row for row in completed if row]).decode())
        await kept.see_to_it(work)


async def shown(work: Work, object_type: str, object_id: UUID) -> Any | None:
    """The object as the API shows it, None where it is gone."""
    try:
        return await LOADERS[object_type](work, object_id, "")
    except NotFound:
        log.warning("activity.object_gone", object_type=object_type, object_id=str(object_id))
        return None


def _completed(row: Row[Any], shown: Any | None) -> dict[str, Any] | None:
    """What is added to the entry, None where there is no object."""
    if shown is None:
        return None
    return {
        "id": row.id,
        "activity_object": cut(row.object_type, shown),
        "external_customer_id": external_customer_id(row.resource_type, shown),
        "external_subscription_id": part(shown, "external_id") if row.resource_type == "Subscription" else None,
    }


def cut(object_type: str, shown: Any) -> Any:
    """The object, without its list of fees or charges where that is long."""
    left_out: str | None = None
    if object_type == "invoice" and len(part(shown, "fees") or ()) > MOST_FEES:
        left_out = "fees"
    if object_type == "plan":
        charges: Sequence[Any] = part(shown, "charges") or ()
        filters = sum(len(part(charge, "filters") or ()) for charge in charges)
        if len(charges) > MOST_CHARGES or filters > MOST_CHARGE_FILTERS:
            left_out = "charges"
    if left_out is None:
        return shown
    fields = shown if isinstance(shown, dict) else msgspec.structs.asdict(shown)
    return {name: value for name, value in fields.items() if name != left_out}


def external_customer_id(resource_type: str, shown: Any) -> str | None:
    """The external id of the customer that the object is about, None where it is about none."""
    if resource_type == "Customer":
        return part(shown, "external_id")
    return (
        part(shown, "external_customer_id")
        or part(part(shown, "customer"), "external_id")
        or part(part(shown, "payment"), "external_customer_id")
    )


def part(shown: Any, name: str) -> Any:
    """What a shown object has under the name, None where it has nothing."""
    return shown.get(name) if isinstance(shown, dict) else getattr(shown, name, None)


_LISTED = (
    *(column for column in logs.c if column.name not in ("activity_object", "activity_object_changes")),
    logs.c.activity_object.cast(Text).label("activity_object"),
    logs.c.activity_object_changes.cast(Text).label("activity_object_changes"),
)


def _visible(work: Work) -> Select[Any]:
    return select(*_LISTED).where(
        logs.c.organization_id == work.organization.id, logs.c.logged_at > kept.oldest_kept(work)
    )


async def activity(work: Work, activity_id: UUID) -> Row[Any]:
    """The entry with this id; its object and changes are JSON texts.

    Raises:
        NotFound: there is none that is not too old.
    """
    found = await work.first(_visible(work).where(logs.c.id == activity_id))
    if found is None:
        raise NotFound("activity_log")
    return found


async def list_activities(work: Work, filters: ActivityLogFilters, *, offset: int, limit: int) -> Found:
    """Entries that are not too old, the latest first; their objects and changes are JSON texts."""
    ordered = _visible(work).where(*_conditions(filters)).order_by(logs.c.logged_at.desc(), logs.c.sequence.desc())
    return await page_of(work, ordered, offset=offset, limit=limit)


def _conditions(filters: ActivityLogFilters) -> list[ColumnElement[bool]]:
    conditions = within(filters, logs.c.logged_at)
    for column, wanted in (
        (logs.c.activity_type, filters.activity_types),
        (logs.c.activity_source, filters.activity_sources),
        (logs.c.user_email, filters.user_emails),
        (logs.c.resource_id, filters.resource_ids),
        (logs.c.resource_type, filters.resource_types),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    if filters.external_customer_id:
        conditions.append(logs.c.external_customer_id == filters.external_customer_id)
    if filters.external_subscription_id:
        conditions.append(logs.c.external_subscription_id == filters.external_subscription_id)
    return conditions
