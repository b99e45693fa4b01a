"""Changing and ending subscriptions (chapter 50 §§4 and 11)."""

from conto.api.endpoint import delete, put
from conto.api.envelope import Body, decoded
from conto.api.query import Query
from conto.api.v1.subscriptions import SubscriptionAnswer, WantedStatus
from conto.schemas.reader import Problems
from conto.schemas.subscription_changes import SubscriptionUpdateInput, TerminationInput
from conto.subscriptions.end import end_subscription as end
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.show import TERMINATED, UPDATED, extended
from conto.subscriptions.update import update_subscription as change
from conto.work import Work


@put("/subscriptions/{external_id}", resource="subscription", envelope="subscription")
async def update_subscription(
    work: Work, external_id: str, query: Query[WantedStatus], body: Body[SubscriptionUpdateInput]
) -> SubscriptionAnswer:
    """Change a subscription."""
    problems = Problems()
    data = body.read(problems)
    wanted = query.read()
    # In a body the status stands beside the envelope (chapter 50 §4).
    beside = decoded(body.content).get("status")
    status = wanted.status or wanted.subscription_status or (beside if isinstance(beside, str) else None)
    changed = await change(work, external_id, status, data, problems)
    rows = await subscriptions_by_id(work, [changed])
    return SubscriptionAnswer(subscription=await extended(work, rows[changed], UPDATED))


@delete("/subscriptions/{external_id}", resource="subscription", optional_body=True)
async def destroy_subscription(
    work: Work, external_id: str, query: Query[TerminationInput], body: Body[TerminationInput]
) -> SubscriptionAnswer:
    """End an active subscription, or cancel a pending one. Options may stand in the query or in the body."""
    ended = await end(work, external_id, [query.read, body.read])
    rows = await subscriptions_by_id(work, [ended])
    return SubscriptionAnswer(subscription=await extended(work, rows[ended], TERMINATED))
