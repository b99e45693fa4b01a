"""Create a plan with all that is on it (chapter 52 §2)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import insert, select

from conto.catalog.plans import charges, fixed_charges
from conto.catalog.plans.commitments import read_commitment, set_commitment
from conto.catalog.plans.entries import data_of, entries
from conto.catalog.plans.metadata import read_metadata
from conto.catalog.plans.queries import catalogue
from conto.catalog.plans.references import find_references
from conto.catalog.plans.taxes import replace_all
from conto.catalog.plans.thresholds import refuse_wrong_thresholds, replace_thresholds
from conto.changes import given
from conto.db.tables import plans, plans_taxes
from conto.ids import new_id
from conto.schemas.charges import ChargeInput, FixedChargeInput
from conto.schemas.plans import PlanFields, UsageThresholdInput
from conto.schemas.reader import Problems, read
from conto.work import Work

SPLIT_INTERVALS = ("yearly", "semiannual")
MISSING = {
    "name": "value_is_mandatory",
    "code": "value_is_mandatory",
    "interval": "value_is_invalid",
    "amount_cents": "value_is_mandatory",
    "amount_currency": "value_is_invalid",
    "pay_in_advance": "value_is_invalid",
}
NOT_COLUMNS = ("tax_codes",)
BLANK = ("invoice_display_name", "description", "trial_period", "bill_charges_monthly", "bill_fixed_charges_monthly")


async def create_plan(work: Work, raw: Mapping[str, Any]) -> UUID:
    """Create a plan from the fields of a request; its id. What is wrong is told in the order of the chapter.

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
    tax_codes = [*(data.tax_codes or ()), *((commitment.tax_codes or ()) if commitment else ())]
    references = await find_references(work, data_of(given_charges), data_of(given_fixed), tax_codes)
    charges.refuse_unknown_metrics(given_charges or (), (), references)
    fixed_charges.refuse_unknown_add_ons(given_fixed or (), (), references)

    await _refuse_taken_code(work, data, problems)
    for field, code in MISSING.items():
        if getattr(data, field) is UNSET and field not in problems:
            problems.add(field, code)
    metadata = read_metadata(raw.get("metadata"), problems)
    problems.raise_if_any()
    plan_id = new_id()
    values = dict.fromkeys(BLANK) | given(data, without=NOT_COLUMNS)
    own = {
        "organization_id": work.organization.id,
        "id": plan_id,
        "metadata": metadata,
        "pending_deletion": False,
        "created_at": work.now,
        "updated_at": work.now,
    }
    await work.execute(insert(plans).values(with_monthly_flags(values) | own))

    if data.tax_codes:
        await replace_all(work, plans_taxes, "plan_id", {plan_id: references.tax_ids(data.tax_codes)})
    if thresholds:
        refuse_wrong_thresholds(thresholds, problems)
        problems.raise_if_any()
        await replace_thresholds(work, plan_id, data_of(thresholds))
    await charges.replace_list(work, plan_id, (), given_charges or (), references, attached=False).write(work)
    await fixed_charges.replace_list(work, plan_id, (), given_fixed or (), references, attached=False).write(work)
    commitment_problems.raise_if_any()
    if commitment and given(commitment):
        await set_commitment(work, plan_id, commitment, references)
    work.emit("plan.created", plan_id)
    return plan_id


def with_monthly_flags(values: dict[str, Any]) -> dict[str, Any]:
    """The plan's values, where monthly billing is null for short intervals and false where it is not given."""
    flags = ("bill_charges_monthly", "bill_fixed_charges_monthly")
    split = values["interval"] in SPLIT_INTERVALS
    return values | {flag: (values[flag] is True) if split else None for flag in flags}


async def _refuse_taken_code(work: Work, data: PlanFields, problems: Problems) -> None:
    if data.code is not UNSET and await work.first(
        select(plans.c.id).where(*catalogue(work), plans.c.code == data.code)
    ):
        problems.add("code", "value_already_exist")
