"""What the mail says that brings a payment receipt, with its PDF and those of the invoices (chapter 72 §5)."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.core.days import local_day
from conto.customers.queries import customer_by_id
from conto.db.tables import payment_receipts, payment_receipts_invoices, payments
from conto.invoices.letter import PDF
from conto.invoices.letter import attachment as invoice_attachment
from conto.mails.letters import Attachment, Letter, Unwritable, file_name, writes
from conto.mails.pages import letter_to_customer
from conto.organizations.queries import billing_entity_by_id
from conto.payments.queries import all_payment_rows
from conto.payments.receipts.document import make
from conto.payments.receipts.mail import RECEIPT
from conto.payments.receipts.queries import line_rows, receipt_rows
from conto.work import Works


@writes(RECEIPT)
async def write_receipt(works: Works, organization_id: UUID, receipt_id: UUID) -> Letter:
    """The letter that brings the receipt; PDFs that are not there yet are made here.

    Raises:
        Unwritable: the receipt is gone.
    """
    await make(works, organization_id, receipt_id)
    async with works.enter(organization_id) as work:
        receipt = await work.first(receipt_rows(work).where(payment_receipts.c.id == receipt_id))
        if receipt is None or not receipt.file_path:
            raise Unwritable("the receipt is gone")
        lines = await work.rows(line_rows(work).where(payment_receipts_invoices.c.payment_receipt_id == receipt_id))
        payment = await work.one(all_payment_rows(work).where(payments.c.id == receipt.payment_id))
        issuer = await billing_entity_by_id(work, receipt.billing_entity_id)
        customer = await customer_by_id(work, receipt.customer_id)
    attached = [Attachment(f"{file_name(receipt.number)}.pdf", PDF, await works.files.get(receipt.file_path))]
    for line in lines:
        if (document := await invoice_attachment(works, organization_id, line.invoice_id)) is not None:
            attached.append(document)
    return await asyncio.to_thread(_letter, receipt, payment, lines, issuer, customer, attached)


def _letter(
    receipt: Row[Any],
    payment: Row[Any],
    lines: Sequence[Row[Any]],
    issuer: Row[Any],
    customer: Row[Any],
    attached: Sequence[Attachment],
) -> Letter:
    # Imported where letters are written: the formats read fonts, which are no business of the API's processes.
    from conto.documents.formats import day, money

    locale = customer.document_locale or issuer.document_locale
    paid_on = local_day(payment.created_at, customer.timezone or customer.entity_timezone)
    facts = [
        ("receipt_number", receipt.number),
        ("payment_date", day(paid_on, locale)),
        ("amount_paid", money(payment.amount_cents, payment.currency, locale)),
        *(("invoice_number", line.number) for line in lines),
    ]
    return letter_to_customer(issuer, locale, "receipt", receipt.number, facts, attached)
