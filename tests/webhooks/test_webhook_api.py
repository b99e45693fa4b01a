"""Webhook endpoints and public keys as clients of the API see them (chapter 71 §1, §2.3)."""

import base64
from typing import Any

import httpx

from conto.organizations.keys import create_key
from tests.company import Company


async def create(company: Company, status: int = 200, **fields: Any) -> dict[str, Any]:
    answer = await company.post("/webhook_endpoints", {"webhook_endpoint": fields}, status)
    return answer["webhook_endpoint"] if status == 200 else answer


async def test_an_endpoint_is_created_read_changed_and_deleted(company: Company):
    made = await create(company, webhook_url="https://a.example/hook", name="mine", event_types=["Invoice.Created"])
    assert made == {
        "lago_id": made["lago_id"],
        "lago_organization_id": str(company.id),
        "webhook_url": "https://a.example/hook",
        "signature_algo": "jwt",
        "name": "mine",
        "event_types": ["invoice.created"],
        "created_at": made["created_at"],
    }
    path = f"/webhook_endpoints/{made['lago_id']}"
    assert (await company.get(path))["webhook_endpoint"] == made

    changed = (await company.put(path, {"webhook_endpoint": {"event_types": None}}))["webhook_endpoint"]
    assert changed == made | {"event_types": None}
    assert (await company.delete(path))["webhook_endpoint"] == changed
    assert await company.get(path, 404) == {"status": 404, "error": "Not Found", "code": "webhook_endpoint_not_found"}
    assert (await company.put(path, {"webhook_endpoint": {"webhook_url": ""}}, 404))[
        "code"
    ] == "webhook_endpoint_not_found"
    assert (await company.delete("/webhook_endpoints/none", 404))["code"] == "webhook_endpoint_not_found"


async def test_endpoints_are_listed_by_url_in_pages(company: Company):
    for name in ("b", "c", "a"):
        await create(company, webhook_url=f"https://{name}.example/")
    answer = await company.get("/webhook_endpoints?per_page=2&page=2")
    assert [endpoint["webhook_url"] for endpoint in answer["webhook_endpoints"]] == ["https://c.example/"]
    assert answer["meta"] == {
        "current_page": 2,
        "next_page": None,
        "prev_page": 1,
        "total_pages": 2,
        "total_count": 3,
    }


async def test_what_is_wrong_is_told_field_by_field(company: Company):
    answer = await create(company, 422, webhook_url="", event_types=["wrong.type"])
    assert answer["error_details"] == {
        "webhook_url": ["value_is_mandatory", "url_is_invalid"],
        "event_types": ['contains invalid types: ["wrong.type"]'],
    }
    await company.post("/webhook_endpoints", {"webhook_endpoint": {}}, 400)


async def test_the_first_url_is_the_organizations(company: Company):
    await company.put("/organizations", {"organization": {"webhook_url": "https://a.example/1"}})
    await create(company, webhook_url="https://a.example/0")
    await company.put("/organizations", {"organization": {"webhook_url": "https://a.example/2"}})
    shown = (await company.get("/organizations"))["organization"]
    assert shown["webhook_url"] == "https://a.example/2"
    assert shown["webhook_urls"] == ["https://a.example/2", "https://a.example/0"]


async def test_both_public_keys_are_the_same_pem(company: Company, other_company: Company):
    answer = await company.get("/webhooks/json_public_key")
    key = answer["webhook"]["public_key"]
    assert base64.b64decode(key).startswith(b"-----BEGIN PUBLIC KEY-----")
    plain = await company.client.get("/api/v1/webhooks/public_key")
    assert plain.text == key
    assert plain.headers["content-type"].startswith("text/plain")
    assert await other_company.get("/webhooks/json_public_key") == answer


async def test_keys_need_their_permissions(company: Company):
    async with company.works.enter(company.id) as work:
        made = await create_key(work, name="narrow", permissions={"webhook_endpoint": ["read"]})
    narrow = {"Authorization": f"Bearer {made.value}"}

    async def call(method: str, path: str) -> httpx.Response:
        body = {"webhook_endpoint": {"webhook_url": "https://a.example/"}}
        return await company.client.request(method, f"/api/v1{path}", headers=narrow, json=body)

    assert (await call("GET", "/webhook_endpoints")).status_code == 200
    assert (await call("POST", "/webhook_endpoints")).json()["code"] == "write_action_not_allowed_for_webhook_endpoint"
    for path in ("/webhooks/public_key", "/webhooks/json_public_key"):
        code = (await call("GET", path)).json()["code"]
        assert code == "read_action_not_allowed_for_webhook_jwt_public_key"
