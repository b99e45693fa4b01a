"""Invoices by mail: when they become final, and again when someone asks (chapter 72 §5, chapter 70 §8.1)."""

from uuid import UUID

from conto.customers.queries import customer_by_id
from conto.db.tables import invoices
from conto.errors import NotAllowed
from conto.ids import new_id
from conto.invoices.queries import invoice as invoice_row
from conto.invoices.queries import with_entity
from conto.mails import outbox
from conto.mails.recipients import INVOICES, asked_for, unasked
from conto.organizations.queries import billing_entity_by_id
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.work import Work

INVOICE = "invoice"
"""The kind of mail that brings an invoice."""


async def mail_new(work: Work, invoice_id: UUID) -> None:
    """Mail an invoice whose document has just been made, once, to its customer.

    Not where its fees sum to 0, nor over fees that were paid before (`advance_charges`).
    """
    if work.mailer is None:
        return
    invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
    if invoice is None or invoice.status != "finalized" or invoice.fees_amount_cents == 0:
        return
    if invoice.invoice_type == "advance_charges":
        return
    customer = await customer_by_id(work, invoice.customer_id)
    issuer = await billing_entity_by_id(work, invoice.billing_entity_id)
    recipients = unasked(issuer, customer.email, INVOICES)
    if recipients is not None:
        await outbox.put(work, INVOICE, invoice.id, recipients, key=f"{INVOICES}:{invoice.id}")


async def resend(work: Work, invoice_id: UUID, data: ResendEmailInput, problems: Problems) -> None:
    """Mail the invoice again, to whom the input says. Without a mail server it waits among the held jobs.

    `problems` holds what the reader of the input found; it is told after what the invoice's state forbids.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: it is not finalized, or its billing entity does not mail invoices.
        Invalid: the billing entity has no e-mail, nobody would get the mail, or addresses are none.
    """
    invoice = await invoice_row(work, invoice_id)
    if invoice.status != "finalized":
        raise NotAllowed("invoice_not_finalized")
    customer = await customer_by_id(work, invoice.customer_id)
    issuer = await billing_entity_by_id(work, invoice.billing_entity_id)
    recipients = asked_for(issuer, customer.email, INVOICES, data, problems)
    await outbox.put(work, INVOICE, invoice.id, recipients, key=f"resend:{new_id()}")
