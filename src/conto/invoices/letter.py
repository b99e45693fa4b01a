"""What the mail says that brings an invoice, with the PDF that it brings (chapter 72 §5)."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.customers.queries import customer_by_id
from conto.db.tables import invoices
from conto.invoices.document import make
from conto.invoices.mail import INVOICE
from conto.invoices.queries import with_entity
from conto.mails.letters import Attachment, Letter, Unwritable, file_name, writes
from conto.mails.pages import letter_to_customer
from conto.organizations.queries import billing_entity_by_id
from conto.work import Works

PDF = "application/pdf"


@writes(INVOICE)
async def write_invoice(works: Works, organization_id: UUID, invoice_id: UUID) -> Letter:
    """The letter that brings the invoice; its PDF is made here where it is not there yet.

    Raises:
        Unwritable: the invoice is gone, or no longer final.
    """
    attached = await attachment(works, organization_id, invoice_id)
    async with works.enter(organization_id) as work:
        invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
        if attached is None or invoice is None or invoice.status != "finalized":
            raise Unwritable("the invoice is not final any more")
        issuer = await billing_entity_by_id(work, invoice.billing_entity_id)
        customer = await customer_by_id(work, invoice.customer_id)
    locale = customer.document_locale or issuer.document_locale
    return await asyncio.to_thread(_letter, invoice, issuer, locale, attached)


async def attachment(works: Works, organization_id: UUID, invoice_id: UUID) -> Attachment | None:
    """The invoice's PDF, made where it is not there yet; None for an invoice that has none."""
    await make(works, organization_id, invoice_id)
    async with works.enter(organization_id) as work:
        invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
    if invoice is None or not invoice.file_path:
        return None
    return Attachment(f"{file_name(invoice.number)}.pdf", PDF, await works.files.get(invoice.file_path))


def _letter(invoice: Row[Any], issuer: Row[Any], locale: str, attached: Attachment) -> Letter:
    # Imported where letters are written: the formats read fonts, which are no business of the API's processes.
    from conto.documents.formats import day, money

    facts = [
        ("invoice_number", invoice.number),
        ("issuing_date", day(invoice.issuing_date, locale)),
        ("total", money(invoice.total_amount_cents, invoice.currency, locale)),
    ]
    if invoice.payment_status != "succeeded":
        facts.append(("due_date", day(invoice.payment_due_date, locale)))
    return letter_to_customer(issuer, locale, "invoice", invoice.number, facts, [attached])
