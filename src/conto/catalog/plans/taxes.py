"""The taxes of a plan's parts, replaced for any number of owners at once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Table, delete

from conto.db.engine import insert_rows
from conto.ids import new_id
from conto.work import Work


async def replace_all(work: Work, links: Table, owner_column: str, wanted: Mapping[UUID, Sequence[UUID]]) -> None:
    """Make each owner's own taxes exactly these; owners that are not named keep theirs."""
    if not wanted:
        return
    await work.execute(
        delete(links).where(links.c.organization_id == work.organization.id, links.c[owner_column].in_(list(wanted)))
    )
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            owner_column: owner_id,
            "tax_id": tax_id,
            "created_at": work.now,
        }
        for owner_id, tax_ids in wanted.items()
        for tax_id in tax_ids
    ]
    await insert_rows(work.connection, links, rows)
