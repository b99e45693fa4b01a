"""Record a payment that was made outside: by transfer, cheque, cash (chapter 70 §2)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update

from conto import ledger
from conto.db.tables import invoices, payments
from conto.emissions import Resource
from conto.errors import Forbidden, Invalid
from conto.ids import as_id, new_id
from conto.invoices.queries import lock
from conto.invoices.update import set_payment_status
from conto.payments.receipts.issue import issue
from conto.schemas.invoices import due_cents
from conto.schemas.payments import PaymentInput
from conto.schemas.reader import Problems
from conto.work import Work

PAYABLE = ("finalized",)


async def record_payment(work: Work, data: PaymentInput, problems: Problems) -> UUID:
    """Record the payment; the invoice is paid once nothing of it is due any more. The payment's id.

    `problems` holds what the reader of the input found; the chapter says when each is told.

    Raises:
        Invalid: a field is not as it must be, or the amount is more than is due.
        NotFound: no visible invoice has this id.
        Forbidden: the invoice's status does not allow it.
    """
    if not data.invoice_id:
        raise Invalid({"invoice_id": ["value_is_mandatory"]})
    if not isinstance(data.amount_cents, int):
        raise Invalid({"amount_cents": ["invalid_value"]})
    invoice = await lock(work, as_id(data.invoice_id, "invoice"))
    if invoice.status not in PAYABLE:
        raise Forbidden("feature_unavailable")
    refuse_wrong_fields(data, problems, invoice)

    payment = await store(work, data, data.amount_cents, invoice)
    ledger.post(work, [ledger.payment_received(payment)])
    work.emit("payment.recorded", payment.id, on=Resource("Invoice", invoice.id))
    paid = invoice.total_paid_amount_cents + payment.amount_cents
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(total_paid_amount_cents=paid, updated_at=work.now)
    )
    if payment.amount_cents == due_cents(invoice) and invoice.payment_status != "succeeded":
        await set_payment_status(work, invoice, "succeeded")
    await issue(work, payment)
    return payment.id


def refuse_wrong_fields(data: PaymentInput, problems: Problems, invoice: Row[Any]) -> None:
    """The day of payment first, then reference and amount together."""
    if "paid_at" in problems:
        raise Invalid({"paid_at": ["invalid_date"]})
    found = Problems()
    if "reference" in problems:
        found.add("reference", *problems.details["reference"])
    elif not data.reference:
        found.add("reference", "value_is_mandatory")
    assert isinstance(data.amount_cents, int)
    if data.amount_cents > due_cents(invoice):
        found.add("amount_cents", "value_is_out_of_range")
    found.raise_if_any()


async def store(work: Work, data: PaymentInput, amount_cents: int, invoice: Row[Any]) -> Row[Any]:
    """Insert the payment, as made at `paid_at` or now."""
    return await work.one(
        insert(payments)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            customer_id=invoice.customer_id,
            invoice_id=invoice.id,
            payment_type="manual",
            status="succeeded",
            payment_status="succeeded",
            amount_cents=amount_cents,
            currency=invoice.currency,
            reference=data.reference,
            created_at=data.paid_at or work.now,
            recorded_at=work.now,
        )
        .returning(payments)
    )
