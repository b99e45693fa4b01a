"""Payment receipts by mail: when their document is there, and again when someone asks (chapter 70 §8)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.customers.queries import customer_by_id
from conto.ids import new_id
from conto.mails import outbox
from conto.mails.recipients import RECEIPTS, asked_for, unasked
from conto.organizations.queries import billing_entity_by_id
from conto.payments.receipts.queries import payment_receipt
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.work import Work

RECEIPT = "payment_receipt"
"""The kind of mail that brings a payment receipt."""


async def mail_new(work: Work, receipt: Row[Any]) -> None:
    """Mail a receipt whose document has just been made, once, to its customer."""
    if work.mailer is None:
        return
    customer = await customer_by_id(work, receipt.customer_id)
    issuer = await billing_entity_by_id(work, receipt.billing_entity_id)
    recipients = unasked(issuer, customer.email, RECEIPTS)
    if recipients is not None:
        await outbox.put(work, RECEIPT, receipt.id, recipients, key=f"{RECEIPTS}:{receipt.id}")


async def resend(work: Work, receipt_id: UUID, data: ResendEmailInput, problems: Problems) -> None:
    """Mail the receipt again, to whom the input says. Without a mail server it waits among the held jobs.

    `problems` holds what the reader of the input found.

    Raises:
        NotFound: no receipt has this id.
        NotAllowed: its billing entity does not mail receipts.
        Invalid: the billing entity has no e-mail, nobody would get the mail, or addresses are none.
    """
    receipt = await payment_receipt(work, receipt_id)
    customer = await customer_by_id(work, receipt.customer_id)
    issuer = await billing_entity_by_id(work, receipt.billing_entity_id)
    recipients = asked_for(issuer, customer.email, RECEIPTS, data, problems)
    await outbox.put(work, RECEIPT, receipt.id, recipients, key=f"resend:{new_id()}")
