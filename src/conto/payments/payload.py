"""What webhooks and the activity log tell of payments (chapter 71 §3)."""

from uuid import UUID

from conto.payments.queries import payment
from conto.schemas.payments import PaymentObject, show_payment
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("payment")
async def payment_payload(work: Work, payment_id: UUID, webhook_type: str) -> PaymentObject:
    """The payment."""
    return show_payment(await payment(work, payment_id))
