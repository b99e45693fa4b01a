"""Names in double braces, and what fills them: `{{env.NAME}}` what the file binds, others what a call brings."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REFERENCE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Bindings:
    """The names that a file binds. `values` has those of the environment; None while a file is only checked."""

    keys: Mapping[str, str]
    """The name as a template may say it, and the key that it stands for."""
    values: Mapping[str, str] | None = field(repr=False)

    def binds(self, name: str) -> bool:
        """Whether the file binds the name."""
        return name in self.keys

    def filled(self, text: str) -> str:
        """The text with the bound names filled, as far as there are values for them."""
        values = self.values
        if values is None:
            return text
        return REFERENCE.sub(lambda found: values.get(self.keys.get(found[1], ""), found[0]), text)


def references(data: Any) -> Iterator[str]:
    """The names in double braces in a text, or in all texts of what is nested."""
    if isinstance(data, str):
        yield from REFERENCE.findall(data)
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from references(value)
    elif isinstance(data, list):
        for value in data:
            yield from references(value)


def mapped(data: Any, change: Callable[[str], Any]) -> Any:
    """What is nested, with each text in it changed."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        return {key: mapped(value, change) for key, value in data.items()}
    if isinstance(data, list):
        return [mapped(value, change) for value in data]
    return data
