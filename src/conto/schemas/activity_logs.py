"""Activity logs as JSON, and the filters of their list (chapter 72 §3.1)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import Identity, Text
from conto.schemas.log_filters import LogFilters

ActivitySource = Literal["api", "front", "system"]


class ActivityLogFilters(LogFilters, kw_only=True, frozen=True):
    """Filters of activity logs; all that are given must match."""

    activity_types: list[Text] | UnsetType = UNSET
    activity_sources: list[ActivitySource] | UnsetType = UNSET
    user_emails: list[Text] | UnsetType = UNSET
    external_customer_id: Text | UnsetType = UNSET
    external_subscription_id: Text | UnsetType = UNSET
    resource_ids: list[Identity] | UnsetType = UNSET
    resource_types: list[Text] | UnsetType = UNSET


class ActivityLogObject(Struct, kw_only=True, frozen=True):
    """Something that happened to an object; `activity_object` is null until it is shown, moments after the action."""

    activity_id: UUID
    activity_type: str
    activity_source: ActivitySource
    activity_object: Annotated[Raw, Meta(extra_json_schema={"type": ["object", "null"]})]
    activity_object_changes: Annotated[Raw, Meta(extra_json_schema={"type": ["object", "null"]})]
    user_email: str | None
    resource_id: UUID
    resource_type: str
    external_customer_id: str | None
    external_subscription_id: str | None
    logged_at: str
    created_at: str


def show_activity_log(row: Row[Any]) -> ActivityLogObject:
    """The entry as JSON. Its row carries object and changes as JSON texts; it was made when it was logged."""
    return ActivityLogObject(
        activity_id=row.id,
        activity_type=row.activity_type,
        activity_source=row.activity_source,
        activity_object=Raw(row.activity_object or "null"),
        activity_object_changes=Raw(row.activity_object_changes),
        user_email=row.user_email,
        resource_id=row.resource_id,
        resource_type=row.resource_type,
        external_customer_id=row.external_customer_id,
        external_subscription_id=row.external_subscription_id,
        logged_at=instant(row.logged_at),
        created_at=instant(row.logged_at),
    )
