"""API keys (chapter 01 §2.2). A key that may write keys may make itself one that may do everything."""

from msgspec import UNSET, Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.clock import system_now
from conto.ids import as_id
from conto.organizations import keys
from conto.schemas.api_keys import (
    ApiKeyCreateInput,
    ApiKeyObject,
    ApiKeyRotateInput,
    ApiKeyUpdateInput,
    CreatedApiKeyObject,
    show_api_key,
    show_created_api_key,
)
from conto.work import Work

RESOURCE = "api_key"


class ApiKeyAnswer(Struct, kw_only=True, frozen=True):
    """One key."""

    api_key: ApiKeyObject


class CreatedApiKeyAnswer(Struct, kw_only=True, frozen=True):
    """A new key, with its value."""

    api_key: CreatedApiKeyObject


class ApiKeysAnswer(Struct, kw_only=True, frozen=True):
    """A page of keys."""

    api_keys: list[ApiKeyObject]
    meta: PaginationMeta


@post("/api_keys", resource=RESOURCE, envelope=RESOURCE, optional_body=True)
async def create_api_key(work: Work, body: Body[ApiKeyCreateInput]) -> CreatedApiKeyAnswer:
    """Create an API key. Its value is shown this once.

    Who may write API keys may make one with all permissions: give this permission to administrators alone.
    """
    data = body.read()
    created = await keys.create_key(
        work,
        name=data.name or None,
        permissions=None if data.permissions is UNSET else data.permissions,
        expires_at=data.expires_at or None,
    )
    return CreatedApiKeyAnswer(api_key=show_created_api_key(created.key, created.value))


@get("/api_keys", resource=RESOURCE)
async def find_all_api_keys(work: Work, page: Page) -> ApiKeysAnswer:
    """List the API keys that have not ended, newest first."""
    found = await keys.page_of_keys(work, offset=page.offset, limit=page.limit)
    return ApiKeysAnswer(api_keys=[show_api_key(row) for row in found.rows], meta=meta(page, found.total))


@get("/api_keys/{lago_id}", resource=RESOURCE)
async def find_api_key(work: Work, lago_id: str) -> ApiKeyAnswer:
    """Retrieve an API key that has not ended; its value is not kept."""
    return ApiKeyAnswer(api_key=show_api_key(await keys.key(work, as_id(lago_id, RESOURCE))))


@put("/api_keys/{lago_id}", resource=RESOURCE, envelope=RESOURCE)
async def update_api_key(work: Work, lago_id: str, body: Body[ApiKeyUpdateInput]) -> ApiKeyAnswer:
    """Update an API key's name and permissions; they hold from the next call on."""
    found = await keys.key(work, as_id(lago_id, RESOURCE))
    return ApiKeyAnswer(api_key=show_api_key(await keys.update_key(work, found.id, body.read())))


@post("/api_keys/{lago_id}/rotate", resource=RESOURCE, envelope=RESOURCE, optional_body=True)
async def rotate_api_key(work: Work, lago_id: str, body: Body[ApiKeyRotateInput]) -> CreatedApiKeyAnswer:
    """Make a new API key with all permissions in place of one, which ends now or when it is said.

    The new key's value is shown this once.
    """
    found = await keys.key(work, as_id(lago_id, RESOURCE))
    data = body.read()
    ends = data.expires_at or system_now()
    created = await keys.rotate_key(work, found.id, name=data.name or None, expires_at=ends)
    return CreatedApiKeyAnswer(api_key=show_created_api_key(created.key, created.value))


@delete("/api_keys/{lago_id}", resource=RESOURCE)
async def destroy_api_key(work: Work, lago_id: str) -> ApiKeyAnswer:
    """End an API key now; the last one that does not end stays."""
    return ApiKeyAnswer(api_key=show_api_key(await keys.delete_key(work, as_id(lago_id, RESOURCE))))
