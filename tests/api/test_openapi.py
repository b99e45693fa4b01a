"""The OpenAPI document says what the API does."""

import json
from time import perf_counter
from typing import Any

import schemathesis
from fake_api import KEY, Works, endpoints
from hypothesis import settings
from litestar import Request
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from conto.api import openapi
from conto.api.app import create_app
from conto.api.endpoint import Reply, declare

CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
DOCUMENT = openapi.document(endpoints(), "1.2.3")


def operation(method: str, path: str) -> dict[str, Any]:
    return DOCUMENT["paths"][path][method]


def test_an_operation_tells_its_parameters_body_and_answers():
    created = operation("post", "/api/v1/taxes")
    assert created["operationId"] == "create_tax"
    assert created["tags"] == ["tax"]
    assert created["summary"] == "Create a tax"
    assert created["description"] == "Its code is unique."
    assert created["requestBody"] == {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"tax": {"$ref": "#/components/schemas/TaxInput"}},
                    "required": ["tax"],
                }
            }
        },
    }
    assert created["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/TaxAnswer"
    }
    assert set(created["responses"]) == {"200", "400", "401", "403", "404", "405", "413", "422", "503"}


def test_filters_are_parameters():
    listed = operation("get", "/api/v1/taxes")
    parameters = {parameter["name"]: parameter for parameter in listed["parameters"]}
    assert set(parameters) == {"codes[]", "status", "since", "metadata", "page", "per_page"}
    assert parameters["codes[]"]["style"] == "form"
    assert parameters["metadata"]["style"] == "deepObject"
    assert parameters["status"]["schema"] == {"enum": ["off", "on"]}
    assert not any(parameter["required"] for parameter in parameters.values())
    assert "405" not in listed["responses"]
    assert "TaxFilters" not in DOCUMENT["components"]["schemas"]


def test_paths_are_shown_without_our_signs():
    assert operation("get", "/api/v1/plans/{code}/charges/{charge_code}")["parameters"] == [
        {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "charge_code", "in": "path", "required": True, "schema": {"type": "string"}},
    ]


def test_a_body_without_envelope_is_its_own_and_optional():
    body = operation("post", "/api/v1/invoices/{invoice_id}/void")["requestBody"]
    assert body["required"] is False
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/VoidInput"}
    optional = operation("post", "/api/v1/invoices/{invoice_id}/retry_payment")["requestBody"]
    assert "required" not in optional["content"]["application/json"]["schema"]


def test_answers_other_than_json():
    assert operation("post", "/api/v1/invoices/{invoice_id}/retry_payment")["responses"]["200"] == {"description": "OK"}
    assert list(operation("get", "/api/v1/webhooks/public_key")["responses"]["200"]["content"]) == ["text/plain"]


def test_public_endpoints_ask_for_no_key_and_undocumented_ones_are_left_out():
    assert operation("get", "/health")["security"] == []
    assert "401" not in operation("get", "/health")["responses"]
    assert "/api/v1/broken" not in DOCUMENT["paths"]


def test_numbers_are_shown_as_they_are_written_and_read():
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["TaxObject"]["properties"]["rate"] == {"type": "number"}
    assert schemas["TaxInput"]["properties"]["rate"]["type"] == ["string", "number"]
    assert schemas["ApiErrorNotFound"]["required"] == ["status", "error", "code"]


def test_every_reference_leads_somewhere_and_every_operation_has_its_own_name():
    text = json.dumps(DOCUMENT)
    for part in text.split('"$ref": "#/components/')[1:]:
        kind, name = part.partition('"')[0].split("/")
        assert name in DOCUMENT["components"][kind]
    names = [found["operationId"] for path in DOCUMENT["paths"].values() for found in path.values()]
    assert len(names) == len(set(names))


def test_the_document_is_made_quickly_from_many_endpoints():
    many = [endpoint for _ in range(10) for endpoint in endpoints()]
    started = perf_counter()
    assert json.loads(openapi.encoded(many, "1"))["info"]["version"] == "1"
    assert perf_counter() - started < 1


async def serve_document(request: Request[Any, Any, Any]) -> Reply:
    return Reply(openapi.encoded(endpoints(), "1"))


declare("GET", "/openapi.json", resource="public", base="", public=True, documented=False)(serve_document)
served = create_app([*endpoints(), *vars(serve_document)["__endpoints__"]], Works().open)
schema = schemathesis.openapi.from_asgi("/openapi.json", served).exclude(path_regex="^/health")


@schema.parametrize()
@settings(max_examples=15, deadline=None, database=None)
def test_what_is_answered_is_what_the_document_says(case: "schemathesis.Case[Any]"):
    case.call_and_validate(checks=CHECKS, headers=KEY)
