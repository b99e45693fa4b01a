"""Calls that are to change something are logged, whether they succeed or fail (chapter 72 §3.2)."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from conto.api import call_log
from conto.api.call_log import CallLog
from conto.api.server import all_endpoints
from conto.ids import new_id
from conto.organizations.keys import create_key
from tests.books import counted
from tests.company import Company


async def logs(company: Company, query: str = "") -> list[dict[str, Any]]:
    """The organization's API logs, the latest first."""
    await company.write_api_logs()
    return (await company.get(f"/api_logs{query}"))["api_logs"]


async def paths(company: Company, query: str = "") -> list[str]:
    return [one["request_path"].removeprefix("/api/v1") for one in await logs(company, query)]


def body_of(logged: dict[str, Any]) -> Any:
    return json.loads(logged["request_body"])


async def test_a_call_is_logged_with_what_it_asked_and_what_it_was_answered(company: Company):
    company.client.headers.update({"User-Agent": "Lago Ruby v1.26.0", "X-Request-Id": "first-call"})
    made = await company.customer(external_id="hooli")
    del company.client.headers["X-Request-Id"]
    (logged,) = await logs(company)
    assert body_of(logged) == {"customer": {"external_id": "hooli", "currency": "EUR"}}
    assert json.loads(logged["request_response"])["customer"]["lago_id"] == made["lago_id"]
    assert {name: value for name, value in logged.items() if name not in ("request_body", "request_response")} == {
        "request_id": "first-call",
        "client": "Lago Ruby v1.26.0",
        "http_method": "post",
        "http_status": 200,
        "request_origin": "http://conto.test/",
        "request_path": "/api/v1/customers",
        "api_version": "v1",
        "logged_at": made["created_at"],
        "created_at": made["created_at"],
    }
    assert await company.get("/api_logs/first-call") == {"api_log": logged}


async def test_parameters_of_path_and_query_are_part_of_the_body(company: Company):
    tax = await company.tax(code="a b")
    await company.put("/taxes/a%20b?lang=fr&tags[]=x&map[y]=z", {"tax": {"name": "VAT 2"}})
    logged = (await logs(company))[0]
    assert body_of(logged) == {
        "tax": {"name": "VAT 2"},
        "code": tax["code"],
        "lang": "fr",
        "tags": ["x"],
        "map": {"y": "z"},
    }
    assert logged["request_path"] == "/api/v1/taxes/a%20b"


async def test_a_call_that_fails_is_logged_though_its_transaction_is_rolled_back(company: Company):
    for method, path, body, status in (
        ("POST", "/customers", {"customer": {"external_id": "", "email": "x"}}, 422),
        ("POST", "/customers", {}, 400),
        ("DELETE", "/customers/nobody", None, 404),
        ("POST", "/invoices", {"invoice": {"external_customer_id": "nobody", "fees": []}}, 404),
    ):
        answer = await company.call(method, path, body, status)
        logged = (await logs(company))[0]
        assert (logged["http_method"], logged["http_status"]) == (method.lower(), status)
        assert json.loads(logged["request_response"]) == answer
    assert len(await logs(company, "?http_statuses[]=failed")) == 4


async def test_a_call_that_the_key_does_not_permit_is_logged(company: Company):
    async with company.works.enter(company.id) as work:
        key = await create_key(work, name=None, permissions={"customer": ["read"]})
    refused = await company.client.post("/api/v1/taxes", headers={"Authorization": f"Bearer {key.value}"}, json={})
    assert refused.status_code == 403
    assert [one["http_status"] for one in await logs(company)] == [403]


async def test_reads_and_calls_of_nobody_and_of_unknown_routes_are_not_logged(company: Company):
    await company.get("/customers")
    await company.get("/api_logs")
    await company.post("/nothing", {}, 404)
    for headers in ({"Authorization": "Bearer nobody"}, {"Authorization": ""}):
        assert (await company.client.post("/api/v1/customers", headers=headers, json={})).status_code == 401
    await company.client.post(
        "/admin/organizations",
        headers={"Authorization": f"Bearer {company.admin_key}"},
        json={"organization": {"name": "Another"}},
    )
    assert await logs(company) == []


def test_no_endpoint_of_events_or_of_logs_is_logged_and_every_other_write_is():
    for endpoint in all_endpoints():
        wanted = endpoint.method != "GET" and endpoint.path.startswith("/api/v1/")
        assert endpoint.logged is (wanted and not endpoint.path.startswith("/api/v1/events")), endpoint.path


async def test_the_credentials_of_a_call_are_not_logged(company: Company, databases):
    body = {
        "customer": {
            "external_id": "hooli",
            "password": "secret-1",
            "nested": [{"access_token": "secret-2", "hmac_key": "secret-3", "clientSecret": "secret-4"}],
        },
        "api_key": {"name": "Key", "value": "secret-5"},
        "p\u0061ssword": "secret-6",
    }
    text = json.dumps(body).replace('"password": "secret-6"', '"p\\u0061ssword": "secret-6"')
    await company.client.post("/api/v1/customers?token=secret-7", content=text)
    (logged,) = await logs(company)
    assert "secret-" not in json.dumps(logged)
    assert company.organization.api_key not in json.dumps(logged)
    assert body_of(logged)["customer"]["nested"][0]["access_token"] == "[hidden]"
    assert body_of(logged)["api_key"] == {"name": "Key", "value": "[hidden]"}
    assert body_of(logged)["customer"]["external_id"] == "hooli"


async def test_the_value_of_a_new_api_key_is_not_logged(company: Company):
    key = (await company.post("/api_keys", {"api_key": {"name": "Second"}}))["api_key"]
    (logged,) = await logs(company)
    assert json.loads(logged["request_response"])["api_key"] == key | {"value": "[hidden]"}


async def test_numbers_are_logged_as_they_were_sent(company: Company):
    await company.client.post(
        "/api/v1/taxes", content='{"tax": {"rate": 12.300, "big": 123456789012345678901234567890}}'
    )
    (logged,) = await logs(company)
    assert logged["request_body"] == '{"tax":{"rate": 12.300, "big": 123456789012345678901234567890}}'


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'["a"]', b'{"a": "\xff"}', b'{"a": 1}}'])
async def test_a_body_that_is_no_json_object_is_logged_by_its_length(company: Company, content: bytes):
    answer = await company.client.post("/api/v1/customers", content=content)
    assert answer.status_code == 400
    (logged,) = await logs(company)
    assert body_of(logged) == {"omitted_bytes": len(content)}


async def test_texts_that_the_database_cannot_hold_are_logged_without_what_it_cannot(company: Company):
    await company.client.post(
        "/api/v1/customers?q=a%00b",
        content='{"customer": {"external_id": "a\\u0000b"}}',
        headers={"User-Agent": "Clïent".encode("latin-1")},
    )
    (logged,) = await logs(company)
    assert logged["client"] == "Clïent"
    assert body_of(logged) == {"customer": {"external_id": "a\0b"}, "q": "a\0b"}


async def test_what_is_very_long_is_logged_by_its_length(company: Company):
    fee = {"add_on_code": (await company.add_on())["code"], "description": "x" * 200}
    body = {"invoice": {"external_customer_id": (await company.customer())["external_id"], "fees": [fee] * 300}}
    answer = await company.client.post("/api/v1/invoices", json=body)
    assert answer.status_code == 200
    logged = (await logs(company))[0]
    assert set(body_of(logged)) == {"omitted_bytes"}
    assert json.loads(logged["request_response"]) == {"omitted_bytes": len(answer.content)}


async def test_an_answer_of_nothing_is_logged_as_nothing(company: Company):
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(), {"add_on_code": add_on["code"]})
    await company.post(f"/invoices/{invoice['lago_id']}/download")
    logged = (await logs(company))[0]
    assert (logged["request_response"], body_of(logged)) == ("", {"lago_id": invoice["lago_id"]})


async def test_api_logs_are_filtered(company: Company):
    company.client.headers["User-Agent"] = "one"
    await company.tax(code="vat")
    company.client.headers["User-Agent"] = "two"
    await company.put("/taxes/vat", {"tax": {"name": "VAT"}})
    await company.put("/taxes/other", {"tax": {"name": "VAT"}}, 404)
    await company.delete("/taxes/vat")
    for query, wanted in (
        ("?http_methods[]=post&http_methods[]=delete", ["/taxes/vat", "/taxes"]),
        ("?http_statuses[]=404", ["/taxes/other"]),
        ("?http_statuses[]=failed", ["/taxes/other"]),
        ("?http_statuses[]=succeeded&http_methods[]=put", ["/taxes/vat"]),
        ("?http_statuses[]=succeeded&http_statuses[]=404&clients[]=two", ["/taxes/vat", "/taxes/other", "/taxes/vat"]),
        ("?http_statuses[]=500", []),
        ("?api_version=v1&per_page=1", ["/taxes/vat"]),
        ("?api_version=v2", []),
        ("?clients[]=one", ["/taxes"]),
        ("?clients[]=on", []),
        ("?request_paths[]=/api/v1/taxes", ["/taxes"]),
        ("?request_paths=/taxes", ["/taxes"]),
        ("?request_paths[]=/taxes/*", ["/taxes/vat", "/taxes/other", "/taxes/vat"]),
        ("?request_paths[]=*v*t", ["/taxes/vat", "/taxes/vat"]),
        ("?request_paths[]=/taxes/v_t&request_paths[]=/taxes/%25", []),
        ("?request_paths[]=/taxes/oth*&request_paths[]=/api/v1/taxes", ["/taxes/other", "/taxes"]),
    ):
        assert await paths(company, query) == wanted, query


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("from_date=1", {"from_date": ["invalid_date"]}),
        ("to_date=x", {"to_date": ["invalid_date"]}),
        ("http_methods[]=get", {"http_methods": ["value_is_invalid"]}),
        ("http_statuses[]=99", {"http_statuses": ["value_is_invalid"]}),
        ("http_statuses[]=maybe", {"http_statuses": ["value_is_invalid"]}),
    ],
)
async def test_filters_that_cannot_be_read_are_refused(company: Company, query: str, details: dict[str, Any]):
    assert (await company.get(f"/api_logs?{query}", 422))["error_details"] == details


async def test_a_request_id_that_was_used_again_names_the_latest_call(company: Company):
    headers = {"X-Request-Id": "again"}
    for code in ("one", "two"):
        await company.client.post("/api/v1/taxes", json={"tax": {"code": code}}, headers=headers)
    await company.write_api_logs()
    assert '"two"' in (await company.get("/api_logs/again"))["api_log"]["request_body"]
    assert (await company.get("/api_logs/nothing", 404))["code"] == "api_log_not_found"


async def test_an_organization_reads_its_own_calls_alone(company: Company, other_company: Company):
    await asyncio.gather(*(one.tax(code="vat") for one in (company, other_company)))
    (theirs,) = await logs(other_company)
    (own,) = await logs(company)
    assert own["request_id"] != theirs["request_id"]
    await company.get(f"/api_logs/{theirs['request_id']}", 404)


async def test_a_rehearsals_calls_are_logged_by_its_clock_and_kept_for_a_month(rehearsal: Company, databases):
    await rehearsal.tax()
    (logged,) = await logs(rehearsal)
    assert logged["logged_at"] == "2024-03-05T12:00:00Z"
    assert len(await logs(rehearsal, "?from_date=2024-03-05&to_date=2024-03-05")) == 1
    await rehearsal.advance("2024-04-04T11:59:59Z")
    assert await paths(rehearsal) == ["/test_clock/advance", "/taxes"]
    await rehearsal.advance("2024-04-04T12:00:00Z")
    assert "/taxes" not in await paths(rehearsal)
    before = (await counted(databases, rehearsal))["api_logs"]
    await rehearsal.advance("2024-04-05T01:00:00Z")
    assert (await counted(databases, rehearsal))["api_logs"] == before - 2


async def test_of_many_calls_at_once_each_is_logged(company: Company):
    await asyncio.gather(*(company.tax() for _ in range(150)))
    await company.write_api_logs()
    listed = await company.get("/api_logs?per_page=1")
    assert listed["meta"]["total_count"] == 150


async def test_calls_that_cannot_wait_any_longer_are_dropped_oldest_first_and_counted(company: Company, monkeypatch):
    monkeypatch.setattr(call_log, "MOST_CALLS", 2)
    for code in ("one", "two", "three"):
        await company.tax(code=code)
    assert ["two" in one["request_body"] or "three" in one["request_body"] for one in await logs(company)] == [True] * 2
    measured = (await company.client.get("/metrics")).text
    assert "conto_api_log_dropped_total 1.0" in measured


async def test_long_calls_count_for_more(company: Company, monkeypatch):
    monkeypatch.setattr(call_log, "MOST_BYTES", 10_000)
    await company.tax(description="x" * 200)
    assert company.server.calls.size > 0
    for _ in range(20):
        await company.tax(description="x" * 200)
    assert company.server.calls.size <= 10_000
    await company.write_api_logs()
    assert company.server.calls.size == 0


async def test_a_call_of_an_organization_that_is_gone_keeps_no_other_from_being_logged(company: Company):
    await company.tax()
    gone = CallLog(company.works, company.server.metrics.dropped_calls.inc)
    (call,) = company.server.calls.waiting
    gone.add(replace(call, organization_id=new_id()))
    gone.add(call)
    assert await gone.flush()
    assert await paths(company) == ["/taxes", "/taxes"]
