"""Usage (chapter 31)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.query import Query
from conto.customers.queries import customer as customer_row
from conto.metering.current_usage import current_usage, projected_usage
from conto.metering.explanation import explained_subscription, usage_explanation
from conto.schemas.explanations import ExplanationParameters, UsageExplanationObject
from conto.schemas.usage import (
    CurrentUsageParameters,
    CustomerProjectedUsageObject,
    CustomerUsageObject,
    UsageParameters,
)
from conto.work import Work


class CustomerUsageAnswer(Struct, kw_only=True, frozen=True):
    """The usage of a subscription."""

    customer_usage: CustomerUsageObject


class CustomerProjectedUsageAnswer(Struct, kw_only=True, frozen=True):
    """The usage of a subscription, and what it will come to."""

    customer_projected_usage: CustomerProjectedUsageObject


class UsageExplanationAnswer(Struct, kw_only=True, frozen=True):
    """How usage came to its amount."""

    usage_explanation: UsageExplanationObject


@get("/customers/{external_customer_id}/current_usage", resource="customer_usage")
async def find_customer_current_usage(
    work: Work, external_customer_id: str, query: Query[CurrentUsageParameters]
) -> CustomerUsageAnswer:
    """Retrieve what a subscription's usage comes to in the period in progress."""
    customer = await customer_row(work, external_customer_id)
    return CustomerUsageAnswer(customer_usage=await current_usage(work, customer, query.read()))


@get("/customers/{external_customer_id}/projected_usage", resource="customer_usage")
async def find_customer_projected_usage(
    work: Work, external_customer_id: str, query: Query[UsageParameters]
) -> CustomerProjectedUsageAnswer:
    """Retrieve what a subscription's usage comes to, and will at the end of the period in progress."""
    customer = await customer_row(work, external_customer_id)
    return CustomerProjectedUsageAnswer(customer_projected_usage=await projected_usage(work, customer, query.read()))


@get("/subscriptions/{external_id}/usage_explanation", resource="subscription")
async def find_usage_explanation(
    work: Work, external_id: str, query: Query[ExplanationParameters]
) -> UsageExplanationAnswer:
    """Explain how the usage of a charge came to its amount.

    Events that count and those that do not, with the reason; the units of each filter and group; and each step of
    the arithmetic with its inputs, so that the amount can be computed again from the answer alone. Without taxes.
    """
    subscription = await explained_subscription(work, external_id)
    return UsageExplanationAnswer(usage_explanation=await usage_explanation(work, subscription, query.read()))
