"""Change a plan and what is on it (chapter 52 §4)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, select, update

from conto.catalog.plans import charges, fixed_charges
from conto.catalog.plans.commitments import read_commitment, set_commitment
from conto.catalog.plans.create import NOT_COLUMNS, with_monthly_flags
from conto.catalog.plans.entries import data_of, entries
from conto.catalog.plans.metadata import read_metadata
from conto.catalog.plans.queries import catalogue, charges_of, fixed_charges_of
from conto.catalog.plans.references import find_references
from conto.catalog.plans.taxes import replace_all
from conto.catalog.plans.thresholds import refuse_wrong_thresholds, replace_thresholds
from conto.changes import differences, given
from conto.db.tables import plans, plans_taxes, subscriptions
from conto.schemas.charges import ChargeInput, FixedChargeInput
from conto.schemas.plans import PlanFields, UsageThresholdInput
from conto.schemas.reader import Problems, read
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


async def update_plan(work: Work, plan: Row[Any], raw: Mapping[str, Any]) -> None:
    """Change what is given of a plan, which is locked.

    Raises:
        NotFound: it names a metric, an add-on or a tax that there is not.
        Invalid: the plan's fields, or those of one of its parts, are not as they must be; nothing is stored.
    """
    problems, commitment_problems = Problems(), Problems()
    data = read(PlanFields, raw, problems)
    given_charges = entries(ChargeInput, raw, "charges", problems)
    given_fixed = entries(FixedChargeInput, raw, "fixed_charges", problems)
    thresholds = entries(UsageThresholdInput, raw, "usage_thresholds", problems)
    commitment = read_commitment(raw, commitment_problems)
    own = await work.rows(charges_of(work, plan.id)) if given_charges is not None else ()
    own_fixed = await work.rows(fixed_charges_of(work, plan.id)) if given_fixed is not None else ()
    tax_codes = [*(data.tax_codes or ()), *((commitment.tax_codes or ()) if commitment else ())]
    metric_ids = [row.billable_metric_id for row in own]
    references = await find_references(work, data_of(given_charges), data_of(given_fixed), tax_codes, metric_ids)
    charges.refuse_unknown_metrics(given_charges or (), [row.id for row in own], references)
    fixed_charges.refuse_unknown_add_ons(given_fixed or (), [row.id for row in own_fixed], references)

    attached = await is_attached(work, plan.id)
    changed = await _update_fields(work, plan, data, raw, problems, attached)
    if data.tax_codes is not UNSET:
        await replace_all(work, plans_taxes, "plan_id", {plan.id: references.tax_ids(data.tax_codes or ())})
    if given_charges is not None:
        changes = charges.replace_list(work, plan.id, own, given_charges, references, attached=attached)
        await changes.write(work)
    if given_fixed is not None:
        fixed = fixed_charges.replace_list(work, plan.id, own_fixed, given_fixed, references, attached=attached)
        await fixed.write(work)
    if thresholds is not None:
        refuse_wrong_thresholds(thresholds, problems)
        problems.raise_if_any()
        await replace_thresholds(work, plan.id, data_of(thresholds))
    commitment_problems.raise_if_any()
    if commitment is not None:
        await set_commitment(work, plan.id, commitment, references)
    parts = ("tax_codes", "charges", "fixed_charges", "usage_thresholds", "minimum_commitment")
    # What exactly changed of the parts is not compared, so where one was given it is not known.
    known = not any(raw.get(part) is not None for part in parts)
    work.emit("plan.updated", plan.id, changes=changed if known or changed else None)


async def _update_fields(
    work: Work, plan: Row[Any], data: PlanFields, raw: Mapping[str, Any], problems: Problems, attached: bool
) -> dict[str, list[Any]]:
    """Write the plan's own columns and its metadata; what changed of them.

    Raises:
        Invalid: they are not as they must be.
    """
    values = given(data, without=NOT_COLUMNS)
    if attached:
        for name in FREE_ONLY:
            values.pop(name, None)
            problems.details.pop(name, None)
    elif data.code is not UNSET and data.code != plan.code:
        taken = await work.first(select(plans.c.id).where(*catalogue(work), plans.c.code == data.code))
        if taken:
            problems.add("code", "value_already_exist")
    metadata = read_metadata(raw.get("metadata"), problems)
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
