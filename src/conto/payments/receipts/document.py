"""Make a payment receipt's files, in the background, once (chapter 72 §§8-9)."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from conto import jobs
from conto.customers.queries import embedded
from conto.db.tables import payment_receipts, payment_receipts_invoices
from conto.invoices.queries import extended_in_any_state
from conto.organizations.logos import logo_of
from conto.organizations.queries import billing_entity_by_id
from conto.payments.receipts.issue import DOCUMENT
from conto.payments.receipts.mail import mail_new
from conto.payments.receipts.queries import line_rows, receipt_rows, shown
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import as_json
from conto.work import Work, Works


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a receipt are made from. `invoice` is the one that was paid, where there are e-invoices."""

    receipt: dict[str, Any]
    seller: dict[str, Any]
    locale: str
    logo: bytes | None
    invoice: dict[str, Any] | None


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, receipt_id: UUID) -> None:
    """Make the receipt's files and keep them. A second run finds them there and does nothing."""
    async with works.enter(organization_id) as work:
        receipt = await work.first(receipt_rows(work).where(payment_receipts.c.id == receipt_id))
        if receipt is None or receipt.file_path:
            return
        source = await _source(work, receipt)
    made: dict[str, str] = {}
    if source.invoice is not None:
        made["xml_path"] = f"{organization_id}/payment_receipts/{receipt_id}.xml"
        await works.files.put(made["xml_path"], await asyncio.to_thread(_render_xml, source))
    made["file_path"] = f"{organization_id}/payment_receipts/{receipt_id}.pdf"
    await works.files.put(made["file_path"], await asyncio.to_thread(_render_pdf, source))
    async with works.enter(organization_id) as work:
        await _record(work, receipt_id, made)


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
        seller=as_json(show_billing_entity(issuer, is_default=False)),
        locale=customer.billing_configuration.document_locale or issuer.document_locale,
        logo=await logo_of(work, issuer),
        invoice=as_json(invoice),
    )


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_receipt

    return render_receipt(source.receipt, source.seller, source.locale, source.logo, invoice=source.invoice)


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_receipt_xml

    assert source.invoice is not None
    return render_receipt_xml(source.receipt, source.invoice, source.seller, source.locale)


async def _record(work: Work, receipt_id: UUID, made: dict[str, str]) -> None:
    """Note where the files are, tell of them and mail them, once, also when two workers made them at the same time."""
    first = await work.first(
        update(payment_receipts)
        .where(
            payment_receipts.c.organization_id == work.organization.id,
            payment_receipts.c.id == receipt_id,
            payment_receipts.c.file_path.is_(None),
        )
        .values({**made, "updated_at": work.now})
        .returning(payment_receipts)
    )
    if first is not None:
        work.emit("payment_receipt.generated", receipt_id)
        await mail_new(work, first)
