"""Make an invoice's files once it is final, in the background, from its own JSON (chapter 72 §§8-9)."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from conto import jobs
from conto.customers.queries import customer_by_id
from conto.db.tables import invoices
from conto.documents import files
from conto.documents.files import PDF, XML
from conto.invoices.finalize import DOCUMENT
from conto.invoices.mail import mail_new
from conto.invoices.queries import extended, with_entity
from conto.jobs import Job
from conto.organizations.letterhead import Letterhead, letterhead
from conto.organizations.queries import billing_entity_by_id
from conto.schemas.encoding import as_json
from conto.subscriptions.queries import called, subscriptions_by_id
from conto.work import Work, Works

HAS_DOCUMENT = ("finalized", "voided")


def ask_for(work: Work, invoice_id: UUID) -> None:
    """Have the files made after the commit, once however often they are asked for."""
    work.enqueue(Job(DOCUMENT, invoice_id, once=True))


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of an invoice are made from, and the columns of those that it lacks."""

    invoice: dict[str, Any]
    head: Letterhead
    lacking: tuple[str, ...]


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, invoice_id: UUID) -> None:
    """Make what files the invoice lacks and keep them. A second run finds them there and does nothing."""
    async with works.enter(organization_id) as work:
        source = await _source(work, invoice_id)
    if source is None:
        return
    renders = {column: partial(RENDERS[column], source) for column in source.lacking}
    made = await files.make(works, organization_id, invoices, invoice_id, renders)
    async with works.enter(organization_id) as work:
        if await files.noted(work, invoices, invoice_id, made):
            work.emit("invoice.generated", invoice_id)
            await mail_new(work, invoice_id)


async def _source(work: Work, invoice_id: UUID) -> Source | None:
    """What is to be made files from; None where the invoice gets none, or has all that it gets."""
    invoice = await work.first(with_entity(work).where(invoices.c.id == invoice_id))
    if invoice is None or invoice.status not in HAS_DOCUMENT:
        return None
    issuer = await billing_entity_by_id(work, invoice.billing_entity_id)
    lacking = files.lacking(invoice, einvoicing=issuer.einvoicing)
    if not lacking:
        return None
    customer = await customer_by_id(work, invoice.customer_id)
    return Source(
        invoice=await _with_names(work, as_json(await extended(work, invoice_id))),
        head=await letterhead(work, issuer, customer.document_locale),
        lacking=lacking,
    )


async def _with_names(work: Work, invoice: dict[str, Any]) -> dict[str, Any]:
    """The invoice's JSON, in which a subscription without a name has its plan's, where there are several to name."""
    shown = invoice["subscriptions"]
    if len(shown) > 1:
        rows = await subscriptions_by_id(work, [UUID(each["lago_id"]) for each in shown])
        for each in shown:
            each["name"] = called(rows[UUID(each["lago_id"])])
    return invoice


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_invoice

    return render_invoice(source.invoice, source.head.seller, source.head.locale, source.head.logo)


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_xml

    return render_xml(source.invoice, source.head.seller, source.head.locale)


RENDERS = {XML: _render_xml, PDF: _render_pdf}
