"""API keys: stored hashed, rotated, ended, restricted (chapter 01 §2)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from conto.db.tables import api_keys
from conto.errors import NotFound
from conto.organizations.keys import create_key, list_keys, rotate_key


async def call(company, key: str, method: str = "GET", path: str = "/taxes", body=None):
    headers = {"Authorization": f"Bearer {key}"}
    return await company.client.request(method, f"/api/v1{path}", json=body, headers=headers)


async def only_key(company):
    async with company.works.enter(company.id) as work:
        (key,) = await list_keys(work)
    return key


async def rotated(company, key_id: UUID, expires_at: datetime, name: str | None = None):
    async with company.works.enter(company.id) as work:
        return await rotate_key(work, key_id, name=name, expires_at=expires_at)


async def restricted(company, **permissions):
    async with company.works.enter(company.id) as work:
        return (await create_key(work, name="restricted", permissions=permissions)).value


async def test_an_organization_has_one_key_from_its_creation(company):
    key = await only_key(company)
    assert (key.permissions, key.expires_at) == (None, None)
    assert str(UUID(company.organization.api_key)) == company.organization.api_key


async def test_the_database_holds_no_key_in_clear(company, databases):
    value = company.organization.api_key
    engine = create_async_engine(databases.url(role="postgres"))
    async with engine.connect() as connection:
        rows = await connection.execute(
            text("select to_jsonb(k)::text as row from api_keys k where organization_id = :id"), {"id": company.id}
        )
        stored = " ".join(row.row for row in rows)
    await engine.dispose()
    assert value not in stored
    assert value.replace("-", "") not in stored
    assert value[-4:] in stored


async def test_rotation_ends_the_old_key_at_once(company):
    old = company.organization.api_key
    new = await rotated(company, (await only_key(company)).id, datetime.now(UTC))
    assert (await call(company, old)).status_code == 401
    assert (await call(company, new.value)).status_code == 200


async def test_rotation_may_leave_the_old_key_for_a_while(company):
    old = company.organization.api_key
    new = await rotated(company, (await only_key(company)).id, datetime.now(UTC) + timedelta(hours=1), "next")
    assert [(await call(company, key)).status_code for key in (old, new.value)] == [200, 200]
    async with company.works.enter(company.id) as work:
        assert [key.name for key in await list_keys(work)] == [None, "next"]


async def test_a_rotated_key_may_do_everything(company):
    value = await restricted(company, tax=["read"])
    async with company.works.enter(company.id) as work:
        key = await work.one(select(api_keys).where(api_keys.c.name == "restricted"))
    new = await rotated(company, key.id, datetime.now(UTC))
    assert (await call(company, value)).status_code == 401
    assert (await call(company, new.value, path="/customers")).status_code == 200


async def test_another_organizations_key_cannot_be_rotated(company, other_company):
    key = await only_key(other_company)
    with pytest.raises(NotFound):
        await rotated(company, key.id, datetime.now(UTC))
    assert (await call(company, other_company.organization.api_key)).status_code == 200


async def test_an_expired_key_is_unauthorized(company):
    await rotated(company, (await only_key(company)).id, datetime.now(UTC) - timedelta(days=1))
    answer = await call(company, company.organization.api_key)
    assert (answer.status_code, answer.json()) == (401, {"status": 401, "error": "Unauthorized"})


async def test_a_key_expires_by_the_systems_clock_on_a_rehearsal_too(rehearsal):
    await rotated(rehearsal, (await only_key(rehearsal)).id, datetime.now(UTC) - timedelta(seconds=1))
    assert (await call(rehearsal, rehearsal.organization.api_key)).status_code == 401


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer nothing", "Bearer " + "x" * 10_000])
async def test_without_a_known_key_a_call_is_unauthorized(company, authorization):
    headers = {"Authorization": authorization or ""}
    answer = await company.client.get("/api/v1/taxes", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"status": 401, "error": "Unauthorized"})


async def test_a_key_may_do_what_it_is_permitted_and_nothing_else(company):
    key = await restricted(company, tax=["read"], customer=["write"])
    assert (await call(company, key)).status_code == 200
    written = await call(company, key, "POST", "/customers", {"customer": {"external_id": "c"}})
    assert written.status_code == 200
    refused = {
        ("POST", "/taxes"): "write_action_not_allowed_for_tax",
        ("GET", "/customers"): "read_action_not_allowed_for_customer",
        ("GET", "/customers/c"): "read_action_not_allowed_for_customer",
        ("GET", "/customers/c/invoices"): "read_action_not_allowed_for_invoice",
        ("POST", "/invoices"): "write_action_not_allowed_for_invoice",
        ("POST", "/invoices/x/void"): "write_action_not_allowed_for_invoice",
        ("GET", "/fees"): "read_action_not_allowed_for_fee",
        ("DELETE", "/add_ons/x"): "write_action_not_allowed_for_add_on",
        ("PUT", "/organizations"): "write_action_not_allowed_for_organization",
        ("GET", "/billing_entities"): "read_action_not_allowed_for_billing_entity",
        ("GET", "/webhook_endpoints"): "read_action_not_allowed_for_webhook_endpoint",
        ("GET", "/webhooks/public_key"): "read_action_not_allowed_for_webhook_jwt_public_key",
        ("POST", "/test_clock/advance"): "write_action_not_allowed_for_organization",
    }
    for (method, path), code in refused.items():
        answer = await call(company, key, method, path, {})
        assert answer.json() == {"status": 403, "error": "Forbidden", "code": code}, (method, path)


async def test_a_key_opens_its_own_organization_alone(company, other_company):
    await company.tax(code="vat")
    answer = await call(company, other_company.organization.api_key, path="/taxes")
    assert answer.json()["taxes"] == []
