"""Make a credit note's files once it is final, in the background, once (chapter 72 §§8-9)."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conto import jobs
from conto.credits.notes.issue import DOCUMENT
from conto.credits.notes.mail import mail_new
from conto.credits.notes.queries import WITH_INVOICE, shown
from conto.customers.queries import customer_by_id
from conto.db.tables import credit_notes
from conto.invoices.document import noted
from conto.jobs import Job
from conto.organizations.logos import logo_of
from conto.organizations.queries import billing_entity_by_id
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import as_json
from conto.work import Work, Works


def ask_for(work: Work, note_id: UUID) -> None:
    """Have the files made after the commit, once however often they are asked for."""
    work.enqueue(Job(DOCUMENT, note_id, once=True))


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a credit note are made from, and which of them are there."""

    note: dict[str, Any]
    seller: dict[str, Any]
    locale: str
    logo: bytes | None
    has_pdf: bool
    has_xml: bool


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, note_id: UUID) -> None:
    """Make what files the note lacks and keep them. A second run finds them there and does nothing."""
    async with works.enter(organization_id) as work:
        source = await _source(work, note_id)
    if source is None:
        return
    folder = f"{organization_id}/credit_notes"
    made: dict[str, str] = {}
    if source.seller["einvoicing"] and not source.has_xml:
        made["xml_path"] = f"{folder}/{note_id}.xml"
        await works.files.put(made["xml_path"], await asyncio.to_thread(_render_xml, source))
    if not source.has_pdf:
        made["file_path"] = f"{folder}/{note_id}.pdf"
        await works.files.put(made["file_path"], await asyncio.to_thread(_render_pdf, source))
    async with works.enter(organization_id) as work:
        for column, path in made.items():
            if await noted(work, credit_notes, note_id, column, path) and column == "file_path":
                work.emit("credit_note.generated", note_id)
                await mail_new(work, note_id)


async def _source(work: Work, note_id: UUID) -> Source | None:
    """What is to be made files from; None where the note gets none, or has all that it gets."""
    note = await work.first(
        WITH_INVOICE.where(
            credit_notes.c.organization_id == work.organization.id,
            credit_notes.c.id == note_id,
            credit_notes.c.status == "finalized",
        )
    )
    if note is None or (note.file_path and note.xml_path):
        return None
    issuer = await billing_entity_by_id(work, note.billing_entity_id)
    if note.file_path and not issuer.einvoicing:
        return None
    customer = await customer_by_id(work, note.customer_id)
    return Source(
        note=as_json((await shown(work, [note]))[0]),
        seller=as_json(show_billing_entity(issuer, is_default=False)),
        locale=customer.document_locale or issuer.document_locale,
        logo=await logo_of(work, issuer),
        has_pdf=bool(note.file_path),
        has_xml=bool(note.xml_path),
    )


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_credit_note

    return render_credit_note(source.note, source.seller, source.locale, source.logo)


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_credit_note_xml

    return render_credit_note_xml(source.note, source.seller, source.locale)
