"""Reads of plans, charges, filters and fixed charges, each with all its parts in a few statements (chapter 52)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, Select, func, select

from conto.catalog.applied_taxes import shown as shown_taxes
from conto.db.nested import nested
from conto.db.tables import (
    add_ons,
    billable_metrics,
    charge_filters,
    charges,
    charges_taxes,
    fixed_charges,
    fixed_charges_taxes,
    minimum_commitments,
    minimum_commitments_taxes,
    plans,
    plans_taxes,
    pricing_units,
    taxes,
    usage_thresholds,
)
from conto.errors import NotFound
from conto.ids import as_id
from conto.schemas.charges import ChargeObject, FixedChargeObject, show_charge, show_fixed_charge
from conto.schemas.plans import PlanObject, show_applicable, show_commitment, show_plan, show_threshold
from conto.schemas.taxes import TaxObject
from conto.work import Work


def _tax_ids(name: str, links: Any, column: str, owner: Any) -> Any:
    """The live taxes that an owner has of its own, by name then age."""
    return nested(
        name,
        select(taxes.c.id, taxes.c.name, taxes.c.created_at)
        .join(links, (links.c.organization_id == taxes.c.organization_id) & (links.c.tax_id == taxes.c.id))
        .where(
            links.c.organization_id == owner.c.organization_id,
            links.c[column] == owner.c.id,
            taxes.c.deleted_at.is_(None),
        )
        .correlate(owner),
        "name",
        "created_at",
        "id",
    )


CHARGE_TAXES = _tax_ids("charge_taxes", charges_taxes, "charge_id", charges)
FIXED_CHARGE_TAXES = _tax_ids("fixed_charge_taxes", fixed_charges_taxes, "fixed_charge_id", fixed_charges)
COMMITMENT_TAXES = _tax_ids("commitment_taxes", minimum_commitments_taxes, "minimum_commitment_id", minimum_commitments)
PLAN_TAXES = _tax_ids("plan_taxes", plans_taxes, "plan_id", plans)
FILTERS = nested(
    "filters",
    select(charge_filters)
    .where(
        charge_filters.c.organization_id == charges.c.organization_id,
        charge_filters.c.charge_id == charges.c.id,
        charge_filters.c.deleted_at.is_(None),
    )
    .correlate(charges),
    "position",
    "created_at",
    "id",
)
"""The live filters of a charge, in their order."""

ITS_PRICING_UNIT = (pricing_units.c.organization_id == charges.c.organization_id) & (
    pricing_units.c.id == charges.c.pricing_unit_id
)
ITS_ADD_ON = (add_ons.c.organization_id == fixed_charges.c.organization_id) & (
    add_ons.c.id == fixed_charges.c.add_on_id
)
"""What joins a charge to its pricing unit, and a fixed charge to its add-on."""

CHARGES: Select[Any] = (
    select(
        charges,
        billable_metrics.c.code.label("billable_metric_code"),
        pricing_units.c.code.label("pricing_unit_code"),
        FILTERS.column,
        CHARGE_TAXES.column,
    )
    .join(
        billable_metrics,
        (billable_metrics.c.organization_id == charges.c.organization_id)
        & (billable_metrics.c.id == charges.c.billable_metric_id),
    )
    .outerjoin(pricing_units, ITS_PRICING_UNIT)
    .where(charges.c.deleted_at.is_(None))
)
"""Live charges with their filters and the ids of their taxes."""

FIXED_CHARGES: Select[Any] = (
    select(fixed_charges, add_ons.c.code.label("add_on_code"), FIXED_CHARGE_TAXES.column)
    .join(add_ons, ITS_ADD_ON)
    .where(fixed_charges.c.deleted_at.is_(None))
)
"""Live fixed charges with the ids of their taxes."""

_CHARGES = nested(
    "charges",
    CHARGES.where(charges.c.organization_id == plans.c.organization_id, charges.c.plan_id == plans.c.id).correlate(
        plans
    ),
    "created_at",
    "position",
    "id",
)
_FIXED_CHARGES = nested(
    "fixed_charges",
    FIXED_CHARGES.where(
        fixed_charges.c.organization_id == plans.c.organization_id, fixed_charges.c.plan_id == plans.c.id
    ).correlate(plans),
    "created_at",
    "position",
    "id",
)
_COMMITMENT = nested(
    "commitment",
    select(minimum_commitments, COMMITMENT_TAXES.column)
    .where(
        minimum_commitments.c.organization_id == plans.c.organization_id, minimum_commitments.c.plan_id == plans.c.id
    )
    .correlate(plans),
    "id",
)


def _thresholds(name: str, plan_id: Any) -> Any:
    return nested(
        name,
        select(usage_thresholds)
        .where(
            usage_thresholds.c.organization_id == plans.c.organization_id,
            usage_thresholds.c.plan_id == plan_id,
            usage_thresholds.c.deleted_at.is_(None),
        )
        .correlate(plans),
        "recurring",
        "amount_cents",
        "id",
    )


_OWN_THRESHOLDS = _thresholds("own_thresholds", plans.c.id)
_APPLICABLE = _thresholds("applicable_thresholds", func.coalesce(plans.c.parent_id, plans.c.id))

PLANS: Select[Any] = select(
    plans,
    _CHARGES.column,
    _FIXED_CHARGES.column,
    _COMMITMENT.column,
    _OWN_THRESHOLDS.column,
    _APPLICABLE.column,
    PLAN_TAXES.column,
)
"""Plans with all that is on them."""


def catalogue(work: Work) -> list[Any]:
    """The conditions of the organization's parent plans that are not deleted."""
    return [plans.c.organization_id == work.organization.id, plans.c.parent_id.is_(None), plans.c.deleted_at.is_(None)]


async def plan_row(work: Work, code: str) -> Row[Any]:
    """The catalogue plan with this code, without its parts.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(select(plans).where(*catalogue(work), plans.c.code == code))
    if found is None:
        raise NotFound("plan")
    return found


async def lock_plan(work: Work, code: str) -> Row[Any]:
    """The catalogue plan with this code, locked: what is on it is changed by one at a time.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(
        select(plans).where(*catalogue(work), plans.c.code == code).with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound("plan")
    return found


async def plan_by_id(work: Work, plan_id: UUID) -> Row[Any]:
    """The plan with this id of ours and all that is on it, be it deleted or a child.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(PLANS.where(plans.c.organization_id == work.organization.id, plans.c.id == plan_id))
    if found is None:
        raise NotFound("plan")
    return found


def charges_of(work: Work, plan_id: UUID) -> Select[Any]:
    """The live charges of a plan, newest first."""
    return CHARGES.where(charges.c.organization_id == work.organization.id, charges.c.plan_id == plan_id).order_by(
        charges.c.created_at.desc(), charges.c.position.desc(), charges.c.id
    )


def fixed_charges_of(work: Work, plan_id: UUID) -> Select[Any]:
    """The live fixed charges of a plan, newest first."""
    return FIXED_CHARGES.where(
        fixed_charges.c.organization_id == work.organization.id, fixed_charges.c.plan_id == plan_id
    ).order_by(fixed_charges.c.created_at.desc(), fixed_charges.c.position.desc(), fixed_charges.c.id)


async def charge(work: Work, plan_id: UUID, code: str) -> Row[Any]:
    """The live charge of the plan with this code.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(charges_of(work, plan_id).where(charges.c.code == code))
    if found is None:
        raise NotFound("charge")
    return found


async def fixed_charge(work: Work, plan_id: UUID, code: str) -> Row[Any]:
    """The live fixed charge of the plan with this code.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(fixed_charges_of(work, plan_id).where(fixed_charges.c.code == code))
    if found is None:
        raise NotFound("fixed_charge")
    return found


def filters_in(charge: Row[Any]) -> list[Any]:
    """The filters of a charge, whose row is one of `CHARGES`, in their order."""
    return FILTERS.of(charge)


def filter_in(charge: Row[Any], filter_id: str) -> Any:
    """The filter of a charge with this id of ours.

    Raises:
        NotFound: there is none.
    """
    wanted = as_id(filter_id, "charge_filter")
    for one in filters_in(charge):
        if one.id == wanted:
            return one
    raise NotFound("charge_filter")


async def taxes_by_id(work: Work, ids: Iterable[UUID]) -> Mapping[UUID, TaxObject]:
    """The taxes with these ids as JSON: three statements however many there are, none where there are none."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await work.rows(select(taxes).where(taxes.c.organization_id == work.organization.id, taxes.c.id.in_(wanted)))
    return await shown_taxes(work, rows)


async def shown_charges(work: Work, rows: Sequence[Row[Any]]) -> list[ChargeObject]:
    """Charges, rows of `CHARGES`, as JSON."""
    known = await taxes_by_id(work, (tax.id for row in rows for tax in CHARGE_TAXES.of(row)))
    return [_show_charge(row, known) for row in rows]


async def shown_fixed_charges(work: Work, rows: Sequence[Row[Any]]) -> list[FixedChargeObject]:
    """Fixed charges, rows of `FIXED_CHARGES`, as JSON."""
    known = await taxes_by_id(work, (tax.id for row in rows for tax in FIXED_CHARGE_TAXES.of(row)))
    return [_show_fixed_charge(row, known) for row in rows]


async def shown_plans(work: Work, rows: Sequence[Row[Any]], *, listed: bool = False) -> list[PlanObject]:
    """Plans, rows of `PLANS`, as JSON; where they are `listed`, without fixed charges."""
    parts = {row.id: _Parts(row) for row in rows}
    known = await taxes_by_id(work, (tax_id for each in parts.values() for tax_id in each.tax_ids()))
    return [_show_plan(row, parts[row.id], known, listed) for row in rows]


async def shown_plan(work: Work, plan_id: UUID) -> PlanObject:
    """The plan with this id as JSON, be it deleted or a child.

    Raises:
        NotFound: there is none.
    """
    return (await shown_plans(work, [await plan_by_id(work, plan_id)]))[0]


class _Parts:
    """The rows nested in a plan's row, decoded once."""

    def __init__(self, row: Row[Any]) -> None:
        self.charges = _CHARGES.of(row)
        self.fixed_charges = _FIXED_CHARGES.of(row)
        self.commitments = _COMMITMENT.of(row)
        self.taxes = PLAN_TAXES.of(row)

    def tax_ids(self) -> Iterable[UUID]:
        """The taxes on the plan and on any of its parts."""
        yield from (tax.id for tax in self.taxes)
        for rows, owned in (
            (self.charges, CHARGE_TAXES),
            (self.fixed_charges, FIXED_CHARGE_TAXES),
            (self.commitments, COMMITMENT_TAXES),
        ):
            yield from (tax.id for row in rows for tax in owned.of(row))


def _show_charge(row: Any, known: Mapping[UUID, TaxObject]) -> ChargeObject:
    return show_charge(row, FILTERS.of(row), [known[tax.id] for tax in CHARGE_TAXES.of(row)])


def _show_fixed_charge(row: Any, known: Mapping[UUID, TaxObject]) -> FixedChargeObject:
    return show_fixed_charge(row, [known[tax.id] for tax in FIXED_CHARGE_TAXES.of(row)])


def _show_plan(row: Row[Any], parts: _Parts, known: Mapping[UUID, TaxObject], listed: bool) -> PlanObject:
    commitment = next(iter(parts.commitments), None)
    return show_plan(
        row,
        charges=[_show_charge(each, known) for each in parts.charges],
        fixed_charges=UNSET if listed else [_show_fixed_charge(each, known) for each in parts.fixed_charges],
        minimum_commitment=show_commitment(row, commitment, [known[tax.id] for tax in COMMITMENT_TAXES.of(commitment)])
        if commitment
        else UNSET,
        usage_thresholds=[show_threshold(each) for each in _OWN_THRESHOLDS.of(row)],
        applicable_usage_thresholds=[show_applicable(each) for each in _APPLICABLE.of(row)],
        taxes=[known[tax.id] for tax in parts.taxes],
    )
