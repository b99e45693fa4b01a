"""What webhooks tell of subscriptions (chapter 71 §3.2)."""

from uuid import UUID

from conto.errors import NotFound
from conto.schemas.subscriptions import SubscriptionObject
from conto.subscriptions.queries import subscriptions_by_id
from conto.subscriptions.show import EXTENDED, extended
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("subscription")
async def subscription_payload(work: Work, subscription_id: UUID, webhook_type: str) -> SubscriptionObject:
    """The subscription as it stands, with its plan and customer; the activity log gets it as the API shows it."""
    found = await subscriptions_by_id(work, [subscription_id])
    if subscription_id not in found:
        raise NotFound("subscription")
    return await extended(work, found[subscription_id], parts_of(webhook_type))


def parts_of(webhook_type: str) -> tuple[str, ...]:
    """The parts that the event's object has beside its own fields."""
    if not webhook_type:
        return EXTENDED
    parts = ("plan", "customer")
    if webhook_type in ("subscription.started", "subscription.updated"):
        return (*parts, "entitlements")
    if webhook_type == "subscription.usage_threshold_reached":
        return (*parts, "applicable_usage_thresholds")
    return parts
