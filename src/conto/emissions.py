"""What an emitted event leaves behind: an entry of the activity log, and a delivery for each endpoint that wants it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from conto.activity_types import ACTIVITIES, SHOWN_AS
from conto.event_types import EVENT_TYPES, object_type
from conto.ids import new_id

Source = Literal["api", "front", "system"]
"""Who acts: a caller with a key, a person in a web front end, or the system by itself (chapter 01 §9)."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What an activity is logged on, where that is not the object itself; `type` is a key of `SHOWN_AS`."""

    type: str
    id: UUID

    def __post_init__(self) -> None:
        assert self.type in SHOWN_AS


@dataclass(frozen=True, slots=True)
class Emission:
    """An event about an object. `changes` are attributes of it with their values before and after, None if unknown."""

    event_type: str
    object_id: UUID
    on: Resource | None = None
    changes: Mapping[str, Sequence[Any]] | None = None

    def __post_init__(self) -> None:
        activity = ACTIVITIES.get(self.event_type)
        assert activity or self.told
        assert self.on or not activity or not activity.of_part
        assert not self.changes or "updated" in self.event_type

    @property
    def told(self) -> bool:
        """Whether webhooks tell of it."""
        return self.event_type in EVENT_TYPES

    @property
    def logged(self) -> bool:
        """Whether the activity log has it: an update that changed nothing is no activity."""
        return self.event_type in ACTIVITIES and self.changes != {}


ACTIVITY_COLUMNS = (
    "organization_id",
    "id",
    "batch_id",
    "activity_type",
    "activity_source",
    "activity_object_changes",
    "object_type",
    "object_id",
    "resource_type",
    "resource_id",
    "logged_at",
)


def activity_rows(
    emissions: Iterable[Emission], *, organization_id: UUID, batch_id: UUID, source: Source, now: datetime
) -> list[dict[str, Any]]:
    """The entries of the activity log, in the order of `ACTIVITY_COLUMNS`; their objects are shown later."""
    rows: list[dict[str, Any]] = []
    for emission in emissions:
        if not emission.logged:
            continue
        activity = ACTIVITIES[emission.event_type]
        resource_type = emission.on.type if emission.on else activity.resource_type
        assert resource_type
        values = (
            organization_id,
            new_id(),
            batch_id,
            activity.name,
            source,
            emission.changes or {},
            activity.object_type or SHOWN_AS[resource_type],
            emission.object_id,
            resource_type,
            emission.on.id if emission.on else emission.object_id,
            now,
        )
        rows.append(dict(zip(ACTIVITY_COLUMNS, values, strict=True)))
    return rows


def delivery_rows(
    emissions: Iterable[Emission], endpoints: Sequence[Row[Any]], *, organization_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    """The deliveries to be made: of each event to each endpoint that wants it."""
    return [
        {
            "organization_id": organization_id,
            "id": new_id(),
            "webhook_endpoint_id": endpoint.id,
            "webhook_type": emission.event_type,
            "object_type": object_type(emission.event_type),
            "object_id": emission.object_id,
            "status": "pending",
            "retries": 0,
            "created_at": now,
            "updated_at": now,
        }
        for emission in emissions
        if emission.told
        for endpoint in endpoints
        if endpoint.event_types is None or emission.event_type in endpoint.event_types
    ]
