"""Reads the calls that exposed operations and tools make: what feeds each parameter of the operation that is called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Literal

from conto.capability.answers import answered
from conto.capability.context import Reading
from conto.capability.model import (
    MISSING,
    Call,
    Described,
    Feed,
    Input,
    JsonSchema,
    Made,
    Operation,
    Parameter,
    Source,
)
from conto.capability.naming import find
from conto.capability.problems import Place
from conto.capability.templates import mapped, references

FROM = re.compile(r"(rest|tools)\.(.+)")
WHOLE_BODY = Input("body", "body")
ABSENT = Operation("", "", "GET", "", ("/",), ("",), (), None)
"""Stands for an operation that does not exist."""


class Calls:
    """Reads the call of one exposed operation or tool.

    `surface` is `rest` or `tools`: what mappings begin with there. `path` are the parameters of the exposed path,
    `described` the inputs that the exposed side describes itself.
    """

    def __init__(
        self,
        reading: Reading,
        place: Place,
        surface: Literal["rest", "tools"],
        path: Sequence[str],
        described: Sequence[Described],
    ) -> None:
        self.reading = reading
        self.place = place
        self.surface = surface
        self.path = path
        self.described = {given.name: given for given in described}

    def call(self, entry: Mapping[str, Any]) -> Call:
        """The call of an entry."""
        operation = self.operation(entry["call"])
        given: Mapping[str, Any] = entry.get("with", {})
        parameters = [*operation.parameters]
        if "body" in given and operation.body is None and not any(one.where == "body" for one in parameters):
            parameters.append(Parameter("body", "body", None, False, {"type": "object"}))
        names = [parameter.name for parameter in parameters]
        asked = [inner_name(name) for name in references(operation.body.data)] if operation.body else []
        if operation is not ABSENT:
            self.refuse_unknown(given, [*names, *asked, *operation.proved], operation)
        sources = {one.name: self.source_of(one, given, operation) for one in parameters}
        feeds = [
            Feed(self.asked_of(one, source), source, self.is_field(one, parameters, source))
            for one, source in ((one, sources[one.name]) for one in parameters)
        ]
        body_inputs = {name: self.asked_for(inner_name(name), given, sources) for name in self.open(operation)}
        place = (*self.place, "outputParameters")
        answer = answered(self.reading, operation, entry.get("outputParameters", []), place)
        return Call(operation, tuple(feeds), answer, body_inputs)

    def asked_of(self, parameter: Parameter, source: Source) -> Parameter:
        """A parameter, required too where the exposed side requires what feeds it."""
        described = self.described.get(source.name) if isinstance(source, Input) else None
        return replace(parameter, required=True) if described and described.required else parameter

    def problem(self, key: str, reason: str) -> None:
        """Note something wrong with the mapping of a parameter."""
        self.reading.problem((*self.place, "with", key), reason)

    def operation(self, name: str) -> Operation:
        """The operation that is called."""
        namespace, _, wanted = name.partition(".")
        place = (*self.place, "call")
        known = self.reading.operations.get(namespace)
        if known is None:
            spaces = ", ".join(sorted(self.reading.operations))
            self.reading.problem(place, f"{name!r} names no consumed namespace; there are: {spaces}")
        elif wanted not in known:
            near = get_close_matches(wanted, known, 1)
            hint = f"; did you mean {namespace}.{near[0]}?" if near else ""
            self.reading.problem(place, f"there is no operation {name!r}{hint}")
        else:
            return known[wanted]
        return ABSENT

    def refuse_unknown(self, given: Mapping[str, Any], known: Sequence[str], operation: Operation) -> None:
        """Note what is mapped, though the operation has no such parameter."""
        for key in given:
            if find(key, known) is None:
                near = get_close_matches(key, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                self.problem(key, f"{operation.title} has no parameter {key!r}{hint}")

    def open(self, operation: Operation) -> list[str]:
        """The names in a written body that a call must fill."""
        if operation.body is None:
            return []
        return [name for name in references(operation.body.data) if not self.reading.bindings.binds(name)]

    def source_of(self, parameter: Parameter, given: Mapping[str, Any], operation: Operation) -> Source:
        """Where a parameter's value comes from: what is mapped, what is fixed, or what goes by its name."""
        key = find(parameter.name, tuple(given))
        if key is not None:
            return self.source(given[key], key)
        if parameter.fixed is not MISSING:
            return Made(parameter.fixed)
        if self.surface == "tools":
            return Input(parameter.name)
        if parameter.where == "body":
            alone = sum(one.where == "body" for one in operation.parameters) == 1
            whole = alone and (parameter.name == "body" or parameter.type in (None, "object", "array"))
            return WHOLE_BODY if whole else Input("body", "body", (parameter.name,))
        described = self.described.get(parameter.name)
        if described is None and parameter.where == "path":
            return self.of_path(parameter)
        return self.of_request(parameter.name, (described and described.where) or parameter.where)

    def of_path(self, parameter: Parameter) -> Source:
        """The exposed path's parameter of the same name."""
        found = find(parameter.name, self.path)
        if found is None:
            self.reading.problem(
                self.place,
                f"nothing feeds the path parameter {parameter.name!r}: the exposed path has none of that name,"
                " and 'with' does not map it",
            )
            return Input(parameter.name)
        return Input(found, "path")

    def of_request(self, name: str, where: Any = None) -> Input:
        """A part of the exposed request, by the name that a mapping gives it."""
        if name == "body" and where in (None, "body"):
            return WHOLE_BODY
        if name.startswith("body."):
            return Input("body", "body", tuple(name.split(".")[1:]))
        found = find(name, self.path)
        if found is not None:
            return Input(found, "path")
        described = self.described.get(name)
        where = (described and described.where) or where
        return Input("body", "body", (name,)) if where == "body" else Input(name, where)

    def source(self, value: Any, key: str) -> Source:
        """What a mapping says: a part of the exposed call, or a value that is passed as it is."""
        found = FROM.fullmatch(value.strip()) if isinstance(value, str) else None
        if found:
            return self.named(found[1], found[2], key)
        data = mapped(value, self.reading.bindings.filled)
        inputs: dict[str, Source] = {}
        for name in references(value):
            if not self.reading.bindings.binds(name):
                inner = FROM.fullmatch(name)
                if inner is None:
                    self.problem(key, f"nothing binds {{{{{name}}}}}")
                else:
                    inputs[name] = self.named(inner[1], inner[2], key)
        return Made(data, inputs)

    def named(self, surface: str, name: str, key: str) -> Input:
        """The part of the exposed call that a mapping names."""
        if surface != self.surface:
            self.problem(key, f"{surface}.{name} does not exist here; what is given here is {self.surface}.NAME")
        if self.surface == "rest":
            return self.of_request(name)
        first, *keys = name.split(".")
        return Input(name) if name in self.described else Input(first, None, tuple(keys))

    def asked_for(self, name: str, given: Mapping[str, Any], sources: Mapping[str, Source]) -> Source:
        """What a name in a written body stands for."""
        if name in sources:
            return sources[name]
        key = find(name, tuple(given))
        if key is not None:
            return self.source(given[key], key)
        return self.of_request(name) if self.surface == "rest" else Input(name)

    def is_field(self, parameter: Parameter, parameters: Sequence[Parameter], source: Source) -> bool:
        """Whether a body parameter is one key of a JSON body, and not the body itself.

        The only one is the body itself if it is called so, or is an object or a list, unless a mapping takes it from
        elsewhere in the exposed request.
        """
        if parameter.where != "body":
            return False
        if sum(one.where == "body" for one in parameters) > 1:
            return True
        by_name = self.surface == "rest" and isinstance(source, Input) and source.where != "body"
        is_body = parameter.name == "body" or (parameter.type in (None, "object", "array") and not by_name)
        return not is_body and source != WHOLE_BODY

    def arguments(self, call: Call) -> JsonSchema:
        """The JSON Schema of a tool's arguments."""
        properties: dict[str, Any] = {}
        required: dict[str, None] = {}
        for feed in call.feeds:
            if isinstance(feed.source, Input) and not feed.source.keys:
                name, parameter = feed.source.name, feed.parameter
                properties.setdefault(name, argument_schema(parameter))
                if parameter.required and parameter.default is MISSING:
                    required[name] = None
        for name in further_arguments(call):
            if name not in self.described:
                properties.setdefault(name, {})
        for name, described in self.described.items():
            properties[name] = {**properties.get(name, {"type": "string"}), **described.schema}
            if described.required:
                required[name] = None
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**schema, "required": list(required)} if required else schema


def inner_name(name: str) -> str:
    """A name in a written body without the surface before it."""
    found = FROM.fullmatch(name)
    return found[2] if found else name


def argument_schema(parameter: Parameter) -> JsonSchema:
    """The JSON Schema of an argument that feeds a parameter; a body without a type is an object."""
    if parameter.where == "body" and parameter.type is None:
        return {"type": "object", **parameter.schema}
    return parameter.schema


def further_arguments(call: Call) -> Iterator[str]:
    """The arguments that templates name, or that are looked into."""
    sources = [*(feed.source for feed in call.feeds), *call.body_inputs.values()]
    for source in sources:
        inner = source.inputs.values() if isinstance(source, Made) else [source]
        yield from (one.name for one in inner if isinstance(one, Input))
