"""The one reader of inputs: from decoded JSON to a struct, with all failing fields in one answer (chapter 01 §3.5).

The structs that make the JSON schema drive it. What it forgives: unknown keys are ignored; a scalar field
given an object or array counts as absent; so does null where a field may be absent but not null.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType

from conto.errors import Invalid
from conto.schemas import fields, rules
from conto.schemas.fields import Dotted, Items, Outer, RefusedAs
from conto.schemas.rules import Refused, Rule

T = TypeVar("T", bound=msgspec.Struct)


class Absent:
    """What a reader gives for a value that counts as not given."""


ABSENT = Absent()


class Problems:
    """The codes found so far, by field; a use case adds its own to the reader's before it answers."""

    __slots__ = ("details",)

    def __init__(self) -> None:
        self.details: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.details)

    def __contains__(self, field: str) -> bool:
        return field in self.details

    def add(self, field: str, *codes: str) -> None:
        """Note the codes of a field, each once."""
        known = self.details.setdefault(field, [])
        known.extend(code for code in dict.fromkeys(codes) if code not in known)

    def raise_if_any(self) -> None:
        """Raise all that was found as one error.

        Raises:
            Invalid: something was found.
        """
        if self.details:
            raise Invalid(self.details)


Read = Callable[[Any, Problems, str, str], Any]
"""Reads a value that is not null: (value, problems, prefix, key) → the value, ABSENT, or UNSET after a problem."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one annotation are read."""

    read: Read
    nullable: bool = False
    blank_is_null: bool = False
    mandatory: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct: its attribute, its JSON key, and how it is read."""

    name: str
    key: str
    required: bool
    kind: Kind


def read(struct: type[T], raw: Mapping[str, Any], problems: Problems | None = None, *, prefix: str = "") -> T:
    """The struct that a decoded JSON object is.

    `prefix` comes before each field's name in what is reported. With `problems` given, nothing is raised:
    they are added there, and every field that has one comes back `UNSET`, whatever its annotation says.

    Raises:
        Invalid: some fields are wrong, and no `problems` was given.
    """
    found = Problems() if problems is None else problems
    instance = filled(struct, raw, found, prefix)
    if problems is None:
        found.raise_if_any()
    return instance


def filled(struct: type[T], raw: Mapping[str, Any], problems: Problems, prefix: str) -> T:
    values: dict[str, Any] = {}
    for field in fields_of(struct):
        value = taken(field, raw.get(field.key, ABSENT), problems, prefix)
        if value is not ABSENT:
            values[field.name] = value
        elif field.required:
            problems.add(prefix + field.key, "value_is_mandatory")
            values[field.name] = UNSET
    return struct(**values)


def taken(field: Field, value: Any, problems: Problems, prefix: str) -> Any:
    """The field's value, ABSENT for its default, or UNSET after a problem."""
    if value is ABSENT:
        return ABSENT
    kind = field.kind
    if value is not None and not (kind.blank_is_null and rules.is_blank(value)):
        return kind.read(value, problems, prefix, field.key)
    if kind.nullable:
        return None
    if kind.mandatory:
        problems.add(prefix + field.key, "value_is_mandatory")
        return UNSET
    return ABSENT


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of an input struct.

    Raises:
        TypeError: an annotation is of no kind that can be read.
    """
    return tuple(
        Field(
            name=info.name,
            key=info.encode_name,
            required=info.default is NODEFAULT and info.default_factory is NODEFAULT,
            kind=kind_of(info.type),
        )
        for info in msgspec.structs.fields(struct)
    )


@cache
def list_keys(struct: type[msgspec.Struct]) -> frozenset[str]:
    """The JSON keys of the struct's fields that hold lists."""
    return frozenset(field.key for field in fields_of(struct) if field.kind.listed)


def kind_of(annotation: Any) -> Kind:
    """How values of the annotation are read; of several members of a union only null and absence are known."""
    bare, markers, nullable = opened(annotation)
    rule = rule_of(bare, markers)
    if rule is not None:
        raw = bare is Any
        return Kind(scalar(rule, raw=raw), nullable or raw, rule.blank_is_null, rule.mandatory)
    origin, arguments = get_origin(bare), get_args(bare)
    limits = next((marker for marker in markers if isinstance(marker, Items)), Items())
    if origin is list:
        return Kind(listed(kind_of(arguments[0]), limits), nullable, listed=True)
    if origin is dict and arguments[0] is str:
        return Kind(mapped(kind_of(arguments[1]), limits), nullable)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        place = next((marker for marker in markers if isinstance(marker, Dotted | Outer)), None)
        return Kind(nested(bare, place), nullable)
    raise TypeError(f"{annotation!r} is of no kind that inputs are made of")


def opened(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The annotation without `Annotated`, None and UNSET; its markers; whether null is allowed."""
    markers: list[Any] = []
    nullable = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            markers.extend(found)
        elif get_origin(annotation) in (Union, UnionType):
            members = get_args(annotation)
            nullable = nullable or NoneType in members
            kept = [member for member in members if member not in (NoneType, UnsetType)]
            if len(kept) != 1:
                raise TypeError(f"{annotation!r} has more than one member that can be given")
            annotation = kept[0]
        else:
            return annotation, [inner for marker in markers for inner in carried(marker)], nullable


def carried(marker: Any) -> list[Any]:
    """The marker itself, or what a `msgspec.Meta` carries for the reader."""
    return list((marker.extra or {}).values()) if isinstance(marker, msgspec.Meta) else [marker]


PLAIN: dict[Any, Any] = {
    str: fields.Text,
    int: fields.Cents,
    bool: fields.Flag,
    Decimal: fields.Number,
    datetime: fields.Instant,
    date: fields.Day,
    UUID: fields.Identity,
    Any: fields.Raw,
}
"""What a plain type stands for."""


def rule_of(bare: Any, markers: list[Any]) -> Rule | None:
    """The rule of a scalar or raw field, None for lists, maps and structs."""
    for marker in markers:
        if isinstance(marker, Rule):
            return marker
    if get_origin(bare) is Literal:
        words = frozenset(get_args(bare))
        code = next((marker.code for marker in markers if isinstance(marker, RefusedAs)), "value_is_invalid")
        return Rule(lambda value: rules.one_of(value, words, code))
    if bare in PLAIN:
        return rule_of(*opened(PLAIN[bare])[:2])
    return None


def scalar(rule: Rule, *, raw: bool) -> Read:
    def read_scalar(value: Any, problems: Problems, prefix: str, key: str) -> Any:
        if not raw and isinstance(value, dict | list):
            return ABSENT
        try:
            return rule.read(value)
        except Refused as refused:
            problems.add(prefix + key, *refused.codes)
            return UNSET

    return read_scalar


def nested(struct: type[msgspec.Struct], place: Dotted | Outer | None) -> Read:
    def read_nested(value: Any, problems: Problems, prefix: str, key: str) -> Any:
        if not isinstance(value, dict):
            problems.add(prefix + key, "value_is_invalid")
            return UNSET
        if isinstance(place, Outer):
            inner = Problems()
            instance = filled(struct, value, inner, "")
            for codes in inner.details.values():
                problems.add(prefix + key, *codes)
            return instance
        dotted = f"{prefix}{place.prefix or key}." if place else prefix
        return filled(struct, cast("Mapping[str, Any]", value), problems, dotted)

    return read_nested


def listed(element: Kind, limits: Items) -> Read:
    def read_list(value: Any, problems: Problems, prefix: str, key: str) -> Any:
        if not isinstance(value, list):
            problems.add(prefix + key, limits.invalid)
            return UNSET
        if len(value) > limits.max_length:
            problems.add(prefix + key, limits.too_many)
            return UNSET
        found = [item_of(element, item, problems, prefix, key) for item in value]
        return UNSET if UNSET in found else found

    return read_list


def mapped(element: Kind, limits: Items) -> Read:
    def read_map(value: Any, problems: Problems, prefix: str, key: str) -> Any:
        if not isinstance(value, dict) or any("\0" in name for name in value):
            problems.add(prefix + key, limits.invalid)
            return UNSET
        if len(value) > limits.max_length:
            problems.add(prefix + key, limits.too_many)
            return UNSET
        found = {name: item_of(element, item, problems, prefix, key) for name, item in value.items()}
        return UNSET if UNSET in found.values() else found

    return read_map


def item_of(element: Kind, value: Any, problems: Problems, prefix: str, key: str) -> Any:
    """One value of a list or map, reported under the field that holds it; none of them may be absent."""
    blank = value is None or (element.blank_is_null and rules.is_blank(value))
    if blank and element.nullable:
        return None
    found = ABSENT if blank else element.read(value, problems, prefix, key)
    if found is ABSENT:
        problems.add(prefix + key, "value_is_mandatory" if blank and element.mandatory else "value_is_invalid")
        return UNSET
    return found
