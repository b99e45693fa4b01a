"""Mails to administrators about API keys (chapter 01 §2.2, chapter 72 §5), in English."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from conto.db.tables import api_keys
from conto.ids import new_id
from conto.mails import outbox
from conto.mails.letters import Letter, Unwritable, split, writes
from conto.mails.outbox import Recipients
from conto.mails.pages import Page, letter
from conto.organizations.queries import default_billing_entity
from conto.work import Work, Works

CREATED = "api_key.created"
ROTATED = "api_key.rotated"
DELETED = "api_key.deleted"

SAID = {
    CREATED: ("An API key was created for {name}", "A new API key can be used from now on."),
    ROTATED: ("An API key was rotated for {name}", "A new API key takes the place of another one."),
    DELETED: ("An API key was deleted for {name}", "This API key can no longer be used."),
}
"""Subject and first sentence of each notice."""

WARNING = "If this was none of you, have a look at your organization's keys, and rotate those that may be known."


async def notify_administrators(work: Work, notice: str, key_id: UUID) -> None:
    """Mail that an API key was created, rotated (the key is the new one) or deleted.

    It goes to CONTO_ADMIN_EMAIL, else to the organization's own e-mail; to nobody where there is neither, or where
    mail is switched off.
    """
    assert notice in SAID
    if work.mailer is None:
        return
    to = work.mailer.administrator or (await default_billing_entity(work)).email
    if to:
        await outbox.put(work, notice, key_id, Recipients(split(to)), key=f"{notice}:{new_id()}")


@writes(CREATED)
async def write_created(works: Works, organization_id: UUID, key_id: UUID) -> Letter:
    """The letter about a new key."""
    return await _letter(works, organization_id, key_id, CREATED)


@writes(ROTATED)
async def write_rotated(works: Works, organization_id: UUID, key_id: UUID) -> Letter:
    """The letter about a key that takes the place of another."""
    return await _letter(works, organization_id, key_id, ROTATED)


@writes(DELETED)
async def write_deleted(works: Works, organization_id: UUID, key_id: UUID) -> Letter:
    """The letter about a key that has ended."""
    return await _letter(works, organization_id, key_id, DELETED)


async def _letter(works: Works, organization_id: UUID, key_id: UUID, notice: str) -> Letter:
    async with works.enter(organization_id) as work:
        organization = work.organization
        key = await work.first(
            select(api_keys).where(api_keys.c.organization_id == organization.id, api_keys.c.id == key_id)
        )
    if key is None:
        raise Unwritable("the API key is gone")
    subject, sentence = SAID[notice]
    page = Page(
        locale="en",
        before=["Hello,", sentence],
        facts=[("Organization", organization.name), ("Key", _shown(key))],
        after=[WARNING],
    )
    return letter(page, sender="Conto", reply_to=None, subject=subject.format(name=organization.name))


def _shown(key: Row[Any]) -> str:
    """A key by its name and the last characters of its value, which is all that is known of it."""
    ending = f"…{key.last_characters}"
    return f"{key.name} ({ending})" if key.name else ending
