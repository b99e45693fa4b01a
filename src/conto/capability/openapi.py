"""Describes a REST surface: a list for people, an OpenAPI for programs. Neither shows what the environment fills."""

from collections.abc import Sequence
from typing import Any

from conto.capability.model import Call, Capability, Endpoint, Feed, Input, RestSurface
from conto.capability.naming import path_names, path_parts
from conto.capability.outputs import Output

GATEWAY_ERRORS = {"502": "The upstream gives no answer that can be passed on.", "504": "The upstream is too slow."}


def listing(capability: Capability, surface: RestSurface) -> dict[str, Any]:
    """What a surface offers, in the file's order."""
    return {
        "label": capability.label,
        "description": capability.description,
        **{key: capability.info[key] for key in ("tags", "created", "modified") if key in capability.info},
        "namespace": surface.namespace,
        "openapi": "/openapi.json",
        "operations": [
            {
                "method": endpoint.method,
                "path": endpoint.path,
                "name": endpoint.name,
                "description": endpoint.description,
                "call": endpoint.call.operation.title,
            }
            for endpoint in surface.endpoints
        ],
    }


def describe(capability: Capability, surface: RestSurface) -> dict[str, Any]:
    """The OpenAPI of a surface."""
    paths: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for endpoint in surface.endpoints:
        operation_id = endpoint.name
        while operation_id in taken:
            operation_id += "_"
        taken.add(operation_id)
        plain = braced(endpoint.path)
        paths.setdefault(plain, {})[endpoint.method.lower()] = described(endpoint, operation_id)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": capability.label,
            "description": surface.description or capability.description,
            "version": "1.0.0",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
    }


def braced(path: str) -> str:
    """A path with its parameters in single braces."""
    return "".join(f"{{{part}}}" if index % 2 else part for index, part in enumerate(path_parts(path)))


def described(endpoint: Endpoint, operation_id: str) -> dict[str, Any]:
    """One operation."""
    made: dict[str, Any] = {"operationId": operation_id, "summary": endpoint.description or endpoint.name}
    parameters = parameters_of(endpoint)
    if parameters:
        made["parameters"] = parameters
    body = body_of(endpoint.call)
    if body is not None:
        made["requestBody"] = body
    outputs = endpoint.call.answered.outputs
    made["responses"] = {
        "2XX": {"description": "The upstream's answer.", "content": {"application/json": {"schema": answer(outputs)}}},
        "default": {"description": "The upstream's own error."},
        **{status: {"description": text} for status, text in GATEWAY_ERRORS.items()},
    }
    return made


def parameters_of(endpoint: Endpoint) -> list[dict[str, Any]]:
    """The parameters of an operation: those of its path, then those of query and headers."""
    fed = [(feed, feed.source) for feed in endpoint.call.feeds if isinstance(feed.source, Input)]
    by_name = {source.name: feed for feed, source in fed if source.where == "path"}
    said = {given.name: given for given in endpoint.described}
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for name in path_names(endpoint.path):
        schema = by_name[name].parameter.schema if name in by_name else {"type": "string"}
        made["path", name] = {"name": name, "in": "path", "required": True, **split(schema)}
    for feed, source in fed:
        where = place_of(feed, source)
        if where in ("query", "header"):
            required = feed.parameter.required or (source.name in said and said[source.name].required)
            made.setdefault(
                (where, source.name),
                {"name": source.name, "in": where, "required": required, **split(feed.parameter.schema)},
            )
    return list(made.values())


def place_of(feed: Feed, source: Input) -> str:
    """Where in an exposed request an input stands, as far as one place can be named."""
    return source.where or (feed.parameter.where if feed.parameter.where in ("header", "body") else "query")


def split(schema: Any) -> dict[str, Any]:
    """The schema of a parameter, and its description beside it."""
    inner = {key: value for key, value in schema.items() if key != "description"}
    description = schema.get("description")
    return {"schema": inner, **({"description": description} if description else {})}


def body_of(call: Call) -> dict[str, Any] | None:
    """The body of an operation; None if it takes none."""
    fields: dict[str, Any] = {}
    required: list[str] = []
    for feed in call.feeds:
        source = feed.source
        if not isinstance(source, Input) or place_of(feed, source) != "body":
            continue
        if source.keys or source.where is None:
            key = source.keys[-1] if source.keys else source.name
            fields[key] = feed.parameter.schema
            required += [key] if feed.parameter.required else []
        else:
            text = feed.parameter.type == "string"
            schema = dict(feed.parameter.schema) if feed.parameter.type else {"type": "object", **feed.parameter.schema}
            return {
                "required": feed.parameter.required,
                "content": {"text/plain" if text else "application/json": {"schema": schema}},
            }
    for source in call.body_inputs.values():
        if isinstance(source, Input) and source.where in ("body", None):
            fields.setdefault(source.keys[-1] if source.keys else source.name, {})
    if not fields:
        return None
    schema = {"type": "object", "properties": fields, **({"required": required} if required else {})}
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def answer(outputs: Sequence[Output]) -> dict[str, Any]:
    """The schema of an answer."""
    if not outputs:
        return {}
    if len(outputs) == 1 and (outputs[0].is_whole or outputs[0].name is None):
        return of_output(outputs[0])
    return {"type": "object", "properties": {output.name: of_output(output) for output in outputs}}


def of_output(output: Output) -> dict[str, Any]:
    """The schema of an output; what is not found is null."""
    made: dict[str, Any] = {}
    if output.type:
        made["type"] = output.type if output.is_whole else [output.type, "null"]
    if output.description:
        made["description"] = output.description
    if output.properties is not None:
        made["properties"] = {part.name: of_output(part) for part in output.properties}
    if output.items is not None:
        made["items"] = of_output(output.items)
    return made
