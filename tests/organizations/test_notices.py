"""Administrators are mailed when API keys change (chapter 01 §2.2)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conto.organizations import notices
from conto.organizations.keys import create_key, list_keys, rotate_key
from tests.company import open_company
from tests.mailbox import SENDER


async def test_a_new_key_and_a_rotated_one_are_told_to_the_organization(mailing, box):
    async with mailing.works.enter(mailing.id) as work:
        created = await create_key(work, name="reports", permissions=None)
    await mailing.run_jobs()
    async with mailing.works.enter(mailing.id) as work:
        rotated = await rotate_key(work, created.id, name=None, expires_at=datetime.now(UTC))
    await mailing.run_jobs()
    first, second = box.received
    assert first.recipients == second.recipients == ["accounts@acme.example"]
    assert first.message["Subject"] == f"An API key was created for {mailing.organization.name}"
    assert second.message["Subject"] == f"An API key was rotated for {mailing.organization.name}"
    for mail, key in ((first, created), (second, rotated)):
        assert mail.message["From"] == f"Conto <{SENDER}>"
        assert f"reports (…{key.value[-4:]})" in mail.part("plain")
        assert key.value not in mail.part("plain") + mail.part("html")


async def test_an_ended_key_is_told(mailing, box):
    async with mailing.works.enter(mailing.id) as work:
        (key,) = await list_keys(work)
        await notices.notify_administrators(work, notices.DELETED, key.id)
    await mailing.run_jobs()
    assert box.only().message["Subject"] == f"An API key was deleted for {mailing.organization.name}"


async def test_an_administrator_who_is_named_is_told_instead(works, box):
    mailer = replace(box.mailer(), administrator="ops@conto.example")
    async with open_company(replace(works, mailer=mailer)) as company:
        assert await company.run_jobs() == 0  # The first key comes with the organization.
        async with company.works.enter(company.id) as work:
            await create_key(work, name=None, permissions=None)
        await company.run_jobs()
    assert box.only().recipients == ["ops@conto.example"]


@pytest.mark.parametrize("switched_on", [True, False])
async def test_with_nobody_to_tell_or_no_mail_server_a_key_is_made_all_the_same(works, box, switched_on):
    async with open_company(replace(works, mailer=box.mailer() if switched_on else None)) as company:
        if not switched_on:
            await company.put("/organizations", {"organization": {"email": "a@acme.example"}})
        async with company.works.enter(company.id) as work:
            created = await create_key(work, name=None, permissions=None)
        assert await company.run_jobs("mail") == 0
        assert created.value
    assert box.received == []
