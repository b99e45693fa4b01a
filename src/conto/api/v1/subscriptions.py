"""Subscriptions (chapter 50)."""

from msgspec import UNSET, Struct, UnsetType

from conto.api.endpoint import get, post
from conto.api.envelope import Body, decoded
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.customers.queries import customer as customer_row
from conto.errors import Forbidden
from conto.schemas.fields import Text
from conto.schemas.reader import Problems
from conto.schemas.subscriptions import SubscriptionFilters, SubscriptionInput, SubscriptionObject
from conto.subscriptions.create import create_subscription as start_subscription
from conto.subscriptions.listing import STATUSES, list_subscriptions
from conto.subscriptions.queries import subscription, subscriptions_by_id
from conto.subscriptions.show import extended, shown
from conto.work import Work


class SubscriptionAnswer(Struct, kw_only=True, frozen=True):
    """One subscription."""

    subscription: SubscriptionObject


class SubscriptionsAnswer(Struct, kw_only=True, frozen=True):
    """A page of subscriptions."""

    subscriptions: list[SubscriptionObject]
    meta: PaginationMeta


class WantedStatus(Struct, kw_only=True, frozen=True):
    """Which of the subscriptions with an external id is meant."""

    status: Text | UnsetType = UNSET
    subscription_status: Text | UnsetType = UNSET

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses asked for; active without, or with an unknown one."""
        wanted = self.subscription_status or self.status
        return (wanted,) if isinstance(wanted, str) and wanted in STATUSES else ("active",)


@post("/subscriptions", resource="subscription", envelope="subscription")
async def create_subscription(work: Work, body: Body[SubscriptionInput]) -> SubscriptionAnswer:
    """Put a customer on a plan."""
    if decoded(body.content).get("authorization") is not None:
        # A card's authorization beforehand is a provider's, and none is there.
        raise Forbidden("feature_not_available")
    problems = Problems()
    created = await start_subscription(work, body.read(problems), problems)
    rows = await subscriptions_by_id(work, [created])
    return SubscriptionAnswer(subscription=await extended(work, rows[created]))


@get("/subscriptions", resource="subscription")
async def find_all_subscriptions(work: Work, query: Query[SubscriptionFilters], page: Page) -> SubscriptionsAnswer:
    """List subscriptions, by their anchor, latest first."""
    found = await list_subscriptions(work, query.read(), offset=page.offset, limit=page.limit)
    return SubscriptionsAnswer(subscriptions=[shown(work, row) for row in found.rows], meta=meta(page, found.total))


@get("/subscriptions/{external_id}", resource="subscription")
async def find_subscription(work: Work, external_id: str, query: Query[WantedStatus]) -> SubscriptionAnswer:
    """Retrieve a subscription."""
    row = await subscription(work, external_id, query.read().statuses)
    return SubscriptionAnswer(subscription=await extended(work, row))


@get("/customers/{external_customer_id}/subscriptions", resource="subscription")
async def find_all_customer_subscriptions(
    work: Work, external_customer_id: str, query: Query[SubscriptionFilters], page: Page
) -> SubscriptionsAnswer:
    """List a customer's subscriptions, by their anchor, latest first."""
    customer = await customer_row(work, external_customer_id)
    found = await list_subscriptions(work, query.read(), offset=page.offset, limit=page.limit, customer_id=customer.id)
    return SubscriptionsAnswer(subscriptions=[shown(work, row) for row in found.rows], meta=meta(page, found.total))
