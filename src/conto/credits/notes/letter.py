"""What the mail says that brings a credit note, with the PDF that it brings (chapter 72 §5)."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.credits.notes.document import make
from conto.credits.notes.mail import CREDIT_NOTE
from conto.credits.notes.queries import credit_note
from conto.customers.queries import customer_by_id
from conto.errors import NotFound
from conto.invoices.letter import PDF
from conto.mails.letters import Attachment, Letter, Unwritable, file_name, writes
from conto.mails.pages import letter_to_customer
from conto.organizations.queries import billing_entity_by_id
from conto.work import Works


@writes(CREDIT_NOTE)
async def write_credit_note(works: Works, organization_id: UUID, note_id: UUID) -> Letter:
    """The letter that brings the credit note; its PDF is made here where it is not there yet.

    Raises:
        Unwritable: the credit note is gone.
    """
    await make(works, organization_id, note_id)
    async with works.enter(organization_id) as work:
        try:
            note = await credit_note(work, note_id)
        except NotFound:
            raise Unwritable("the credit note is gone") from None
        issuer = await billing_entity_by_id(work, note.billing_entity_id)
        customer = await customer_by_id(work, note.customer_id)
    attached = Attachment(f"{file_name(note.number)}.pdf", PDF, await works.files.get(note.file_path))
    locale = customer.document_locale or issuer.document_locale
    return await asyncio.to_thread(_letter, note, issuer, locale, attached)


def _letter(note: Row[Any], issuer: Row[Any], locale: str, attached: Attachment) -> Letter:
    # Imported where letters are written: the formats read fonts, which are no business of the API's processes.
    from conto.documents.formats import day, money

    facts = [
        ("credit_note_number", note.number),
        ("invoice_number", note.invoice_number),
        ("issuing_date", day(note.issuing_date, locale)),
        ("total", money(note.total_amount_cents, note.currency, locale)),
    ]
    return letter_to_customer(issuer, locale, CREDIT_NOTE, note.number, facts, [attached])
