"""One charge of a plan, made, changed and deleted by itself (chapter 52 §5)."""

from typing import Any

from sqlalchemy import Row

from conto.catalog.plans.cascade import cascade_charges
from conto.catalog.plans.charges import ChargeChanges
from conto.catalog.plans.references import find_references
from conto.catalog.plans.rows import codes_on
from conto.catalog.plans.update import is_attached
from conto.db.tables import charges
from conto.errors import NotFound
from conto.schemas.charges import ChargeInput
from conto.schemas.reader import Problems
from conto.work import Work


async def create_charge(work: Work, plan: Row[Any], data: ChargeInput, problems: Problems) -> str:
    """Add a charge to a plan, which is locked; its code, which must be given.

    Raises:
        NotFound: its metric or a tax is none.
        Invalid: its fields are not as they must be.
    """
    references = await find_references(work, [data])
    if references.metric(data.billable_metric_id) is None:
        raise NotFound("billable_metric")
    existing = await codes_on(work, charges, plan.id)
    changes = ChargeChanges()
    changes.create(
        work,
        plan.id,
        data,
        problems,
        references,
        taken=[row.code for row in existing],
        position=max((row.position for row in existing), default=-1) + 1,
        generate_code=False,
    )
    await changes.write(work)
    if data.cascade_updates is True:
        await cascade_charges(work, plan.id, (), changes)
    return changes.created[0]["code"]


async def update_charge(work: Work, plan: Row[Any], found: Row[Any], data: ChargeInput, problems: Problems) -> str:
    """Change a charge of a plan, which is locked; its code.

    Raises:
        NotFound: its metric or a tax is none.
        Invalid: its fields are not as they must be.
    """
    references = await find_references(work, [data], metric_ids=[found.billable_metric_id])
    attached = await is_attached(work, plan.id)
    taken = [row.code for row in await codes_on(work, charges, plan.id) if row.id != found.id]
    changes = ChargeChanges()
    changes.change(work, found, data, problems, references, attached=attached, taken=taken)
    await changes.write(work)
    if data.cascade_updates is True:
        await cascade_charges(work, plan.id, [found], changes)
    return changes.changed[found.id]["code"]


async def delete_charge(work: Work, found: Row[Any], *, cascade: bool) -> None:
    """Delete a charge of a plan, which is locked; it is not billed any more. With `cascade` its copies go too."""
    changes = ChargeChanges(deleted=[found.id])
    await changes.write(work)
    if cascade:
        await cascade_charges(work, found.plan_id, [found], changes)
