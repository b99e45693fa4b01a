"""What webhooks tell of customers (chapter 71 §3.1)."""

from uuid import UUID

from conto.customers.queries import customer_by_id, embedded, extended, metadata_of
from conto.customers.vat_checks import WEBHOOK, last_told
from conto.errors import NotFound
from conto.schemas.customers import CustomerObject, CustomerViesCheckObject, show_customer_vies_check
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("customer")
async def customer_payload(work: Work, customer_id: UUID, webhook_type: str) -> CustomerObject:
    """The customer with its integration customers; after a check of its VAT number, with what came of that.

    The activity log gets the customer with all that is on it.
    """
    if not webhook_type:
        return await extended(work, await customer_by_id(work, customer_id))
    if webhook_type == WEBHOOK:
        return await _after_check(work, customer_id)
    found = await embedded(work, [customer_id])
    if customer_id not in found:
        raise NotFound("customer")
    return found[customer_id]


async def _after_check(work: Work, customer_id: UUID) -> CustomerViesCheckObject:
    customer = await customer_by_id(work, customer_id)
    check = await last_told(work, customer_id)
    metadata = await metadata_of(work, [customer_id])
    return show_customer_vies_check(customer, metadata[customer_id], check.answer if check else {})
