"""Delete a customer: gone from its own routes at once, while its documents stay readable (chapter 10 §4.6)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.db.tables import customers, invoices, subscriptions
from conto.invoices.queries import lock
from conto.invoices.subscription_invoice import issue
from conto.subscriptions.queries import SUBSCRIPTION
from conto.subscriptions.terminate import cancel, terminate
from conto.work import Work

DELETION = "customers.deletion"
"""The kind of entry that ends what a deleted customer has."""


async def delete_customer(work: Work, customer: Row[Any]) -> None:
    """Mark the customer deleted; its external id may be used again. What it has is ended in the background."""
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer.id)
        .values(deleted_at=work.now)
    )
    await agenda.put(work, DELETION, customer.id, lane=customer.id, due_at=work.now)
    work.emit("customer.deleted", customer.id)


@agenda.handles(DELETION, lane=Lane.CUSTOMER, rank=Rank.ENDING)
async def end_all(work: Work, customer_id: UUID) -> None:
    """Terminate the active subscriptions, cancel the pending ones, and issue all drafts."""
    found = await work.rows(
        SUBSCRIPTION.where(
            subscriptions.c.organization_id == work.organization.id,
            subscriptions.c.customer_id == customer_id,
            subscriptions.c.status.in_(("active", "pending")),
        ).order_by(subscriptions.c.created_at, subscriptions.c.id)
    )
    for row in found:
        if row.status == "active":
            await terminate(work, row)
    for row in found:
        if row.status == "pending" and row.previous_subscription_id is None:
            await cancel(work, row.id)
            work.emit("subscription.terminated", row.id)
    drafts = await work.rows(
        select(invoices.c.id)
        .where(
            invoices.c.organization_id == work.organization.id,
            invoices.c.customer_id == customer_id,
            invoices.c.status == "draft",
        )
        .order_by(invoices.c.created_at, invoices.c.id)
    )
    for draft in drafts:
        await issue(work, await lock(work, draft.id))
