"""Usage as JSON (chapter 31): how it is asked for, and how current, projected and past usage are shown."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.core.charges.filters import text_of
from conto.schemas.charges import ChargeModel
from conto.schemas.fields import Currency, Identifier, LooseFlag, Text, ruled
from conto.schemas.rules import Refused, Rule

AggregationType = Literal[
    "count_agg", "sum_agg", "max_agg", "unique_count_agg", "weighted_sum_agg", "latest_agg", "custom_agg"
]
MOST_KEYS = 50
MOST_VALUES = 1000


def group_values(value: object) -> dict[str, frozenset[str]]:
    """The texts that event properties must have, by key: one or several of them, or all as an object in JSON.

    Raises:
        Refused: `value_is_invalid`.
    """
    given = decoded(value)
    if not isinstance(given, Mapping) or len(given) > MOST_KEYS:
        raise Refused("value_is_invalid")
    return {key_of(key): texts(values) for key, values in cast("Mapping[object, object]", given).items()}


def presentation_names(value: object) -> frozenset[str]:
    """The presentation keys in a JSON array.

    Raises:
        Refused: `value_is_invalid`.
    """
    given = decoded(value)
    if not isinstance(given, list):
        raise Refused("value_is_invalid")
    return frozenset(texts(cast("list[object]", given))) if given else frozenset()


def decoded(value: object) -> object:
    """What a text in JSON says; anything else is what it is."""
    if not isinstance(value, str):
        return value
    try:
        return cast("object", json.loads(value, parse_float=Decimal))
    except (ValueError, RecursionError):
        raise Refused("value_is_invalid") from None


def key_of(key: object) -> str:
    """The name of an event property."""
    if not isinstance(key, str) or not key or "\0" in key:
        raise Refused("value_is_invalid")
    return key


def texts(values: object) -> frozenset[str]:
    """One value or several, in the form in which event properties are compared."""
    listed = cast("list[object]", values) if isinstance(values, list) else [values]
    found = [text_of(value) for value in listed]
    if not found or len(found) > MOST_VALUES or any(text is None or "\0" in text for text in found):
        raise Refused("value_is_invalid")
    return frozenset(text for text in found if text is not None)


GroupValues = Annotated[
    Any,
    ruled(
        Rule(group_values),
        {"x-type": "object", "additionalProperties": {"type": "string"}},
    ),
]
"""`group[cloud]=aws`, `group[cloud][]=aws`, or an object in JSON."""
PresentationNames = Annotated[Any, ruled(Rule(presentation_names), {"x-type": "string"})]
"""A JSON array of presentation keys."""


class UsageParameters(Struct, kw_only=True, frozen=True):
    """Whose usage is asked for."""

    external_subscription_id: Identifier | UnsetType = UNSET
    apply_taxes: LooseFlag = True


class CurrentUsageParameters(UsageParameters, kw_only=True, frozen=True):
    """What of current usage is asked for; `filter_by_…` are the older names."""

    charge_id: Text | UnsetType = UNSET
    charge_code: Identifier | UnsetType = UNSET
    billable_metric_code: Identifier | UnsetType = UNSET
    group: GroupValues | UnsetType = UNSET
    filter_by_charge_id: Text | UnsetType = UNSET
    filter_by_charge_code: Identifier | UnsetType = UNSET
    filter_by_metric_code: Identifier | UnsetType = UNSET
    filter_by_group: GroupValues | UnsetType = UNSET
    full_usage: LooseFlag = False
    filter_by_presentation: PresentationNames | UnsetType = UNSET
    skip_grouping: LooseFlag = False


class UsagePricingUnitDetails(Struct, kw_only=True, frozen=True):
    """Usage in the pricing unit of its charge, in the unit's cents."""

    amount_cents: int
    short_name: str
    conversion_rate: str


class ProjectedPricingUnitDetails(UsagePricingUnitDetails, kw_only=True, frozen=True):
    """The same, and what it will come to."""

    projected_amount_cents: int


class PresentationBreakdown(Struct, kw_only=True, frozen=True):
    """The units of one combination of values of the presentation keys."""

    presentation_by: dict[str, str | None]
    units: str


class UsageCharge(Struct, kw_only=True, frozen=True):
    """The charge that usage is of."""

    lago_id: UUID
    charge_model: ChargeModel
    invoice_display_name: str | None
    code: str | UnsetType = UNSET


class UsageMetric(Struct, kw_only=True, frozen=True):
    """The metric of the charge."""

    lago_id: UUID
    name: str
    code: str
    aggregation_type: AggregationType


class UsageFigures(Struct, kw_only=True, frozen=True):
    """What usage comes to; in minor units without taxes."""

    units: str
    total_aggregated_units: str
    events_count: int
    amount_cents: int
    pricing_unit_details: UsagePricingUnitDetails | None
    presentation_breakdowns: list[PresentationBreakdown]


class ChargeFilterUsage(UsageFigures, kw_only=True, frozen=True):
    """The usage of a filter; the default bucket has no values."""

    invoice_display_name: str | None
    values: dict[str, list[str]] | None


class ChargeGroupedUsage(UsageFigures, kw_only=True, frozen=True):
    """The usage of one group."""

    grouped_by: dict[str, str | None]
    filters: list[ChargeFilterUsage]


class CustomerChargeUsageObject(UsageFigures, kw_only=True, frozen=True):
    """The usage of a charge."""

    amount_currency: Currency
    charge: UsageCharge
    billable_metric: UsageMetric
    filters: list[ChargeFilterUsage]
    grouped_usage: list[ChargeGroupedUsage]


class CustomerUsageObject(Struct, kw_only=True, frozen=True):
    """The usage of a subscription in a period."""

    from_datetime: str
    to_datetime: str
    issuing_date: str
    lago_invoice_id: UUID | None
    currency: Currency
    amount_cents: int
    taxes_amount_cents: int
    total_amount_cents: int
    charges_usage: list[CustomerChargeUsageObject]


class ProjectedFigures(Struct, kw_only=True, frozen=True):
    """What usage comes to, and will come to if it goes on like this."""

    units: str
    projected_units: str
    events_count: int
    amount_cents: int
    projected_amount_cents: int
    pricing_unit_details: ProjectedPricingUnitDetails | None
    presentation_breakdowns: list[PresentationBreakdown]
    projected_presentation_breakdowns: list[PresentationBreakdown]


class ProjectedChargeFilterUsage(ProjectedFigures, kw_only=True, frozen=True):
    """The usage of a filter; the values of the default bucket are empty, as published clients refuse null here."""

    invoice_display_name: str | None
    values: dict[str, list[str]]


class ProjectedChargeGroupedUsage(ProjectedFigures, kw_only=True, frozen=True):
    """The usage of one group."""

    grouped_by: dict[str, str | None]
    filters: list[ProjectedChargeFilterUsage]


class CustomerProjectedChargeUsageObject(ProjectedFigures, kw_only=True, frozen=True):
    """The usage of a charge."""

    amount_currency: Currency
    charge: UsageCharge
    billable_metric: UsageMetric
    filters: list[ProjectedChargeFilterUsage]
    grouped_usage: list[ProjectedChargeGroupedUsage]


class CustomerProjectedUsageObject(Struct, kw_only=True, frozen=True):
    """The usage of a subscription in a period, and at its end."""

    from_datetime: str
    to_datetime: str
    issuing_date: str
    lago_invoice_id: UUID | None
    currency: Currency
    amount_cents: int
    projected_amount_cents: int
    taxes_amount_cents: int
    total_amount_cents: int
    charges_usage: list[CustomerProjectedChargeUsageObject]
