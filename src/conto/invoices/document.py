"""Make an invoice's files once it is final, in the background, from its own JSON (chapter 72 §§8-9)."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Table, select, update

from conto import jobs
from conto.customers.queries import customer_by_id
from conto.db.tables import billing_entities, invoices
from conto.invoices.finalize import DOCUMENT
from conto.invoices.mail import mail_new
from conto.invoices.queries import extended, with_entity
from conto.jobs import Job
from conto.organizations.logos import logo_of
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import encode
from conto.work import Work, Works

HAS_DOCUMENT = ("finalized", "voided")

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def ask_for(work: Work, invoice_id: UUID) -> None:
    """Have the files made after the commit, once however often they are asked for."""
    work.enqueue(Job(DOCUMENT, invoice_id, once=True))


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of an invoice are made from, and which of them are there."""

    invoice: dict[str, Any]
    seller: dict[str, Any]
    locale: str
    logo: bytes | None
    has_pdf: bool
    has_xml: bool


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, invoice_id: UUID) -> None:
    """Make what files the invoice lacks and keep them. A second run finds them there and does nothing.

    Files are kept before they are noted, and under names of their own, so a run that ends in between is
    made good by the next.
    """
    async with works.enter(organization_id) as work:
        source = await _source(work, invoice_id)
    if source is None:
        return
    made: dict[str, str] = {}
    if source.seller["einvoicing"] and not source.has_xml:
        made["xml_path"] = f"{organization_id}/invoices/{invoice_id}.xml"
        await works.files.put(made["xml_path"], await asyncio.to_thread(_render_xml, source))
    if not source.has_pdf:
        made["file_path"] = f"{organization_id}/invoices/{invoice_id}.pdf"
        await works.files.put(made["file_path"], await asyncio.to_thread(_render_pdf, source))
    async with works.enter(organization_id) as work:
        for column, path in made.items():
            if await noted(work, invoices, invoice_id, column, path) and column == "file_path":
                work.emit("invoice.generated", invoice_id)
                await mail_new(work, invoice_id)


async def _source(work: Work, invoice_id: UUID) -> Source | None:
    """What is to be made files from; None where the invoice gets none, or has its PDF and needs no more."""
    invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
    if invoice is None or invoice.status not in HAS_DOCUMENT or (invoice.file_path and invoice.xml_path):
        return None
    entity = await _seller(work, invoice)
    if invoice.file_path and not entity.einvoicing:
        return None
    customer = await customer_by_id(work, invoice.customer_id)
    return Source(
        invoice=await _as_json(await extended(work, invoice_id)),
        seller=await _as_json(show_billing_entity(entity, is_default=False)),
        locale=customer.document_locale or entity.document_locale,
        logo=await logo_of(work, entity),
        has_pdf=bool(invoice.file_path),
        has_xml=bool(invoice.xml_path),
    )


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_invoice

    return render_invoice(source.invoice, source.seller, source.locale, source.logo)


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_xml

    return render_xml(source.invoice, source.seller, source.locale)


async def _as_json(shown: Any) -> dict[str, Any]:
    return _decoder.decode(encode(shown))


async def _seller(work: Work, invoice: Row[Any]) -> Row[Any]:
    return await work.one(
        select(billing_entities).where(
            billing_entities.c.organization_id == work.organization.id,
            billing_entities.c.id == invoice.billing_entity_id,
        )
    )


async def noted(work: Work, table: Table, object_id: UUID, column: str, path: str) -> bool:
    """Note where a document's file is; whether this run was the first, also when two workers made it at one time."""
    first = await work.first(
        update(table)
        .where(
            table.c.organization_id == work.organization.id,
            table.c.id == object_id,
            table.c[column].is_(None),
        )
        .values({column: path})
        .returning(table.c.id)
    )
    return first is not None
