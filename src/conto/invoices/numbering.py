"""Where a billing entity's own numbering goes on when it is switched to (chapters 10 §3 and 20 §3)."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from conto.counters import BILLING_ENTITY_INVOICES
from conto.db.tables import counters, invoices
from conto.work import Work

NUMBERED = ("finalized", "voided")


async def continue_numbering(work: Work, entity_id: UUID) -> None:
    """Have the entity's next number follow on the count of all invoices that it has issued.

    The last one that it did not number itself takes the count as its sequence number. Self-billed
    invoices stand outside the sequence.
    """
    issued = (
        invoices.c.organization_id == work.organization.id,
        invoices.c.billing_entity_id == entity_id,
        invoices.c.status.in_(NUMBERED),
        invoices.c.self_billed.is_(False),
    )
    counted = await work.one(
        select(func.count().label("invoices"), func.max(invoices.c.billing_entity_sequential_id).label("highest"))
        .select_from(invoices)
        .where(*issued)
    )
    if counted.invoices <= (counted.highest or 0):
        return
    last = (
        select(invoices.c.id)
        .where(*issued, invoices.c.billing_entity_sequential_id.is_(None))
        .order_by(invoices.c.finalized_at.desc(), invoices.c.created_at.desc(), invoices.c.id)
        .limit(1)
        .scalar_subquery()
    )
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == last)
        .values(billing_entity_sequential_id=counted.invoices)
    )
    await work.execute(
        insert(counters)
        .values(
            organization_id=work.organization.id,
            kind=BILLING_ENTITY_INVOICES,
            scope=str(entity_id),
            value=counted.invoices,
        )
        .on_conflict_do_update(
            index_elements=[counters.c.organization_id, counters.c.kind, counters.c.scope],
            set_={"value": func.greatest(counters.c.value, counted.invoices)},
        )
    )
