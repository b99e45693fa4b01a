"""The properties of a charge or of its filters: read from JSON, and in the form that is stored (chapter 40 §3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from conto.core.charges.models import DEFAULTS, READERS, Properties
from conto.core.charges.price import Json
from conto.core.charges.reading import Codes, Raw

TARGET_WALLET = "target_wallet_code"
MOST_PRESENTATION_KEYS = 2

Stored = Mapping[str, Json]
"""Properties as they are stored: the model's own, then group keys and custom properties where there are any."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: either `properties` with the form to store, or the codes of all that is wrong."""

    properties: Properties | None
    stored: Stored
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresentationKey:
    """An event property by whose values the units of a charge are shown apart."""

    value: str
    display_in_invoice: bool


def read(charge_model: str, raw: object, *, of_filter: bool = False, on_custom_metric: bool = False) -> Reading:
    """The properties that a charge of a known model was given; none or empty ones are the model's default.

    Keys that do not belong to the model are dropped. A filter has no presentation keys; custom properties are kept
    for a custom metric only. The codes are flat, one for each finding, and all belong to the field `properties`.
    """
    if raw is None or raw == {} or raw == []:
        default = DEFAULTS[charge_model]
        return Reading(default, default.stored(), ())
    if not isinstance(raw, Mapping):
        return Reading(None, {}, ("value_is_invalid",))
    given = cast("Raw", raw)
    codes: Codes = []
    found = READERS[charge_model](given, codes)
    extra: dict[str, Json] = {}
    keys = read_pricing_keys(given, codes)
    if keys:
        extra["pricing_group_keys"] = keys
    presentation = None if of_filter else read_presentation_keys(given, codes)
    if presentation:
        extra["presentation_group_keys"] = presentation
    if on_custom_metric and given.get("custom_properties") is not None:
        extra["custom_properties"] = read_custom_properties(given["custom_properties"])
    if codes or found is None:
        return Reading(None, {}, tuple(codes))
    return Reading(found, found.stored() | extra, ())


def load(charge_model: str, stored: Stored) -> Properties:
    """The properties that were stored.

    Raises:
        ValueError: they are none of the model.
    """
    codes: Codes = []
    found = READERS[charge_model](stored, codes)
    if codes or found is None:
        raise ValueError(f"not the properties of a {charge_model} charge: {', '.join(codes)}")
    return found


def shown(stored: Stored) -> dict[str, Json]:
    """The properties as answers show them: pricing keys also under their old name."""
    keys = stored.get("pricing_group_keys")
    return dict(stored) | ({"grouped_by": keys} if keys else {})


def pricing_group_keys(stored: Stored, *, accepts_target_wallet: bool = False) -> tuple[str, ...]:
    """The event properties by whose values usage is priced apart (chapter 40 §6)."""
    keys = tuple(cast("list[str]", stored.get("pricing_group_keys") or []))
    return (*keys, TARGET_WALLET) if accepts_target_wallet and TARGET_WALLET not in keys else keys


def presentation_keys(stored: Stored) -> tuple[PresentationKey, ...]:
    """The event properties by whose values units are shown apart."""
    keys = cast("list[dict[str, object]]", stored.get("presentation_group_keys") or [])
    return tuple(PresentationKey(cast("str", key["value"]), displayed(key)) for key in keys)


def with_group_keys_of(parent: Stored, child: Stored) -> dict[str, Json]:
    """The child's properties with the group keys of its parent, which an update always passes on (chapter 40 §1.3)."""
    names = ("pricing_group_keys", "presentation_group_keys")
    own = {key: value for key, value in child.items() if key not in names}
    return own | {key: parent[key] for key in names if key in parent}


def read_pricing_keys(raw: Raw, codes: Codes) -> list[str]:
    """The pricing keys, or those under the old name `grouped_by` (its empty texts aside) where there are none."""
    given, old = raw.get("pricing_group_keys"), raw.get("grouped_by")
    if isinstance(old, list):
        old = [key for key in cast("list[object]", old) if key != ""]
    keys = old if is_empty(given) else given
    if is_empty(keys):
        return []
    if not isinstance(keys, list) or not all(is_name(key) for key in cast("list[object]", keys)):
        codes.append("invalid_type")
        return []
    return list(dict.fromkeys(cast("list[str]", keys)))


def read_presentation_keys(raw: Raw, codes: Codes) -> list[Json]:
    """The presentation keys: at most two objects with different values."""
    given = raw.get("presentation_group_keys")
    if given is None or given == []:
        return []
    if not isinstance(given, list):
        codes.append("invalid_type")
        return []
    items = cast("list[object]", given)
    if len(items) > MOST_PRESENTATION_KEYS:
        codes.append("too_many_keys")
    keys = [key for key in map(read_presentation_key, items) if key is not None]
    if len(keys) < len(items):
        codes.append("invalid_type")
    if len({str(key["value"]) for key in keys}) < len(keys):
        codes.append("value_is_duplicated")
    return list(keys)


def read_presentation_key(item: object) -> dict[str, Json] | None:
    """One presentation key; None if it is of another shape."""
    if not isinstance(item, Mapping):
        return None
    key = cast("Raw", item)
    value, options = key.get("value"), key.get("options")
    if not isinstance(value, str) or not is_name(value):
        return None
    if options is None:
        return {"value": value}
    if not isinstance(options, Mapping):
        return None
    display = cast("Raw", options).get("display_in_invoice")
    if display is None:
        return {"value": value}
    return {"value": value, "options": {"display_in_invoice": display}} if isinstance(display, bool) else None


def read_custom_properties(given: object) -> Json:
    """The object given, or the one that a text is in JSON; an empty one if it is none."""
    if isinstance(given, str):
        try:
            given = cast("object", json.loads(given, parse_float=Decimal, parse_constant=refuse_constant))
        except (ValueError, RecursionError):
            return {}
    return cast("Stored", given) if isinstance(given, Mapping) else {}


def refuse_constant(word: str) -> None:
    """JSON has no infinite numbers.

    Raises:
        ValueError: always.
    """
    raise ValueError(word)


def is_empty(keys: object) -> bool:
    """Whether no keys were given."""
    return keys is None or keys in ([], "")


def is_name(key: object) -> bool:
    """Whether it can name an event property: a text with something visible, and none that cannot be stored."""
    return isinstance(key, str) and bool(key.strip()) and "\0" not in key


def displayed(key: Mapping[str, object]) -> bool:
    """Whether the breakdown by a stored presentation key is shown on invoices."""
    options = cast("Mapping[str, object]", key.get("options") or {})
    return options.get("display_in_invoice") is True
