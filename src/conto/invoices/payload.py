"""What webhooks tell of invoices (chapter 71 §3.3)."""

from uuid import UUID

from conto.db.tables import invoices
from conto.errors import NotFound
from conto.invoices.fees import fee
from conto.invoices.queries import extended_in_any_state, listed, with_entity
from conto.schemas.fees import FeeObject, show_fee
from conto.schemas.invoices import InvoiceObject, PaymentFailure
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("payment_dispute_lost")
@payload_of("invoice")
async def invoice_payload(work: Work, invoice_id: UUID, webhook_type: str) -> InvoiceObject:
    """The invoice with all that is on it; when its document was made, with its customer alone."""
    if webhook_type != "invoice.generated":
        return await extended_in_any_state(work, invoice_id)
    row = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
    if row is None:
        raise NotFound("invoice")
    return (await listed(work, [row]))[0]


@payload_of("payment_provider_invoice_payment_error")
async def payment_failure_payload(work: Work, invoice_id: UUID, webhook_type: str) -> PaymentFailure:
    """Why an invoice could not be collected: its customer has no payment provider."""
    shown = await extended_in_any_state(work, invoice_id)
    return PaymentFailure(
        lago_invoice_id=invoice_id,
        lago_customer_id=shown.customer.lago_id,
        external_customer_id=shown.customer.external_id,
        provider_customer_id=None,
        payment_provider=None,
        payment_provider_code=None,
        provider_error=None,
        error_details={"code": "customer_must_have_payment_provider"},
    )


@payload_of("fee")
async def fee_payload(work: Work, fee_id: UUID, webhook_type: str) -> FeeObject:
    """The fee, without the taxes applied to it."""
    return show_fee(await fee(work, fee_id))
