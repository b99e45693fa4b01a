"""What webhooks tell of subscriptions (chapter 71 §3.2)."""

from uuid import UUID

from conto.errors import NotFound
from conto.schemas.subscriptions import SubscriptionObject
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.show import shown
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("subscription")
async def subscription_payload(work: Work, subscription_id: UUID, webhook_type: str) -> SubscriptionObject:
    """The subscription as it stands."""
    found = await subscriptions_by_id(work, [subscription_id])
    if subscription_id not in found:
        raise NotFound("subscription")
    return shown(work, found[subscription_id])
