"""Compare our OpenAPI with another description of the same API: `make contract`, for developers alone.

    python -m tests.contract_comparison [api.yaml] [--all]

Every operation of ours that the other description has, too, is compared: its parameters, and the inputs and
answers with their fields, types, null, required fields and closed sets of words. Each difference is a line.
Differences that were judged, and why they stay, are in `tests/contract_differences.yaml`: these lines are
counted, or printed with `--all`. The exit status is 1 where any other differ. Without a path, a description
beside the checkout is taken (../shared/spec/api.yaml); where there is none, nothing is compared.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from conto import __version__
from conto.api import openapi
from conto.api.server import all_endpoints

BESIDE = Path(__file__).parents[2] / "shared" / "spec" / "api.yaml"
JUDGED = Path(__file__).with_name("contract_differences.yaml")
BASE = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")
NUMBERS = {"integer", "number"}

Schema = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A description, and its operations by method and path; parameters of paths have no names there."""

    content: dict[str, Any]

    def operations(self, base: str) -> dict[str, dict[str, Any]]:
        """The operations below `base`; each has the parameters of its path with its own."""
        found: dict[str, dict[str, Any]] = {}
        for path, item in self.content["paths"].items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    name = f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path.removeprefix(base))}"
                    found[name] = {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]}
        return found

    def resolved(self, node: Any) -> Any:
        """The node that a reference leads to, with what stands beside the reference."""
        while "$ref" in node:
            target: Any = self.content
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = merged(target, {key: value for key, value in node.items() if key != "$ref"})
        return node


def merged(one: Schema, other: Schema) -> Schema:
    """Both schemas at once."""
    found = {**one, **other}
    for key in ("required", "properties"):
        if key in one and key in other:
            found[key] = [*one[key], *other[key]] if key == "required" else {**one[key], **other[key]}
    return found


def flat(document: Document, schema: Schema) -> Schema:
    """The schema with all that it extends."""
    schema = document.resolved(schema)
    found = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        found = merged(flat(document, part), found)
    return found


@dataclass(frozen=True)
class Shape:
    """What a schema allows, without its form: types, null, words, fields, items."""

    types: frozenset[str]
    nullable: bool
    words: frozenset[Any] | None
    fields: dict[str, Schema]
    required: frozenset[str]
    items: Schema | None
    name: str | None


def shape(document: Document, schema: Schema, name: str | None = None) -> Shape:
    """The shape of a schema; alternatives are put together."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
    schema = flat(document, schema)
    alternatives = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if alternatives:
        return together([shape(document, each) for each in alternatives], name)
    types = schema.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    words = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if not types:
        types = {"object"} if "properties" in schema else {type_of(word) for word in words or ()}
    nullable = "null" in types or None in (words or ()) or schema.get("nullable", False)
    return Shape(
        types=frozenset(types - {"null"}),
        nullable=nullable,
        words=frozenset(word for word in words if word is not None) if words else None,
        fields=schema.get("properties", {}),
        required=frozenset(schema.get("required", ())),
        items=schema.get("items"),
        name=name,
    )


def together(shapes: list[Shape], name: str | None) -> Shape:
    """The shape of what may have any of these."""
    real = [each for each in shapes if each.types or each.words]
    words = [each.words for each in real]
    fields: dict[str, Schema] = {}
    for each in reversed(real):
        fields |= each.fields
    return Shape(
        types=frozenset().union(*(each.types for each in real)),
        nullable=any(each.nullable for each in shapes),
        words=frozenset().union(*(each or () for each in words)) if words and all(words) else None,
        fields=fields,
        required=frozenset.intersection(*(each.required for each in real)) if real else frozenset(),
        items=next((each.items for each in real if each.items), None),
        name=name or next((each.name for each in real if each.name), None),
    )


def type_of(word: object) -> str:
    """The JSON type of a word of a closed set."""
    if isinstance(word, bool):
        return "boolean"
    if isinstance(word, int):
        return "integer"
    return "null" if word is None else "string"


@dataclass
class Comparison:
    """Gathers the lines. Schemas that both name are compared once."""

    theirs: Document
    ours: Document
    lines: list[str] = field(default_factory=list)
    seen: set[tuple[str, str, bool]] = field(default_factory=set)

    def run(self) -> int:
        """Compare all operations that both have; how many there are."""
        theirs, ours = self.theirs.operations(""), self.ours.operations(BASE)
        shared = [name for name in ours if name in theirs]
        for name in shared:
            self.operation(name, theirs[name], ours[name])
        return len(shared)

    def operation(self, name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        """One operation."""
        self.parameters(name, theirs, ours)
        bodies = (content_of(self.theirs, theirs.get("requestBody")), content_of(self.ours, ours.get("requestBody")))
        self.both(f"in {name}", *bodies, reading=True)
        answers = [
            content_of(document, operation["responses"].get("200"))
            for document, operation in ((self.theirs, theirs), (self.ours, ours))
        ]
        self.both(f"out {name}", answers[0], answers[1], reading=False)

    def both(self, where: str, theirs: Schema | None, ours: Schema | None, *, reading: bool) -> None:
        """A body or an answer, which one of the two may lack."""
        if theirs is not None and ours is not None:
            self.schema(where, theirs, ours, reading=reading)
        elif (theirs is None) != (ours is None):
            self.lines.append(f"{where}: only {'here' if theirs is None else 'there'}")

    def parameters(self, name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        """Those of the query; those of the path are the path's."""
        there, here = queries(self.theirs, theirs), queries(self.ours, ours)
        for key in sorted({*there, *here}):
            where = f"{name} ?{key}"
            if key not in here or key not in there:
                self.lines.append(f"{where}: only {'there' if key in there else 'here'}")
                continue
            if there[key].get("required", False) != here[key].get("required", False):
                self.lines.append(f"{where}: required only {'there' if there[key].get('required') else 'here'}")
            self.schema(where, there[key].get("schema", {}), here[key].get("schema", {}), reading=True)

    def schema(self, where: str, theirs: Schema, ours: Schema, *, reading: bool) -> None:
        """Two schemas. `reading` is for what we read; else we write it."""
        there, here = shape(self.theirs, theirs), shape(self.ours, ours)
        if there.name and here.name and (there.fields or there.words):
            pair = (there.name, here.name, reading)
            if pair in self.seen:
                return
            self.seen.add(pair)
            name = there.name if there.name == here.name else f"{there.name} ({here.name})"
            where = f"{'in' if reading else 'out'} {name}"
        self.values(where, there, here)
        if there.items and here.items:
            self.schema(f"{where}[]", there.items, here.items, reading=reading)
        if there.fields and here.fields:
            self.fields(where, there, here, reading=reading)

    def values(self, where: str, there: Shape, here: Shape) -> None:
        """Types, null, words."""
        if there.types and here.types and there.types != here.types:
            self.lines.append(f"{where}: {listed(there.types)} there, {listed(here.types)} here")
        if there.nullable != here.nullable:
            self.lines.append(f"{where}: null only {'there' if there.nullable else 'here'}")
        if there.words != here.words:
            for side, more in (("there", there.words or set()), ("here", here.words or set())):
                other = here.words if side == "there" else there.words
                if other is None:
                    if more:
                        self.lines.append(f"{where}: closed set only {side}")
                elif more - other:
                    self.lines.append(f"{where}: only {side} {listed(more - other)}")

    def fields(self, where: str, there: Shape, here: Shape, *, reading: bool) -> None:
        """Fields of objects."""
        for key in sorted({*there.fields, *here.fields}):
            inner = f"{where}.{key}"
            if key not in here.fields or key not in there.fields:
                self.lines.append(f"{inner}: only {'there' if key in there.fields else 'here'}")
                continue
            if (key in there.required) != (key in here.required):
                side = "there" if key in there.required else "here"
                self.lines.append(f"{inner}: {'mandatory' if reading else 'always given'} only {side}")
            self.schema(inner, there.fields[key], here.fields[key], reading=reading)


def content_of(document: Document, node: Any) -> Schema | None:
    """The JSON schema of a body or an answer, None where it has none."""
    if node is None:
        return None
    return document.resolved(node).get("content", {}).get("application/json", {}).get("schema")


def queries(document: Document, operation: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the query by name, arrays and maps without their brackets."""
    found = [document.resolved(parameter) for parameter in operation["parameters"]]
    return {re.sub(r"\[\w*\]$", "", each["name"]): each for each in found if each["in"] == "query"}


def listed(values: Any) -> str:
    """Words in order."""
    return "|".join(sorted(map(str, values)))


def judged(lines: list[str], known: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Each line with the reason why it stays, if it has been judged. Patterns may hold stars."""
    for line in lines:
        reasons = (reason for pattern, reason in known.items() if fnmatchcase(line, escaped(pattern)))
        yield line, next(reasons, None)


def escaped(pattern: str) -> str:
    """The pattern, whose only sign is the star."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def main() -> int:
    """Print the differences; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract_comparison", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=BESIDE, metavar="api.yaml")
    parser.add_argument("--all", action="store_true", help="print differences that were judged, too")
    arguments = parser.parse_args()
    if not arguments.path.exists():
        print(f"There is no {arguments.path}: nothing is compared.")
        return 0
    theirs = yaml.load(arguments.path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    comparison = Comparison(Document(theirs), Document(openapi.document(all_endpoints(), __version__)))
    operations = comparison.run()
    lines = list(dict.fromkeys(comparison.lines))
    known = yaml.safe_load(JUDGED.read_text()) or {}
    found = list(judged(lines, known))
    for line, reason in found:
        if reason is None:
            print(line)
        elif arguments.all:
            print(f"{line}  -- {reason}")
    new = sum(reason is None for _, reason in found)
    print(f"{operations} operations: {new} differences to judge, {len(found) - new} judged")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
