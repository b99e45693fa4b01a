"""When keys were last used: remembered by each process, written together (chapter 01 §2.2)."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from conto.api.endpoint import declare
from conto.key_use import KeyUse
from conto.organizations.key_use import AT_ONCE, kept_key_use, write_key_use
from conto.organizations.keys import list_keys
from conto.work import Works
from tests.company import open_company


@pytest.fixture
def process(works) -> Works:
    """A process of its own: it shares the database with others, and no memory."""
    return another(works)


def another(works) -> Works:
    return Works(works.engine, works.secrets, works.files, works.public_url)


async def used_at(company):
    return (await company.get("/api_keys"))["api_keys"][-1]["last_used_at"]


def shown(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


async def key_id(company):
    async with company.works.enter(company.id) as work:
        return (await list_keys(work))[0].id


async def test_a_use_is_written_later_and_not_by_the_call(process):
    async with open_company(process) as company:
        assert [await used_at(company) for _ in range(3)] == [None] * 3
        before = datetime.now(UTC).replace(microsecond=0)
        await company.get("/taxes")
        await write_key_use(process)
        assert shown(before) <= await used_at(company) <= shown(datetime.now(UTC))


async def test_each_key_has_its_own_last_use_also_where_it_was_refused(process):
    async with open_company(process) as company:
        made = (await company.post("/api_keys", {"api_key": {"permissions": {}}}))["api_key"]
        unused = (await company.post("/api_keys"))["api_key"]
        headers = {"Authorization": f"Bearer {made['value']}"}
        assert (await company.client.get("/api/v1/taxes", headers=headers)).status_code == 403
        await write_key_use(process)
        by_id = {key["lago_id"]: key["last_used_at"] for key in (await company.get("/api_keys"))["api_keys"]}
        assert by_id[made["lago_id"]] is not None
        assert by_id[unused["lago_id"]] is None


async def test_uses_of_many_organizations_are_written_together(process):
    async with open_company(process) as one, open_company(process) as two:
        await one.get("/taxes")
        await two.get("/taxes")
        await write_key_use(process)
        assert None not in (await used_at(one), await used_at(two))


async def test_an_earlier_use_replaces_no_later_one(company):
    first, second, key = another(company.works), another(company.works), await key_id(company)
    now = datetime.now(UTC)
    first.key_use.note(company.id, key, now - timedelta(hours=3))
    first.key_use.note(company.id, key, now - timedelta(hours=5))
    second.key_use.note(company.id, key, now - timedelta(hours=4))
    await asyncio.gather(write_key_use(first), write_key_use(second))
    assert await used_at(company) == shown(now - timedelta(hours=3))
    await write_key_use(second)
    assert await used_at(company) == shown(now - timedelta(hours=3))


async def test_many_uses_are_written_in_several_transactions(process, company):
    now = datetime.now(UTC)
    for number in range(AT_ONCE + 1):
        process.key_use.note(company.id, UUID(int=number), now)
    process.key_use.note(company.id, await key_id(company), now)
    await write_key_use(process)
    assert process.key_use.take() == []
    assert await used_at(company) == shown(now)


async def test_what_cannot_be_written_is_remembered(process, company, databases):
    key, now = await key_id(company), datetime.now(UTC)
    process.key_use.note(company.id, key, now)
    owner = create_async_engine(databases.url(role="postgres"))
    async with owner.connect() as connection:
        await connection.execute(text("select from api_keys where id = :id for update"), {"id": key})
        with pytest.raises(DBAPIError):
            await write_key_use(process)
    await owner.dispose()
    await write_key_use(process)
    assert await used_at(company) == shown(now)


async def test_a_process_that_ends_writes_what_it_remembers(process, company):
    now = datetime.now(UTC)
    async with kept_key_use(process):
        process.key_use.note(company.id, await key_id(company), now)
        assert await used_at(company) is None
    assert await used_at(company) == shown(now)


def test_only_the_latest_use_of_a_key_is_kept():
    use, now = KeyUse(), datetime.now(UTC)
    organization, key = uuid4(), uuid4()
    for hours in (1, 3, 2):
        use.note(organization, key, now + timedelta(hours=hours))
    assert use.take() == [(organization, key, now + timedelta(hours=3))]
    assert use.take() == []


def test_taking_in_events_is_no_use_that_counts():
    async def handler(work):
        """An endpoint."""

    for method, resource, ingests in (("POST", "event", True), ("GET", "event", False), ("POST", "invoice", False)):
        declare(method, "/x", resource=resource)(handler)
        assert vars(handler)["__endpoints__"][-1].ingests is ingests
