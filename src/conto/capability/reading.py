"""Reads a capability file: checks its shape and what it refers to, and says what it means."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conto.capability.consuming import read_consumed
from conto.capability.context import Reading
from conto.capability.document import read_document
from conto.capability.exposing import read_surfaces
from conto.capability.model import Capability
from conto.capability.problems import CapabilityError, Place
from conto.capability.shape import misshapen, without_empty

VERSION = "1.0.0-alpha2"
LATER = re.compile(r"1\.0\.0-alpha\.?(\d+)")


def check_capability(path: Path) -> Capability:
    """Read a file without its environment: what the environment fills stays open.

    Raises:
        CapabilityError: it cannot be served.
    """
    return read(Reading(read_document(path), None))


def load_capability(path: Path, environ: Mapping[str, str] = os.environ) -> Capability:
    """Read a file with the environment that fills its names.

    Raises:
        CapabilityError: it cannot be served, or a variable is missing.
    """
    return read(Reading(read_document(path), environ))


def read(reading: Reading) -> Capability:
    """What a document says.

    Raises:
        CapabilityError: something is wrong.
    """
    file = reading.document.file
    warnings = version_warnings(reading)
    value = shaped(reading)
    reading.bind(value.get("binds", []))
    for index, entry in enumerate(value["capability"]["consumes"]):
        read_consumed(reading, entry, ("capability", "consumes", index))
    exposed = read_surfaces(reading, value["capability"]["exposes"])
    if reading.problems:
        raise CapabilityError(reading.problems)
    info = value.get("info", {})
    label = info.get("label") or info.get("title") or Path(file).stem
    return Capability(file, label, info.get("description", ""), info, exposed, warnings)


def version_warnings(reading: Reading) -> tuple[str, ...]:
    """What to say about the version of the format: another is refused, a later alpha is read all the same."""
    document = reading.document
    text = document.value.get("naftiko") if isinstance(document.value, dict) else None
    if not isinstance(text, str) or text == VERSION:
        return ()
    later = LATER.fullmatch(text)
    if later and int(later[1]) > 2:
        place = document.problem(("naftiko",), f"it is of version {text}, and read as {VERSION}")
        return (str(place),)
    reading.problem(("naftiko",), f"version {text!r} is not served; {VERSION} is")
    return ()


def shaped(reading: Reading) -> Any:
    """The document's values, with all that must be there; keys that nobody knows are noted and left out.

    Raises:
        CapabilityError: the shape is not one to read on with.
    """
    value = without_empty(reading.document.value)
    unknown: list[Place] = []
    before = len(reading.problems)
    for problem, place in misshapen(reading.document, value):
        reading.problems.append(problem)
        if place is not None:
            unknown.append(place)
    if before + len(unknown) < len(reading.problems):
        raise CapabilityError(reading.problems)
    for place in unknown:
        holder = value
        for step in place[:-1]:
            holder = holder[step]
        del holder[place[-1]]
    return value
