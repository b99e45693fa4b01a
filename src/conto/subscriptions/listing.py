"""The list of subscriptions, with its filters (chapter 50 §12)."""

from typing import Any, get_args
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Select, func

from conto.db.tables import customers, plans, subscriptions
from conto.listing import Found, page_of
from conto.organizations.queries import billing_entity_ids
from conto.schemas.subscriptions import Status, SubscriptionFilters
from conto.subscriptions.queries import SUBSCRIPTION
from conto.work import Work

STATUSES = frozenset(get_args(Status))
DEFAULT = ["active"]


async def list_subscriptions(
    work: Work, filters: SubscriptionFilters, *, offset: int, limit: int, customer_id: UUID | None = None
) -> Found:
    """Subscriptions by `subscription_at`, then creation, latest first; active ones where no status is asked for.

    Raises:
        NotFound: a billing entity's code names none.
    """
    statement = SUBSCRIPTION.where(subscriptions.c.organization_id == work.organization.id)
    if customer_id is not None:
        statement = statement.where(subscriptions.c.customer_id == customer_id)
    statement = _of_status(_equal(statement, filters), filters)
    overridden = filters.overridden if filters.overridden is not UNSET else filters.overriden
    if overridden is not UNSET:
        statement = statement.where(plans.c.parent_id.is_not(None) if overridden else plans.c.parent_id.is_(None))
    if filters.billing_entity_codes:
        ids = await billing_entity_ids(work, filters.billing_entity_codes)
        issuer = func.coalesce(subscriptions.c.billing_entity_id, customers.c.billing_entity_id)
        statement = statement.where(issuer.in_(ids))
    ordered = statement.order_by(
        subscriptions.c.subscription_at.desc(), subscriptions.c.created_at.desc(), subscriptions.c.id
    )
    return await page_of(work, ordered, offset=offset, limit=limit)


def _equal(statement: Select[*tuple[Any, ...]], filters: SubscriptionFilters) -> Select[*tuple[Any, ...]]:
    for column, wanted in (
        (customers.c.external_id, filters.external_customer_id),
        (subscriptions.c.external_id, filters.external_id),
        (plans.c.code, filters.plan_code),
        (plans.c.amount_currency, filters.currency),
    ):
        if wanted:
            statement = statement.where(column == wanted)
    return statement


def _of_status(statement: Select[*tuple[Any, ...]], filters: SubscriptionFilters) -> Select[*tuple[Any, ...]]:
    wanted = filters.status or DEFAULT
    if not STATUSES.issuperset(wanted):
        return statement
    return statement.where(subscriptions.c.status.in_(wanted))
