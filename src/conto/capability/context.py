"""A capability file while it is read: its document, its environment, and what has been found wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from conto.capability.document import Document
from conto.capability.model import Operation
from conto.capability.problems import Place, Problem
from conto.capability.templates import Bindings, references


class Reading:
    """Reads one document, and gathers what is wrong with it.

    `environ` is None while the file is only checked: then what the environment fills stays open.
    """

    def __init__(self, document: Document, environ: Mapping[str, str] | None) -> None:
        self.document = document
        self.environ = environ
        self.problems: list[Problem] = []
        self.bindings = Bindings({}, None)
        self.operations: dict[str, dict[str, Operation]] = {}
        """What is consumed, by namespace and name."""

    def problem(self, place: Place, reason: str) -> None:
        """Note something wrong."""
        self.problems.append(self.document.problem(place, reason))

    def is_open(self, text: str) -> bool:
        """Whether a text has templates that nothing fills yet."""
        return self.bindings.values is None and "{{" in text

    def bind(self, binds: Sequence[Mapping[str, Any]]) -> None:
        """Note what templates may name, with the environment's values."""
        keys: dict[str, str] = {}
        variables: dict[str, str] = {}
        values: dict[str, str] = {}
        for index, bind in enumerate(binds):
            for key, variable in bind["keys"].items():
                place = ("binds", index, "keys", key)
                if variables.setdefault(key, variable) != variable:
                    self.problem(place, f"{key} is bound to {variables[key]} already")
                for name in (key, f"env.{key}", f"{bind.get('namespace', 'env')}.{key}"):
                    keys[name] = key
                if self.environ is None:
                    continue
                value = self.environ.get(variable, "").strip()
                if not value:
                    self.problem(place, f"the environment has no variable {variable}")
                values[key] = value
        self.bindings = Bindings(keys, None if self.environ is None else values)

    def text(self, value: str, place: Place) -> str:
        """A text with its templates filled; all must be bound."""
        for name in references(value):
            if not self.bindings.binds(name):
                self.problem(place, f"nothing binds {{{{{name}}}}}")
        return self.bindings.filled(value)
