"""The security log (chapter 72 §3.3)."""

import asyncio

import pytest

from tests.books import run


async def log(company, query="to_date=2999-01-01"):
    """The entries, oldest first."""
    return (await company.get(f"/security_logs?{query}"))["security_logs"][::-1]


async def events(company, query="to_date=2999-01-01"):
    return [entry["log_event"] for entry in await log(company, query)]


async def latest(company):
    return (await log(company))[-1]["resources"]


async def made(company, **fields):
    return (await company.post("/api_keys", {"api_key": fields}))["api_key"]


async def endpoint(company, **fields):
    fields = {"webhook_url": "https://a.example"} | fields
    return (await company.post("/webhook_endpoints", {"webhook_endpoint": fields}))["webhook_endpoint"]


async def test_the_log_begins_with_the_first_key(company):
    (entry,) = await log(company)
    assert (entry["log_type"], entry["log_event"]) == ("api_key", "api_key.created")
    assert (entry["user_email"], entry["device_info"]) == (None, None)
    assert entry["resources"]["value_ending"] == company.organization.api_key[-4:]
    assert (await company.get(f"/security_logs/{entry['log_id']}"))["security_log"] == entry


async def test_what_is_done_to_a_key_is_told(company):
    key = await made(company, name="old", permissions={"tax": ["read"]})
    ending = key["value"][-4:]
    assert await latest(company) == {
        "lago_id": key["lago_id"],
        "name": "old",
        "value_ending": ending,
        "permissions": ["tax:read"],
        "expires_at": None,
    }
    body = {"name": "new", "permissions": {"tax": ["write"], "fee": ["read"]}}
    await company.put(f"/api_keys/{key['lago_id']}", {"api_key": body})
    assert await latest(company) == {
        "lago_id": key["lago_id"],
        "name": {"deleted": "old", "added": "new"},
        "value_ending": ending,
        "permissions": {"deleted": ["tax:read"], "added": ["fee:read", "tax:write"]},
    }
    turned = {"api_key": {"expires_at": "2999-01-01"}}
    new = (await company.post(f"/api_keys/{key['lago_id']}/rotate", turned))["api_key"]
    assert await latest(company) == {
        "lago_id": {"deleted": key["lago_id"], "added": new["lago_id"]},
        "name": "new",
        "value_ending": {"deleted": ending, "added": new["value"][-4:]},
        "expires_at": "2999-01-01T00:00:00Z",
    }
    await company.delete(f"/api_keys/{new['lago_id']}")
    assert await latest(company) == {
        "lago_id": new["lago_id"],
        "name": "new",
        "value_ending": new["value"][-4:],
    }
    assert await events(company) == [f"api_key.{what}" for what in "created created updated rotated deleted".split()]


async def test_no_key_is_told_whole(company, databases):
    key = await made(company)
    new = (await company.post(f"/api_keys/{key['lago_id']}/rotate"))["api_key"]
    rows = await run(databases, "select s::text as row from security_logs s where organization_id = :id", id=company.id)
    told = " ".join(row.row for row in rows)
    for value in (company.organization.api_key, key["value"], new["value"]):
        assert value not in told
        assert value[-4:] in told


async def test_what_is_done_to_a_webhook_endpoint_is_told(company):
    made = await endpoint(company, name="first", event_types=["invoice.created", "invoice.voided"])
    described = {"lago_id": made["lago_id"], "webhook_url": "https://a.example"}
    assert await latest(company) == described | {
        "signature_algo": "jwt",
        "name": "first",
        "event_types": ["invoice.created", "invoice.voided"],
    }
    path = f"/webhook_endpoints/{made['lago_id']}"
    body = {"event_types": ["invoice.voided", "fee.created"], "signature_algo": "hmac"}
    await company.put(path, {"webhook_endpoint": body})
    assert await latest(company) == described | {
        "signature_algo": {"deleted": "jwt", "added": "hmac"},
        "event_types": {"deleted": ["invoice.created"], "added": ["fee.created"]},
    }
    await company.put(path, {"webhook_endpoint": {"event_types": None}})
    assert (await latest(company))["event_types"] == {"deleted": ["invoice.voided", "fee.created"], "added": None}
    await company.put("/organizations", {"organization": {"webhook_url": "https://b.example"}})
    assert (await latest(company))["webhook_url"] == {"deleted": "https://a.example", "added": "https://b.example"}
    await company.delete(path)
    assert await latest(company) == described | {"webhook_url": "https://b.example"}
    types = "created updated updated updated deleted".split()
    assert (await events(company))[1:] == [f"webhook_endpoint.{what}" for what in types]


async def test_what_changes_nothing_or_is_refused_is_not_told(company):
    made = await endpoint(company)
    path = f"/webhook_endpoints/{made['lago_id']}"
    before = await events(company)
    await company.put(path, {"webhook_endpoint": {"webhook_url": "https://a.example"}})
    await company.put(path, {"webhook_endpoint": {"webhook_url": "nowhere"}}, 422)
    await company.post("/api_keys", {"api_key": {"permissions": {"moon": ["read"]}}}, 422)
    (key,) = (await company.get("/api_keys"))["api_keys"]
    await company.put(f"/api_keys/{key['lago_id']}", {"api_key": {"permissions": None}})
    await company.delete(f"/api_keys/{key['lago_id']}", 422)
    assert await events(company) == before


async def test_entries_come_latest_first_in_pages(rehearsal):
    for number in range(3):
        await made(rehearsal, name=f"key {number}")
    answer = await rehearsal.get("/security_logs?to_date=2999-01-01&per_page=2")
    assert [entry["resources"]["name"] for entry in answer["security_logs"]] == ["key 2", "key 1"]
    assert answer["meta"]["total_count"] == 4


async def test_entries_bear_the_time_of_the_organizations_clock(rehearsal):
    await rehearsal.advance("2024-03-07T08:00:00Z")
    await made(rehearsal)
    assert [entry["logged_at"] for entry in await log(rehearsal)] == ["2024-03-05T12:00:00Z", "2024-03-07T08:00:00Z"]


async def test_entries_are_found_by_day_and_instant(rehearsal):
    await rehearsal.advance("2024-03-07T08:00:00Z")
    await made(rehearsal)
    assert len(await log(rehearsal, "to_date=2024-03-04")) == 0
    assert len(await log(rehearsal, "to_date=2024-03-05")) == 1
    assert len(await log(rehearsal, "to_date=2024-03-05T11:59:59Z")) == 0
    assert len(await log(rehearsal, "to_date=2024-03-07T08:00:00Z")) == 2
    assert len(await log(rehearsal, "from_date=2024-03-06&to_date=2024-03-07")) == 1
    assert len(await log(rehearsal, "from_date=2024-03-08&to_date=9999-12-31")) == 0


async def test_entries_are_found_by_type_event_and_acting_key(company):
    await endpoint(company)
    second = await made(company)
    headers = {"Authorization": f"Bearer {second['value']}"}
    await company.client.post("/api/v1/api_keys", json={"api_key": {"name": "third"}}, headers=headers)
    ever = "to_date=2999-01-01"
    assert await events(company, f"{ever}&log_types[]=webhook_endpoint") == ["webhook_endpoint.created"]
    both = f"{ever}&log_events[]=webhook_endpoint.created&log_events[]=api_key.deleted"
    assert await events(company, both) == ["webhook_endpoint.created"]
    (acted,) = await log(company, f"{ever}&api_key_ids[]={second['lago_id']}")
    assert acted["resources"]["name"] == "third"
    assert await events(company, f"{ever}&log_types[]=role") == []
    assert await events(company, f"{ever}&user_ids[]={second['lago_id']}") == []


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("", {"to_date": ["value_is_mandatory"]}),
        ("to_date=", {"to_date": ["value_is_mandatory"]}),
        ("to_date=soon", {"to_date": ["invalid_date"]}),
        ("to_date=2024-02-30", {"to_date": ["invalid_date"]}),
        ("to_date=2024-01-01&from_date=x", {"from_date": ["invalid_date"]}),
        ("to_date=2024-01-01&user_ids[]=x", {"user_ids": ["value_is_invalid"]}),
        ("to_date=2024-01-01&api_key_ids[]=x", {"api_key_ids": ["value_is_invalid"]}),
    ],
)
async def test_a_wrong_filter_is_refused(company, query, details):
    assert (await company.get(f"/security_logs?{query}", 422))["error_details"] == details


async def test_another_organizations_entry_is_not_found(company, other_company):
    (entry,) = await log(other_company)
    answer = await company.get(f"/security_logs/{entry['log_id']}", 404)
    assert answer["code"] == "security_log_not_found"
    assert entry["log_id"] not in {found["log_id"] for found in await log(company)}


async def test_two_that_delete_an_endpoint_at_once_are_told_of_once(company):
    made = await endpoint(company)
    path = f"/api/v1/webhook_endpoints/{made['lago_id']}"
    answers = await asyncio.gather(*(company.client.delete(path) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    assert (await events(company)).count("webhook_endpoint.deleted") == 1
