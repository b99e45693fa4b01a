"""Calls about API keys (chapter 01 §2.2)."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from conto.api.server import all_endpoints
from conto.permissions import MODES, RESOURCES

LAST = {"base": ["last_non_expiring_api_key"]}


async def made(company, **fields):
    return (await company.post("/api_keys", {"api_key": fields} if fields else None))["api_key"]


async def listed(company):
    return (await company.get("/api_keys"))["api_keys"]


async def first(company):
    """The key that came with the organization."""
    return (await listed(company))[-1]["lago_id"]


async def status(company, value, method="GET", path="/taxes", body=None):
    headers = {"Authorization": f"Bearer {value}"}
    return (await company.client.request(method, f"/api/v1{path}", json=body, headers=headers)).status_code


def soon(**later):
    return (datetime.now(UTC) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_new_key_may_do_everything_and_its_value_is_shown_once(company):
    key = await made(company)
    assert str(UUID(key["value"])) == key["value"]
    assert (key["name"], key["expires_at"], key["last_used_at"]) == (None, None, None)
    assert key["permissions"] == {resource: list(MODES) for resource in RESOURCES}
    assert await status(company, key["value"]) == 200
    assert await status(company, key["value"], "POST", "/api_keys") == 200

    later = (await company.get(f"/api_keys/{key['lago_id']}"))["api_key"]
    assert later == {name: shown for name, shown in key.items() if name != "value"}
    assert later["value_ending"] == key["value"][-4:]


async def test_keys_are_listed_newest_first(company):
    for name in ("b", "a"):
        await made(company, name=name)
    answer = await company.get("/api_keys?per_page=2")
    assert [key["name"] for key in answer["api_keys"]] == ["a", "b"]
    assert answer["meta"]["total_count"] == 3
    assert "value" not in answer["api_keys"][0]


async def test_a_key_may_do_what_it_was_made_for(company):
    key = await made(company, name="taxes", permissions={"tax": ["read", "read"], "customer": ["write"], "fee": []})
    held = {resource: modes for resource, modes in key["permissions"].items() if modes}
    assert held == {"tax": ["read"], "customer": ["write"]}
    assert key["permissions"].keys() == set(RESOURCES)
    assert await status(company, key["value"]) == 200
    assert await status(company, key["value"], "POST", "/taxes", {"tax": {"name": "x", "code": "x", "rate": 1}}) == 403
    assert await status(company, key["value"], path="/customers") == 403
    assert await status(company, key["value"], path="/api_keys") == 403
    assert await status(company, key["value"], path="/security_logs?to_date=2999-01-01") == 403
    assert await status(company, key["value"], path="/invoice_custom_sections") == 403


async def test_a_key_that_is_permitted_nothing_may_do_nothing(company):
    key = await made(company, permissions={})
    assert await status(company, key["value"]) == 403


async def test_a_key_that_reads_keys_writes_none(company):
    key = await made(company, permissions={"api_key": ["read"]})
    assert await status(company, key["value"], path="/api_keys") == 200
    assert await status(company, key["value"], "POST", "/api_keys") == 403
    assert await status(company, key["value"], "POST", f"/api_keys/{key['lago_id']}/rotate") == 403


@pytest.mark.parametrize(
    "permissions",
    [
        {"moon": ["read"]},
        {"tax": ["fly"]},
        {"tax": "read"},
        {"tax": None},
        {"tax": [None]},
        {"tax": [["read"]]},
        ["tax"],
        7,
        "",
    ],
    ids=range(9),
)
async def test_what_can_be_permitted_is_a_closed_list(company, permissions):
    key = await made(company)
    for method, path in (("POST", "/api_keys"), ("PUT", f"/api_keys/{key['lago_id']}")):
        refused = await company.call(method, path, {"api_key": {"permissions": permissions}}, 422)
        assert refused["error_details"] == {"permissions": ["value_is_invalid"]}
    assert len(await listed(company)) == 2
    assert await status(company, key["value"]) == 200


async def test_every_endpoint_is_of_a_resource_that_can_be_permitted():
    assert {endpoint.resource for endpoint in all_endpoints() if not endpoint.public} <= set(RESOURCES)


async def test_changed_permissions_hold_from_the_next_call_on(company):
    key = await made(company, name="old")
    path = f"/api_keys/{key['lago_id']}"
    changed = (await company.put(path, {"api_key": {"permissions": {"customer": ["read"]}}}))["api_key"]
    assert (changed["name"], changed["permissions"]["tax"]) == ("old", [])
    assert await status(company, key["value"]) == 403
    renamed = (await company.put(path, {"api_key": {"name": "new"}}))["api_key"]
    assert renamed == changed | {"name": "new"}
    whole = (await company.put(path, {"api_key": {"permissions": None}}))["api_key"]
    assert whole["permissions"] == {resource: list(MODES) for resource in RESOURCES}
    assert await status(company, key["value"]) == 200


async def test_a_key_ends_when_it_was_said_to(company):
    key = await made(company, expires_at=soon(hours=1))
    assert key["expires_at"] == (await company.get(f"/api_keys/{key['lago_id']}"))["api_key"]["expires_at"]
    assert await status(company, key["value"]) == 200
    for past, code in ((soon(hours=-1), "invalid_date"), ("2001-01-01", "invalid_date"), ("never", "invalid_date")):
        refused = await company.post("/api_keys", {"api_key": {"expires_at": past}}, 422)
        assert refused["error_details"] == {"expires_at": [code]}
    assert len(await listed(company)) == 2


async def test_rotation_gives_a_new_key_that_may_do_everything_in_place_of_the_old(company):
    old = await made(company, name="taxes", permissions={"tax": ["read"]})
    new = (await company.post(f"/api_keys/{old['lago_id']}/rotate"))["api_key"]
    assert (new["name"], new["permissions"]["customer"]) == ("taxes", list(MODES))
    assert new["lago_id"] != old["lago_id"]
    assert [await status(company, key["value"]) for key in (old, new)] == [401, 200]
    await company.get(f"/api_keys/{old['lago_id']}", 404)
    assert len(await listed(company)) == 2


async def test_rotation_may_leave_the_old_key_for_a_while(company):
    old, end = await made(company, name="old"), soon(hours=1)
    body = {"api_key": {"name": "new", "expires_at": end}}
    new = (await company.post(f"/api_keys/{old['lago_id']}/rotate", body))["api_key"]
    assert [await status(company, key["value"]) for key in (old, new)] == [200, 200]
    assert (await company.get(f"/api_keys/{old['lago_id']}"))["api_key"]["expires_at"] == end
    assert (new["name"], new["expires_at"]) == ("new", None)


async def test_a_deleted_key_is_found_no_more(company):
    key = await made(company, name="gone")
    path = f"/api_keys/{key['lago_id']}"
    assert (await company.delete(path))["api_key"]["name"] == "gone"
    assert await status(company, key["value"]) == 401
    assert [found["name"] for found in await listed(company)] == [None]
    calls = (("GET", path), ("PUT", path), ("DELETE", path), ("POST", f"{path}/rotate"))
    for method, target in calls:
        answer = await company.call(method, target, {"api_key": {"name": "back"}}, 404)
        assert answer["code"] == "api_key_not_found"
    assert await status(company, key["value"]) == 401


async def test_the_last_key_that_does_not_end_stays(company):
    only = await first(company)
    assert (await company.delete(f"/api_keys/{only}", 422))["error_details"] == LAST
    ending = await made(company, expires_at=soon(hours=1))
    assert (await company.delete(f"/api_keys/{only}", 422))["error_details"] == LAST
    await company.delete(f"/api_keys/{ending['lago_id']}")
    other = await made(company)
    await company.delete(f"/api_keys/{only}")
    company.client.headers["Authorization"] = f"Bearer {other['value']}"
    assert (await company.delete(f"/api_keys/{other['lago_id']}", 422))["error_details"] == LAST


@pytest.mark.parametrize("many", [2, 5])
async def test_of_the_last_keys_that_are_deleted_at_once_one_is_left(company, many):
    others = [await made(company) for _ in range(many - 1)]
    caller = await made(company, expires_at=soon(hours=1))
    ids = [await first(company), *(key["lago_id"] for key in others)]
    company.client.headers["Authorization"] = f"Bearer {caller['value']}"
    answers = await asyncio.gather(*(company.client.delete(f"/api/v1/api_keys/{key}") for key in ids))
    assert sorted(answer.status_code for answer in answers) == [200] * (many - 1) + [422]
    assert [key["expires_at"] is None for key in await listed(company)] == [False, True]


async def test_two_that_rotate_a_key_at_once_rotate_it_once(company):
    old = await made(company)
    path = f"/api/v1/api_keys/{old['lago_id']}/rotate"
    answers = await asyncio.gather(*(company.client.post(path) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]
    assert len(await listed(company)) == 2


async def test_another_organizations_key_is_not_found(company, other_company):
    key = await made(other_company, name="theirs")
    path = f"/api_keys/{key['lago_id']}"
    for method, target in (("GET", path), ("PUT", path), ("DELETE", path), ("POST", f"{path}/rotate")):
        assert (await company.call(method, target, {"api_key": {"name": "x"}}, 404))["code"] == "api_key_not_found"
    assert await status(other_company, key["value"]) == 200
    assert [found["name"] for found in await listed(company)] == [None]


async def test_a_rehearsals_keys_end_by_the_systems_clock(rehearsal):
    key = await made(rehearsal, expires_at=soon(hours=1))
    assert await status(rehearsal, key["value"]) == 200
    await rehearsal.post("/api_keys", {"api_key": {"expires_at": "2024-06-01"}}, 422)
    await rehearsal.delete(f"/api_keys/{key['lago_id']}")
    assert await status(rehearsal, key["value"]) == 401
