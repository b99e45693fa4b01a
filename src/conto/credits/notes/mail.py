"""Credit notes by mail: when their document is there, and again when someone asks (chapters 61 §3.2 and 70 §8.1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.credits.notes.queries import credit_note
from conto.customers.queries import customer_by_id
from conto.ids import new_id
from conto.mails import outbox
from conto.mails.recipients import CREDIT_NOTES, asked_for, unasked
from conto.organizations.queries import billing_entity_by_id
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.work import Work

CREDIT_NOTE = "credit_note"
"""The kind of mail that brings a credit note."""


async def mail_new(work: Work, note_id: UUID) -> None:
    """Mail a credit note whose document has just been made, once, to its customer."""
    if work.mailer is None:
        return
    note = await credit_note(work, note_id)
    customer, issuer = await _sides(work, note)
    recipients = unasked(issuer, customer.email, CREDIT_NOTES)
    if recipients is not None:
        await outbox.put(work, CREDIT_NOTE, note.id, recipients, key=f"{CREDIT_NOTES}:{note.id}")


async def resend(work: Work, note_id: UUID, data: ResendEmailInput, problems: Problems) -> None:
    """Mail the credit note again, to whom the input says. Without a mail server it waits among the held jobs.

    `problems` holds what the reader of the input found.

    Raises:
        NotFound: no final note has this id.
        NotAllowed: its billing entity does not mail credit notes.
        Invalid: the billing entity has no e-mail, nobody would get the mail, or addresses are none.
    """
    note = await credit_note(work, note_id)
    customer, issuer = await _sides(work, note)
    recipients = asked_for(issuer, customer.email, CREDIT_NOTES, data, problems)
    await outbox.put(work, CREDIT_NOTE, note.id, recipients, key=f"resend:{new_id()}")


async def _sides(work: Work, note: Row[Any]) -> tuple[Row[Any], Row[Any]]:
    customer = await customer_by_id(work, note.customer_id)
    return customer, await billing_entity_by_id(work, note.billing_entity_id)
