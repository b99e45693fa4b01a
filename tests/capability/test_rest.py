"""The REST surface of a capability file: what reaches the upstream, and what comes back."""

import asyncio
from typing import Any

import httpx
import schemathesis

from tests.capability.conftest import Things
from tests.capability.runner import SECRET
from tests.capability.stub import BIG, INVOICE, Stub


async def reached(stub: Stub, answer: httpx.Response) -> Any:
    """What the upstream was asked, which it has answered."""
    assert answer.status_code == 200, answer.text
    return stub.last


async def test_a_call_proves_who_calls_and_carries_what_the_file_fixes(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(
        stub, await rest.get("/do/echo", headers={"Authorization": "Bearer someone", "Cookie": "a=b"})
    )
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["x-version"] == "2026"
    assert "cookie" not in asked.headers


async def test_query_parameters_that_are_not_given_are_not_sent(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/things"))
    assert asked.target == "/api/things?size=20&fixed=as%20x%20y%20is"


async def test_query_parameters_go_by_the_names_of_the_operation(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/things?p=2&page=9&status=&overdue=false&size=5&other=1"))
    assert asked.target == "/api/things?status=&overdue=false&page=2&size=5&fixed=as%20x%20y%20is"


async def test_lists_and_objects_in_a_query_are_passed_on(rest: httpx.AsyncClient, stub: Stub):
    query = "codes[]=a&codes%5B%5D=b%26c&metadata[x]=1&metadata[y z]=2"
    asked = await reached(stub, await rest.get(f"/v1/things?{query}"))
    sent = "codes[]=a&codes[]=b%26c&metadata[x]=1&metadata[y%20z]=2"
    assert asked.target.partition("?")[2].startswith(sent)


async def test_headers_that_are_parameters_are_passed_on_and_no_others(rest: httpx.AsyncClient, stub: Stub):
    given = {"If-Match": '"7"', "X-Trace": "t-1", "X-Other": "1", "Host": "localhost"}
    asked = await reached(stub, await rest.get("/v1/things", headers=given))
    assert (asked.headers["if-match"], asked.headers["x-trace"]) == ('"7"', "t-1")
    assert "x-other" not in asked.headers
    assert "host=" not in asked.target


async def test_a_path_parameter_is_fed_by_the_exposed_one_of_the_same_name(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/things/t-1/parts/p-2"))
    assert asked.target == "/api/things/t-1/parts/p-2"


async def test_a_path_parameter_stays_one_part_of_the_path(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/things/a%2Fb%20%C3%A9%3F/parts/%25%FF"))
    assert asked.target == "/api/things/a%2Fb%20%C3%A9%3F/parts/%25%FF"
    before = len(stub.asked)
    answer = await rest.get("/v1/things/%2E%2E/parts/x")
    assert (answer.status_code, len(stub.asked)) == (400, before)


async def test_a_literal_is_passed_as_it_is(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/things/first/parts/p"))
    assert asked.target == "/api/things/1%2F2/parts/p"
    asked = await reached(stub, await rest.post("/v1/literal"))
    assert asked.json == {"a": 1, "b": [True, None, "x y"]}


async def test_a_body_is_passed_on_byte_by_byte_with_its_content_type(rest: httpx.AsyncClient, stub: Stub):
    raw = b'{"amount": 1.10, "n": 12345678901234567890}'
    asked = await reached(
        stub, await rest.put("/v1/things/a/parts/b", content=raw, headers={"Content-Type": "a/b; c=d"})
    )
    assert (asked.body, asked.headers["content-type"]) == (raw, "a/b; c=d")
    asked = await reached(stub, await rest.post("/do/echo", content=b"not json"))
    assert asked.body == b"not json"


async def test_a_large_body_is_passed_on(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/do/echo", content=BIG))
    assert asked.body == BIG

    async def pieces():
        for start in range(0, len(BIG), 65536):
            yield BIG[start : start + 65536]

    asked = await reached(stub, await rest.post("/do/echo", content=pieces()))
    assert asked.body == BIG


async def test_an_upstream_that_refuses_a_large_body_before_it_ends_is_heard(rest: httpx.AsyncClient):
    answer = await rest.post("/do/hasty", content=BIG)
    assert (answer.status_code, answer.text) == (413, "too large")


async def test_what_is_required_and_missing_never_reaches_the_upstream(rest: httpx.AsyncClient, stub: Stub):
    before = len(stub.asked)
    without_body = await rest.post("/v1/things")
    assert (without_body.status_code, without_body.json()["message"]) == (400, "A body is required.")
    without_query = await rest.get("/v1/search?q=x")
    assert without_query.status_code == 400
    assert without_query.json()["message"] == "The query parameter 'text' is required."
    assert len(stub.asked) == before


async def test_body_parameters_make_a_json_body(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/v1/makings?count=3", json={"title": "t"}))
    assert asked.json == {"name": "t", "count": 3, "tags": ["a", 1, True]}
    assert asked.headers["content-type"] == "application/json"
    asked = await reached(stub, await rest.post("/v1/makings", json={"title": "t", "count": 4}))
    assert asked.json["count"] == 4
    assert (await rest.post("/v1/makings", json={"other": 1})).status_code == 400
    assert (await rest.post("/v1/makings", content=b"{")).json()["message"] == "The body is no JSON."


async def test_a_body_that_the_file_writes_is_filled(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/v1/writings/n%22", content=b'{"groups": [{"a": 1.50}]}'))
    assert asked.json == {"name": 'n"', "groups": [{"a": 1.5}], "note": 'for n"'}
    assert b"1.50" in asked.body
    asked = await reached(stub, await rest.post("/v1/writings/n"))
    assert asked.json == {"name": "n", "note": "for n"}


async def test_what_a_mapping_names_may_stand_in_a_json_body(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/v1/reports", json={"title": "t", "count": 2, "path": "p"}))
    assert asked.json == {"report": {"title": "t", "count": 2, "path": "p"}}
    assert (await rest.post("/v1/reports", json={"count": 2})).status_code == 400
    asked = await reached(stub, await rest.post("/v1/marks", json={"metadata": {"a": 1}, "other": 2}))
    assert asked.json == {"metadata": {"a": 1}}


async def test_a_body_can_be_a_query_parameter(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/v1/found", json="a&b"))
    assert asked.target == "/api/things?q=a%26b"


async def test_bytes_that_are_no_text_are_refused_where_text_is_needed(rest: httpx.AsyncClient):
    answer = await rest.post("/v1/writings/%FF")
    assert (answer.status_code, answer.json()["message"]) == (400, "What is to be the body is no text in UTF-8.")


async def test_a_part_of_the_body_can_be_the_body(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.post("/v1/nested", json={"inner": {"x": [1]}, "outer": 2}))
    assert asked.json == {"x": [1]}


async def test_the_answer_is_the_upstreams(rest: httpx.AsyncClient):
    answer = await rest.get("/do/echo")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.headers["x-upstream"], answer.headers["etag"]) == ("stub", '"1"')
    assert "set-cookie" not in answer.headers
    for what, status, start in (
        ("html", 200, "<h1>"),
        ("500", 500, '{"error": "broken"}'),
        ("422", 422, '{"status": 422'),
        ("false-json", 200, "{not json"),
    ):
        answer = await rest.get(f"/do/{what}")
        assert (answer.status_code, answer.text[: len(start)]) == (status, start)
    nothing = await rest.get("/do/204")
    assert (nothing.status_code, nothing.content) == (204, b"")
    elsewhere = await rest.get("/do/303")
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (303, "/other")


async def test_packed_and_large_answers_come_whole(rest: httpx.AsyncClient):
    packed = await rest.get("/do/packed")
    assert (packed.headers["content-encoding"], packed.json()) == ("gzip", INVOICE)
    big = await rest.get("/do/big")
    assert (big.headers["content-type"], big.content) == ("application/octet-stream", BIG)
    assert (await rest.get("/do/pdf")).headers["content-type"] == "application/pdf"


async def test_outputs_are_found_by_their_paths_and_are_null_where_nothing_is(rest: httpx.AsyncClient):
    answer = await rest.get("/v1/numbers/invoice")
    assert answer.json() == {
        "number": "17",
        "rate": 0.1,
        "total": 12.5,
        "paid": True,
        "codes": ["a", "b"],
        "dear": "b",
        "none": None,
        "kind": "invoice",
    }
    assert '"total":12.50' in answer.text
    assert (await rest.get("/v1/customer/packed")).json() == {"name": "Zoë", "address": None}
    assert (await rest.get("/v1/shaped/invoice")).json() == {
        "who": "Zoë",
        "fees": [{"amount": 100, "code": "a"}, {"amount": 250, "code": "b"}],
    }


async def test_what_an_operation_names_is_what_is_answered_or_looked_into(rest: httpx.AsyncClient, stub: Stub):
    answer = await rest.get("/v1/named/t/a%26b")
    assert answer.json() == {"total": 12.5, "customer": "Zoë"}
    assert stub.last.target == "/api/things/t/invoice?kind=fixed&of=a%26b"
    assert (await rest.get("/v1/named/t/c/total")).json() == "12.50"


async def test_what_the_exposed_side_describes_is_looked_for_where_it_says(rest: httpx.AsyncClient, stub: Stub):
    asked = await reached(stub, await rest.get("/v1/described?X-Which=no", headers={"X-Which": "yes"}))
    assert asked.target == "/api/things?q=yes"
    missing = await rest.get("/v1/described?X-Which=no")
    assert (missing.status_code, missing.json()["message"]) == (400, "The query parameter 'X-Which' is required.")


async def test_errors_are_passed_on_where_outputs_are_asked_for(rest: httpx.AsyncClient):
    answer = await rest.get("/v1/numbers/422")
    assert (answer.status_code, answer.json()["error_details"]) == (422, {"code": ["missing"]})
    nothing = await rest.get("/v1/numbers/204")
    assert (nothing.status_code, nothing.content) == (204, b"")
    page = await rest.get("/v1/numbers/html")
    assert (page.status_code, page.json()["code"]) == (502, "upstream_not_json")


async def test_what_is_not_there_is_said_to_be_not_there(rest: httpx.AsyncClient):
    assert (await rest.get("/nothing")).status_code == 404
    assert (await rest.get("/v1/things/")).status_code == 404
    wrong = await rest.delete("/v1/things")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


async def test_the_surface_lists_and_describes_itself_without_its_secrets(rest: httpx.AsyncClient):
    listed = await rest.get("/")
    operations = {(one["method"], one["path"], one["name"]) for one in listed.json()["operations"]}
    assert ("PUT", "/v1/things/{thing-id}/parts/{part}", "change") in operations
    described = await rest.get("/openapi.json")
    schemathesis.openapi.from_dict(described.json()).validate()
    paths = described.json()["paths"]
    assert sum(len(methods) for methods in paths.values()) == len(operations)
    page = {"name": "p", "in": "query", "required": False, "schema": {"type": "integer"}}
    assert page in paths["/v1/things"]["get"]["parameters"]
    assert paths["/v1/things"]["post"]["requestBody"]["required"] is True
    part = paths["/v1/things/{thing-id}/parts/{part}"]["put"]["parameters"]
    assert [(one["name"], one["in"], one["required"]) for one in part] == [
        ("thing-id", "path", True),
        ("part", "path", True),
    ]
    assert SECRET not in listed.text + described.text


async def test_web_pages_of_others_cannot_call(rest: httpx.AsyncClient, stub: Stub):
    before = len(stub.asked)
    assert (await rest.get("/do/echo", headers={"Origin": "https://elsewhere.example"})).status_code == 403
    assert (await rest.get("/do/echo", headers={"Host": "elsewhere.example"})).status_code == 403
    assert len(stub.asked) == before
    assert (await rest.get("/do/echo", headers={"Origin": "http://localhost:5173"})).status_code == 200


async def test_many_calls_at_once_are_answered_over_connections_that_are_kept(things: Things):
    things.stub.connections.clear()
    answers = await asyncio.gather(*(things.rest.get(f"/do/echo?{number}") for number in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(things.stub.connections) < 150
    before = set(things.stub.connections)
    for _ in range(20):
        await things.rest.get("/do/echo")
    assert things.stub.connections == before


async def test_calls_do_not_wait_for_one_another(things: Things):
    waiting = things.stub.waiting
    slow = [asyncio.create_task(things.rest.get("/do/hang")) for _ in range(20)]
    while things.stub.waiting < waiting + len(slow):
        await asyncio.sleep(0.01)
    assert (await things.rest.get("/do/echo")).status_code == 200
    assert not any(task.done() for task in slow)
    assert {(await task).status_code for task in slow} == {504}
