"""The MCP surface of a capability file: its tools, and what they answer."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.capability.conftest import Things, Tools
from tests.capability.stub import BIG, INVOICE, PDF, Stub


async def test_tools_are_listed_with_the_schemas_of_their_operations(tools: Tools):
    listed = await tools.listed()
    assert list(listed) == [
        *("do", "list-things", "create-thing", "make-thing", "write-thing", "change-part", "report", "note", "form"),
        "number",
    ]
    hints = listed["do"].annotations
    assert hints is not None
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
        *(True, False, True, False),
    )
    assert (listed["do"].title, listed["do"].description) == ("Do something", "Does what it is told.")
    assert listed["do"].input_schema == {
        "type": "object",
        "properties": {"what": {"type": "string"}},
        "required": ["what"],
        "additionalProperties": False,
    }
    body = {"body": {"type": "object", "description": "The thing."}}
    assert (listed["create-thing"].input_schema["properties"], listed["create-thing"].annotations) == (body, None)
    assert listed["change-part"].input_schema["required"] == ["body", "thing_id", "part"]


async def test_arguments_are_those_that_the_mapping_names_and_all_that_it_leaves_open(tools: Tools):
    listed = {name: tool.input_schema for name, tool in (await tools.listed()).items()}
    properties = listed["list-things"]["properties"]
    assert set(properties) == {
        *("status", "codes", "metadata", "overdue", "page", "host", "size", "If-Match", "X-Trace"),
    }
    assert properties["codes"] == {"type": "array", "items": {"type": "string"}}
    assert properties["status"] == {"type": "string", "description": "Which ones."}
    assert properties["size"] == {"type": "integer", "default": 20}
    assert "required" not in listed["list-things"]
    assert listed["write-thing"]["required"] == ["name"]
    assert listed["make-thing"]["required"] == ["name"]


async def test_arguments_reach_the_upstream_as_it_reads_them(tools: Tools, stub: Stub):
    given = {"codes": ["a", "b c"], "metadata": {"x": {"y": 1}}, "overdue": True, "page": 2, "If-Match": "é"}
    result = await tools.call("list-things", given)
    assert result.is_error is False
    query = "codes[]=a&codes[]=b%20c&metadata[x][y]=1&overdue=true&page=2&size=20&fixed=as%20it%20is"
    assert stub.last.target == f"/api/things?{query}"
    assert stub.last.headers["if-match"] == "é"
    await tools.call("do", {"what": "a/b?c"})
    assert stub.last.target == "/api/do/a%2Fb%3Fc"


async def test_bodies_are_objects_fields_or_what_the_file_writes(tools: Tools, stub: Stub):
    await tools.call("create-thing", {"body": {"a": None, "b": [1.5, True]}})
    assert (stub.last.json, stub.last.headers["content-type"]) == ({"a": None, "b": [1.5, True]}, "application/json")
    await tools.call("make-thing", {"name": "n", "tags": [1]})
    assert stub.last.json == {"name": "n", "tags": [1]}
    await tools.call("write-thing", {"name": "n", "groups": [{"a": 1}]})
    assert stub.last.json == {"name": "n", "groups": [{"a": 1}], "note": "for n"}


async def test_parameters_of_a_body_that_the_file_writes_are_arguments(tools: Tools, stub: Stub):
    schema = (await tools.listed())["report"].input_schema
    assert schema["properties"] == {
        "title": {"type": "string", "description": "Its title."},
        "count": {"type": "integer"},
        "path": {},
    }
    assert schema["required"] == ["title"]
    await tools.call("report", {"title": "t", "count": 2})
    assert stub.last.json == {"report": {"title": "t", "count": 2}}


async def test_texts_and_forms_are_bodies_too(tools: Tools, stub: Stub):
    await tools.call("note", {"body": "Zoë"})
    assert (stub.last.body.decode(), stub.last.headers["content-type"]) == ("Zoë", "text/plain; charset=utf-8")
    await tools.call("form", {"body": {"a b": "c&d", "list": [1, True], "deep": {"x": 1}, "none": None}})
    assert stub.last.body == b"a%20b=c%26d&list=1&list=true&deep[x]=1"
    assert stub.last.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_names_may_mix_up_hyphen_and_underscore(tools: Tools, stub: Stub):
    result = await tools.call("change-part", {"thing-id": "t", "part": "p", "body": {}})
    assert (result.is_error, stub.last.target) == (False, "/api/things/t/parts/p")


async def test_an_answer_is_structured_content_and_text(tools: Tools):
    result = await tools.call("do", {"what": "invoice"})
    assert (result.is_error, result.structured_content) == (False, INVOICE)
    assert json.loads(result.content[0].text) == INVOICE  # pyright: ignore[reportAttributeAccessIssue]
    for what, content in (
        ("list", {"result": [1, 2, 3]}),
        ("204", {"result": None}),
        ("packed", INVOICE),
        ("html", {"contentType": "text/html; charset=utf-8", "text": "<h1>Hello</h1>"}),
        ("pdf", {"contentType": "application/pdf", "base64": "JVBERi0xLjcKAP/+"}),
    ):
        assert (await tools.call("do", {"what": what})).structured_content == content
    assert PDF.startswith(b"%PDF")
    assert (await tools.call("number", {"what": "invoice"})).structured_content == {"result": 17}


async def test_ten_megabytes_come_whole(tools: Tools):
    result = await tools.call("do", {"what": "big"})
    assert len(result.structured_content["base64"]) == 4 * ((len(BIG) + 2) // 3)


async def test_what_the_upstream_refuses_is_an_error_of_the_tool_with_its_status_and_body(tools: Tools):
    for what, content in (
        ("422", {"status": 422, "body": {"status": 422, "error_details": {"code": ["missing"]}}}),
        ("500", {"status": 500, "body": {"error": "broken"}}),
        ("303", {"status": 303, "body": None}),
    ):
        result = await tools.call("do", {"what": what})
        assert (result.is_error, result.structured_content) == (True, content)


async def test_an_upstream_that_gives_no_answer_is_an_error_of_the_tool(tools: Tools):
    for what, status, code in (
        ("hang", 504, "upstream_timeout"),
        ("garbage", 502, "upstream_nonsense"),
        ("close", 502, "upstream_broke_off"),
        ("break", 502, "upstream_broke_off"),
        ("false-json", 502, "upstream_not_json"),
    ):
        result = await tools.call("do", {"what": what})
        told = result.structured_content
        assert (result.is_error, told["status"], told["code"]) == (True, status, code)


async def test_wrong_arguments_are_an_error_of_the_tool_that_never_reaches_the_upstream(tools: Tools, stub: Stub):
    before = len(stub.asked)
    for name, given, said in (
        ("do", {}, "'what' is a required property"),
        ("do", {"what": 5}, "what: 5 is not of type 'string'"),
        ("do", {"what": ""}, "the path parameter 'what' cannot be ''"),
        ("do", {"what": "x", "wat": 1}, "'wat' was unexpected"),
        ("create-thing", {"body": [1]}, "body: [1] is not of type 'object'"),
        ("list-things", {"X-Trace": "a\r\nb: c"}, "the header 'X-Trace' has characters that cannot be sent"),
    ):
        result = await tools.call(name, given)
        assert (result.is_error, said in result.structured_content["message"]) == (True, True), result
    assert len(stub.asked) == before


async def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(things: Things):
    async with Client(things.mcp) as client:
        with pytest.raises(MCPError, match="There is no tool 'none'"):
            await client.call_tool("none", {})


async def test_all_versions_of_the_protocol_are_spoken(things: Things):
    async with httpx.AsyncClient() as client:
        for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
            answer = (await client.post(things.mcp, json=initialize(version))).json()["result"]
            assert answer["protocolVersion"] == version
            assert answer["serverInfo"]["name"] == "things-mcp"
            assert answer["instructions"] == "Things for agents."
    for mode in ("legacy", "auto"):
        async with Client(things.mcp, mode=mode) as client:
            assert len((await client.list_tools()).tools) == 10


def initialize(version: str) -> Any:
    """The first message of a client."""
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


async def test_mcp_is_spoken_by_post_alone_and_not_to_web_pages_of_others(things: Things):
    wanted = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient() as client:
        assert (await client.get(things.mcp)).status_code == 405
        assert (await client.post(things.mcp.removesuffix("/mcp"), json=wanted)).status_code == 200
        assert (await client.post(things.mcp + "/other", json=wanted)).status_code == 404
        foreign = {"Origin": "https://elsewhere.example"}
        assert (await client.post(things.mcp, json=wanted, headers=foreign)).status_code == 403
        assert (await client.post(things.mcp, json=wanted, headers={"Host": "elsewhere.example"})).status_code == 403


async def test_many_tools_are_called_at_once(things: Things):
    async with Client(things.mcp) as client:
        results = await asyncio.gather(*(client.call_tool("do", {"what": f"echo-{n}"}) for n in range(50)))
    assert [result.structured_content["target"] for result in results] == [f"/api/do/echo-{n}" for n in range(50)]
