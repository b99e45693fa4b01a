"""What every request goes through: the order of refusals, envelopes, answers, the transaction (chapter 01)."""

import json
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from fake_api import TaxUpdate, Works, client, create_tax, fake_app, update_tax
from fake_api import Work as FakeWork
from litestar import Litestar
from structlog.testing import capture_logs

from conto.api.app import BODY_LIMIT
from conto.api.endpoint import get
from conto.api.envelope import Body

API = "/api/v1"
TAX = {"code": "vat", "name": "VAT", "rate": "20"}
MISSING = "BadRequest: param is missing or the value is empty or invalid: tax"


async def test_a_write_is_answered_and_committed():
    works = Works()
    async with client(fake_app(works)) as http:
        answer = await http.post(f"{API}/taxes", json={"tax": TAX})
    assert answer.status_code == 200
    assert answer.text == '{"tax":{"code":"vat","rate":20.0,"currency":null}}'
    assert answer.headers["content-type"] == "application/json"
    assert works.ended == [("committed", True)]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "key"])
async def test_without_a_valid_key_nothing_else_is_looked_at(authorization: str):
    async with client(Authorization=authorization) as http:
        answer = await http.post(f"{API}/taxes", content=b"{")
    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "error": "Unauthorized"}


async def test_the_second_word_of_the_header_is_the_key():
    async with client(Authorization="Whatever key more") as http:
        assert (await http.get(f"{API}/taxes")).status_code == 200


async def test_permission_comes_before_the_envelope():
    async with client(Authorization="Bearer powerless") as http:
        written = await http.post(f"{API}/taxes", content=b"{")
        read = await http.get(f"{API}/taxes")
    assert written.status_code == 403
    assert written.json() == {"status": 403, "error": "Forbidden", "code": "write_action_not_allowed_for_tax"}
    assert read.json()["code"] == "read_action_not_allowed_for_tax"


@pytest.mark.parametrize(
    "content", [b"", b" ", b"{}", b"[]", b"3", b"null", b'{"tax":{}}', b'{"tax":[1]}', b'{"code":"a"}']
)
async def test_a_missing_or_empty_envelope_is_a_bad_request(content: bytes):
    works = Works()
    async with client(fake_app(works)) as http:
        answer = await http.put(f"{API}/taxes/unknown", content=content)
    assert answer.status_code == 400
    assert answer.json() == {"status": 400, "error": MISSING}
    assert works.ended == [("rolled back", True)]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"tax": NaN}',
        b"\xff",
        b'{"tax": {"code": "\xff"}}',
        b'{"tax": {"code": "\\ud800"}}',
        b"[" * 100_000,
        b'{"tax": {"name": ' + b"[" * 100 + b"]" * 100 + b"}}",
        b'{"tax": {"rate": 1e99999999999999999999}}',
        b'{"tax": {"rate": ' + b"1" * 5000 + b"}}",
        b"\xef\xbb\xbf{}",
    ],
)
async def test_a_malformed_body_is_a_bad_request(content: bytes):
    async with client() as http:
        answer = await http.post(f"{API}/taxes", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("BadRequest: ")


async def test_a_hundred_levels_are_read():
    nested: Any = 1
    for _ in range(98):
        nested = [nested]
    async with client() as http:
        assert (await http.put(f"{API}/taxes/a", json={"tax": {"extra": nested}})).status_code == 200
        assert (await http.put(f"{API}/taxes/a", json={"tax": {"extra": [nested]}})).status_code == 400


async def test_a_lookup_comes_before_validation():
    async with client() as http:
        unknown = await http.put(f"{API}/taxes/unknown", json={"tax": {"name": ""}})
        known = await http.put(f"{API}/taxes/known", json={"tax": {"name": ""}})
    assert unknown.json() == {"status": 404, "error": "Not Found", "code": "tax_not_found"}
    assert known.status_code == 422
    assert known.json() == {
        "status": 422,
        "error": "Unprocessable Entity",
        "code": "validation_errors",
        "error_details": {"name": ["value_is_mandatory"]},
    }


async def test_states_and_locks_have_their_bodies():
    async with client() as http:
        paid = await http.post(f"{API}/invoices/paid/void")
        busy = await http.post(f"{API}/invoices/busy/void")
    assert paid.json() == {"status": 405, "error": "Method Not Allowed", "code": "not_voidable"}
    assert paid.status_code == 405
    assert busy.json() == {"status": 422, "error": "Unprocessable Entity", "code": "lock_acquisition_failed"}


async def test_without_an_envelope_fields_are_at_the_top_and_an_empty_body_gives_none():
    async with client() as http:
        for content, values in ((b"", []), (b"{}", []), (b'{"reason":"x"}', ["x"])):
            answer = await http.post(f"{API}/invoices/1/void", content=content)
            assert (answer.status_code, answer.json()["values"]) == (200, values)
        assert (await http.post(f"{API}/invoices/1/void", content=b"[]")).status_code == 400


async def test_an_optional_envelope_may_be_missing_but_not_wrong():
    async with client() as http:
        for content in (b"", b"{}", b'{"payment":{}}', b'{"payment":null}', b'{"payment":{"reason":"x"}}'):
            answer = await http.post(f"{API}/invoices/1/retry_payment", content=content)
            assert (answer.status_code, answer.content) == (200, b"")
        assert (await http.post(f"{API}/invoices/1/retry_payment", content=b'{"payment":3}')).status_code == 400


async def test_a_lazy_body_is_not_decoded():
    async with client() as http:
        assert (await http.post(f"{API}/events/batch", content=b"{{{")).json()["values"] == ["3"]


async def test_the_content_type_does_not_matter():
    async with client() as http:
        answer = await http.post(
            f"{API}/taxes",
            content=json.dumps({"tax": TAX}),
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "text/html"},
        )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


async def test_a_body_beyond_the_limit_is_too_large():
    async def chunks():
        for _ in range(11):
            yield b" " * (1024 * 1024)

    async with client() as http:
        whole = await http.post(f"{API}/taxes", content=b" " * (BODY_LIMIT + 1))
        chunked = await http.post(f"{API}/taxes", content=chunks())
    for answer in (whole, chunked):
        assert answer.status_code == 413
        assert answer.json() == {"status": 413, "error": "Content Too Large"}
        UUID(answer.headers["x-request-id"])


async def test_plain_text_and_own_replies():
    async with client() as http:
        key = await http.get(f"{API}/webhooks/public_key")
        mode = await http.get(f"{API}/mode")
    assert (key.text, key.headers["content-type"]) == ("é-key", "text/plain; charset=utf-8")
    assert mode.json() == {"writes": True, "path": "/api/v1/mode"}
    assert mode.headers["x-lago-endpoint-status"] == "beta"


async def test_public_endpoints_need_no_key():
    async with client(Authorization="") as http:
        health = await http.get("/health")
        inbound = await http.post("/inbound/webhooks/stripe/a%2Fb")
    assert (health.status_code, health.json()) == (500, {"message": "Unhealthy"})
    assert inbound.json() == {"where": "stripe", "values": ["a/b"]}


async def test_a_bug_is_a_500_that_tells_nothing_and_is_logged_with_its_request():
    works = Works()
    with capture_logs() as lines:
        async with client(fake_app(works)) as http:
            answer = await http.get(f"{API}/broken", headers={"x-request-id": "my-id"})
    assert answer.status_code == 500
    assert answer.json() == {"status": 500, "error": "Internal Server Error"}
    assert answer.headers["x-request-id"] == "my-id"
    assert works.ended == [("rolled back", False)]
    failure = next(line for line in lines if line["event"] == "request failed")
    assert isinstance(failure["exc_info"], RuntimeError)


async def test_an_answer_that_cannot_be_written_is_not_committed():
    works = Works()
    async with client(fake_app(works)) as http:
        assert (await http.get(f"{API}/unwritable")).status_code == 500
    assert works.ended == [("rolled back", False)]


@pytest.mark.parametrize("given", ["abc-123", "A" * 255])
async def test_a_request_id_of_the_right_form_is_kept(given: str):
    async with client() as http:
        for path in (f"{API}/taxes", "/nope"):
            assert (await http.get(path, headers={"x-request-id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a_b", "A" * 256, "é".encode().decode("latin-1")])
async def test_any_other_request_id_is_replaced(given: str):
    async with client() as http:
        answer = await http.get(f"{API}/taxes", headers=[(b"x-request-id", given.encode("latin-1"))])
    assert UUID(answer.headers["x-request-id"]).version == 4


async def test_a_wrong_host_is_a_bad_request():
    async with client() as http:
        answer = await http.get(f"{API}/taxes", headers={"host": "a b"})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


async def test_each_request_is_logged_and_measured_by_its_route():
    app = fake_app()
    with capture_logs() as lines:
        async with client(app) as http:
            await http.get(f"{API}/taxes/a%2Fb")
            await http.request("BREW", "/nope")
    known, unknown = (line for line in lines if line["event"] == "request")
    assert (known["route"], known["status"]) == ("/api/v1/taxes/{code}", 200)
    assert (unknown["route"], unknown["status"]) == ("unknown", 404)
    text = app.metrics.render().decode()
    assert 'seconds_count{method="GET",route="/api/v1/taxes/{code}",status="200"} 1.0' in text
    assert 'seconds_count{method="other",route="unknown",status="404"} 1.0' in text


async def test_a_page_of_the_front_end_may_call_and_others_may_not():
    app = fake_app(front_origin="https://app.conto.test")
    asked = {"origin": "https://app.conto.test", "access-control-request-method": "PUT"}
    async with client(app, Authorization="") as http:
        allowed = await http.options(
            f"{API}/taxes/a", headers={**asked, "access-control-request-headers": "authorization"}
        )
        refused = await http.options(f"{API}/taxes/a", headers={**asked, "origin": "https://evil.test"})
        answer = await http.get(f"{API}/taxes", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.conto.test"
    assert allowed.headers["access-control-allow-headers"] == "authorization"
    assert allowed.headers["access-control-allow-methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"
    assert refused.status_code == 404
    assert "access-control-allow-origin" not in refused.headers
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://app.conto.test"
    assert answer.headers["access-control-expose-headers"] == "x-lago-token"
    assert refused.headers["vary"] == "Origin"


async def test_without_a_front_end_no_origin_is_allowed():
    async with client() as http:
        answer = await http.get(f"{API}/taxes", headers={"origin": "https://app.conto.test"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_handlers_stay_callable_without_http():
    work = FakeWork(writes=True, allowed=True)
    assert (await update_tax(work, "a", Body.of(TaxUpdate, {"name": "A"}))).tax.code == "a"
    assert create_tax.__name__ == "create_tax"


def test_a_handler_that_nothing_can_call_is_refused_when_it_is_declared():
    async def unknown_parameter(work: FakeWork, code: str, extra: int) -> None: ...
    async def missing_parameter(work: FakeWork) -> None: ...

    with pytest.raises(TypeError, match="extra"):
        get("/taxes/{code}", resource="tax")(unknown_parameter)
    with pytest.raises(TypeError, match="code"):
        get("/taxes/{code}", resource="tax")(missing_parameter)


async def test_what_surrounds_serving_is_entered_and_left():
    seen: list[str] = []

    @asynccontextmanager
    async def around(app: Litestar):
        seen.append("entered")
        yield
        seen.append("left")

    async with fake_app(lifespan=[around]).lifespan():
        assert seen == ["entered"]
    assert seen == ["entered", "left"]
