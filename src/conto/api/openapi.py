"""The OpenAPI 3.1 document of the endpoints, made from the structs that requests are read into and answered with."""

import inspect
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any, get_args

from conto.api import errors
from conto.api.endpoint import Endpoint, PlainText, Reply
from conto.schemas.encoding import encode
from conto.schemas.json_schema import schemas

Schema = dict[str, Any]

ERRORS: dict[str, tuple[int, str, type]] = {
    "BadRequest": (400, "Bad Request", errors.ApiErrorBadRequest),
    "Unauthorized": (401, "Unauthorized", errors.ApiErrorUnauthorized),
    "Forbidden": (403, "Forbidden", errors.ApiErrorForbidden),
    "NotFound": (404, "Not Found", errors.ApiErrorNotFound),
    "NotAllowed": (405, "Method Not Allowed", errors.ApiErrorNotAllowed),
    "ContentTooLarge": (413, "Content Too Large", errors.ApiErrorContentTooLarge),
    "UnprocessableEntity": (422, "Unprocessable Entity", errors.ApiErrorUnprocessableEntity),
    "Unavailable": (503, "Service Unavailable", errors.ApiErrorUnavailable),
}
"""Error responses by their component's name: status, description, body."""

READING = (
    "BadRequest",
    "Unauthorized",
    "Forbidden",
    "NotFound",
    "ContentTooLarge",
    "UnprocessableEntity",
    "Unavailable",
)
WRITING = (*READING, "NotAllowed")
OPEN = ("BadRequest", "NotFound")

PAGE_PARAMETERS: list[Schema] = [
    {"name": "page", "in": "query", "required": False, "schema": {"type": "integer", "default": 1}},
    {"name": "per_page", "in": "query", "required": False, "schema": {"type": "integer", "default": 100}},
]


IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
}


def encoded(endpoints: Sequence[Endpoint], version: str) -> bytes:
    """The document as JSON."""
    return encode(document(endpoints, version))


def document(endpoints: Sequence[Endpoint], version: str) -> Schema:
    """The document of the endpoints that are documented, in their order."""
    known = [endpoint for endpoint in endpoints if endpoint.documented]
    shapes, components = shapes_of(known)
    paths: dict[str, Schema] = {}
    names: set[str] = set()
    for endpoint in known:
        paths.setdefault(endpoint.route, {})[endpoint.method.lower()] = operation(endpoint, shapes, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Conto", "version": version},
        "paths": paths,
        "security": [{"bearerAuth": []}],
        "components": {
            "schemas": components,
            "responses": {name: response(body, text, shapes) for name, (_, text, body) in ERRORS.items()},
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
        },
    }


def shapes_of(endpoints: Iterable[Endpoint]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """The schema of every type that the endpoints or errors use, and the components that these refer to.

    A struct of filters is shown as parameters: its schema is whole, and no component.
    """
    queries = {endpoint.query.struct: None for endpoint in endpoints if endpoint.query}
    types = dict.fromkeys(body for _, _, body in ERRORS.values())
    for endpoint in endpoints:
        if endpoint.body:
            types[endpoint.body.struct] = None
        if written_as_json(endpoint.answer):
            types[endpoint.answer] = None
    wanted = [*types, *queries]
    found, components = schemas(wanted)
    shapes = dict(zip(wanted, found, strict=True))
    for struct in queries:
        name = shapes[struct]["$ref"].rpartition("/")[2]
        shapes[struct] = components[name] if struct in types else components.pop(name)
    return shapes, components


def written_as_json(answer: Any) -> bool:
    """Whether answers of the type are JSON whose schema the type tells."""
    return answer not in (None, NoneType, PlainText, Reply, Any)


def operation(endpoint: Endpoint, shapes: dict[Any, Schema], names: set[str]) -> Schema:
    """The operation object of one endpoint; `names` are the operation ids already taken."""
    summary, _, description = (inspect.getdoc(endpoint.function) or "").partition("\n")
    listed = OPEN if endpoint.public else READING if endpoint.method == "GET" else WRITING
    found: Schema = {
        "operationId": free_name(endpoint.function.__name__, names),
        "tags": [endpoint.resource],
        "summary": summary.rstrip("."),
        "parameters": parameters(endpoint, shapes),
        "responses": {
            "200": success(endpoint.answer, shapes),
            **{str(ERRORS[name][0]): {"$ref": f"#/components/responses/{name}"} for name in listed},
        },
    }
    if description.strip():
        found["description"] = description.strip()
    if endpoint.body:
        found["requestBody"] = request_body(endpoint, shapes)
    if endpoint.public:
        found["security"] = []
    return found


def free_name(name: str, taken: set[str]) -> str:
    """The name, with a number after it where it is taken already; taken from now on."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free


def parameters(endpoint: Endpoint, shapes: dict[Any, Schema]) -> list[Schema]:
    """The parameters of the path, then the filters, then those of the page."""
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in endpoint.parameters
    ]
    if endpoint.query:
        shape = shapes[endpoint.query.struct]
        required = shape.get("required", ())
        found += [filter_parameter(key, schema, key in required) for key, schema in shape["properties"].items()]
    if endpoint.repeatable:
        found.append(IDEMPOTENCY_KEY)
    if endpoint.page:
        found += PAGE_PARAMETERS
    return found


def filter_parameter(key: str, schema: Schema, required: bool) -> Schema:
    """A filter: an array is `key[]=a&key[]=b`, a map `key[name]=value`."""
    found: Schema = {"name": key, "in": "query", "required": required, "schema": schema}
    if schema.get("type") == "array":
        return {**found, "name": f"{key}[]", "style": "form", "explode": True}
    if schema.get("type") == "object":
        return {**found, "style": "deepObject", "explode": True}
    return found


def request_body(endpoint: Endpoint, shapes: dict[Any, Schema]) -> Schema:
    """The body, in its envelope where it has one."""
    shape = endpoint.body
    assert shape is not None
    schema = shapes[shape.struct]
    required = shape.envelope is not None and not shape.optional
    if shape.envelope is not None:
        wrapper: Schema = {"type": "object", "properties": {shape.envelope: schema}}
        schema = {**wrapper, "required": [shape.envelope]} if required else wrapper
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def success(answer: Any, shapes: dict[Any, Schema]) -> Schema:
    """The response to what succeeds."""
    if answer is PlainText:
        return {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}
    if not written_as_json(answer):
        return {"description": "OK"}
    found = response(answer, "OK", shapes)
    if NoneType in get_args(answer):
        found["content"]["text/plain"] = {"schema": {"type": "string", "maxLength": 0}}
    return found


def response(body: Any, description: str, shapes: dict[Any, Schema]) -> Schema:
    """A response whose body is JSON."""
    return {"description": description, "content": {"application/json": {"schema": shapes[body]}}}
