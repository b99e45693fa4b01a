"""Make an invoice's PDF once it is final, in the background, from its own JSON (chapter 72 §8)."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, update

from conto import jobs
from conto.customers.queries import customer_by_id
from conto.db.tables import billing_entities, invoices
from conto.invoices.finalize import DOCUMENT
from conto.invoices.mail import mail_new
from conto.invoices.queries import extended, with_entity
from conto.jobs import Job
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import encode
from conto.work import Work, Works

HAS_DOCUMENT = ("finalized", "voided")

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def ask_for(work: Work, invoice_id: UUID) -> None:
    """Have the document made after the commit, once however often it is asked for."""
    work.enqueue(Job(DOCUMENT, invoice_id, once=True))


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, invoice_id: UUID) -> None:
    """Set the invoice's PDF and keep it. A second run finds it there and does nothing."""
    async with works.enter(organization_id) as work:
        invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
        if invoice is None or invoice.file_path or invoice.status not in HAS_DOCUMENT:
            return
        shown = await _as_json(await extended(work, invoice_id))
        seller = await _as_json(show_billing_entity(await _seller(work, invoice), is_default=False))
        customer = await customer_by_id(work, invoice.customer_id)
        locale = customer.document_locale or seller["document_locale"]
    pdf = await asyncio.to_thread(_render, shown, seller, locale)
    path = f"{organization_id}/invoices/{invoice_id}.pdf"
    await works.files.put(path, pdf)
    async with works.enter(organization_id) as work:
        await _record(work, invoice_id, path)


def _render(invoice: dict[str, Any], seller: dict[str, Any], locale: str) -> bytes:
    # Imported where documents are made: the compiler and its fonts are no business of the API's processes.
    from conto.documents.render import render_invoice

    return render_invoice(invoice, seller, locale)


async def _as_json(shown: Any) -> dict[str, Any]:
    return _decoder.decode(encode(shown))


async def _seller(work: Work, invoice: Row[Any]) -> Row[Any]:
    return await work.one(
        select(billing_entities).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.id == invoice.billing_entity_id,
        )
    )


async def _record(work: Work, invoice_id: UUID, path: str) -> None:
    """Note where the document is, and tell of it once, also when two workers made it at the same time."""
    first = await work.first(
        update(invoices)
        .where(
            invoices.c.organization_id == work.organization.id,
            invoices.c.id == invoice_id,
            invoices.c.file_path.is_(None),
        )
        .values(file_path=path)
        .returning(invoices.c.id)
    )
    if first is not None:
        work.emit("invoice.generated", invoice_id)
        await mail_new(work, invoice_id)
