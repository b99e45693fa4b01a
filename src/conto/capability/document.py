"""A YAML document with the line of everything in it, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from conto.capability.problems import CapabilityError, Place, Problem, written

MOST_NODES = 200_000
"""Values that a document may have, with all that its aliases repeat."""
MERGE = "tag:yaml.org,2002:merge"
SEQUENCE = "tag:yaml.org,2002:seq"
MAPPING = "tag:yaml.org,2002:map"


@dataclass(frozen=True, slots=True)
class Document:
    """A document's values, and the lines that they begin on."""

    file: str
    value: Any
    lines: Mapping[Place, int]

    def problem(self, place: Place, reason: str) -> Problem:
        """A problem at a place, or at what is nearest above it if there is nothing there."""
        nearest = place
        while nearest not in self.lines:
            nearest = nearest[:-1]
        return Problem(self.file, self.lines[nearest], written(place), reason)


def read_document(path: Path) -> Document:
    """Read the one YAML document of a file.

    Raises:
        CapabilityError: there is no such file, or it is no YAML.
    """
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CapabilityError([Problem(file, 1, "", "it is not text in UTF-8")]) from None
    except OSError as error:
        raise CapabilityError([Problem(file, 1, "", f"it cannot be read: {error.strerror}")]) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise CapabilityError([Problem(file, 1, "", "it is empty")])
        walk = Walk(file, loader)
        value = walk.value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CapabilityError([Problem(file, mark.line + 1 if mark else 1, "", f"no YAML: {error.problem}")]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise CapabilityError([Problem(file, 1, "", "no YAML that can be read")]) from None
    if walk.problems:
        raise CapabilityError(walk.problems)
    return Document(file, value, walk.lines)


class Walk:
    """Makes values of YAML's nodes, and notes where they are. Texts that look like dates stay texts."""

    def __init__(self, file: str, loader: yaml.SafeLoader) -> None:
        self.file = file
        self.loader = loader
        self.lines: dict[Place, int] = {(): 1}
        self.problems: list[Problem] = []
        self.nodes = 0
        self.open: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        """The value of a node, and of all below it."""
        self.nodes += 1
        if self.nodes > MOST_NODES or node in self.open:
            raise yaml.MarkedYAMLError(problem="aliases make it endless", problem_mark=node.start_mark)
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            found = self.loader.construct_object(node)
            return node.value if isinstance(found, date | bytes) else found
        if node.tag not in (SEQUENCE, MAPPING):
            raise yaml.MarkedYAMLError(problem=f"nothing knows {node.tag}", problem_mark=node.start_mark)
        self.open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            return self.mapping(node, place)
        finally:
            self.open.pop()

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """The keys and values of a mapping; what it merges in yields to what it says itself."""
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == MERGE:
                for other in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                    found = self.value(other, place)
                    if not isinstance(found, dict):
                        raise yaml.MarkedYAMLError(problem="<< merges mappings alone", problem_mark=key.start_mark)
                    merged = {**found, **merged}
            elif not isinstance(key, yaml.ScalarNode):
                self.note(key, place, "a key must be text; a template stands in quotes, as in '{{env.NAME}}'")
            elif key.value in made:
                self.note(key, (*place, key.value), "the key stands here twice")
            else:
                self.lines[*place, key.value] = key.start_mark.line + 1
                made[key.value] = self.value(item, (*place, key.value))
        return {**merged, **made}

    def note(self, node: yaml.Node, place: Place, reason: str) -> None:
        """Note a problem at a node."""
        self.problems.append(Problem(self.file, node.start_mark.line + 1, written(place), reason))
