"""Make a payment receipt's files, in the background, once (chapter 72 §§8-9)."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto import jobs
from conto.customers.queries import embedded
from conto.db.tables import payment_receipts, payment_receipts_invoices
from conto.documents import files
from conto.documents.files import PDF, XML
from conto.invoices.queries import extended_in_any_state
from conto.organizations.letterhead import Letterhead, letterhead
from conto.organizations.queries import billing_entity_by_id
from conto.payments.receipts.issue import DOCUMENT
from conto.payments.receipts.mail import mail_new
from conto.payments.receipts.queries import line_rows, receipt_rows, shown
from conto.schemas.encoding import as_json
from conto.work import Work, Works


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a receipt are made from. `invoice` is the one that was paid, where there are e-invoices."""

    receipt: dict[str, Any]
    head: Letterhead
    invoice: dict[str, Any] | None


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, receipt_id: UUID) -> None:
    """Make the receipt's files and keep them. A second run finds them there and does nothing."""
    async with works.enter(organization_id) as work:
        receipt = await work.first(receipt_rows(work).where(payment_receipts.c.id == receipt_id))
        if receipt is None or receipt.file_path:
            return
        source = await _source(work, receipt)
    wanted = (PDF,) if source.invoice is None else (XML, PDF)
    renders = {column: partial(RENDERS[column], source) for column in wanted}
    made = await files.make(works, organization_id, payment_receipts, receipt_id, renders)
    async with works.enter(organization_id) as work:
        if noted := await files.noted(work, payment_receipts, receipt_id, made, updated_at=work.now):
            work.emit("payment_receipt.generated", receipt_id)
            await mail_new(work, noted)


async def _source(work: Work, receipt: Row[Any]) -> Source:
    """The receipt's JSON, with its customer and what it says of each invoice, and what goes with it."""
    (found,) = await shown(work, [receipt])
    customer = (await embedded(work, [receipt.customer_id]))[receipt.customer_id]
    issuer = await billing_entity_by_id(work, receipt.billing_entity_id)
    lines = await work.rows(line_rows(work).where(payment_receipts_invoices.c.payment_receipt_id == receipt.id))
    invoice = await extended_in_any_state(work, lines[0].invoice_id) if issuer.einvoicing else None
    return Source(
        receipt={
            **as_json(found),
            "customer": as_json(customer),
            "invoices": [
                {
                    "number": line.number,
                    "issuing_date": line.issuing_date.isoformat(),
                    "total_amount_cents": line.total_amount_cents,
                    "paid_amount_cents": line.paid_amount_cents,
                    "due_amount_cents": line.due_amount_cents,
                }
                for line in lines
            ],
        },
        head=await letterhead(work, issuer, customer.billing_configuration.document_locale),
        invoice=as_json(invoice),
    )


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_receipt

    return render_receipt(
        source.receipt, source.head.seller, source.head.locale, source.head.logo, invoice=source.invoice
    )


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_receipt_xml

    assert source.invoice is not None
    return render_receipt_xml(source.receipt, source.invoice, source.head.seller, source.head.locale)


RENDERS = {XML: _render_xml, PDF: _render_pdf}
