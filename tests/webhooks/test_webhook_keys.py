"""The keys that sign webhooks (chapter 71 §2.2, §2.3)."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from conto.db.tables import organizations, server_keys
from conto.organizations.create import create_organization
from conto.secrets import Unreadable
from conto.webhooks import keys
from conto.work import Works


@pytest.fixture
async def organization_id(works: Works) -> UUID:
    return (await create_organization(works, "Hooli")).id


@pytest.fixture
async def no_key(works: Works) -> None:
    """The installation has no key yet."""
    keys._known.clear()
    async with works.engine.begin() as connection:
        await connection.execute(delete(server_keys).where(server_keys.c.name == keys.NAME))


async def public_key(works: Works, organization_id: UUID) -> str:
    async with works.enter(organization_id) as work:
        return await keys.public_key_base64(work)


@pytest.mark.usefixtures("no_key")
async def test_many_that_need_the_key_first_make_one(works, organization_id):
    found = await asyncio.gather(*(public_key(works, organization_id) for _ in range(6)))
    assert len(set(found)) == 1
    assert await public_key(works, organization_id) == found[0]


@pytest.mark.usefixtures("no_key")
async def test_a_key_made_in_a_rolled_back_transaction_is_not_used(works, organization_id):
    made: list[Any] = []

    async def make_and_fail() -> None:
        async with works.enter(organization_id) as work:
            made.append(await keys.public_key_base64(work))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await make_and_fail()
    kept = await public_key(works, organization_id)
    keys._known.clear()
    assert kept == await public_key(works, organization_id) != made[0]


async def test_the_public_key_comes_in_lines_of_sixty_characters(works, organization_id):
    text = await public_key(works, organization_id)
    assert text.endswith("\n")
    lines = text.splitlines()
    assert {len(line) for line in lines[:-1]} == {60}
    assert 0 < len(lines[-1]) <= 60
    pem = base64.b64decode(text)
    assert pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")


async def test_keys_are_stored_encrypted(works, organization_id):
    await public_key(works, organization_id)
    async with works.enter(organization_id) as work:
        stored = (await work.one(select(server_keys.c.value).where(server_keys.c.name == keys.NAME))).value
        own = (await work.one(select(organizations.c.hmac_key).where(organizations.c.id == organization_id))).hmac_key
        assert "PRIVATE" not in stored
        assert await keys.hmac_key(work) not in own
        with pytest.raises(Unreadable):
            work.secrets.decrypt(keys.PURPOSE, own)


async def test_each_organization_has_its_own_hmac_key(works, organization_id):
    other = await create_organization(works, "Other")
    found = set()
    for each in (organization_id, other.id):
        async with works.enter(each) as work:
            found.add(await keys.hmac_key(work))
    assert len(found) == 2
