"""How usage came to its amount, as JSON: our own call beside the reference's."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.fields import Code, Currency, Day
from conto.schemas.usage import GroupValues, UsageCharge, UsageMetric, UsagePricingUnitDetails

IgnoredReason = Literal["before_period", "after_period", "no_usable_value", "other_group"]


class ExplanationParameters(Struct, kw_only=True, frozen=True):
    """Which charge is to be explained, and which of its periods: the one that holds `date`, else the present one."""

    charge_code: Code
    date: Day | UnsetType = UNSET
    group: GroupValues | UnsetType = UNSET


class ExplainedEvents(Struct, kw_only=True, frozen=True):
    """So many events, and the transaction ids of the first of them."""

    count: int
    transaction_ids: list[str]


class IgnoredEvents(ExplainedEvents, kw_only=True, frozen=True):
    """Events that do not count: outside the period, without a value that the metric can take, or of another group."""

    reason: IgnoredReason


class ExplanationEvents(Struct, kw_only=True, frozen=True):
    """All events of the subscription with the metric's code.

    `carried` are those before the period that a recurring metric still counts.
    """

    counted: ExplainedEvents
    carried: ExplainedEvents
    ignored: list[IgnoredEvents]


class UnitsRounding(Struct, kw_only=True, frozen=True):
    """How the metric rounds the units of each result, before they are priced."""

    function: Literal["round", "ceil", "floor"]
    precision: int


class CalculationLine(Struct, kw_only=True, frozen=True):
    """One calculation: `formula` over `values` gives `result`, which later lines know as `name`.

    Numbers are exact: decimals, or fractions such as `1/3` where decimals would never end. A formula has
    `+ - * /`, `min`, `max`, `ceil`, `round` (half away from zero, to a whole number) and `up` (towards positive
    infinity, at so many decimals).
    """

    name: str
    formula: str
    values: dict[str, str]
    result: str
    rounding: str | None
    note: str


class ExplainedResult(Struct, kw_only=True, frozen=True):
    """One filter and group. `units` are shown; `calculation` leads from those that are priced to `amount_cents`."""

    lago_charge_filter_id: UUID | None
    filter_values: dict[str, list[str]] | None
    grouped_by: dict[str, str | None]
    properties: dict[str, Any]
    events_count: int
    units: str
    total_aggregated_units: str
    prorated_units: str | None
    units_rounding: UnitsRounding | None
    calculation: list[CalculationLine]
    amount_cents: int
    pricing_unit_details: UsagePricingUnitDetails | None


class UsageExplanationObject(Struct, kw_only=True, frozen=True):
    """How the usage of a charge in a period came to its amount, without taxes."""

    lago_subscription_id: UUID
    external_subscription_id: str
    charge: UsageCharge
    billable_metric: UsageMetric
    from_datetime: str
    to_datetime: str
    timezone: str
    days: int
    period_days: int
    currency: Currency
    events: ExplanationEvents
    results: list[ExplainedResult]
    total: CalculationLine
    amount_cents: int
