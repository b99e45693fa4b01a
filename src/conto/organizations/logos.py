"""Billing entities' logos: kept in the database, fetched by signed links, drawn on documents (chapter 10 §3).

A logo's name derives from its content, so a link never shows another logo than the one it was made for.
"""

from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from conto.clock import system_now
from conto.db.tables import billing_entities, logos
from conto.errors import NotFound
from conto.ids import as_id, new_id
from conto.schemas.logos import LogoFile
from conto.work import Work, Works

FOLDER = "logos"
NAME_DIGITS = 32

_INSERT = insert(logos)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[logos.c.organization_id, logos.c.billing_entity_id],
    set_={"content": _INSERT.excluded.content, "created_at": _INSERT.excluded.created_at},
)


def name_of(logo: LogoFile | None) -> str | None:
    """What a billing entity's row keeps of its logo."""
    return f"{sha256(logo.content).hexdigest()[:NAME_DIGITS]}.{logo.extension}" if logo else None


def link(work: Work, entity: Row[Any]) -> str | None:
    """The address that shows the entity's logo for a while, None where it has none."""
    if entity.logo_name is None:
        return None
    return work.files.link(f"{entity.organization_id}/{FOLDER}/{entity.logo_name}", system_now())


async def replace_logo(work: Work, billing_entity_id: UUID, logo: LogoFile | None) -> None:
    """Keep the logo in place of the one before, or none. The entity's row, which names it, is locked or new."""
    if logo is None:
        await work.execute(
            delete(logos).where(
                logos.c.organization_id == work.organization.id, logos.c.billing_entity_id == billing_entity_id
            )
        )
        return
    row = {
        "organization_id": work.organization.id,
        "id": new_id(),
        "billing_entity_id": billing_entity_id,
        "content": logo.content,
        "created_at": work.now,
    }
    await work.execute(_PUT, row)


async def logo_of(work: Work, entity: Row[Any]) -> bytes | None:
    """The content of the entity's logo, None where it has none."""
    if entity.logo_name is None:
        return None
    found = await work.first(
        select(logos.c.content).where(
            logos.c.organization_id == work.organization.id, logos.c.billing_entity_id == entity.id
        )
    )
    return bytes(found.content) if found else None


def is_logo(path: str) -> bool:
    """Whether a link's path names a logo."""
    return path.split("/")[1:2] == [FOLDER]


async def logo_at(works: Works, path: str) -> bytes:
    """The content of the logo that a link's path names.

    Raises:
        NotFound: no billing entity has it any more.
    """
    organization, _, name = path.split("/", 2)
    async with works.enter(as_id(organization, "resource")) as work:
        found = await work.first(
            select(logos.c.content)
            .join(
                billing_entities,
                (billing_entities.c.organization_id == logos.c.organization_id)
                & (billing_entities.c.id == logos.c.billing_entity_id),
            )
            .where(logos.c.organization_id == work.organization.id, billing_entities.c.logo_name == name)
        )
    if found is None:
        raise NotFound("resource")
    return bytes(found.content)
