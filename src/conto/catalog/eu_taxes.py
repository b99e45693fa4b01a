"""The taxes that EU VAT management makes in an organization, kept at the rates of the day (chapter 10 §5.3)."""

from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core import eu_taxes
from conto.db.tables import billing_entities, taxes
from conto.ids import new_id
from conto.work import Work

REFRESH = "catalog.refresh_eu_taxes"


async def generate(work: Work) -> None:
    """Make or refresh all generated taxes, at the rates of the day in UTC, and see to the next change of a rate.

    Other taxes stay, and none is removed. Two that generate at once make each tax once.
    """
    today = work.now.astimezone(UTC).date()
    # Sorted: two that write the same rows take their locks in one order.
    wanted = sorted(eu_taxes.generated(today), key=lambda tax: tax.code)
    new = insert(taxes).values(
        [
            {
                "organization_id": work.organization.id,
                "id": new_id(),
                "code": tax.code,
                "name": tax.name,
                "rate": tax.rate,
                "auto_generated": True,
                "created_at": work.now,
                "updated_at": work.now,
            }
            for tax in wanted
        ]
    )
    found = new.excluded
    await work.execute(
        new.on_conflict_do_update(
            index_elements=[taxes.c.organization_id, taxes.c.code],
            index_where=taxes.c.deleted_at.is_(None),
            set_={name: found[name] for name in ("name", "rate", "auto_generated", "updated_at")},
            where=or_(taxes.c.name != found.name, taxes.c.rate != found.rate, taxes.c.auto_generated.is_(False)),
        )
    )
    change = eu_taxes.next_change(today)
    if change is not None:
        due_at = datetime.combine(change, time(), UTC)
        await agenda.put(work, REFRESH, work.organization.id, lane=work.organization.id, due_at=due_at)


@agenda.handles(REFRESH, lane=Lane.ORGANIZATION, rank=Rank.HOUSEKEEPING)
async def refresh(work: Work, organization_id: UUID) -> None:
    """Bring the generated taxes up to date, where a billing entity still manages EU taxes."""
    managing = await work.first(
        select(billing_entities.c.id)
        .where(billing_entities.c.organization_id == organization_id, billing_entities.c.eu_tax_management)
        .limit(1)
    )
    if managing is not None:
        await generate(work)
