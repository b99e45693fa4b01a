"""One fixed charge of a plan, made, changed and deleted by itself (chapter 53 §7)."""

from typing import Any

from sqlalchemy import Row

from conto.catalog.plans.cascade import cascade_fixed_charges
from conto.catalog.plans.fixed_charges import FixedChargeChanges
from conto.catalog.plans.references import find_references
from conto.catalog.plans.rows import codes_on
from conto.catalog.plans.update import is_attached
from conto.db.tables import fixed_charges
from conto.errors import NotFound
from conto.schemas.charges import FixedChargeInput
from conto.schemas.reader import Problems
from conto.work import Work


async def create_fixed_charge(work: Work, plan: Row[Any], data: FixedChargeInput, problems: Problems) -> str:
    """Add a fixed charge to a plan, which is locked; its code, which must be given.

    Raises:
        NotFound: its add-on or a tax is none.
        Invalid: its fields are not as they must be.
    """
    references = await find_references(work, fixed_charges=[data])
    if references.add_on(data) is None:
        raise NotFound("add_on")
    existing = await codes_on(work, fixed_charges, plan.id)
    changes = FixedChargeChanges(plan.id)
    changes.create(
        work,
        data,
        problems,
        references,
        taken=[row.code for row in existing],
        position=max((row.position for row in existing), default=-1) + 1,
        generate_code=False,
    )
    await changes.write(work)
    if data.cascade_updates is True:
        await cascade_fixed_charges(work, plan.id, (), changes)
    return changes.created[0]["code"]


async def update_fixed_charge(
    work: Work, plan: Row[Any], found: Row[Any], data: FixedChargeInput, problems: Problems
) -> str:
    """Change a fixed charge of a plan, which is locked; its code.

    Raises:
        NotFound: a tax is none.
        Invalid: its fields are not as they must be.
    """
    references = await find_references(work, fixed_charges=[data])
    attached = await is_attached(work, plan.id)
    taken = [row.code for row in await codes_on(work, fixed_charges, plan.id) if row.id != found.id]
    changes = FixedChargeChanges(plan.id)
    changes.change(found, data, problems, references, attached=attached, taken=taken)
    await changes.write(work)
    if data.cascade_updates is True:
        await cascade_fixed_charges(work, plan.id, [found], changes)
    return changes.changed[found.id]["code"]


async def delete_fixed_charge(work: Work, plan: Row[Any], found: Row[Any], *, cascade: bool) -> None:
    """Delete a fixed charge of a plan, which is locked; nothing is refunded, and it is not billed any more.

    With `cascade` its copies go too.
    """
    changes = FixedChargeChanges(plan.id, deleted=[found.id])
    await changes.write(work)
    if cascade:
        await cascade_fixed_charges(work, plan.id, [found], changes)
