"""What pricing needs of plans: their charges, filters, metrics and fixed charges as frozen values, in one read.

Usage, invoices and previews price from these alone. Charges and filters that were deleted are not among them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select

from conto.catalog.plans.queries import FILTERS, ITS_ADD_ON, ITS_PRICING_UNIT, filters_in
from conto.db.nested import nested
from conto.db.tables import (
    add_ons,
    billable_metric_filters,
    billable_metrics,
    charges,
    fixed_charges,
    minimum_commitments,
    plans,
    pricing_units,
)
from conto.work import ORGANIZATION, Work

PLANS_KEPT = 256
"""Plans whose charges are kept as values, so that they are not read from their text each time."""


@dataclass(frozen=True, slots=True)
class PricedMetric:
    """The metric of a charge. `filters` are the values that each of its filter keys may take."""

    id: UUID
    code: str
    name: str
    description: str | None
    aggregation_type: str
    field_name: str | None
    recurring: bool
    rounding_function: str | None
    rounding_precision: int
    filters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PricedFilter:
    """A charge filter; `values` maps metric filter keys to values, `properties` are as stored."""

    id: UUID
    invoice_display_name: str | None
    values: Mapping[str, tuple[str, ...]]
    properties: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PricedUnit:
    """The pricing unit of a charge; one unit is `conversion_rate` of the plan's currency."""

    id: UUID
    code: str
    short_name: str
    conversion_rate: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class PricedCharge:
    """A charge with its metric; filters in their order. `min_amount_cents` is in cents of its pricing unit, if any.

    Charges are told apart by identity, so that what is made of one can be kept.
    """

    id: UUID
    plan_id: UUID
    parent_id: UUID | None
    code: str
    invoice_display_name: str | None
    charge_model: str
    properties: Mapping[str, Any]
    pay_in_advance: bool
    prorated: bool
    invoiceable: bool
    regroup_paid_fees: str | None
    min_amount_cents: int
    accepts_target_wallet: bool
    pricing_unit: PricedUnit | None
    metric: PricedMetric
    filters: tuple[PricedFilter, ...]
    created_at: datetime

    @property
    def display_name(self) -> str:
        """What fees call the charge."""
        return self.invoice_display_name or self.metric.name


@dataclass(frozen=True, slots=True)
class PricedFixedCharge:
    """A fixed charge with its add-on; `units` are the plan's own, which a subscription may override."""

    id: UUID
    plan_id: UUID
    parent_id: UUID | None
    code: str
    invoice_display_name: str | None
    charge_model: str
    properties: Mapping[str, Any]
    units: Decimal
    pay_in_advance: bool
    prorated: bool
    add_on_id: UUID
    add_on_code: str
    add_on_name: str
    add_on_description: str | None
    add_on_display_name: str | None
    created_at: datetime

    @property
    def display_name(self) -> str:
        """What fees call the fixed charge."""
        return self.invoice_display_name or self.add_on_display_name or self.add_on_name


@dataclass(frozen=True, slots=True)
class PricedCommitment:
    """A plan's minimum commitment, in minor units for a whole period."""

    id: UUID
    amount_cents: int
    invoice_display_name: str | None


@dataclass(frozen=True, slots=True)
class PricedPlan:
    """A plan, parent or child. `trial_period` is in days. Charges and fixed charges in order of creation."""

    id: UUID
    parent_id: UUID | None
    code: str
    name: str
    invoice_display_name: str | None
    description: str | None
    interval: str
    amount_cents: int
    amount_currency: str
    pay_in_advance: bool
    trial_period: Decimal
    bill_charges_monthly: bool
    bill_fixed_charges_monthly: bool
    charges: tuple[PricedCharge, ...]
    fixed_charges: tuple[PricedFixedCharge, ...]
    commitment: PricedCommitment | None

    @property
    def display_name(self) -> str:
        """What invoices call the plan."""
        return self.invoice_display_name or self.name


METRIC_FILTERS = nested(
    "metric_filters",
    select(billable_metric_filters.c.key, billable_metric_filters.c["values"])
    .where(
        billable_metric_filters.c.organization_id == billable_metrics.c.organization_id,
        billable_metric_filters.c.billable_metric_id == billable_metrics.c.id,
    )
    .correlate(billable_metrics),
    "key",
)
"""The filters that a metric knows, by key."""

_METRIC = nested(
    "metric",
    select(billable_metrics, METRIC_FILTERS.column)
    .where(
        billable_metrics.c.organization_id == charges.c.organization_id,
        billable_metrics.c.id == charges.c.billable_metric_id,
    )
    .correlate(charges),
    "id",
)
_WITH_PARTS = select(
    charges,
    pricing_units.c.code.label("pricing_unit_code"),
    pricing_units.c.short_name.label("pricing_unit_short_name"),
    _METRIC.column,
    FILTERS.column,
).outerjoin(pricing_units, ITS_PRICING_UNIT)
_CHARGES = nested(
    "charges",
    _WITH_PARTS.where(
        charges.c.organization_id == plans.c.organization_id,
        charges.c.plan_id == plans.c.id,
        charges.c.deleted_at.is_(None),
    ).correlate(plans),
    "created_at",
    "position",
    "id",
)
_CHARGES_BY_ID = _WITH_PARTS.where(
    charges.c.organization_id == ORGANIZATION, charges.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)
_FIXED_CHARGES = nested(
    "fixed_charges",
    select(
        fixed_charges,
        add_ons.c.code.label("add_on_code"),
        add_ons.c.name.label("add_on_name"),
        add_ons.c.description.label("add_on_description"),
        add_ons.c.invoice_display_name.label("add_on_display_name"),
    )
    .join(add_ons, ITS_ADD_ON)
    .where(
        fixed_charges.c.organization_id == plans.c.organization_id,
        fixed_charges.c.plan_id == plans.c.id,
        fixed_charges.c.deleted_at.is_(None),
    )
    .correlate(plans),
    "created_at",
    "position",
    "id",
)
_COMMITMENT = nested(
    "commitment",
    select(minimum_commitments)
    .where(
        minimum_commitments.c.organization_id == plans.c.organization_id, minimum_commitments.c.plan_id == plans.c.id
    )
    .correlate(plans),
    "id",
)
_PLANS = select(plans, _CHARGES.column, _FIXED_CHARGES.column, _COMMITMENT.column).where(
    plans.c.organization_id == ORGANIZATION, plans.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)


async def priced_plans(work: Work, plan_ids: Collection[UUID]) -> dict[UUID, PricedPlan]:
    """The plans with these ids, deleted ones too, by id; one statement however many there are."""
    if not plan_ids:
        return {}
    return {row.id: _plan(row) for row in await work.rows(_PLANS, ids=list(plan_ids))}


async def priced_charges(work: Work, charge_ids: Collection[UUID]) -> dict[UUID, PricedCharge]:
    """The charges with these ids, deleted ones too, by id; their filters are those of now."""
    if not charge_ids:
        return {}
    return {row.id: _charge(row) for row in await work.rows(_CHARGES_BY_ID, ids=list(charge_ids))}


def _plan(row: Any) -> PricedPlan:
    commitments = _COMMITMENT.of(row)
    return PricedPlan(
        id=row.id,
        parent_id=row.parent_id,
        code=row.code,
        name=row.name,
        invoice_display_name=row.invoice_display_name,
        description=row.description,
        interval=row.interval,
        amount_cents=row.amount_cents,
        amount_currency=row.amount_currency,
        pay_in_advance=row.pay_in_advance,
        trial_period=row.trial_period or Decimal(0),
        bill_charges_monthly=row.bill_charges_monthly is True,
        bill_fixed_charges_monthly=row.bill_fixed_charges_monthly is True,
        charges=_charges_said(row.charges or ""),
        fixed_charges=tuple(_fixed_charge(charge) for charge in _FIXED_CHARGES.of(row)),
        commitment=PricedCommitment(commitments[0].id, commitments[0].amount_cents, commitments[0].invoice_display_name)
        if commitments
        else None,
    )


@lru_cache(PLANS_KEPT)
def _charges_said(text: str) -> tuple[PricedCharge, ...]:
    """The charges that the text says, which is all that is known of them: the same ones for the same text."""
    return tuple(_charge(charge) for charge in _CHARGES.read(text))


def _charge(row: Any) -> PricedCharge:
    (metric,) = _METRIC.of(row)
    return PricedCharge(
        id=row.id,
        plan_id=row.plan_id,
        parent_id=row.parent_id,
        code=row.code,
        invoice_display_name=row.invoice_display_name,
        charge_model=row.charge_model,
        properties=row.properties,
        pay_in_advance=row.pay_in_advance,
        prorated=row.prorated,
        invoiceable=row.invoiceable,
        regroup_paid_fees=row.regroup_paid_fees,
        min_amount_cents=row.min_amount_cents,
        accepts_target_wallet=row.accepts_target_wallet,
        pricing_unit=PricedUnit(
            row.pricing_unit_id, row.pricing_unit_code, row.pricing_unit_short_name, row.conversion_rate
        )
        if row.pricing_unit_id
        else None,
        metric=_metric(metric),
        filters=tuple(
            PricedFilter(
                id=one.id,
                invoice_display_name=one.invoice_display_name,
                values={key: tuple(values) for key, values in one.values.items()},
                properties=one.properties,
                created_at=one.created_at,
            )
            for one in filters_in(row)
        ),
        created_at=row.created_at,
    )


def _metric(row: Any) -> PricedMetric:
    return PricedMetric(
        id=row.id,
        code=row.code,
        name=row.name,
        description=row.description,
        aggregation_type=row.aggregation_type,
        field_name=row.field_name,
        recurring=row.recurring,
        rounding_function=row.rounding_function,
        rounding_precision=row.rounding_precision or 0,
        filters={one.key: tuple(one.values) for one in METRIC_FILTERS.of(row)},
    )


def _fixed_charge(row: Any) -> PricedFixedCharge:
    same = (
        "id plan_id parent_id code invoice_display_name charge_model properties units pay_in_advance prorated"
        " add_on_id add_on_code add_on_name add_on_description add_on_display_name created_at"
    ).split()
    return PricedFixedCharge(**{name: getattr(row, name) for name in same})
