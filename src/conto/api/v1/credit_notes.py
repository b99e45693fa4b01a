"""Credit notes (chapter 61)."""

from uuid import UUID

from msgspec import Struct

from conto.api.endpoint import delete, get, patch, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.credits.notes import document, mail, metadata, queries
from conto.credits.notes.change import update_credit_note as change_note
from conto.credits.notes.change import void_credit_note as void
from conto.credits.notes.create import create_credit_note as make_note
from conto.credits.notes.create import estimate_credit_note as estimated
from conto.credits.notes.listing import list_credit_notes
from conto.customers.queries import customer as customer_row
from conto.ids import as_id
from conto.schemas.credit_notes import (
    CreditNoteEstimateInput,
    CreditNoteFilters,
    CreditNoteInput,
    CreditNoteMetadataInput,
    CreditNoteObject,
    CreditNoteUpdateInput,
    EstimatedCreditNoteObject,
)
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.work import Work


class CreditNoteAnswer(Struct, kw_only=True, frozen=True):
    """One credit note."""

    credit_note: CreditNoteObject


class CreditNotesAnswer(Struct, kw_only=True, frozen=True):
    """A page of credit notes."""

    credit_notes: list[CreditNoteObject]
    meta: PaginationMeta


class CreditNoteEstimateAnswer(Struct, kw_only=True, frozen=True):
    """What a credit note would come to."""

    estimated_credit_note: EstimatedCreditNoteObject


class CreditNoteMetadataAnswer(Struct, kw_only=True, frozen=True):
    """The metadata of a credit note; null where it has none."""

    metadata: dict[str, str | None] | None


@post("/credit_notes", resource="credit_note", envelope="credit_note", repeatable=True)
async def create_credit_note(work: Work, body: Body[CreditNoteInput]) -> CreditNoteAnswer:
    """Give back all or part of an invoice."""
    return CreditNoteAnswer(credit_note=await queries.shown_note(work, await make_note(work, body.raw)))


@post("/credit_notes/estimate", resource="credit_note", envelope="credit_note")
async def estimate_credit_note(work: Work, body: Body[CreditNoteEstimateInput]) -> CreditNoteEstimateAnswer:
    """Tell what a credit note over some items would come to at most."""
    return CreditNoteEstimateAnswer(estimated_credit_note=await estimated(work, body.raw))


@get("/credit_notes", resource="credit_note")
async def find_all_credit_notes(work: Work, query: Query[CreditNoteFilters], page: Page) -> CreditNotesAnswer:
    """List credit notes, newest first."""
    return await _page(work, query, page)


@get("/customers/{external_customer_id}/credit_notes", resource="credit_note")
async def find_all_customer_credit_notes(
    work: Work, external_customer_id: str, query: Query[CreditNoteFilters], page: Page
) -> CreditNotesAnswer:
    """List a customer's credit notes, newest first."""
    return await _page(work, query, page, (await customer_row(work, external_customer_id)).id)


async def _page(
    work: Work, query: Query[CreditNoteFilters], page: Page, customer_id: UUID | None = None
) -> CreditNotesAnswer:
    found = await list_credit_notes(work, query.read(), offset=page.offset, limit=page.limit, customer_id=customer_id)
    return CreditNotesAnswer(credit_notes=await queries.shown(work, found.rows), meta=meta(page, found.total))


@get("/credit_notes/{lago_id}", resource="credit_note")
async def find_credit_note(work: Work, lago_id: str) -> CreditNoteAnswer:
    """Retrieve a credit note."""
    return await _answer(work, _id(lago_id))


@put("/credit_notes/{lago_id}", resource="credit_note", envelope="credit_note")
async def update_credit_note(work: Work, lago_id: str, body: Body[CreditNoteUpdateInput]) -> CreditNoteAnswer:
    """Set the state of a credit note's refund, or add to its metadata."""
    note_id, problems = _id(lago_id), Problems()
    await change_note(work, note_id, body.read(problems), problems)
    return await _answer(work, note_id)


@put("/credit_notes/{lago_id}/void", resource="credit_note")
async def void_credit_note(work: Work, lago_id: str) -> CreditNoteAnswer:
    """Give up what is left of a credit note's balance."""
    note_id = _id(lago_id)
    await void(work, note_id)
    return await _answer(work, note_id)


@post("/credit_notes/{lago_id}/metadata", resource="credit_note")
async def replace_credit_note_metadata(
    work: Work, lago_id: str, body: Body[CreditNoteMetadataInput]
) -> CreditNoteMetadataAnswer:
    """Replace a credit note's metadata."""
    note, problems = await queries.lock_note(work, _id(lago_id)), Problems()
    given = metadata.read_metadata(body.raw.get("metadata"), problems)
    problems.raise_if_any()
    return CreditNoteMetadataAnswer(metadata=await metadata.replace(work, note, given or {}))


@patch("/credit_notes/{lago_id}/metadata", resource="credit_note")
async def merge_credit_note_metadata(
    work: Work, lago_id: str, body: Body[CreditNoteMetadataInput]
) -> CreditNoteMetadataAnswer:
    """Add to a credit note's metadata."""
    note, problems = await queries.lock_note(work, _id(lago_id)), Problems()
    given = metadata.read_metadata(body.raw.get("metadata"), problems)
    problems.raise_if_any()
    return CreditNoteMetadataAnswer(metadata=await metadata.merge(work, note, given))


@delete("/credit_notes/{lago_id}/metadata", resource="credit_note")
async def delete_all_credit_note_metadata(work: Work, lago_id: str) -> CreditNoteMetadataAnswer:
    """Delete a credit note's metadata."""
    await metadata.remove(work, await queries.lock_note(work, _id(lago_id)))
    return CreditNoteMetadataAnswer(metadata=None)


@delete("/credit_notes/{lago_id}/metadata/{key}", resource="credit_note")
async def delete_credit_note_metadata_key(work: Work, lago_id: str, key: str) -> CreditNoteMetadataAnswer:
    """Delete one key of a credit note's metadata."""
    note = await queries.lock_note(work, _id(lago_id))
    return CreditNoteMetadataAnswer(metadata=await metadata.remove_key(work, note, key))


@post("/credit_notes/{lago_id}/download", resource="credit_note")
@post("/credit_notes/{lago_id}/download_pdf", resource="credit_note")
async def download_credit_note(work: Work, lago_id: str) -> CreditNoteAnswer | None:
    """Answer with the credit note and the address of its PDF; nothing where the PDF has still to be made."""
    note = await queries.credit_note(work, _id(lago_id))
    return await _document(work, note.id, note.file_path)


@post("/credit_notes/{lago_id}/download_xml", resource="credit_note")
async def download_credit_note_xml(work: Work, lago_id: str) -> CreditNoteAnswer | None:
    """Answer with the credit note and the address of its e-invoice; nothing where that has still to be made."""
    note = await queries.credit_note(work, _id(lago_id))
    return await _document(work, note.id, note.xml_path)


async def _document(work: Work, note_id: UUID, path: str | None) -> CreditNoteAnswer | None:
    if path is None:
        document.ask_for(work, note_id)
        return None
    return await _answer(work, note_id)


@post("/credit_notes/{lago_id}/resend_email", resource="credit_note")
async def resend_credit_note_email(work: Work, lago_id: str, body: Body[ResendEmailInput]) -> None:
    """Mail a credit note again."""
    problems = Problems()
    await mail.resend(work, _id(lago_id), body.read(problems), problems)


async def _answer(work: Work, note_id: UUID) -> CreditNoteAnswer:
    return CreditNoteAnswer(credit_note=(await queries.shown(work, [await queries.credit_note(work, note_id)]))[0])


def _id(lago_id: str) -> UUID:
    return as_id(lago_id, "credit_note")
