"""SQL with named parameters, built once for each shape of question and then kept.

A question's values are parameters, never part of the text: so the text is built once, and the server prepares it
once for each connection.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conto.db.engine import driver
from conto.work import Work

TYPES = {
    "organization": "uuid",
    "subscription": "text",
    "code": "text",
    "from": "timestamptz",
    "to": "timestamptz",
    "at": "timestamptz",
    "starts": "timestamptz[]",
    "id": "bigint",
    "field": "text",
    "key": "text",
    "values": "text[]",
    "item": "text",
    "bucket": "int",
    "days": "int",
    "period": "numeric",
    "firsts": "bigint[]",
    "aboves": "numeric[]",
}
"""What each parameter is; those of which there are many have a number after their name: `key_2`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The text for the server, and the names of its parameters in their order."""

    text: str
    names: tuple[str, ...]

    async def rows(self, work: Work, values: Mapping[str, Any]) -> Sequence[Any]:
        """All rows for these values of the parameters, in the work's transaction."""
        below = driver(work.connection)
        return await below.fetch(self.text, *[values[name] for name in self.names])


class _Numbers(dict[str, str]):
    """Gives each parameter, where its name comes first, the next number, and its type."""

    def __missing__(self, name: str) -> str:
        self[name] = found = f"${len(self) + 1}::{TYPES[name.partition('_')[0]]}"
        return found


PARAMETER = re.compile(r"\$(\d+)::")


def in_one(statements: Sequence[Statement]) -> Statement:
    """The statements one after another; each one's parameters have its place before their names: `2 code`."""
    texts: list[str] = []
    names: list[str] = []
    for place, one in enumerate(statements):
        before = len(names)
        texts.append(PARAMETER.sub(lambda found, before=before: f"${int(found[1]) + before}::", one.text))
        names += [f"{place} {name}" for name in one.names]
    return Statement(" union all ".join(texts), tuple(names))


def statement(template: str) -> Statement:
    """The statement that a text with `{name}` for each parameter stands for."""
    numbers = _Numbers()
    return Statement(template.format_map(numbers), tuple(numbers))


def listed(*expressions: str) -> str:
    """The expressions that there are, as a list."""
    return ", ".join(expression for expression in expressions if expression)


def both(*conditions: str) -> str:
    """The conditions that there are, all of which must hold."""
    return " and ".join(condition for condition in conditions if condition) or "true"
