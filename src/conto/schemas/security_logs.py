"""The security log as JSON (chapter 72 §3.3)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import Identity, Instant, Text, items, ruled
from conto.schemas.log_filters import last_instant
from conto.schemas.rules import Rule

FILTERED = items(100)


class SecurityLogFilters(Struct, kw_only=True, frozen=True):
    """Filters of the security log; all that are given must match."""

    to_date: Annotated[datetime, ruled(Rule(last_instant, mandatory=True), {"format": "date-time"})]
    from_date: Instant | UnsetType = UNSET
    user_ids: Annotated[list[Identity], FILTERED] | UnsetType = UNSET
    api_key_ids: Annotated[list[Identity], FILTERED] | UnsetType = UNSET
    log_types: Annotated[list[Text], FILTERED] | UnsetType = UNSET
    log_events: Annotated[list[Text], FILTERED] | UnsetType = UNSET


class SecurityLogObject(Struct, kw_only=True, frozen=True):
    """An entry. `user_email` and `device_info` are null for what a key or whoever runs the server did."""

    log_id: UUID
    log_type: str
    log_event: str
    user_email: str | None
    logged_at: str
    created_at: str
    resources: dict[str, Any] | None
    device_info: dict[str, Any] | None


def show_security_log(entry: Row[Any]) -> SecurityLogObject:
    """The entry."""
    return SecurityLogObject(
        log_id=entry.id,
        log_type=entry.log_type,
        log_event=entry.log_event,
        user_email=None,
        logged_at=instant(entry.logged_at),
        created_at=instant(entry.created_at),
        resources=entry.resources,
        device_info=None,
    )
