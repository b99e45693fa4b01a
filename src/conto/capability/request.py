"""Makes the upstream's request of an exposed call: path, query, headers, body, and the proof of who calls."""

import re
from base64 import b64encode
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from conto.capability.model import (
    MISSING,
    ApiKey,
    Authentication,
    Basic,
    Bearer,
    Call,
    Feed,
    Input,
    Operation,
    Parameter,
    Source,
)
from conto.capability.outputs import of_type
from conto.capability.templates import REFERENCE

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER = msgspec.json.Decoder(float_hook=Decimal)
"""Decimals stay exact on their way."""
IN_PATH = "/%:@!$&'()*+,;=~"
UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Refused(Exception):
    """A call cannot be made of what came with it; the message says why, for whoever called."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """A query parameter as it came: each value, and what stood behind the name, as `[]` or `[key]`."""

    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body as it came: its bytes, or the pieces of a large one of `length` bytes, if that is known."""

    content: bytes | AsyncIterable[bytes]
    content_type: str | None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to the upstream."""

    operation: Operation
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | AsyncIterable[bytes] | None = field(repr=False)


class Inputs(Protocol):
    """What came with an exposed call."""

    def value(self, source: Input, feed: Feed | None) -> Any:
        """The value of an input, MISSING if it is not given; `feed` is None for a name in a template.

        Raises:
            Refused: it cannot be read.
        """
        ...


@dataclass(slots=True)
class Parts:
    """The parts of a request, while they are gathered."""

    path: dict[str, str] = field(default_factory=dict)
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    value: Any = MISSING
    body: bytes | AsyncIterable[bytes] | None = None


def outgoing(call: Call, inputs: Inputs, headers: Mapping[str, str]) -> Outgoing:
    """The request that a call makes; `headers` are sent unless a parameter sets them.

    Raises:
        Refused: a parameter is missing, or cannot be sent.
    """
    operation = call.operation
    parts = Parts(headers={name.lower(): value for name, value in headers.items()})
    for feed in call.feeds:
        value = fed(feed, inputs)
        # Where the file writes the body out, its parameters are what is filled in.
        if value is not MISSING and not (operation.body and feed.parameter.where == "body"):
            add(parts, feed, value)
    if operation.body is not None:
        parts.body = written_body(call, inputs)
        parts.headers.setdefault("content-type", operation.body.content_type)
    elif parts.fields:
        parts.value = parts.fields
    if parts.value is not MISSING:
        parts.body = encoded(parts.value, parts.headers.setdefault("content-type", JSON))
    prove(parts, operation.authentication)
    path, fixed = joined(operation.path, parts.path), joined(operation.query, parts.path)
    query = "&".join([fixed, *parts.query] if fixed else parts.query)
    return Outgoing(operation, f"{operation.base}{path}{'?' if query else ''}{query}", parts.headers, parts.body)


def joined(pieces: Sequence[str], values: Mapping[str, str]) -> str:
    """Texts, and at odd places names, put together with the values of the names."""
    return "".join(values[piece] if index % 2 else quote(piece, safe=IN_PATH) for index, piece in enumerate(pieces))


def fed(feed: Feed, inputs: Inputs) -> Any:
    """The value of a parameter; MISSING where nothing is given and nothing needed.

    Raises:
        Refused: it is required, and nothing is given.
    """
    parameter = feed.parameter
    value = resolved(feed.source, inputs, feed)
    if parameter.where != "body":
        value = value if isinstance(value, Pairs) else plain(value)
    if value is MISSING or value is None:
        value = parameter.default
    if value is MISSING and parameter.required:
        name = feed.source.name if isinstance(feed.source, Input) else parameter.name
        raise Refused(
            f"the {parameter.where} parameter {name!r} is required" if name != "body" else "a body is required"
        )
    return value


def resolved(source: Source, inputs: Inputs, feed: Feed | None) -> Any:
    """The value of a source, MISSING if there is none."""
    if isinstance(source, Input):
        return inputs.value(source, feed)
    if not source.inputs:
        return source.data
    return rendered(source.data, lambda name: plain(resolved(source.inputs[name], inputs, None)), source.inputs)


def plain(value: Any) -> Any:
    """A value as it goes into a template: of a query its text or list of texts, of a body its JSON.

    Raises:
        Refused: the body is no JSON.
    """
    if isinstance(value, Pairs):
        texts = [text for _, text in value.values]
        return texts[0] if len(texts) == 1 else texts
    if isinstance(value, RawBody):
        return decoded(value.content) if isinstance(value.content, bytes) else MISSING
    return value


def decoded(content: bytes) -> Any:
    """The JSON of a body.

    Raises:
        Refused: it is none.
    """
    try:
        return DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused("the body is no JSON") from None


def rendered(data: Any, value_of: Callable[[str], Any], names: Any, escape: Callable[[str], str] = str) -> Any:
    """Data with the names in it filled. A text that is one name becomes its value; without a value it is left out."""
    if isinstance(data, str):
        alone = REFERENCE.fullmatch(data.strip())
        if alone and alone[1] in names and escape is str:
            return value_of(alone[1])

        def filled(found: re.Match[str]) -> str:
            if found[1] not in names:
                return found[0]
            value = value_of(found[1])
            return "" if value is MISSING else escape(text_of(value))

        return REFERENCE.sub(filled, data)
    if isinstance(data, Mapping):
        pairs = ((key, rendered(value, value_of, names, escape)) for key, value in data.items())
        return {key: value for key, value in pairs if value is not MISSING}
    if isinstance(data, list):
        return [value for item in data if (value := rendered(item, value_of, names, escape)) is not MISSING]
    return data


def text_of(value: Any) -> str:
    """A value as text: texts as they are, all else as in JSON."""
    if isinstance(value, Pairs):
        return value.values[0][1] if value.values else ""
    return value if isinstance(value, str) else ENCODER.encode(value).decode()


def add(parts: Parts, feed: Feed, value: Any) -> None:
    """Put a parameter's value where it belongs.

    Raises:
        Refused: it cannot be sent.
    """
    parameter = feed.parameter
    match parameter.where:
        case "path":
            parts.path[parameter.name] = in_path(parameter, value)
        case "query":
            parts.query += in_query(parameter.name, value)
        case "header":
            parts.headers[parameter.name.lower()] = in_header(parameter, value)
        case "body" if feed.field:
            parts.fields[parameter.name] = of_type(plain(value), parameter.type)
        case "body":
            add_body(parts, parameter, value)


def in_path(parameter: Parameter, value: Any) -> str:
    """A value as one part of a path.

    Raises:
        Refused: it would not be one part of it.
    """
    text = text_of(value)
    if text in ("", ".", ".."):
        raise Refused(f"the path parameter {parameter.name!r} cannot be {text!r}")
    return escaped(text)


def escaped(text: str) -> str:
    """A text as it stands in a URL; bytes that were no text come out as they came in."""
    return quote(text, safe="", errors="surrogateescape")


def in_query(name: str, value: Any) -> list[str]:
    """A parameter in a query: a list as repetitions, an object as `name[key]=value`, nothing for null."""
    key = quote(name, safe="[]$")
    if isinstance(value, Pairs):
        return [
            f"{key}{quote(suffix, safe='[]', errors='surrogateescape')}={escaped(text)}"
            for suffix, text in value.values
        ]
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [f"{key}={escaped(text_of(item))}" for item in value if item is not None]
    if isinstance(value, Mapping):
        return [pair for inner, item in value.items() for pair in in_query(f"{name}[{inner}]", item)]
    return [f"{key}={escaped(text_of(value))}"]


def in_header(parameter: Parameter, value: Any) -> str:
    """A value as a header's.

    Raises:
        Refused: it has characters that would end the header.
    """
    if isinstance(value, Pairs):
        value = [text for _, text in value.values]
    text = ", ".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
    if UNSENDABLE.search(text) or not text.isprintable():
        raise Refused(f"the header {parameter.name!r} has characters that cannot be sent")
    return text


def add_body(parts: Parts, parameter: Parameter, value: Any) -> None:
    """Make the value the body: as it came, a text as text, all else encoded."""
    if isinstance(value, RawBody):
        parts.body = value.content
        parts.headers.setdefault("content-type", value.content_type or JSON)
        if value.length is not None and not isinstance(value.content, bytes):
            parts.headers["content-length"] = str(value.length)
    elif isinstance(value, str):
        parts.body = value.encode("utf-8", "surrogateescape")
        parts.headers.setdefault("content-type", TEXT if parameter.type == "string" else JSON)
    else:
        parts.value = plain(value)


def encoded(value: Any, content_type: str) -> bytes:
    """A value as a body: an object as a form where the content type is that of forms, else JSON.

    Raises:
        Refused: it has bytes that are no text.
    """
    if content_type.lower().startswith(FORM) and isinstance(value, Mapping):
        return "&".join(pair for key, item in value.items() for pair in in_query(key, item)).encode()
    try:
        return ENCODER.encode(value)
    except UnicodeEncodeError:
        raise Refused("what is to be the body is no text in UTF-8") from None


def written_body(call: Call, inputs: Inputs) -> bytes:
    """The body that the file writes out, with the call's values in it."""
    body = call.operation.body
    assert body is not None
    values = {name: plain(resolved(source, inputs, None)) for name, source in call.body_inputs.items()}

    def value_of(name: str) -> Any:
        return values[name]

    if isinstance(body.data, str):
        escape = {"json": in_json_text, "form": escaped, "text": unchanged}[body.form]
        return rendered(body.data, value_of, values, escape).encode()
    data = rendered(body.data, value_of, values)
    return encoded(data, body.content_type)


def in_json_text(text: str) -> str:
    """A text as it stands between the quotes of JSON that is written out."""
    return ENCODER.encode(text).decode()[1:-1]


def unchanged(text: str) -> str:
    """The text itself."""
    return text


def prove(parts: Parts, authentication: Authentication) -> None:
    """Add who calls."""
    match authentication:
        case Bearer(token):
            parts.headers["authorization"] = f"Bearer {token}"
        case Basic(username, password):
            parts.headers["authorization"] = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
        case ApiKey(key, value, "header"):
            parts.headers[key.lower()] = value
        case ApiKey(key, value, _):
            parts.query.append(f"{quote(key, safe='[]')}={escaped(value)}")
        case None:
            pass
