"""Change a plan and what is on it (chapter 52 §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, select, update

from conto.catalog.plans import charges, fixed_charges
from conto.catalog.plans.cascade import cascade_amount, cascade_charges, cascade_fixed_charges
from conto.catalog.plans.commitments import read_commitment, set_commitment
from conto.catalog.plans.create import NOT_COLUMNS, with_monthly_flags
from conto.catalog.plans.entries import Entry, data_of, entries
from conto.catalog.plans.metadata import read_metadata
from conto.catalog.plans.queries import catalogue, charges_of, fixed_charges_of
from conto.catalog.plans.references import find_references
from conto.catalog.plans.taxes import replace_all
from conto.catalog.plans.thresholds import refuse_wrong_thresholds, replace_thresholds
from conto.changes import differences, given
from conto.db.tables import plans, plans_taxes, subscriptions
from conto.invoices.stale import refresh_drafts_of_plans
from conto.schemas.charges import CascadeInput, ChargeInput, FixedChargeInput
from conto.schemas.plans import CommitmentInput, PlanFields, UsageThresholdInput
from conto.schemas.reader import Problems, read
from conto.subscriptions.amount_changes import drop_dearer_successors, hasten_upgrades
from conto.work import Work

FREE_ONLY = (
    "code interval pay_in_advance amount_currency trial_period bill_charges_monthly bill_fixed_charges_monthly"
).split()
"""What changes only while no subscription is on the plan."""


async def is_attached(work: Work, plan_id: UUID) -> bool:
    """Whether some subscription, in any status, is on exactly this plan."""
    found = await work.first(
        select(subscriptions.c.id)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.plan_id == plan_id)
        .limit(1)
    )
    return found is not None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of a plan, with what was wrong as it was read. None is what was not given."""

    data: PlanFields
    charges: list[Entry[ChargeInput]] | None
    fixed_charges: list[Entry[FixedChargeInput]] | None
    thresholds: list[Entry[UsageThresholdInput]] | None
    commitment: CommitmentInput | None
    metadata: object = None
    cascade: bool = False
    problems: Problems = field(default_factory=Problems)
    commitment_problems: Problems = field(default_factory=Problems)

    @property
    def tax_codes(self) -> list[str]:
        """The taxes that the plan itself and its minimum commitment are to have."""
        commitment = self.commitment
        return [*(self.data.tax_codes or ()), *((commitment.tax_codes or ()) if commitment else ())]

    @property
    def parts(self) -> bool:
        """Whether parts are given, of which it is not known what exactly changes."""
        given_parts = (self.charges, self.fixed_charges, self.thresholds, self.commitment)
        return any(part is not None for part in given_parts) or self.data.tax_codes not in (UNSET, None)


def read_changes(raw: Mapping[str, Any]) -> Changes:
    """The changes that a request asks for."""
    problems, commitment_problems = Problems(), Problems()
    return Changes(
        data=read(PlanFields, raw, problems),
        charges=entries(ChargeInput, raw, "charges", problems),
        fixed_charges=entries(FixedChargeInput, raw, "fixed_charges", problems),
        thresholds=entries(UsageThresholdInput, raw, "usage_thresholds", problems),
        commitment=read_commitment(raw, commitment_problems),
        metadata=raw.get("metadata"),
        cascade=read(CascadeInput, raw, Problems()).cascade_updates is True,
        problems=problems,
        commitment_problems=commitment_problems,
    )


async def update_plan(work: Work, plan: Row[Any], raw: Mapping[str, Any]) -> None:
    """Change what is given of a catalogue plan, which is locked, and of its children where that is asked.

    Raises:
        NotFound: it names a metric, an add-on or a tax that there is not.
        Invalid: the plan's fields, or those of one of its parts, are not as they must be; nothing is stored.
    """
    await change_plan(work, plan, read_changes(raw))


async def change_plan(work: Work, plan: Row[Any], changes: Changes) -> None:
    """Change a plan, catalogue plan or child, which is locked.

    Raises:
        NotFound: it names a metric, an add-on or a tax that there is not.
        Invalid: the plan's fields, or those of one of its parts, are not as they must be; nothing is stored.
    """
    problems, data = changes.problems, changes.data
    own = await work.rows(charges_of(work, plan.id)) if changes.charges is not None else ()
    own_fixed = await work.rows(fixed_charges_of(work, plan.id)) if changes.fixed_charges is not None else ()
    references = await find_references(
        work,
        data_of(changes.charges),
        data_of(changes.fixed_charges),
        changes.tax_codes,
        [row.billable_metric_id for row in own],
    )
    charges.refuse_unknown_metrics(changes.charges or (), [row.id for row in own], references)
    fixed_charges.refuse_unknown_add_ons(changes.fixed_charges or (), [row.id for row in own_fixed], references)

    attached = await is_attached(work, plan.id)
    changed = await _update_fields(work, plan, changes, attached)
    if data.tax_codes is not UNSET:
        await replace_all(work, plans_taxes, "plan_id", {plan.id: references.tax_ids(data.tax_codes or ())})
    if changes.charges is not None:
        listed = charges.replace_list(work, plan.id, own, changes.charges, references, attached=attached)
        await listed.write(work)
        if changes.cascade:
            await cascade_charges(work, plan.id, own, listed)
    if changes.fixed_charges is not None:
        fixed = fixed_charges.replace_list(
            work, plan.id, own_fixed, changes.fixed_charges, references, attached=attached
        )
        await fixed.write(work)
        if changes.cascade:
            await cascade_fixed_charges(work, plan.id, own_fixed, fixed)
    if changes.thresholds is not None:
        refuse_wrong_thresholds(changes.thresholds, problems)
        problems.raise_if_any()
        await replace_thresholds(work, plan.id, data_of(changes.thresholds))
    changes.commitment_problems.raise_if_any()
    if changes.commitment is not None:
        await set_commitment(work, plan.id, changes.commitment, references)
    if "amount_cents" in changed:
        await _follow_amount(work, plan, changes)
    await refresh_drafts_of_plans(work, [plan.id])
    work.emit("plan.updated", plan.id, changes=changed if changed or not changes.parts else None)


async def _follow_amount(work: Work, plan: Row[Any], changes: Changes) -> None:
    """What a new amount does to children, and to subscriptions that wait for a change of plan (chapter 52 §4)."""
    await drop_dearer_successors(work, plan.id)
    changed = [plan.id]
    if changes.cascade:
        changed += await cascade_amount(work, plan, changes.data.amount_cents)
    await hasten_upgrades(work, changed)


async def _update_fields(work: Work, plan: Row[Any], changes: Changes, attached: bool) -> dict[str, list[Any]]:
    """Write the plan's own columns and its metadata; what changed of them.

    Raises:
        Invalid: they are not as they must be.
    """
    data, problems = changes.data, changes.problems
    values = given(data, without=NOT_COLUMNS)
    if attached:
        for name in FREE_ONLY:
            values.pop(name, None)
            problems.details.pop(name, None)
    elif data.code is not UNSET and data.code != plan.code:
        taken = await work.first(select(plans.c.id).where(*catalogue(work), plans.c.code == data.code))
        if taken:
            problems.add("code", "value_already_exist")
    metadata = read_metadata(changes.metadata, problems)
    problems.raise_if_any()
    if metadata is not None:
        values["metadata"] = metadata
    flags = ("interval", "bill_charges_monthly", "bill_fixed_charges_monthly")
    effective = {name: getattr(plan, name) for name in flags} | {k: v for k, v in values.items() if k in flags}
    values |= with_monthly_flags(effective)
    await work.execute(
        update(plans)
        .where(plans.c.organization_id == work.organization.id, plans.c.id == plan.id)
        .values(values | {"updated_at": work.now})
    )
    return differences(plan, values)
