"""What a call to end a subscription means: the end of a running one, or the cancelling of a pending one (50 §11)."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from conto import agenda
from conto.db.tables import customers
from conto.schemas.subscription_changes import TerminationInput
from conto.subscriptions.queries import subscription, subscriptions_by_id
from conto.subscriptions.terminate import Ending, cancel, terminate
from conto.subscriptions.unused import refuse_while_taxes_pending
from conto.work import Work


async def end_subscription(work: Work, external_id: str, places: Sequence[Callable[[], TerminationInput]]) -> UUID:
    """End what bears the external id, as the first of `places` that says something says; the id of what ended.

    Raises:
        NotFound: nothing of the id is active, or pending where that was asked for.
        Invalid: an option has an unknown value, or a successor waits for a payment.
        NotAllowed: what was paid in advance still waits for its taxes.
    """
    said = [place() for place in places]
    status = "pending" if _first(said, "status") == "pending" else "active"
    found = await _locked(work, external_id, status)
    if status == "pending":
        await cancel(work, found.id)
        work.emit("subscription.terminated", found.id)
        if found.previous_subscription_id is not None:
            work.emit("subscription.updated", found.previous_subscription_id)
        return found.id
    await refuse_while_taxes_pending(work, found)
    how = Ending(_first(said, "on_termination_credit_note"), _first(said, "on_termination_invoice"))
    await terminate(work, found, how)
    return found.id


async def _locked(work: Work, external_id: str, status: str) -> Row[Any]:
    """The subscription, looked at again once its customer's row is locked and what was due of it is done."""
    found = await subscription(work, external_id, [status])
    await work.execute(
        select(customers.c.id)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == found.customer_id)
        .with_for_update(key_share=True)
    )
    await agenda.settle(work, found.customer_id)
    again = (await subscriptions_by_id(work, [found.id]))[found.id]
    return again if again.status == status else await subscription(work, external_id, [status])


def _first(said: Sequence[TerminationInput], name: str) -> Any:
    return next((value for one in said if (value := getattr(one, name))), None)
