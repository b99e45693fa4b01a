"""Usage (chapter 31)."""

from typing import TypeVar

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.customers.queries import customer as customer_row
from conto.errors import Invalid
from conto.metering.current_usage import current_usage, projected_usage
from conto.metering.explanation import explained_subscriptions, usage_explanation
from conto.metering.past_usage import past_usage
from conto.schemas.explanations import ExplanationParameters, UsageExplanationObject
from conto.schemas.usage import (
    CurrentUsageParameters,
    CustomerProjectedUsageObject,
    CustomerUsageObject,
    PastUsageParameters,
    UsageParameters,
)
from conto.work import Work


class CustomerUsageAnswer(Struct, kw_only=True, frozen=True):
    """The usage of a subscription."""

    customer_usage: CustomerUsageObject


class CustomerProjectedUsageAnswer(Struct, kw_only=True, frozen=True):
    """The usage of a subscription, and what it will come to."""

    customer_projected_usage: CustomerProjectedUsageObject


class CustomerPastUsageAnswer(Struct, kw_only=True, frozen=True):
    """A page of the periods whose usage was invoiced."""

    usage_periods: list[CustomerUsageObject]
    meta: PaginationMeta


class UsageExplanationAnswer(Struct, kw_only=True, frozen=True):
    """How usage came to its amount."""

    usage_explanation: UsageExplanationObject


@get("/customers/{external_customer_id}/current_usage", resource="customer_usage")
async def find_customer_current_usage(
    work: Work, external_customer_id: str, query: Query[CurrentUsageParameters]
) -> CustomerUsageAnswer:
    """Retrieve what a subscription's usage comes to in the period in progress."""
    parameters = await read(work, external_customer_id, query)
    return CustomerUsageAnswer(customer_usage=await current_usage(work, external_customer_id, parameters))


@get("/customers/{external_customer_id}/projected_usage", resource="customer_usage")
async def find_customer_projected_usage(
    work: Work, external_customer_id: str, query: Query[UsageParameters]
) -> CustomerProjectedUsageAnswer:
    """Retrieve what a subscription's usage comes to, and will at the end of the period in progress."""
    parameters = await read(work, external_customer_id, query)
    usage = await projected_usage(work, external_customer_id, parameters)
    return CustomerProjectedUsageAnswer(customer_projected_usage=usage)


Parameters = TypeVar("Parameters", bound=UsageParameters)


async def read(work: Work, external_customer_id: str, query: Query[Parameters]) -> Parameters:
    """The parameters; that there is no such customer comes before what is wrong with them."""
    try:
        return query.read()
    except Invalid:
        await customer_row(work, external_customer_id)
        raise


@get("/customers/{external_customer_id}/past_usage", resource="customer_usage")
async def find_all_customer_past_usage(
    work: Work, external_customer_id: str, query: Query[PastUsageParameters], page: Page
) -> CustomerPastUsageAnswer:
    """List what a subscription's usage came to in the periods that were invoiced, the latest first."""
    found = await past_usage(work, external_customer_id, query.read(), offset=page.offset, limit=page.limit)
    return CustomerPastUsageAnswer(usage_periods=found.periods, meta=meta(page, found.total))


@get("/subscriptions/{external_id}/usage_explanation", resource="subscription")
async def find_usage_explanation(
    work: Work, external_id: str, query: Query[ExplanationParameters]
) -> UsageExplanationAnswer:
    """Explain how the usage of a charge came to its amount.

    Events that count and those that do not, with the reason; the units of each filter and group; and each step of
    the arithmetic with its inputs, so that the amount can be computed again from the answer alone. Without taxes.
    """
    subscriptions = await explained_subscriptions(work, external_id)
    return UsageExplanationAnswer(usage_explanation=await usage_explanation(work, subscriptions, query.read()))
