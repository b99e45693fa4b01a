"""API keys: made, changed, rotated, ended, listed (chapter 01 §2.2). Values are stored hashed, so each is shown once.

Whether a key has ended is read by the system's clock, for test organizations too. One that has ended is found no more.
What is done to keys goes to the security log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, insert, or_, select, update

from conto.changes import given
from conto.clock import system_now
from conto.db.tables import api_keys
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.listing import Found, page_of
from conto.organizations import notices
from conto.organizations.queries import lock_organization
from conto.organizations.security_logs import changes, record
from conto.permissions import Permissions, listed
from conto.schemas.api_keys import ApiKeyUpdateInput
from conto.schemas.encoding import instant
from conto.work import Work, hashed


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key, with its value."""

    key: Row[Any]
    value: str

    @property
    def id(self) -> UUID:
        """The key's id."""
        return self.key.id


async def create_key(
    work: Work,
    *,
    name: str | None,
    permissions: Permissions | None,
    expires_at: datetime | None = None,
    notice: str | None = notices.CREATED,
) -> CreatedKey:
    """Make a key. `permissions` None gives both modes on all resources, `expires_at` None no end.

    Administrators get the `notice`, if any.

    Raises:
        Invalid: it would have ended already.
    """
    if expires_at is not None and expires_at <= system_now():
        raise Invalid({"expires_at": ["invalid_date"]})
    created = await _add(work, name, permissions, expires_at)
    await record(
        work,
        "api_key.created",
        _described(created.key)
        | {
            "permissions": None if permissions is None else listed(permissions),
            "expires_at": expires_at and instant(expires_at),
        },
    )
    if notice is not None:
        await notices.notify_administrators(work, notice, created.id)
    return created


async def update_key(work: Work, key_id: UUID, data: ApiKeyUpdateInput) -> Row[Any]:
    """Change what is given of a key.

    Raises:
        NotFound: no key that has not ended has this id.
    """
    found = await key(work, key_id, lock=True)
    changed = await work.one(
        update(api_keys)
        .where(api_keys.c.organization_id == work.organization.id, api_keys.c.id == key_id)
        .values(given(data) | {"updated_at": work.now})
        .returning(api_keys)
    )
    differences = changes(_changeable(found), _changeable(changed))
    if differences:
        await record(work, "api_key.updated", _described(changed) | differences)
    return changed


async def rotate_key(work: Work, key_id: UUID, *, name: str | None, expires_at: datetime) -> CreatedKey:
    """Make a new key with full permissions in place of one, which ends at `expires_at`.

    Raises:
        NotFound: no key that has not ended has this id.
    """
    ended = await _end(work, key_id, expires_at)
    created = await _add(work, name if name is not None else ended.name, None, None)
    await record(
        work,
        "api_key.rotated",
        {
            "lago_id": {"deleted": str(ended.id), "added": str(created.id)},
            "name": created.key.name,
            "value_ending": {"deleted": ended.last_characters, "added": created.key.last_characters},
            "expires_at": instant(expires_at),
        },
    )
    await notices.notify_administrators(work, notices.ROTATED, created.id)
    return created


async def delete_key(work: Work, key_id: UUID) -> Row[Any]:
    """End a key now.

    Raises:
        NotFound: no key that has not ended has this id.
        Invalid: no other key would be left that does not end.
    """
    await lock_organization(work)
    await key(work, key_id)
    others = await work.one(
        select(func.count()).where(
            api_keys.c.organization_id == work.organization.id, api_keys.c.id != key_id, api_keys.c.expires_at.is_(None)
        )
    )
    if others[0] == 0:
        raise Invalid({"base": ["last_non_expiring_api_key"]})
    ended = await _end(work, key_id, system_now())
    await record(work, "api_key.deleted", _described(ended))
    await notices.notify_administrators(work, notices.DELETED, ended.id)
    return ended


async def key(work: Work, key_id: UUID, *, lock: bool = False) -> Row[Any]:
    """The key with this id.

    Raises:
        NotFound: there is none that has not ended.
    """
    statement = _live(work).where(api_keys.c.id == key_id)
    found = await work.first(statement.with_for_update(key_share=True) if lock else statement)
    if found is None:
        raise NotFound("api_key")
    return found


async def list_keys(work: Work) -> Sequence[Row[Any]]:
    """All keys that the organization has had, oldest first."""
    return await work.rows(
        select(api_keys)
        .where(api_keys.c.organization_id == work.organization.id)
        .order_by(api_keys.c.created_at, api_keys.c.id)
    )


async def page_of_keys(work: Work, *, offset: int, limit: int) -> Found:
    """The keys that have not ended, newest first."""
    ordered = _live(work).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
    return await page_of(work, ordered, offset=offset, limit=limit)


def _live(work: Work) -> Select[Any]:
    return select(api_keys).where(api_keys.c.organization_id == work.organization.id, _has_not_ended())


def _has_not_ended() -> ColumnElement[bool]:
    return or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > system_now())


async def _add(
    work: Work, name: str | None, permissions: Permissions | None, expires_at: datetime | None
) -> CreatedKey:
    value = str(new_id())
    added = await work.one(
        insert(api_keys)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            name=name,
            key_hash=hashed(value),
            last_characters=value[-4:],
            permissions=permissions,
            expires_at=expires_at,
            created_at=work.now,
            updated_at=work.now,
        )
        .returning(api_keys)
    )
    return CreatedKey(added, value)


async def _end(work: Work, key_id: UUID, expires_at: datetime) -> Row[Any]:
    """Have the key end then. Of two that end it at once, the second finds it ended."""
    of_key = (api_keys.c.organization_id == work.organization.id, api_keys.c.id == key_id)
    # Whether it has ended is asked when the row is held: an end that was waited for lies before that.
    held = await work.first(select(api_keys.c.expires_at).where(*of_key).with_for_update(key_share=True))
    if held is None or (held.expires_at is not None and held.expires_at <= system_now()):
        raise NotFound("api_key")
    return await work.one(
        update(api_keys).where(*of_key).values(expires_at=expires_at, updated_at=work.now).returning(api_keys)
    )


def _described(found: Row[Any]) -> dict[str, Any]:
    """What the log tells a key by."""
    return {"lago_id": str(found.id), "name": found.name, "value_ending": found.last_characters}


def _changeable(found: Row[Any]) -> dict[str, Any]:
    return {"name": found.name, "permissions": listed(found.permissions)}
