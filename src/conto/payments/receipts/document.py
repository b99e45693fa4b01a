"""Make a payment receipt's PDF, in the background, once (chapter 72 §8)."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from conto import jobs
from conto.customers.queries import embedded
from conto.db.tables import payment_receipts, payment_receipts_invoices
from conto.organizations.queries import billing_entity_by_id
from conto.payments.receipts.issue import DOCUMENT
from conto.payments.receipts.mail import mail_new
from conto.payments.receipts.queries import line_rows, receipt_rows, shown
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import as_json
from conto.work import Work, Works


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, receipt_id: UUID) -> None:
    """Set the receipt's PDF and keep it. A second run finds it there and does nothing."""
    async with works.enter(organization_id) as work:
        receipt = await work.first(receipt_rows(work).where(payment_receipts.c.id == receipt_id))
        if receipt is None or receipt.file_path:
            return
        told = await _told(work, receipt)
        issuer = await billing_entity_by_id(work, receipt.billing_entity_id)
        seller = as_json(show_billing_entity(issuer, is_default=False))
    locale = told["customer"]["billing_configuration"]["document_locale"] or issuer.document_locale
    pdf = await asyncio.to_thread(_render, told, seller, locale)
    path = f"{organization_id}/payment_receipts/{receipt_id}.pdf"
    await works.files.put(path, pdf)
    async with works.enter(organization_id) as work:
        await _record(work, receipt_id, path)


def _render(receipt: dict[str, Any], seller: dict[str, Any], locale: str) -> bytes:
    # Imported where documents are made: the compiler and its fonts are no business of the API's processes.
    from conto.documents.render import render_receipt

    return render_receipt(receipt, seller, locale)


async def _told(work: Work, receipt: Row[Any]) -> dict[str, Any]:
    """The receipt's JSON, with its customer and what it says of each invoice."""
    (found,) = await shown(work, [receipt])
    customers = await embedded(work, [receipt.customer_id])
    lines = await work.rows(line_rows(work).where(payment_receipts_invoices.c.payment_receipt_id == receipt.id))
    return {
        **as_json(found),
        "customer": as_json(customers[receipt.customer_id]),
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
    }


async def _record(work: Work, receipt_id: UUID, path: str) -> None:
    """Note where the document is, tell of it and mail it, once, also when two workers made it at the same time."""
    first = await work.first(
        update(payment_receipts)
        .where(
            payment_receipts.c.organization_id == work.organization.id,
            payment_receipts.c.id == receipt_id,
            payment_receipts.c.file_path.is_(None),
        )
        .values(file_path=path, updated_at=work.now)
        .returning(payment_receipts)
    )
    if first is not None:
        work.emit("payment_receipt.generated", receipt_id)
        await mail_new(work, first)
