"""What an exposed call answers: all of the upstream's answer, or what JSONPaths find in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import jsonpath

MOST_DIGITS = 300


@dataclass(frozen=True, slots=True)
class Found:
    """A JSONPath. `single` says that it leads to one value at most; `first` is the first key on its way."""

    path: jsonpath.JSONPath
    single: bool
    first: str | None


def compiled(text: str) -> Found:
    """The JSONPath of a text. A dot at its end, as in `$.`, says nothing.

    Raises:
        jsonpath.JSONPathError: it is none.
    """
    shortened = text.strip()
    if shortened.endswith(".") and not shortened.endswith(".."):
        shortened = shortened[:-1]
    path = jsonpath.compile(shortened)
    if not isinstance(path, jsonpath.JSONPath):
        raise jsonpath.JSONPathSyntaxError("only one path may stand here", token=None)  # pyright: ignore[reportArgumentType]
    singular = path.singular_query()
    nodes = str(path).split("'")
    return Found(path, singular, nodes[1] if len(nodes) > 1 and nodes[0] == "$[" else None)


@dataclass(frozen=True, slots=True)
class Output:
    """One value of an answer.

    `found` is None for all of what is looked into. `properties` and `items` say what is made of the value found;
    `constant` is a list with the value that stands for itself, or empty.
    """

    name: str | None
    type: str | None
    description: str | None
    found: Found | None
    constant: Sequence[Any] = ()
    properties: Sequence["Output"] | None = None
    items: "Output | None" = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the answer as it came."""
        plain = not self.constant and self.properties is None and self.items is None
        return plain and (self.found is None or str(self.found.path) == "$")


@dataclass(frozen=True, slots=True)
class Answered:
    """What is made of an upstream's answer: the outputs, which may also look into what the operation has named."""

    outputs: Sequence[Output] = ()
    named: Sequence[Output] = field(default=())

    @property
    def is_whole(self) -> bool:
        """Whether the answer is passed on as it came."""
        return not self.outputs or (len(self.outputs) == 1 and self.outputs[0].is_whole)

    def of(self, answer: Any) -> Any:
        """The exposed answer. What is not found is null."""
        if self.is_whole:
            return answer
        named = {output.name: value_of(output, answer, {}) for output in self.named if output.name}
        if len(self.outputs) == 1 and self.outputs[0].name is None:
            return value_of(self.outputs[0], answer, named)
        return {output.name: value_of(output, answer, named) for output in self.outputs}


def value_of(output: Output, answer: Any, named: Mapping[str, Any]) -> Any:
    """The value of an output in an answer, of the type that the output has where nothing is lost by it."""
    if output.constant:
        return output.constant[0]
    value = matched(output, answer, named)
    if output.properties is not None and (isinstance(value, dict | list) or output.found is None):
        return {part.name: value_of(part, value, {}) for part in output.properties}
    if output.items is not None and isinstance(value, list):
        return [value_of(output.items, item, {}) for item in value]
    return of_type(value, output.type)


def matched(output: Output, answer: Any, named: Mapping[str, Any]) -> Any:
    """What the output's JSONPath finds; with several values, all where a list is wanted, else the first."""
    found = output.found
    if found is None:
        return answer
    values = found.path.findall(answer)
    if not values and found.first in named:
        values = found.path.findall(named)
    if not found.single and output.type in (None, "array"):
        return values
    return values[0] if values else None


def of_type(value: Any, kind: str | None) -> Any:
    """A value as the type that is asked for, where it can be said so exactly; else as it is."""
    match kind, value:
        case "string", bool():
            return "true" if value else "false"
        case "string", int() | float() | Decimal():
            return str(value)
        case "integer" | "number", str():
            return number_in(value, whole=kind == "integer")
        case "integer", float() | Decimal():
            return whole_or_same(value)
        case "boolean", "true" | "false":
            return value == "true"
        case _:
            return value


def whole_or_same(number: float | Decimal) -> Any:
    """The whole number that a number is; the number where it has a fraction, or is too large to write out."""
    exact = Decimal(number)
    if abs(exact.adjusted()) > MOST_DIGITS or exact != exact.to_integral_value():
        return number
    return int(exact)


def number_in(text: str, *, whole: bool) -> Any:
    """The number that a text is; the text where it is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        return text
    if number == number.to_integral_value():
        return int(number)
    return text if whole else number
