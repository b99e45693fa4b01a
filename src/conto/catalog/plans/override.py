"""A child plan: a subscription's private copy of a catalogue plan, with prices of its own (chapters 50 §8 and 52 §7.1).

Not inherited are the taxes of the plan and of its charges, its minimum commitment and its usage thresholds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard
from uuid import UUID

from msgspec import UNSET, UnsetType, structs
from sqlalchemy import Row, insert, select

from conto.catalog.plans.charge_overrides import by_id, copy_charge, copy_fixed_charge
from conto.catalog.plans.charges import ChargeChanges
from conto.catalog.plans.commitments import set_commitment
from conto.catalog.plans.entries import Entry
from conto.catalog.plans.fixed_charges import FixedChargeChanges
from conto.catalog.plans.queries import charges_of, fixed_charges_of
from conto.catalog.plans.references import References, find_references
from conto.catalog.plans.taxes import replace_all
from conto.catalog.plans.thresholds import refuse_wrong_thresholds, replace_thresholds
from conto.changes import given
from conto.db.tables import fixed_charges, plans, plans_taxes
from conto.errors import NotFound
from conto.ids import new_id
from conto.schemas.charges import FixedChargeInput
from conto.schemas.plans import PlanOverrideFields, PlanOverridesInput
from conto.schemas.reader import Problems
from conto.subscriptions.fixed_charge_units import UnitsGiven
from conto.work import Work

UNITS_ALONE = frozenset({"id", "units", "apply_units_immediately"})
COPIED = (
    "code name invoice_display_name description interval amount_cents amount_currency pay_in_advance trial_period"
    " bill_charges_monthly bill_fixed_charges_monthly"
).split()

Overrides = PlanOverridesInput | None | UnsetType


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A child plan that was made, with the units that the subscription on it is to be instructed."""

    id: UUID
    units: list[UnitsGiven]


async def overridden_plan(work: Work, plan: Row[Any], overrides: Overrides) -> UUID:
    """The id of the plan that a new subscription to a catalogue plan is on: a child with the overrides, or the plan.

    Where only units of fixed charges are overridden, no child is made; they are `own_units_in(overrides)`.

    Raises:
        NotFound: a tax code names no tax; or units are given for a fixed charge that is not on the plan.
        Invalid: what is given is not as it must be; nothing is stored.
        Forbidden: the charge model of a fixed charge would change.
    """
    if not is_given(overrides):
        return plan.id
    if is_units_alone(overrides):
        await refuse_unknown_fixed_charges(work, plan.id, overrides)
        return plan.id
    return (await make_child(work, plan.id, overrides)).id


def is_given(overrides: Overrides) -> TypeGuard[PlanOverridesInput]:
    """Whether anything is overridden."""
    return isinstance(overrides, PlanOverridesInput) and bool(given(overrides))


def is_units_alone(overrides: PlanOverridesInput) -> bool:
    """Whether nothing but units of fixed charges is given (chapter 53 §6)."""
    entries = overrides.fixed_charges
    return set(given(overrides)) == {"fixed_charges"} and bool(entries) and all(map(gives_units_alone, entries or ()))


def gives_units_alone(entry: FixedChargeInput) -> bool:
    """Whether an entry gives nothing but units."""
    return set(given(entry)) <= UNITS_ALONE and isinstance(entry.units, Decimal)


def own_units_in(overrides: Overrides) -> dict[UUID, Decimal]:
    """The units of fixed charges that a subscription gets without a copy of the plan; none where it gets a copy."""
    if not is_given(overrides) or not is_units_alone(overrides):
        return {}
    return {UUID(str(each.id)): each.units for each in overrides.fixed_charges or () if isinstance(each.units, Decimal)}


async def refuse_unknown_fixed_charges(work: Work, plan_id: UUID, overrides: PlanOverridesInput) -> None:
    """Every entry names a live fixed charge of the plan.

    Raises:
        NotFound: one does not.
    """
    known = {str(row.id) for row in await work.rows(_fixed_charge_ids(work, plan_id))}
    if not set(by_id(overrides.fixed_charges or ())) <= known or not all(
        each.id for each in overrides.fixed_charges or ()
    ):
        raise NotFound("fixed_charge")


def _fixed_charge_ids(work: Work, plan_id: UUID) -> Any:
    return select(fixed_charges.c.id).where(
        fixed_charges.c.organization_id == work.organization.id,
        fixed_charges.c.plan_id == plan_id,
        fixed_charges.c.deleted_at.is_(None),
    )


async def make_child(
    work: Work, plan_id: UUID, overrides: PlanOverridesInput, own_units: Mapping[UUID, Decimal] | None = None
) -> ChildPlan:
    """Make a child of a catalogue plan; the customer that it is for is locked.

    `own_units` are those that the subscription had of its own, by the parent's fixed charge; units given in the
    overrides win. Entries that name no charge of the plan are ignored.

    Raises:
        NotFound: a tax code names no tax.
        Invalid: what is given is not as it must be.
        Forbidden: the charge model of a fixed charge would change.
    """
    parent = await hold(work, plan_id)
    charges = await work.rows(charges_of(work, plan_id))
    fixed = await work.rows(fixed_charges_of(work, plan_id))
    own_charges, own_fixed = by_id(overrides.charges or ()), by_id(overrides.fixed_charges or ())
    references = await _references(work, overrides, charges, fixed)
    child_id = await _insert(work, parent, overrides, references)
    changes, fixed_changes = ChargeChanges(), FixedChargeChanges(child_id)
    for found in charges:
        copy_charge(changes, work, child_id, found, own_charges.get(str(found.id)), references)
    units: list[UnitsGiven] = []
    for found in fixed:
        data = own_fixed.get(str(found.id))
        if own_units and found.id in own_units and not (data and isinstance(data.units, Decimal)):
            data = structs.replace(data or FixedChargeInput(), units=own_units[found.id])
        units.append(copy_fixed_charge(fixed_changes, work, found, data, references))
    await changes.write(work)
    await fixed_changes.write(work)
    await _write_parts(work, child_id, overrides, references)
    return ChildPlan(child_id, units)


async def hold(work: Work, plan_id: UUID) -> Row[Any]:
    """The plan's row, which nobody changes meanwhile; others may copy it at the same time."""
    return await work.one(
        select(plans)
        .where(plans.c.organization_id == work.organization.id, plans.c.id == plan_id)
        .with_for_update(read=True)
    )


async def _references(work: Work, overrides: PlanOverridesInput, charges: Any, fixed: Any) -> References:
    commitment = overrides.minimum_commitment
    return await find_references(
        work,
        overrides.charges or (),
        [*(overrides.fixed_charges or ()), *(FixedChargeInput(add_on_id=str(row.add_on_id)) for row in fixed)],
        [*(overrides.tax_codes or ()), *((commitment.tax_codes or ()) if commitment else ())],
        [row.billable_metric_id for row in charges],
    )


async def _insert(work: Work, parent: Row[Any], overrides: PlanOverridesInput, references: References) -> UUID:
    child_id = new_id()
    own = {name: value for name, value in given(overrides).items() if name in PlanOverrideFields.__struct_fields__}
    tax_codes = own.pop("tax_codes", None)
    await work.execute(
        insert(plans).values(
            {name: getattr(parent, name) for name in COPIED}
            | own
            | {
                "organization_id": work.organization.id,
                "id": child_id,
                "parent_id": parent.id,
                "pending_deletion": False,
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
    )
    if tax_codes:
        await replace_all(work, plans_taxes, "plan_id", {child_id: references.tax_ids(tax_codes)})
    return child_id


async def _write_parts(work: Work, child_id: UUID, overrides: PlanOverridesInput, references: References) -> None:
    """The child's own thresholds and minimum commitment."""
    if overrides.usage_thresholds:
        problems = Problems()
        refuse_wrong_thresholds([Entry(each, Problems()) for each in overrides.usage_thresholds], problems)
        problems.raise_if_any()
        await replace_thresholds(work, child_id, overrides.usage_thresholds)
    commitment = overrides.minimum_commitment
    if commitment is not UNSET and commitment is not None and given(commitment):
        await set_commitment(work, child_id, commitment, references)
