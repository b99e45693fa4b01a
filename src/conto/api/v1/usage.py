"""Usage (chapter 31)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.query import Query
from conto.metering.current_usage import current_usage, projected_usage
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


@get("/customers/{external_customer_id}/current_usage", resource="customer_usage")
async def find_customer_current_usage(
    work: Work, external_customer_id: str, query: Query[CurrentUsageParameters]
) -> CustomerUsageAnswer:
    """Retrieve what a subscription's usage comes to in the period in progress."""
    return CustomerUsageAnswer(customer_usage=await current_usage(work, external_customer_id, query.read()))


@get("/customers/{external_customer_id}/projected_usage", resource="customer_usage")
async def find_customer_projected_usage(
    work: Work, external_customer_id: str, query: Query[UsageParameters]
) -> CustomerProjectedUsageAnswer:
    """Retrieve what a subscription's usage comes to, and will at the end of the period in progress."""
    return CustomerProjectedUsageAnswer(
        customer_projected_usage=await projected_usage(work, external_customer_id, query.read())
    )
