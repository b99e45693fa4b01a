"""API keys as JSON (chapter 01 §2.2)."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.permissions import FULL, MODES, RESOURCES, put_in_order
from conto.schemas.encoding import instant
from conto.schemas.fields import Instant, TextOrNull, ruled
from conto.schemas.rules import Refused, Rule


def permissions(value: object) -> dict[str, list[str]] | None:
    """The permissions that a map from resources to lists of modes gives, None where they are full.

    Raises:
        Refused: `value_is_invalid`; it is no such map, or names a resource or mode that there is not.
    """
    if not isinstance(value, dict):
        raise Refused("value_is_invalid")
    for resource, modes in value.items():
        if resource not in RESOURCES or not isinstance(modes, list) or any(mode not in MODES for mode in modes):
            raise Refused("value_is_invalid")
    return put_in_order(value)


PERMISSIONS_SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "propertyNames": {"enum": list(RESOURCES)},
    "additionalProperties": {"type": "array", "items": {"enum": list(MODES)}},
}
PermissionsMap = Annotated[Any, ruled(Rule(permissions, blank_is_null=False), PERMISSIONS_SCHEMA)]
"""Modes by resource; a resource that is not named has none. Null gives both modes on all resources."""


class ApiKeyCreateInput(Struct, kw_only=True, frozen=True):
    """A new key; without permissions it may do everything, without `expires_at` it does not end."""

    name: TextOrNull | None | UnsetType = UNSET
    permissions: PermissionsMap | UnsetType = UNSET
    expires_at: Instant | None | UnsetType = UNSET


class ApiKeyUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of a key: only the keys present. Permissions are replaced as a whole."""

    name: TextOrNull | None | UnsetType = UNSET
    permissions: PermissionsMap | UnsetType = UNSET


class ApiKeyRotateInput(Struct, kw_only=True, frozen=True):
    """The new key's name, the old one's if not given, and when the old key ends, now if not given."""

    name: TextOrNull | None | UnsetType = UNSET
    expires_at: Instant | None | UnsetType = UNSET


class ApiKeyObject(Struct, kw_only=True, frozen=True):
    """A key, told apart by the last four characters of its value, which is not kept."""

    lago_id: UUID
    name: str | None
    value_ending: str
    permissions: dict[str, list[str]]
    expires_at: str | None
    last_used_at: str | None
    created_at: str


class CreatedApiKeyObject(ApiKeyObject, kw_only=True, frozen=True):
    """A new key, with its value, which is shown this once."""

    value: str


def _fields(key: Row[Any]) -> dict[str, Any]:
    return {
        "lago_id": key.id,
        "name": key.name,
        "value_ending": key.last_characters,
        "permissions": shown_permissions(key.permissions),
        "expires_at": key.expires_at and instant(key.expires_at),
        "last_used_at": key.last_used_at and instant(key.last_used_at),
        "created_at": instant(key.created_at),
    }


def shown_permissions(stored: dict[str, list[str]] | None) -> dict[str, list[str]]:
    """The modes on every resource, those without any among them."""
    return FULL if stored is None else {resource: stored.get(resource, []) for resource in RESOURCES}


def show_api_key(key: Row[Any]) -> ApiKeyObject:
    """The key."""
    return ApiKeyObject(**_fields(key))


def show_created_api_key(key: Row[Any], value: str) -> CreatedApiKeyObject:
    """The new key with its value."""
    return CreatedApiKeyObject(**_fields(key), value=value)
