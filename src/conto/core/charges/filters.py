"""Which filter of a charge an event falls into: one alone, or none (chapters 40 §5.1 and 30 §5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar, cast

ALL_VALUES = "__ALL_FILTER_VALUES__"
"""As the only value of a key: every value that the metric lists for it."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Filter(Generic[Key]):
    """A filter of a charge: the texts that an event's property may be, by key. `id` is whatever tells it apart."""

    id: Key
    values: Mapping[str, frozenset[str]]

    def __post_init__(self) -> None:
        assert self.values


def resolved(values: Mapping[str, Sequence[str]], listed: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """A filter's values, where `__ALL_FILTER_VALUES__` stands for all that the metric lists now."""
    return {
        key: frozenset(listed.get(key, ()) if list(given) == [ALL_VALUES] else given) for key, given in values.items()
    }


def problems(values: object, listed: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The codes of what is wrong with a filter's values, by field; `listed` are the metric's (chapter 40 §5.2)."""
    if not isinstance(values, Mapping) or not values:
        return {"values": ["value_is_mandatory" if values in (None, {}, [], "") else "value_is_invalid"]}
    given = cast("Mapping[str, object]", values)
    if any(key not in listed for key in given):
        return {"billable_metric_filter": ["relation_must_exist"], "values": ["value_is_invalid"]}
    if any(found == [] or found is None for found in given.values()):
        return {"values": ["value_is_mandatory"]}
    known = all(found == [ALL_VALUES] or are_listed(found, listed[key]) for key, found in given.items())
    return {} if known else {"values": ["value_is_invalid"]}


def are_listed(found: object, listed: Sequence[str]) -> bool:
    """Whether it is a list of values that the metric has."""
    return isinstance(found, list) and all(value in listed for value in cast("list[object]", found))


def in_order(oldest_first: Iterable[Filter[Key]]) -> list[Filter[Key]]:
    """The filters, given from the oldest (creation, then id), in the order in which they take an event.

    The first that matches takes it: most keys, then fewest values in all, then the oldest. The conditions of one
    statement in this order give each event its bucket.
    """
    return sorted(oldest_first, key=lambda one: (-len(one.values), sum(map(len, one.values.values()))))


def matches(one: Filter[Key], properties: Mapping[str, str]) -> bool:
    """Whether an event with these properties, as texts, matches the filter: on every key one of its values."""
    return all(properties.get(key) in values for key, values in one.values.items())


def bucket(ordered: Iterable[Filter[Key]], properties: Mapping[str, str]) -> Filter[Key] | None:
    """The filter that takes the event, of filters `in_order`; None is the default bucket."""
    return next((one for one in ordered if matches(one, properties)), None)


def as_texts(properties: Mapping[str, object]) -> dict[str, str]:
    """An event's properties in the form in which filters and groups compare them; null and objects have none."""
    found = {key: text_of(value) for key, value in properties.items()}
    return {key: text for key, text in found.items() if text is not None}


def text_of(value: object) -> str | None:
    """A property's value as text: the number 2 is "2"."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case _:
            return None


def display_name(values: Mapping[str, Sequence[str]], invoice_display_name: str | None) -> str:
    """What fees call the filter: its own name, else its values, a key in place of all of them (chapter 40 §5.2)."""
    if invoice_display_name:
        return invoice_display_name
    return ", ".join(key if list(given) == [ALL_VALUES] else ", ".join(given) for key, given in values.items())
