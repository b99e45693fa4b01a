"""Reads what a file says about answers: output parameters and their JSONPaths."""

from collections.abc import Mapping, Sequence
from typing import Any

import jsonpath

from conto.capability.context import Reading
from conto.capability.model import Operation
from conto.capability.outputs import Answered, Found, Output, compiled
from conto.capability.problems import Place


def outputs(reading: Reading, entries: Sequence[Mapping[str, Any]], place: Place) -> tuple[Output, ...]:
    """The outputs of a list of output parameters."""
    return tuple(output(reading, entry, (*place, index)) for index, entry in enumerate(entries))


def output(reading: Reading, entry: Mapping[str, Any], place: Place, name: str | None = None) -> Output:
    """One output. A `value` that is no JSONPath stands for itself, as `const` does."""
    said = entry.get("mapping", entry.get("value"))
    constant: tuple[Any, ...] = ()
    if entry.get("const") is not None:
        constant = (entry["const"],)
    elif "mapping" not in entry and said is not None and not (isinstance(said, str) and said.strip().startswith("$")):
        constant = (reading.text(said, place) if isinstance(said, str) else said,)
    key = "mapping" if "mapping" in entry else "value"
    return Output(
        entry.get("name") or name,
        entry.get("type"),
        entry.get("description"),
        None if constant or said is None else path_at(reading, said, (*place, key)),
        constant,
        parts(reading, entry.get("properties"), (*place, "properties")),
        items(reading, entry.get("items"), (*place, "items")),
    )


def path_at(reading: Reading, text: str, place: Place) -> Found | None:
    """The JSONPath that stands at a place; a problem where it is none."""
    try:
        return compiled(text)
    except jsonpath.JSONPathError as error:
        reading.problem(place, f"{text!r} is no JSONPath: {str(error).splitlines()[0]}")
        return None


def parts(reading: Reading, entries: Any, place: Place) -> tuple[Output, ...] | None:
    """The outputs that an object is made of. One without a path takes what has its own name."""
    if not entries:
        return None
    if isinstance(entries, list):
        return tuple(
            by_name(reading, entry, (*place, index), str(entry.get("name", index)))
            for index, entry in enumerate(entries)
        )
    return tuple(by_name(reading, entry, (*place, name), name) for name, entry in entries.items())


def by_name(reading: Reading, entry: Mapping[str, Any], place: Place, name: str) -> Output:
    """An output that goes by its name where it says nothing else."""
    if not {"mapping", "value", "const"} & set(entry):
        entry = {**entry, "mapping": f"$[{name!r}]"}
    return output(reading, entry, place, name)


def items(reading: Reading, entry: Any, place: Place) -> Output | None:
    """The output that each item of a list is made into."""
    if not entry:
        return None
    if isinstance(entry, list):
        return output(reading, entry[0], (*place, 0))
    return output(reading, entry, place)


def answered(reading: Reading, operation: Operation, entries: Sequence[Mapping[str, Any]], place: Place) -> Answered:
    """What an exposed call answers: its own outputs, or those of the operation that it calls."""
    if not entries:
        made = Answered(operation.named)
    elif len(entries) == 1:
        made = Answered(outputs(reading, entries, place), operation.named)
    else:
        for index, entry in enumerate(entries):
            if not entry.get("name"):
                reading.problem((*place, index), "of several output parameters each needs a 'name'")
        named = tuple(
            by_name(reading, entry, (*place, index), str(entry.get("name", index)))
            for index, entry in enumerate(entries)
        )
        made = Answered(named, operation.named)
    if not made.is_whole and not operation.answers_json:
        reading.problem(place, f"a JSONPath needs JSON, and {operation.title} answers something else")
    return made
