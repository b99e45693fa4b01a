"""Delete a customer: gone from its own routes at once, while its documents stay readable (chapter 10 §4.6)."""

from typing import Any

from sqlalchemy import Row, update

from conto.db.tables import customers
from conto.work import Work


async def delete_customer(work: Work, customer: Row[Any]) -> None:
    """Mark the customer deleted; its external id may be used again."""
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer.id)
        .values(deleted_at=work.now)
    )
    work.emit("customer.deleted", customer.id)
