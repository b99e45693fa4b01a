"""What webhooks tell of customers (chapter 71 §3.1)."""

from uuid import UUID

from conto.customers.queries import embedded
from conto.errors import NotFound
from conto.schemas.customers import CustomerObject
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("customer")
async def customer_payload(work: Work, customer_id: UUID, webhook_type: str) -> CustomerObject:
    """The customer with its integration customers."""
    found = await embedded(work, [customer_id])
    if customer_id not in found:
        raise NotFound("customer")
    return found[customer_id]
