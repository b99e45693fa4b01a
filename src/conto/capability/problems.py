"""What is wrong with a capability file, or keeps it from being served."""

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[str | int, ...]
"""Where something stands in a file: the keys and indices that lead to it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. `line` counts from 1; `place` is empty for the file as a whole."""

    file: str
    line: int
    place: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{self.file}:{self.line}: {where}{self.reason}"


class CapabilityError(Exception):
    """A capability file cannot be served. The text has a line for each problem; none shows a secret."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda problem: (problem.line, problem.place, problem.reason)))
        super().__init__("\n".join(map(str, self.problems)))


class ServeError(Exception):
    """Capabilities cannot be served; the message says why."""


def written(place: Place) -> str:
    """A place as people write it, as `capability.exposes[0].port`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and all(character.isalnum() or character in "-_" for character in step):
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text
