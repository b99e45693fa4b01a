"""Reads what a capability file exposes: surfaces, their operations and tools."""

from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

from conto.capability.calls import Calls
from conto.capability.consuming import read_authentication, read_path, schema_of
from conto.capability.context import Reading
from conto.capability.model import Described, Endpoint, McpSurface, RestSurface, Surface, Tool
from conto.capability.naming import path_names, path_parts
from conto.capability.problems import Place

LOOPBACK = "127.0.0.1"


def read_surfaces(reading: Reading, exposed: Sequence[Mapping[str, Any]]) -> tuple[Surface, ...]:
    """The surfaces, each on a port of its own."""
    made: list[Surface] = []
    for index, entry in enumerate(exposed):
        place = ("capability", "exposes", index)
        surface = read_rest(reading, entry, place) if entry["type"] == "rest" else read_mcp(reading, entry, place)
        for other in made:
            if surface.namespace and surface.namespace == other.namespace:
                reading.problem((*place, "namespace"), f"there is a namespace {surface.namespace!r} already")
            if surface.port and surface.port == other.port:
                reading.problem((*place, "port"), f"port {surface.port} is exposed already")
            if surface.port is None and other.port is None and isinstance(other, McpSurface):
                reading.problem(place, "standard input and output can serve one surface alone")
        made.append(surface)
    return tuple(made)


def read_port(reading: Reading, entry: Mapping[str, Any], place: Place) -> int | None:
    """The port of a surface; None where a template fills it that has no value yet."""
    value = entry["port"]
    if isinstance(value, str):
        value = reading.text(value, (*place, "port"))
        if reading.is_open(value):
            return None
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0
    if not 1 <= value <= 65535:
        reading.problem((*place, "port"), "a port is a whole number from 1 to 65535")
    return value


def read_address(reading: Reading, entry: Mapping[str, Any], place: Place) -> str:
    """The address that a surface listens on."""
    return reading.text(entry.get("address", LOOPBACK), (*place, "address"))


def read_rest(reading: Reading, entry: Mapping[str, Any], place: Place) -> RestSurface:
    """A REST surface."""
    endpoints: list[Endpoint] = []
    for index, resource in enumerate(entry["resources"]):
        at = (*place, "resources", index)
        path = read_path(reading, resource["path"], (*at, "path"))
        if "?" in path or "#" in path:
            reading.problem((*at, "path"), "an exposed path has no query; what is asked is a parameter")
        for number, operation in enumerate(resource["operations"]):
            here = (*at, "operations", number)
            endpoint = read_endpoint(reading, operation, here, path, resource)
            for other in endpoints:
                if endpoint.method == other.method and shape_of(path) == shape_of(other.path):
                    reading.problem(here, f"{endpoint.method} {path} is exposed already")
            endpoints.append(endpoint)
    return RestSurface(
        entry.get("namespace", ""),
        entry.get("description", ""),
        read_address(reading, entry, place),
        read_port(reading, entry, place) or 0,
        read_authentication(reading, entry.get("authentication"), (*place, "authentication")),
        endpoints,
    )


def read_endpoint(
    reading: Reading, entry: Mapping[str, Any], place: Place, path: str, resource: Mapping[str, Any]
) -> Endpoint:
    """An exposed operation."""
    described = {
        given["name"]: Described(
            given["name"], given.get("in"), bool(given.get("required", False)), schema_of(given, None)
        )
        for holder in (resource, entry)
        for given in holder.get("inputParameters", [])
    }
    calls = Calls(reading, place, "rest", tuple(path_names(path)), tuple(described.values()))
    call = calls.call(entry)
    return Endpoint(
        entry.get("method", "GET").upper(),
        path,
        entry.get("name") or call.operation.name,
        entry.get("description") or entry.get("label") or "",
        call,
        tuple(described.values()),
    )


def read_mcp(reading: Reading, entry: Mapping[str, Any], place: Place) -> McpSurface:
    """An MCP surface."""
    spoken = entry.get("transport", "http") == "stdio"
    if not spoken and "port" not in entry:
        reading.problem(place, "'port' is missing")
    tools: list[Tool] = []
    for index, tool in enumerate(entry["tools"]):
        at = (*place, "tools", index)
        if any(other.name == tool["name"] for other in tools):
            reading.problem((*at, "name"), f"there is a tool {tool['name']!r} already")
        tools.append(read_tool(reading, tool, at))
    return McpSurface(
        entry.get("namespace", ""),
        entry.get("description", ""),
        read_address(reading, entry, place),
        None if spoken else (read_port(reading, entry, place) if "port" in entry else 0) or 0,
        read_authentication(reading, entry.get("authentication"), (*place, "authentication")),
        tools,
    )


def read_tool(reading: Reading, entry: Mapping[str, Any], place: Place) -> Tool:
    """A tool."""
    described = tuple(
        Described(given["name"], None, bool(given.get("required", False)), schema_of(given, None))
        for given in entry.get("inputParameters", [])
    )
    calls = Calls(reading, place, "tools", (), described)
    call = calls.call(entry)
    schema = calls.arguments(call)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        reading.problem(place, f"no JSON Schema comes of its parameters: {error.message}")
    hints = {key: value for key, value in entry.get("hints", {}).items() if value is not None}
    return Tool(entry["name"], entry.get("label"), entry.get("description", ""), hints, call, schema)


def shape_of(path: str) -> tuple[str, ...]:
    """A path without the names of its parameters."""
    return tuple("" if index % 2 else text for index, text in enumerate(path_parts(path)))
