"""Webhook endpoints as JSON (chapter 71 §1)."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.event_types import EVENT_TYPES
from conto.schemas import rules
from conto.schemas.encoding import encode, instant
from conto.schemas.fields import ITEMS_LIMIT, URL_LIMIT, TextOrNull, ruled
from conto.schemas.rules import Refused, Rule

EVERY_EVENT = "*"


def endpoint_url(value: object) -> str:
    """An http or https address, bounded also in bytes: the unique index holds no more.

    Raises:
        Refused: `url_is_invalid`, `value_is_too_long`.
    """
    found = rules.url(value, URL_LIMIT)
    if len(found.encode()) > URL_LIMIT:
        raise Refused("value_is_too_long")
    return found


def wanted_events(value: object) -> list[str] | None:
    """The event types in their normal form; None for `["*"]`, which means every event.

    Raises:
        Refused: `must_be_array`, `invalid_count`, or a text that lists the types that do not exist.
    """
    if not isinstance(value, list):
        raise Refused("must_be_array")
    if len(value) > ITEMS_LIMIT:
        raise Refused("invalid_count")
    names = [item if isinstance(item, str) else encode(item).decode() for item in value if item is not None]
    found = list(dict.fromkeys(name.strip().lower() for name in names if not rules.is_blank(name)))
    if found == [EVERY_EVENT]:
        return None
    unknown = [name for name in found if name not in EVENT_TYPES]
    if unknown:
        shown = ", ".join(msgspec.json.encode(name).decode() for name in unknown)
        raise Refused(f"contains invalid types: [{shown}]")
    return found


WebhookUrl = Annotated[str, ruled(Rule(endpoint_url, mandatory=True), max_length=URL_LIMIT)]
SignatureAlgorithm = Literal["jwt", "hmac"]
EventTypes = Annotated[
    Any,
    ruled(Rule(wanted_events, blank_is_null=False), {"type": ["array", "null"], "items": {"type": "string"}}),
]


class WebhookEndpointCreateInput(Struct, kw_only=True, frozen=True):
    """A new endpoint. `event_types` null means every event, an empty list none."""

    webhook_url: WebhookUrl
    signature_algo: SignatureAlgorithm | None | UnsetType = UNSET
    name: TextOrNull | None | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET


class WebhookEndpointUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of an endpoint: only the keys present. A null `signature_algo` changes nothing."""

    webhook_url: WebhookUrl | UnsetType = UNSET
    signature_algo: SignatureAlgorithm | None | UnsetType = UNSET
    name: TextOrNull | None | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET


class WebhookEndpointObject(Struct, kw_only=True, frozen=True):
    """A webhook endpoint."""

    lago_id: UUID
    lago_organization_id: UUID
    webhook_url: str
    signature_algo: SignatureAlgorithm
    name: str | None
    event_types: list[str] | None
    created_at: str


def show_webhook_endpoint(endpoint: Row[Any]) -> WebhookEndpointObject:
    """The endpoint."""
    return WebhookEndpointObject(
        lago_id=endpoint.id,
        lago_organization_id=endpoint.organization_id,
        webhook_url=endpoint.webhook_url,
        signature_algo=endpoint.signature_algo,
        name=endpoint.name,
        event_types=endpoint.event_types,
        created_at=instant(endpoint.created_at),
    )
