"""Create, change, delete and read webhook endpoints (chapter 71 §1)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, delete, func, insert, select, update

from conto.changes import given
from conto.db.tables import webhook_endpoints
from conto.errors import NotFound
from conto.ids import new_id
from conto.organizations.queries import lock_organization
from conto.organizations.security_logs import changes, record
from conto.schemas.reader import Problems
from conto.schemas.webhook_endpoints import WebhookEndpointCreateInput, WebhookEndpointUpdateInput
from conto.work import Work

MAX_ENDPOINTS = 10
TOO_MANY = "Maximum number of webhook endpoints was reached"


async def webhook_endpoint(work: Work, endpoint_id: UUID) -> Row[Any]:
    """The endpoint with this id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(
        select(webhook_endpoints).where(
            webhook_endpoints.c.organization_id == work.organization.id, webhook_endpoints.c.id == endpoint_id
        )
    )
    if found is None:
        raise NotFound("webhook_endpoint")
    return found


async def webhook_endpoints_in_order(work: Work, *, limit: int, offset: int) -> tuple[Sequence[Row[Any]], int]:
    """A part of the endpoints, by URL, then newest; and how many there are in all."""
    rows = await work.rows(
        select(webhook_endpoints)
        .where(webhook_endpoints.c.organization_id == work.organization.id)
        .order_by(webhook_endpoints.c.webhook_url, webhook_endpoints.c.created_at.desc(), webhook_endpoints.c.id)
        .limit(limit)
        .offset(offset)
    )
    return rows, await count(work)


async def urls(work: Work) -> list[str]:
    """The URLs of all endpoints, that of the oldest first."""
    rows = await work.rows(
        select(webhook_endpoints.c.webhook_url)
        .where(webhook_endpoints.c.organization_id == work.organization.id)
        .order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
    )
    return [row.webhook_url for row in rows]


async def create_webhook_endpoint(work: Work, data: WebhookEndpointCreateInput, problems: Problems) -> Row[Any]:
    """Create an endpoint; `problems` holds what its reading found.

    Raises:
        Invalid: some fields are wrong, the URL is taken, or there are enough endpoints already.
    """
    await lock_organization(work)
    if data.webhook_url is UNSET:
        name_missing_url(problems)
    elif await is_taken(work, data.webhook_url):
        problems.add("webhook_url", "value_already_exist")
    if await count(work) >= MAX_ENDPOINTS:
        problems.add("base", TOO_MANY)
    problems.raise_if_any()
    return await add(
        work,
        data.webhook_url,
        signature_algo=data.signature_algo or "jwt",
        name=data.name or None,
        event_types=None if data.event_types is UNSET else data.event_types,
    )


async def update_webhook_endpoint(
    work: Work, found: Row[Any], data: WebhookEndpointUpdateInput, problems: Problems
) -> Row[Any]:
    """Change what is given; `problems` holds what its reading found.

    Raises:
        Invalid: some fields are wrong, or the new URL is another endpoint's.
    """
    name_missing_url(problems)
    values = given(data)
    url = values.get("webhook_url", found.webhook_url)
    if url != found.webhook_url and await is_taken(work, url):
        problems.add("webhook_url", "value_already_exist")
    problems.raise_if_any()
    if values.get("signature_algo") is None:
        values.pop("signature_algo", None)
    return await change(work, found, values)


async def delete_webhook_endpoint(work: Work, found: Row[Any]) -> None:
    """Delete the endpoint and with it the history of its deliveries.

    Raises:
        NotFound: it has been deleted meanwhile.
    """
    deleted = await work.first(
        delete(webhook_endpoints)
        .where(webhook_endpoints.c.organization_id == work.organization.id, webhook_endpoints.c.id == found.id)
        .returning(webhook_endpoints)
    )
    if deleted is None:
        raise NotFound("webhook_endpoint")
    await record(work, "webhook_endpoint.deleted", {"lago_id": str(deleted.id), "webhook_url": deleted.webhook_url})


async def replace_first(work: Work, url: str) -> None:
    """Give the oldest endpoint this URL; where there is none, make one with it.

    Raises:
        Invalid: the URL is another endpoint's (told by the unique index).
    """
    await lock_organization(work)
    oldest = await work.first(
        select(webhook_endpoints)
        .where(webhook_endpoints.c.organization_id == work.organization.id)
        .order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
        .limit(1)
    )
    if oldest is None:
        await add(work, url, signature_algo="jwt", name=None, event_types=None)
    elif oldest.webhook_url != url:
        await change(work, oldest, {"webhook_url": url})


async def count(work: Work) -> int:
    """How many endpoints the organization has."""
    row = await work.one(
        select(func.count())
        .select_from(webhook_endpoints)
        .where(webhook_endpoints.c.organization_id == work.organization.id)
    )
    return row[0]


async def is_taken(work: Work, url: str) -> bool:
    """Whether an endpoint has this URL."""
    found = await work.first(
        select(webhook_endpoints.c.id).where(
            webhook_endpoints.c.organization_id == work.organization.id, webhook_endpoints.c.webhook_url == url
        )
    )
    return found is not None


def name_missing_url(problems: Problems) -> None:
    """A URL that is not given is reported as an invalid one as well."""
    if "value_is_mandatory" in problems.details.get("webhook_url", ()):
        problems.add("webhook_url", "url_is_invalid")


async def add(work: Work, url: str, **values: Any) -> Row[Any]:
    """Write a new endpoint."""
    added = await work.one(
        insert(webhook_endpoints)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            webhook_url=url,
            created_at=work.now,
            updated_at=work.now,
            **values,
        )
        .returning(webhook_endpoints)
    )
    await record(work, "webhook_endpoint.created", {"lago_id": str(added.id)} | _changeable(added))
    return added


async def change(work: Work, found: Row[Any], values: dict[str, Any]) -> Row[Any]:
    """Write an endpoint's new values.

    Raises:
        NotFound: it has been deleted meanwhile.
    """
    itself = (webhook_endpoints.c.organization_id == work.organization.id) & (webhook_endpoints.c.id == found.id)
    before = await work.first(select(webhook_endpoints).where(itself).with_for_update(key_share=True))
    if before is None:
        raise NotFound("webhook_endpoint")
    changed = await work.one(
        update(webhook_endpoints).where(itself).values(values | {"updated_at": work.now}).returning(webhook_endpoints)
    )
    differences = changes(_changeable(before), _changeable(changed))
    if differences:
        described = {"lago_id": str(changed.id), "webhook_url": changed.webhook_url}
        await record(work, "webhook_endpoint.updated", described | differences)
    return changed


def _changeable(endpoint: Row[Any]) -> dict[str, Any]:
    """What the security log tells of an endpoint; no event types are every event."""
    return {
        "webhook_url": endpoint.webhook_url,
        "signature_algo": endpoint.signature_algo,
        "name": endpoint.name,
        "event_types": endpoint.event_types,
    }
