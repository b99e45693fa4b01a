"""The kinds of field that inputs and answers are made of (chapter 01 §1.2).

Each is an `Annotated` type: its `msgspec.Meta` says what the JSON schema shows, and carries the rule that
`conto.schemas.reader` reads the field by. Where an alias does not fit, annotate with a factory:
`description: Annotated[str, text(600)] | None | UnsetType = UNSET`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from conto.schemas import rules
from conto.schemas.rules import Refused, Rule
from conto.schemas.vocabulary import COUNTRIES, CURRENCIES, LOCALES, TIMEZONES

CENTS_LIMIT = 10**15
COUNT_LIMIT = 2**31 - 1
ITEMS_LIMIT = 1000
TEXT_LIMIT = 255
EMAIL_LIMIT = 1024
URL_LIMIT = 2048


@dataclass(frozen=True, slots=True)
class Items:
    """How a list or map is read: its bound, and the codes for a value that is none or that exceeds it."""

    max_length: int = ITEMS_LIMIT
    invalid: str = "value_is_invalid"
    too_many: str = "invalid_count"


@dataclass(frozen=True, slots=True)
class Dotted:
    """Problems inside this object are told under `prefix.field`; the prefix is the outer field's key if None."""

    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    """Problems inside this object are told under the outer field's own name."""


@dataclass(frozen=True, slots=True)
class RefusedAs:
    """The code for a value outside a `Literal`."""

    code: str


def ruled(rule: Rule, schema: dict[str, Any] | None = None, **constraints: Any) -> Meta:
    """A rule together with what the JSON schema shows of it."""
    return Meta(extra={"rule": rule}, extra_json_schema=schema, **constraints)


def text(
    max_length: int = TEXT_LIMIT, *, mandatory: bool = False, trim: bool = False, blank_is_null: bool = False
) -> Meta:
    """Free text of a string field. With `mandatory`, missing, null and blank give `value_is_mandatory`."""
    return ruled(
        Rule(
            lambda value: rules.bounded_text(value, max_length, trim=trim),
            blank_is_null=mandatory or blank_is_null,
            mandatory=mandatory,
        ),
        min_length=1 if mandatory else None,
        max_length=max_length,
    )


def identifier(max_length: int = TEXT_LIMIT, *, mandatory: bool = False, trim: bool = False) -> Meta:
    """A text that names something; blank counts as null."""
    return ruled(
        Rule(lambda value: rules.identifying_text(value, max_length, trim=trim), mandatory=mandatory),
        min_length=1 if mandatory else None,
        max_length=max_length,
    )


def integer(
    ge: int = -CENTS_LIMIT,
    le: int = CENTS_LIMIT,
    *,
    invalid: str = "value_is_invalid",
    out_of_range: str = "value_is_out_of_range",
) -> Meta:
    """A whole number from `ge` to `le`, given as number or numeral."""

    def read(value: object) -> int:
        number = rules.whole_number(value, invalid, out_of_range)
        if not ge <= number <= le:
            raise Refused(out_of_range)
        return number

    return ruled(Rule(read), ge=ge, le=le)


def number(
    *,
    ge: Decimal | int | None = None,
    gt: Decimal | int | None = None,
    le: Decimal | int | None = None,
    lt: Decimal | int | None = None,
    invalid: str = "value_is_invalid",
    out_of_range: str = "value_is_out_of_range",
) -> Meta:
    """An exact decimal, given as number or numeral, of at most 20 digits before and after the point."""

    def read(value: object) -> Decimal:
        found = rules.bounded_number(value, invalid, out_of_range)
        if (ge is not None and found < ge) or (gt is not None and found <= gt):
            raise Refused(out_of_range)
        if (le is not None and found > le) or (lt is not None and found >= lt):
            raise Refused(out_of_range)
        return found

    bounds = {"minimum": ge, "exclusiveMinimum": gt, "maximum": le, "exclusiveMaximum": lt}
    shown = {name: int(bound) for name, bound in bounds.items() if bound is not None and bound == int(bound)}
    return ruled(Rule(read), {"x-type": ["string", "number"], **shown})


def items(max_length: int = ITEMS_LIMIT, *, invalid: str = "value_is_invalid", too_many: str = "invalid_count") -> Meta:
    """The bound of a list or map, and its codes."""
    return Meta(max_length=max_length, extra={"items": Items(max_length, invalid, too_many)})


def chosen(words: frozenset[str], code: str, schema: dict[str, Any], *, upper: bool) -> Meta:
    """A word of a closed list; with `upper` it is put in upper case first."""
    if upper:
        return ruled(Rule(lambda value: rules.one_of_upper(value, words, code)), schema)
    return ruled(Rule(lambda value: rules.one_of(value, words, code)), schema)


NEEDED = Meta(extra_json_schema={"x-required": True})
"""Marks a field that a use case misses, at its own time and in its own words, where the reader does not."""


def shared(name: str) -> dict[str, Any]:
    """The schema of a vocabulary that the document holds once (`json_schema.VOCABULARIES`)."""
    return {"$ref": f"#/components/schemas/{name}"}


Text = Annotated[str, text()]
"""Free text of at most 255 characters; blank stays blank."""
TextOrNull = Annotated[str, text(trim=True, blank_is_null=True)]
"""Trimmed text whose blank is null."""
LongText = Annotated[str, text(600)]
Mandatory = Annotated[str, text(mandatory=True)]
"""Text that may not be blank; null is refused also where the field may be absent."""
Code = Annotated[str, identifier(mandatory=True)]
"""A mandatory code or external id."""
Identifier = Annotated[str, identifier()]
"""A reference to something by its code or external id."""
Identity = Annotated[UUID, ruled(Rule(rules.uuid))]

Cents = Annotated[int, integer()]
"""Minor units of a currency."""
NonNegativeCents = Annotated[int, integer(ge=0)]
PositiveCents = Annotated[int, integer(ge=1)]
Count = Annotated[int, integer(ge=0, le=COUNT_LIMIT)]
Number = Annotated[Decimal, number()]
NonNegativeNumber = Annotated[Decimal, number(ge=0)]
PositiveNumber = Annotated[Decimal, number(gt=0)]

Flag = Annotated[bool, ruled(Rule(rules.flag))]
LooseFlag = Annotated[bool, ruled(Rule(rules.loose_flag))]
Instant = Annotated[datetime, ruled(Rule(rules.instant), {"format": "date-time"})]
Day = Annotated[date, ruled(Rule(rules.day))]

CurrencyCode = Annotated[str, chosen(frozenset(CURRENCIES), "value_is_invalid", shared("Currency"), upper=True)]
"""A currency, upper-cased on input."""
ExactCurrencyCode = Annotated[str, chosen(frozenset(CURRENCIES), "value_is_invalid", shared("Currency"), upper=False)]
"""A currency that must be given in upper case."""
CountryCode = Annotated[str, chosen(frozenset(COUNTRIES), "not_a_valid_country_code", shared("Country"), upper=True)]
TimezoneName = Annotated[str, chosen(frozenset(TIMEZONES), "invalid_timezone", shared("Timezone"), upper=False)]
LocaleCode = Annotated[
    str, chosen(frozenset(LOCALES), "not_a_valid_language_code", {"enum": list(LOCALES)}, upper=False)
]
Email = Annotated[str, ruled(Rule(lambda value: rules.emails(value, EMAIL_LIMIT)), max_length=EMAIL_LIMIT)]
Url = Annotated[str, ruled(Rule(lambda value: rules.url(value, URL_LIMIT)), max_length=URL_LIMIT)]
Raw = Annotated[Any, ruled(Rule(rules.harmless, blank_is_null=False))]
"""Any JSON value, left as it is but for what the database cannot hold."""

Currency = Annotated[str, Meta(extra_json_schema=shared("Currency"))]
"""A currency of an answer."""
Country = Annotated[str, Meta(extra_json_schema=shared("Country"))]
Timezone = Annotated[str, Meta(extra_json_schema=shared("Timezone"))]

Rate = Annotated[Decimal, Meta(extra_json_schema={"x-type": "number"})]
"""A decimal of an answer that is written as a JSON number (percentages, tax rates)."""
