"""How usage is shown: added up by charge, by filter and by group (chapter 31 §1.5)."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from conto.catalog.priced import PricedCharge, PricedFilter
from conto.core.money import total
from conto.core.numerals import decimal_text
from conto.metering.store import Group
from conto.metering.usage import Result, group_order, units_by
from conto.schemas.usage import (
    ChargeFilterUsage,
    ChargeGroupedUsage,
    CustomerChargeUsageObject,
    CustomerProjectedChargeUsageObject,
    PresentationBreakdown,
    ProjectedChargeFilterUsage,
    ProjectedChargeGroupedUsage,
    ProjectedPricingUnitDetails,
    UsageCharge,
    UsageMetric,
    UsagePricingUnitDetails,
)

Presented = Sequence[tuple[Group, Decimal]]


@dataclass(frozen=True, slots=True)
class Projection:
    """What one line will come to at the end of its period."""

    units: Decimal
    amount_cents: int
    pricing_unit_cents: int | None
    presented: Presented


@dataclass(frozen=True, slots=True)
class Line:
    """One bucket and group of a charge, whether just priced or read from a fee.

    `pricing_unit_cents` is None where the charge has no pricing unit. `empty`: it stands for a group without events.
    """

    filter: PricedFilter | None
    group: Group
    units: Decimal
    total_aggregated_units: Decimal
    events_count: int
    amount_cents: int
    pricing_unit_cents: int | None
    presented: Presented
    empty: bool = False
    projection: Projection | None = None

    @property
    def filter_id(self) -> UUID | None:
        """The filter; None is the default bucket."""
        return self.filter.id if self.filter else None


Key = TypeVar("Key", bound=Hashable)


def line_of(result: Result, projection: Projection | None = None) -> Line:
    """A result as a line."""
    unit = result.amounts.pricing_unit
    return Line(
        filter=result.filter,
        group=result.group,
        units=result.units,
        total_aggregated_units=result.total_aggregated_units,
        events_count=result.events_count,
        amount_cents=result.amounts.amount_cents,
        pricing_unit_cents=unit.amount_cents if unit else None,
        presented=result.aggregate.presented,
        empty=result.empty,
        projection=projection,
    )


def show_charge_usage(charge: PricedCharge, currency: str, lines: Sequence[Line]) -> CustomerChargeUsageObject:
    """The usage of a charge."""
    return CustomerChargeUsageObject(
        **figures(charge, lines),
        presentation_breakdowns=breakdowns(_plain(charge, lines)),
        amount_currency=currency,
        charge=charge_shown(charge, code=charge.code),
        billable_metric=metric_shown(charge),
        filters=_filters(charge, lines),
        grouped_usage=[
            ChargeGroupedUsage(
                **figures(charge, own),
                presentation_breakdowns=breakdowns(own),
                grouped_by=dict(own[0].group),
                filters=_filters(charge, own),
            )
            for own in _groups(lines)
        ],
    )


def _filters(charge: PricedCharge, lines: Sequence[Line]) -> list[ChargeFilterUsage]:
    return [
        ChargeFilterUsage(
            **figures(charge, own),
            presentation_breakdowns=breakdowns(own),
            invoice_display_name=own[0].filter and own[0].filter.invoice_display_name,
            values=values_shown(own[0].filter),
        )
        for own in _by_filter(charge, lines)
    ]


def show_projected_charge_usage(
    charge: PricedCharge, currency: str, lines: Sequence[Line]
) -> CustomerProjectedChargeUsageObject:
    """The usage of a charge and what it will be; every line has its projection."""
    return CustomerProjectedChargeUsageObject(
        **projected_figures(charge, lines),
        **projected_breakdowns(_plain(charge, lines)),
        amount_currency=currency,
        charge=charge_shown(charge),
        billable_metric=metric_shown(charge),
        filters=_projected_filters(charge, lines),
        grouped_usage=[
            ProjectedChargeGroupedUsage(
                **projected_figures(charge, own),
                **projected_breakdowns(own),
                grouped_by=dict(own[0].group),
                filters=_projected_filters(charge, own),
            )
            for own in _groups(lines)
        ],
    )


def _projected_filters(charge: PricedCharge, lines: Sequence[Line]) -> list[ProjectedChargeFilterUsage]:
    return [
        ProjectedChargeFilterUsage(
            **projected_figures(charge, own),
            **projected_breakdowns(own),
            invoice_display_name=own[0].filter and own[0].filter.invoice_display_name,
            values=values_shown(own[0].filter) or {},
        )
        for own in _by_filter(charge, lines)
    ]


def figures(charge: PricedCharge, lines: Sequence[Line]) -> dict[str, Any]:
    """What the lines come to together."""
    unit = charge.pricing_unit
    return {
        "units": decimal_text(total([line.units for line in lines])),
        "total_aggregated_units": decimal_text(total([line.total_aggregated_units for line in lines])),
        "events_count": sum(line.events_count for line in lines),
        "amount_cents": sum(line.amount_cents for line in lines),
        "pricing_unit_details": unit
        and UsagePricingUnitDetails(
            amount_cents=sum(line.pricing_unit_cents or 0 for line in lines),
            short_name=unit.short_name,
            conversion_rate=decimal_text(unit.conversion_rate),
        ),
    }


def projected_figures(charge: PricedCharge, lines: Sequence[Line]) -> dict[str, Any]:
    """What the lines come to together, and will come to."""
    found = figures(charge, lines)
    del found["total_aggregated_units"]
    ends = [line.projection for line in lines if line.projection]
    details = found["pricing_unit_details"]
    return found | {
        "projected_units": decimal_text(total([end.units for end in ends])),
        "projected_amount_cents": sum(end.amount_cents for end in ends),
        "pricing_unit_details": details
        and ProjectedPricingUnitDetails(
            amount_cents=details.amount_cents,
            short_name=details.short_name,
            conversion_rate=details.conversion_rate,
            projected_amount_cents=sum(end.pricing_unit_cents or 0 for end in ends),
        ),
    }


def breakdowns(lines: Sequence[Line]) -> list[PresentationBreakdown]:
    """The units of the lines by their presentation keys."""
    return _shown([one for line in lines for one in line.presented])


def projected_breakdowns(lines: Sequence[Line]) -> dict[str, Any]:
    """The same, now and at the end of the period."""
    ends = [one for line in lines if line.projection for one in line.projection.presented]
    return {"presentation_breakdowns": breakdowns(lines), "projected_presentation_breakdowns": _shown(ends)}


def _shown(presented: Presented) -> list[PresentationBreakdown]:
    return [
        PresentationBreakdown(presentation_by=dict(group), units=decimal_text(units))
        for group, units in units_by(presented)
    ]


def _plain(charge: PricedCharge, lines: Sequence[Line]) -> list[Line]:
    """The lines that are neither grouped nor of a charge with filters."""
    return [] if charge.filters else [line for line in lines if not line.group]


def _by_filter(charge: PricedCharge, lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of each bucket in their order; none where the charge has no filters."""
    return _apart(lines, lambda line: line.filter_id) if charge.filters else []


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of each group, none where no line is grouped.

    A group without events is left out where there are others, unless something is due for it.
    """
    if not any(line.group for line in lines):
        return []
    real = [line for line in lines if not (line.group and line.empty and not line.amount_cents)]
    found = _apart(real if any(line.group for line in real) else lines, lambda line: tuple(group_order(line.group)))
    return sorted(found, key=lambda own: group_order(own[0].group))


def _apart(lines: Sequence[Line], key: Callable[[Line], Key]) -> list[list[Line]]:
    found: dict[Key, list[Line]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return list(found.values())


def values_shown(charge_filter: PricedFilter | None) -> dict[str, list[str]] | None:
    """The values of a filter; None for the default bucket."""
    return None if charge_filter is None else {key: list(values) for key, values in charge_filter.values.items()}


def charge_shown(charge: PricedCharge, **code: str) -> UsageCharge:
    """The charge that usage is of."""
    return UsageCharge(
        lago_id=charge.id,
        charge_model=charge.charge_model,  # pyright: ignore[reportArgumentType]
        invoice_display_name=charge.invoice_display_name,
        **code,
    )


def metric_shown(charge: PricedCharge) -> UsageMetric:
    """The metric of the charge."""
    metric = charge.metric
    return UsageMetric(
        lago_id=metric.id,
        name=metric.name,
        code=metric.code,
        aggregation_type=metric.aggregation_type,  # pyright: ignore[reportArgumentType]
    )
