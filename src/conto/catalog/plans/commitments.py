"""The minimum commitment of a plan (chapters 52 §4 and 53 §10)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import delete, insert, select, update

from conto.catalog.plans.references import References
from conto.catalog.plans.taxes import replace_all
from conto.changes import given
from conto.db.tables import minimum_commitments, minimum_commitments_taxes
from conto.errors import Invalid
from conto.ids import new_id
from conto.schemas.plans import CommitmentInput
from conto.schemas.reader import Problems, read
from conto.work import Work


def read_commitment(raw: Mapping[str, Any], problems: Problems) -> CommitmentInput | None:
    """The commitment that a plan's input has; None where it has none. An empty object has no fields at all."""
    found = raw.get("minimum_commitment")
    if found is None:
        return None
    if not isinstance(found, dict):
        problems.add("minimum_commitment", "value_is_invalid")
        return None
    return read(CommitmentInput, found, problems)


async def set_commitment(work: Work, plan_id: UUID, data: CommitmentInput, references: References) -> None:
    """Make or change the commitment of a plan, which is locked; with nothing given it is removed.

    Raises:
        Invalid: the amount is missing or not above 0.
        NotFound: a tax code names no tax.
    """
    table = minimum_commitments
    of_plan = (table.c.organization_id == work.organization.id, table.c.plan_id == plan_id)
    if not given(data):
        await work.execute(delete(table).where(*of_plan))
        return
    existing = await work.first(select(table).where(*of_plan))
    if not isinstance(data.amount_cents, int) and existing is None:
        raise Invalid({"amount_cents": ["value_is_mandatory"]})
    if isinstance(data.amount_cents, int) and data.amount_cents <= 0:
        raise Invalid({"amount_cents": ["value_is_out_of_range"]})
    values = given(data, without=("tax_codes",)) | {"updated_at": work.now}
    if values.get("amount_cents", 0) is None:
        del values["amount_cents"]
    if existing is None:
        commitment_id = new_id()
        own = {"organization_id": work.organization.id, "id": commitment_id, "plan_id": plan_id}
        await work.execute(insert(table).values(values | own | {"created_at": work.now}))
    else:
        commitment_id = existing.id
        await work.execute(update(table).where(*of_plan).values(values))
    if data.tax_codes is not UNSET:
        wanted = {commitment_id: references.tax_ids(data.tax_codes or ())}
        await replace_all(work, minimum_commitments_taxes, "minimum_commitment_id", wanted)
