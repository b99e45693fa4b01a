"""JSON schemas of inputs and answers, shared by OpenAPI and MCP."""

from collections.abc import Iterable
from typing import Any

import msgspec

from conto.schemas.vocabulary import COUNTRIES, CURRENCIES, TIMEZONES

REFERENCE = "#/components/schemas/{name}"

VOCABULARIES: dict[str, dict[str, Any]] = {
    "Currency": {"type": "string", "enum": list(CURRENCIES)},
    "Country": {"type": "string", "enum": list(COUNTRIES)},
    "Timezone": {"type": "string", "enum": list(TIMEZONES)},
}


def schemas(types: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The schema of each type, and the components that they refer to, the vocabularies among them."""
    found, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    shown = [settled(schema) for schema in found]
    return shown, {**VOCABULARIES, **{name: settled(schema) for name, schema in components.items()}}


def settled(schema: Any) -> Any:
    """The schema with our own signs in it put into the words of JSON schema.

    Every `x-type` takes the place of msgspec's own type and format: msgspec shows each `Decimal` as a string; only
    this says that a number is taken or written. A property with `x-required` is required.
    """
    if isinstance(schema, list):
        return [settled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shown = {key: settled(value) for key, value in schema.items()}
    if "x-type" in shown:
        shown["type"] = shown.pop("x-type")
        shown.pop("format", None)
    needed = [name for name, value in shown.get("properties", {}).items() if taken_off(value)]
    if needed:
        shown["required"] = [*shown.get("required", ()), *needed]
    return shown


def taken_off(schema: Any) -> bool:
    """Whether the schema, or an alternative in it, had the sign that it is required, which is gone now."""
    if not isinstance(schema, dict):
        return False
    inner = [taken_off(alternative) for alternative in schema.get("anyOf", ())]
    return schema.pop("x-required", False) or any(inner)
