"""Webhook endpoints (chapter 71 §1)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.ids import as_id
from conto.schemas.reader import Problems
from conto.schemas.webhook_endpoints import (
    WebhookEndpointCreateInput,
    WebhookEndpointObject,
    WebhookEndpointUpdateInput,
    show_webhook_endpoint,
)
from conto.webhooks import endpoints
from conto.work import Work

RESOURCE = "webhook_endpoint"


class WebhookEndpoint(Struct, kw_only=True, frozen=True):
    """One endpoint."""

    webhook_endpoint: WebhookEndpointObject


class WebhookEndpointsPaginated(Struct, kw_only=True, frozen=True):
    """A page of endpoints."""

    webhook_endpoints: list[WebhookEndpointObject]
    meta: PaginationMeta


@post("/webhook_endpoints", resource=RESOURCE, envelope=RESOURCE)
async def create_webhook_endpoint(work: Work, body: Body[WebhookEndpointCreateInput]) -> WebhookEndpoint:
    """Create a webhook endpoint."""
    problems = Problems()
    data = body.read(problems)
    created = await endpoints.create_webhook_endpoint(work, data, problems)
    return WebhookEndpoint(webhook_endpoint=show_webhook_endpoint(created))


@get("/webhook_endpoints", resource=RESOURCE)
async def list_webhook_endpoints(work: Work, page: Page) -> WebhookEndpointsPaginated:
    """List webhook endpoints, by their URL."""
    found, total = await endpoints.webhook_endpoints_in_order(work, limit=page.limit, offset=page.offset)
    return WebhookEndpointsPaginated(
        webhook_endpoints=[show_webhook_endpoint(endpoint) for endpoint in found], meta=meta(page, total)
    )


@get("/webhook_endpoints/{lago_id}", resource=RESOURCE)
async def get_webhook_endpoint(work: Work, lago_id: str) -> WebhookEndpoint:
    """Get a webhook endpoint."""
    found = await endpoints.webhook_endpoint(work, as_id(lago_id, RESOURCE))
    return WebhookEndpoint(webhook_endpoint=show_webhook_endpoint(found))


@put("/webhook_endpoints/{lago_id}", resource=RESOURCE, envelope=RESOURCE)
async def update_webhook_endpoint(work: Work, lago_id: str, body: Body[WebhookEndpointUpdateInput]) -> WebhookEndpoint:
    """Update a webhook endpoint: only the keys present."""
    found = await endpoints.webhook_endpoint(work, as_id(lago_id, RESOURCE))
    problems = Problems()
    data = body.read(problems)
    changed = await endpoints.update_webhook_endpoint(work, found, data, problems)
    return WebhookEndpoint(webhook_endpoint=show_webhook_endpoint(changed))


@delete("/webhook_endpoints/{lago_id}", resource=RESOURCE)
async def delete_webhook_endpoint(work: Work, lago_id: str) -> WebhookEndpoint:
    """Delete a webhook endpoint and the history of its deliveries."""
    found = await endpoints.webhook_endpoint(work, as_id(lago_id, RESOURCE))
    await endpoints.delete_webhook_endpoint(work, found)
    return WebhookEndpoint(webhook_endpoint=show_webhook_endpoint(found))
