"""Make a credit note's files once it is final, in the background, once (chapter 72 §§8-9)."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from conto import jobs
from conto.credits.notes.issue import DOCUMENT
from conto.credits.notes.mail import mail_new
from conto.credits.notes.queries import WITH_INVOICE, shown
from conto.customers.queries import customer_by_id
from conto.db.tables import credit_notes
from conto.documents import files
from conto.documents.files import PDF, XML
from conto.jobs import Job
from conto.organizations.letterhead import Letterhead, letterhead
from conto.organizations.queries import billing_entity_by_id
from conto.schemas.encoding import as_json
from conto.work import Work, Works


def ask_for(work: Work, note_id: UUID) -> None:
    """Have the files made after the commit, once however often they are asked for."""
    work.enqueue(Job(DOCUMENT, note_id, once=True))


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a credit note are made from, and the columns of those that it lacks."""

    note: dict[str, Any]
    head: Letterhead
    lacking: tuple[str, ...]


@jobs.handles(DOCUMENT)
async def make(works: Works, organization_id: UUID, note_id: UUID) -> None:
    """Make what files the note lacks and keep them. A second run finds them there and does nothing."""
    async with works.enter(organization_id) as work:
        source = await _source(work, note_id)
    if source is None:
        return
    renders = {column: partial(RENDERS[column], source) for column in source.lacking}
    made = await files.make(works, organization_id, credit_notes, note_id, renders)
    async with works.enter(organization_id) as work:
        if await files.noted(work, credit_notes, note_id, made):
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
    if note is None:
        return None
    issuer = await billing_entity_by_id(work, note.billing_entity_id)
    lacking = files.lacking(note, einvoicing=issuer.einvoicing)
    if not lacking:
        return None
    customer = await customer_by_id(work, note.customer_id)
    return Source(
        note=as_json((await shown(work, [note]))[0]),
        head=await letterhead(work, issuer, customer.document_locale),
        lacking=lacking,
    )


# The compiler, its fonts and the libraries for e-invoices are imported where documents are made: they are no
# business of the API's processes.


def _render_pdf(source: Source) -> bytes:
    from conto.documents.render import render_credit_note

    return render_credit_note(source.note, source.head.seller, source.head.locale, source.head.logo)


def _render_xml(source: Source) -> bytes:
    from conto.documents.render import render_credit_note_xml

    return render_credit_note_xml(source.note, source.head.seller, source.head.locale)


RENDERS = {XML: _render_xml, PDF: _render_pdf}
