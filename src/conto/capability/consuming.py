"""Reads what a capability file consumes: upstreams, their operations and parameters, and how to prove who calls."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit

from conto.capability.answers import outputs
from conto.capability.context import Reading
from conto.capability.model import (
    MISSING,
    ApiKey,
    Authentication,
    Basic,
    Bearer,
    Operation,
    Parameter,
    WrittenBody,
)
from conto.capability.naming import path_names, path_parts, same
from conto.capability.problems import Place
from conto.capability.request import FORM, JSON, TEXT
from conto.capability.templates import mapped

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""What a header may be called."""
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
"""Headers that belong to the connection."""
SCHEMA_KEYS = (
    *("description", "default", "enum", "items", "properties", "format", "pattern", "minimum", "maximum", "examples"),
)
BODIES: Mapping[str, tuple[str, Literal["json", "form", "text"]]] = {
    "json": (JSON, "json"),
    "text": (TEXT, "text"),
    "xml": ("application/xml", "text"),
    "sparql": ("application/sparql-query", "text"),
    "formUrlEncoded": (FORM, "form"),
}


def read_consumed(reading: Reading, consumed: Mapping[str, Any], place: Place) -> None:
    """Note the operations of a consumed API."""
    namespace = consumed["namespace"]
    if namespace in reading.operations:
        reading.problem((*place, "namespace"), f"there is a namespace {namespace!r} already")
    known = reading.operations.setdefault(namespace, {})
    base = read_base_uri(reading, consumed["baseUri"], (*place, "baseUri"))
    authentication = read_authentication(reading, consumed.get("authentication"), (*place, "authentication"))
    shared = read_parameters(reading, consumed, place, ())
    for index, resource in enumerate(consumed["resources"]):
        at = (*place, "resources", index)
        path = read_path(reading, resource["path"], (*at, "path"))
        common = read_parameters(reading, resource, at, shared)
        for number, entry in enumerate(resource["operations"]):
            here = (*at, "operations", number)
            if entry["name"] in known:
                reading.problem((*here, "name"), f"there is an operation {namespace}.{entry['name']} already")
            known[entry["name"]] = read_operation(reading, entry, here, namespace, base, path, common, authentication)


def read_base_uri(reading: Reading, text: str, place: Place) -> str:
    """Where the upstream is, without a slash at the end."""
    filled = reading.text(text, place)
    if reading.is_open(filled):
        return filled
    try:
        parts = urlsplit(filled)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.port == 0
    except ValueError:
        wrong, parts = True, urlsplit("")
    if wrong or any(character.isspace() or character in "{}" for character in filled):
        reading.problem(place, "it must be a URL that begins with http:// or https://")
    elif parts.username is not None or parts.password is not None:
        reading.problem(place, "credentials belong under authentication, not into the URL")
    elif parts.query:
        reading.problem(place, "a query belongs to the path of a resource, or among the parameters")
    return filled.rstrip("/")


def read_path(reading: Reading, text: str, place: Place) -> str:
    """A path with what is bound filled and a slash at its beginning."""
    filled = reading.bindings.filled(text)
    braces(reading, filled, place)
    return filled if filled.startswith("/") else f"/{filled}"


def braces(reading: Reading, path: str, place: Place) -> None:
    """Note a path whose braces do not close, or that names a parameter twice."""
    parts = path_parts(path)
    if any(character in "{}" for text in parts[::2] for character in text):
        reading.problem(place, f"the braces of {path!r} do not match")
    names = parts[1::2]
    if len(set(names)) < len(names):
        reading.problem(place, f"{path!r} has a parameter twice")


def read_operation(
    reading: Reading,
    entry: Mapping[str, Any],
    place: Place,
    namespace: str,
    base: str,
    path: str,
    common: Sequence[Parameter],
    authentication: Authentication,
) -> Operation:
    """A consumed operation. What its path names is a parameter, said or not."""
    said = read_parameters(reading, entry, place, common)
    proved = [given.name for given in said if is_credential(given, authentication)]
    names = path_names(path)
    for given in said:
        if given.where == "path" and given not in common and not any(same(given.name, name) for name in names):
            reading.problem(place, f"the path {path} has no parameter {given.name!r}")
    parameters = [given for given in said if given.where != "path" and given.name not in proved]
    for name in names:
        described = next((one for one in said if one.where == "path" and same(one.name, name)), None)
        unsaid = Parameter(name, "path", "string", True, {"type": "string"})
        parameters.append(replace(described, name=name) if described else unsaid)
    plain, _, query = path.partition("?")
    return Operation(
        namespace,
        entry["name"],
        entry.get("method", "GET").upper(),
        base,
        path_parts(plain),
        path_parts(query),
        parameters,
        authentication,
        read_body(reading, entry.get("body"), (*place, "body")),
        outputs(reading, entry.get("outputParameters", []), (*place, "outputParameters")),
        entry.get("outputRawFormat", "json").lower() == "json",
        proved,
    )


def read_body(reading: Reading, entry: Any, place: Place) -> WrittenBody | None:
    """A body that the file writes out, with what is bound filled."""
    if entry is None:
        return None
    if isinstance(entry, str):
        entry = {"type": "json", "data": entry}
    content_type, form = BODIES[entry["type"]]
    data = mapped(entry["data"], reading.bindings.filled)
    if form != "json" and not isinstance(data, str if form == "text" else str | dict):
        reading.problem((*place, "data"), f"a body of type {entry['type']} cannot be made of it")
    return WrittenBody(content_type, form, data)


def read_parameters(
    reading: Reading, holder: Mapping[str, Any], place: Place, inherited: Sequence[Parameter]
) -> tuple[Parameter, ...]:
    """The parameters listed, after those inherited that are not listed again."""
    listed: list[Parameter] = []
    for index, entry in enumerate(holder.get("inputParameters", [])):
        at = (*place, "inputParameters", index)
        where, name = entry["in"], entry["name"]
        if any(one.where == where and one.name == name for one in listed):
            reading.problem(at, f"the {where} parameter {name!r} is listed twice")
        if where == "header":
            header_name(reading, name, (*at, "name"))
        listed.append(read_parameter(reading, entry, at))
    again = {(one.where, one.name) for one in listed}
    return (*(one for one in inherited if (one.where, one.name) not in again), *listed)


def read_parameter(reading: Reading, entry: Mapping[str, Any], place: Place) -> Parameter:
    """One parameter. A value that the file fixes is nobody's to give."""
    fixed = entry.get("const", entry.get("value"))
    default = entry.get("default")
    kind = entry.get("type")
    where = entry["in"]
    return Parameter(
        entry["name"],
        where,
        kind,
        bool(entry.get("required", False)) or where == "path",
        schema_of(entry, None if where == "body" else "string"),
        MISSING if default is None else default,
        MISSING if fixed is None else mapped(fixed, lambda text: reading.text(text, place)),
    )


def header_name(reading: Reading, name: str, place: Place) -> None:
    """Note a header that cannot be sent, or is not the file's to set."""
    if not TOKEN.fullmatch(name):
        reading.problem(place, f"{name!r} cannot be the name of a header")
    elif name.lower() in OURS:
        reading.problem(place, f"the header {name} belongs to the connection")


def read_authentication(reading: Reading, entry: Mapping[str, Any] | None, place: Place) -> Authentication:
    """How to prove who calls; None for not at all."""
    if entry is None:
        return None

    def secret(key: str) -> str:
        value = reading.text(entry[key], (*place, key))
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            reading.problem((*place, key), "its value has control characters and cannot be sent")
        return value

    if entry["type"] == "bearer":
        return Bearer(secret("token"))
    if entry["type"] == "basic":
        return Basic(secret("username"), secret("password"))
    key = entry.get("key", entry.get("name"))
    where = entry.get("placement", entry.get("in", "header"))
    if key is None:
        reading.problem(place, "'key' is missing: the name of the header, or of the query parameter")
        key = "key"
    if where == "header":
        header_name(reading, key, (*place, "key"))
    return ApiKey(key, secret("value"), where)


def schema_of(entry: Mapping[str, Any], kind: str | None) -> dict[str, Any]:
    """The JSON Schema of a parameter; `kind` is its type where the entry has none."""
    said = entry.get("type", kind)
    made: dict[str, Any] = {} if said is None else {"type": said}
    made.update({key: entry[key] for key in SCHEMA_KEYS if entry.get(key) is not None})
    return made


def is_credential(parameter: Parameter, authentication: Authentication) -> bool:
    """Whether the authentication gives the parameter, so that nobody else does."""
    if isinstance(authentication, ApiKey):
        name, where = authentication.key, authentication.where
    elif authentication is not None:
        name, where = "Authorization", "header"
    else:
        return False
    if parameter.where != where:
        return False
    return parameter.name == name or (where == "header" and parameter.name.lower() == name.lower())
