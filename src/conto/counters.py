"""Counters that number things without gaps.

A counter's row stays locked until the transaction ends, so it is taken last, after all other locks
and writes; a transaction that rolls back gives its number back.
"""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from conto.db.tables import counters
from conto.work import Work

CUSTOMERS = "customers"
INVOICES = "invoices"
BILLING_ENTITY_INVOICES = "billing_entity_invoices"
PAYMENT_RECEIPTS = "payment_receipts"


_TAKE = (
    insert(counters)
    .on_conflict_do_update(
        index_elements=[counters.c.organization_id, counters.c.kind, counters.c.scope],
        set_={"value": counters.c.value + 1},
    )
    .returning(counters.c.value)
)


async def take(work: Work, kind: str, *scope: UUID) -> int:
    """The next number of the counter: highest so far plus one, from 1."""
    first = {
        "organization_id": work.organization.id,
        "kind": kind,
        "scope": ":".join(str(part) for part in scope),
        "value": 1,
    }
    return (await work.execute(_TAKE, first)).scalar_one()
