"""When keys were last used: remembered in the process, written now and then (chapter 01 §2.2).

No call writes for it. What a process remembers is lost where it is killed; one that is told to stop writes it first.
"""

from datetime import datetime
from uuid import UUID

Use = tuple[UUID, UUID, datetime]
"""An organization, its key, and an instant of the system's clock."""


class KeyUse:
    """The latest use of each key that this process has seen and not yet written."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[tuple[UUID, UUID], datetime] = {}

    def note(self, organization_id: UUID, key_id: UUID, instant: datetime) -> None:
        """Remember that the key was used."""
        known = self._latest.get((organization_id, key_id))
        if known is None or known < instant:
            self._latest[organization_id, key_id] = instant

    def take(self) -> list[Use]:
        """All that is remembered; it is then forgotten."""
        taken, self._latest = self._latest, {}
        return [(organization_id, key_id, instant) for (organization_id, key_id), instant in taken.items()]
