"""Plan anew what is due of a customer's subscriptions: its time zone, and so its days, have changed (chapter 51 §1)."""

from uuid import UUID

from sqlalchemy import bindparam

from conto.db.tables import subscriptions
from conto.subscriptions.ending import plan_ending
from conto.subscriptions.queries import SUBSCRIPTION
from conto.subscriptions.renewal_dates import plan_renewals
from conto.subscriptions.start import plan_activation
from conto.work import ORGANIZATION, Work

_LIVING = SUBSCRIPTION.where(
    subscriptions.c.organization_id == ORGANIZATION,
    subscriptions.c.customer_id == bindparam("customer"),
    subscriptions.c.status.in_(("active", "pending")),
)


async def replan(work: Work, customer_id: UUID) -> None:
    """Have renewals, starts and ends of all that the customer has happen on its days of now."""
    found = await work.rows(_LIVING, customer=customer_id)
    active = [row for row in found if row.status == "active"]
    await plan_renewals(work, customer_id, [(row, row.renewed_on) for row in active])
    for row in active:
        if row.ending_at is not None:
            await plan_ending(work, row)
    for row in found:
        if row.status == "pending" and row.previous_subscription_id is None:
            await plan_activation(work, row)
