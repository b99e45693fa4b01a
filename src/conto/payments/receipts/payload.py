"""What webhooks tell of payment receipts (chapter 71 §3.5)."""

from uuid import UUID

from conto.db.tables import payment_receipts
from conto.errors import NotFound
from conto.payments.receipts.queries import receipt_rows, shown
from conto.schemas.payment_receipts import PaymentReceiptObject
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("payment_receipt")
async def receipt_payload(work: Work, receipt_id: UUID, webhook_type: str) -> PaymentReceiptObject:
    """The receipt with its payment."""
    row = await work.first(receipt_rows(work).where(payment_receipts.c.id == receipt_id))
    if row is None:
        raise NotFound("payment_receipt")
    return (await shown(work, [row]))[0]
