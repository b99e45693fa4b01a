"""What may stand where in a capability file, as JSON Schema, and what to say where something else does."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import jsonschema

from conto.capability.document import Document
from conto.capability.problems import Place, Problem

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
TRUTH: Schema = {"type": "boolean"}
ANY: Schema = {}
MAP: Schema = {"type": "object"}
TYPE: Schema = {"enum": ["string", "number", "integer", "boolean", "object", "array"]}
METHOD: Schema = {"type": "string", "pattern": "^(?i:get|post|put|patch|delete|head|options)$"}
NAMESPACE: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_-]+$"}

NOT_SERVED: Mapping[str, str] = {
    "steps": "orchestration in steps",
    "mappings": "orchestration in steps",
    "forward": "forwarding of whole resources",
    "aggregates": "aggregates",
    "ref": "aggregates",
    "prompts": "prompts",
    "imports": "imports of other files",
    "import": "imports of other files",
    "location": "values out of files; variables of the environment fill the names",
    "externalRefs": "the older form of binds",
}
"""Keys that the format knows elsewhere or in other versions, and what of them is not served here."""


def record(required: str, /, **properties: Schema) -> Schema:
    """A mapping with these keys and no others; `required` names those that must be there."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def several(item: Schema, least: int = 0) -> Schema:
    """A list of items."""
    return {"type": "array", "items": item, "minItems": least}


def by_type(**records: Schema) -> Schema:
    """Mappings whose `type` says which keys they have."""
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(records)}},
        "allOf": [
            {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": schema}
            for name, schema in records.items()
        ],
    }


def described(required: str, /, **properties: Schema) -> Schema:
    """A mapping that may carry a label and a description."""
    return record(required, label=TEXT, description=TEXT, **properties)


VALUE_KEYS: dict[str, Schema] = {
    "type": TYPE,
    "required": TRUTH,
    "value": ANY,
    "const": ANY,
    "default": ANY,
    "enum": {"type": "array", "minItems": 1},
    "items": MAP,
    "properties": MAP,
    "format": TEXT,
    "pattern": TEXT,
    "minimum": {"type": "number"},
    "maximum": {"type": "number"},
    "example": ANY,
    "examples": ANY,
}
PARAMETER = described("name in", name=NAME, **{"in": {"enum": ["query", "path", "header", "body"]}}, **VALUE_KEYS)
EXPOSED_PARAMETER = described("name", name=NAME, **{"in": {"enum": ["query", "path", "header", "body"]}}, **VALUE_KEYS)
ARGUMENT = described("name", name=NAME, **VALUE_KEYS)
OUTPUT: Schema = {"$ref": "#/$defs/output"}
AUTHENTICATION = by_type(
    bearer=record("type token", type=ANY, token=NAME),
    apikey=record(
        "type value",
        type=ANY,
        key=NAME,
        name=NAME,
        value=NAME,
        placement={"enum": ["header", "query"]},
        **{"in": {"enum": ["header", "query"]}},
    ),
    basic=record("type username password", type=ANY, username=TEXT, password=TEXT),
)
BODY: Schema = {
    "type": ["string", "object"],
    "if": {"type": "object"},
    "then": record(
        "type data",
        type={"enum": ["json", "text", "xml", "sparql", "formUrlEncoded"]},
        data={"type": ["string", "object", "array"]},
    ),
}
CONSUMED_OPERATION = described(
    "name",
    name=NAME,
    method=METHOD,
    inputParameters=several(PARAMETER),
    outputParameters=several(OUTPUT),
    outputRawFormat=TEXT,
    body=BODY,
)
CONSUMED_RESOURCE = described(
    "path operations",
    name=NAME,
    path=NAME,
    inputParameters=several(PARAMETER),
    operations=several(CONSUMED_OPERATION, 1),
)
CONSUMED = by_type(
    http=described(
        "type namespace baseUri resources",
        type=ANY,
        namespace=NAMESPACE,
        baseUri=NAME,
        authentication=AUTHENTICATION,
        inputParameters=several(PARAMETER),
        resources=several(CONSUMED_RESOURCE, 1),
    )
)
PORT: Schema = {"type": ["integer", "string"]}
EXPOSED_OPERATION = described(
    "call",
    name=NAME,
    method=METHOD,
    call=NAME,
    inputParameters=several(EXPOSED_PARAMETER),
    outputParameters=several(OUTPUT),
    **{"with": MAP},
)
EXPOSED_RESOURCE = described(
    "path operations",
    name=NAME,
    path=NAME,
    inputParameters=several(EXPOSED_PARAMETER),
    operations=several(EXPOSED_OPERATION, 1),
)
TOOL = described(
    "name call",
    name={"type": "string", "pattern": r"^[A-Za-z0-9_./-]{1,128}$"},
    hints=record("", readOnly=TRUTH, destructive=TRUTH, idempotent=TRUTH, openWorld=TRUTH),
    call=NAME,
    inputParameters=several(ARGUMENT),
    outputParameters=several(OUTPUT),
    **{"with": MAP},
)
EXPOSED = by_type(
    rest=described(
        "type port resources",
        type=ANY,
        namespace=NAMESPACE,
        address=NAME,
        port=PORT,
        authentication=AUTHENTICATION,
        resources=several(EXPOSED_RESOURCE, 1),
    ),
    mcp=described(
        "type tools",
        type=ANY,
        namespace=NAMESPACE,
        address=NAME,
        port=PORT,
        transport={"enum": ["http", "stdio"]},
        authentication=AUTHENTICATION,
        tools=several(TOOL, 1),
    ),
)
CAPABILITY_FILE: Schema = {
    **record(
        "naftiko capability",
        naftiko=TEXT,
        info=record(
            "",
            label=TEXT,
            title=TEXT,
            description=TEXT,
            tags=several(TEXT),
            created=TEXT,
            modified=TEXT,
            stakeholders=several(MAP),
        ),
        binds=several(
            record(
                "keys",
                namespace=NAMESPACE,
                description=TEXT,
                keys={"type": "object", "additionalProperties": NAME},
            )
        ),
        capability=record("consumes exposes", consumes=several(CONSUMED, 1), exposes=several(EXPOSED, 1)),
    ),
    "$defs": {
        "output": described(
            "",
            name=NAME,
            mapping=TEXT,
            value=ANY,
            const=ANY,
            type=TYPE,
            required=TRUTH,
            format=TEXT,
            properties={"type": ["object", "array"], "additionalProperties": OUTPUT, "items": OUTPUT},
            items={"type": ["object", "array"], "if": {"type": "object"}, "then": OUTPUT, "else": several(OUTPUT, 1)},
        )
    },
}
VALIDATOR = jsonschema.Draft202012Validator(CAPABILITY_FILE)

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
FREE = frozenset({"with", "body", "data", "const", "default", "enum", "value", "example", "examples"})
"""Keys below which nothing stands for itself; elsewhere a key without a value counts as not given."""


def without_empty(value: Any) -> Any:
    """The values without the keys that are given none."""
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    if isinstance(value, dict):
        return {
            key: item if key in FREE else without_empty(item)
            for key, item in value.items()
            if item is not None or key in FREE - {"with", "body", "enum"}
        }
    return value


def misshapen(document: Document, value: Any) -> Iterator[tuple[Problem, Place | None]]:
    """What is wrong with the shape; with the place of a key that nobody knows, which the rest can do without."""
    for error in VALIDATOR.iter_errors(value):
        place: Place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            for key in error.instance:
                if key not in error.schema["properties"]:
                    at = (*place, key)
                    yield document.problem(at, unknown_key(key, error.schema["properties"])), at
        else:
            yield document.problem(place, reason_of(error, document, place)), None


def unknown_key(key: str, known: Mapping[str, Any]) -> str:
    """What to say about a key that may not stand where it does."""
    if key in NOT_SERVED:
        return f"{key!r} is not served by this runner: {NOT_SERVED[key]}"
    near = get_close_matches(key, known, 1)
    meant = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(sorted(known))}"
    return f"unknown key {key!r}{meant}"


def reason_of(error: jsonschema.ValidationError, document: Document, place: Place) -> str:
    """What to say about an error of the validator. Values that may be secret are not shown."""
    instance: Any = error.instance
    asked: Any = error.validator_value
    match error.validator:
        case "type":
            wanted = " or ".join(KINDS[kind] for kind in ([asked] if isinstance(asked, str) else asked))
            return f"it must be {wanted}, not {kind_of(instance)}"
        case "required":
            missing = [key for key in asked if key not in instance]
            return f"{', '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing"
        case "enum":
            return f"{shown(instance, place)} is none of {', '.join(map(str, asked))}"
        case "minItems":
            return "the list is empty"
        case "minLength":
            return "it is empty"
        case "pattern":
            return f"{shown(instance, place)} does not match {asked}"
        case _:
            return f"it is not as expected ({error.validator})"


def shown(value: Any, place: Place) -> str:
    """A value for people; not below authentication."""
    if "authentication" in place and place[-1] not in ("type", "placement", "in"):
        return "the value"
    return repr(value)


def kind_of(value: Any) -> str:
    """What kind of value it is."""
    if value is None:
        return KINDS["null"]
    for kind, test in (
        ("boolean", bool),
        ("integer", int),
        ("number", float),
        ("string", str),
        ("object", dict),
        ("array", list),
    ):
        if isinstance(value, test):
            return KINDS[kind]
    return "something else"
