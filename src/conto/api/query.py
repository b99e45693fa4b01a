"""Query strings: scalars, arrays `name[]=a&name[]=b`, maps `group[region]=eu`, also of arrays (chapter 01 §1.4)."""

from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec

from conto.errors import BadRequest
from conto.schemas.reader import Problems, list_keys, read

T = TypeVar("T", bound=msgspec.Struct)

PARAMETERS_LIMIT = 2000


class Query(Generic[T]):
    """The filters of a list: `raw` as given, `read()` as the declared struct.

    A blank scalar counts as absent; one plain value for an array filter is a list of one.
    """

    __slots__ = ("_struct", "raw")

    def __init__(self, struct: type[T], raw: dict[str, Any]) -> None:
        self._struct = struct
        self.raw = raw

    def read(self, problems: Problems | None = None) -> T:
        """The filters as the struct; see `conto.schemas.reader.read`.

        Raises:
            Invalid: some filters are wrong, and no `problems` was given to gather them.
        """
        lists = list_keys(self._struct)
        given = {
            key: [value] if key in lists and isinstance(value, str) else value
            for key, value in self.raw.items()
            if not is_blank(value)
        }
        return read(self._struct, given, problems)


def is_blank(value: Any) -> bool:
    """Whether a parameter's value is a blank text or a list of none."""
    return not value.strip() if isinstance(value, str) else value == []


def parsed(text: bytes) -> dict[str, Any]:
    """The parameters of a query string: texts, lists of texts (blank ones dropped), maps of texts or such lists.

    A parameter given again replaces the earlier one, of whatever form.

    Raises:
        BadRequest: it is no UTF-8, or has too many parameters.
    """
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_LIMIT
        )
    except ValueError:
        raise BadRequest("BadRequest: the query string cannot be read") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        put(found, name, value)
    return found


def put(found: dict[str, Any], name: str, value: str) -> None:
    """Add one pair of a query string to what was found."""
    outer, opening, rest = name.partition("[")
    if not opening or not outer or not rest.endswith("]"):
        found[name] = value
        return
    inner = rest[:-1]
    if inner == "":
        values = found.get(outer)
        if not isinstance(values, list):
            values = found[outer] = []
        if value.strip():
            values.append(value)
        return
    entries = found.get(outer)
    if not isinstance(entries, dict):
        entries = found[outer] = {}
    if inner.endswith("]["):
        values = entries.get(inner[:-2])
        if not isinstance(values, list):
            values = entries[inner[:-2]] = []
        values.append(value)
        return
    entries[inner] = value
