"""API keys: made, rotated, listed (chapter 01 §2.2). Their values are stored hashed, so each is shown once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from conto.db.tables import api_keys
from conto.errors import NotFound
from conto.ids import new_id
from conto.organizations import notices
from conto.work import Work, hashed


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key, with its value."""

    id: UUID
    value: str


async def create_key(
    work: Work,
    *,
    name: str | None,
    permissions: Mapping[str, Sequence[str]] | None,
    notice: str | None = notices.CREATED,
) -> CreatedKey:
    """Make a key. `permissions` None gives both modes on all resources; administrators get the `notice`, if any."""
    created = CreatedKey(new_id(), str(new_id()))
    await work.execute(
        insert(api_keys).values(
            organization_id=work.organization.id,
            id=created.id,
            name=name,
            key_hash=hashed(created.value),
            last_characters=created.value[-4:],
            permissions=permissions,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    if notice is not None:
        await notices.notify_administrators(work, notice, created.id)
    return created


async def rotate_key(work: Work, key_id: UUID, *, name: str | None, expires_at: datetime) -> CreatedKey:
    """Make a new key with full permissions in place of one, which ends at `expires_at`.

    Key expiry is read by the system's clock, for test organizations too.

    Raises:
        NotFound: no key has this id.
    """
    ended = await work.first(
        update(api_keys)
        .where(api_keys.c.organization_id == work.organization.id, api_keys.c.id == key_id)
        .values(expires_at=expires_at, updated_at=work.now)
        .returning(api_keys.c.name)
    )
    if ended is None:
        raise NotFound("api_key")
    new_name = name if name is not None else ended.name
    return await create_key(work, name=new_name, permissions=None, notice=notices.ROTATED)


async def list_keys(work: Work) -> Sequence[Row[Any]]:
    """The organization's keys, oldest first."""
    return await work.rows(
        select(api_keys)
        .where(api_keys.c.organization_id == work.organization.id)
        .order_by(api_keys.c.created_at, api_keys.c.id)
    )
