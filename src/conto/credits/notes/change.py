"""Change a credit note: the state of its refund, its metadata, its balance given up (chapter 61 §§6.2-6.3)."""

from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, update

from conto import ledger
from conto.credits.notes import metadata
from conto.credits.notes.queries import lock_note
from conto.db.tables import credit_notes
from conto.errors import NotAllowed
from conto.schemas.credit_notes import CreditNoteUpdateInput
from conto.schemas.reader import Problems
from conto.work import Work


async def update_credit_note(work: Work, note_id: UUID, data: CreditNoteUpdateInput, problems: Problems) -> None:
    """Set the state of the note's refund, any after any, and add to its metadata.

    `problems` holds what the reader of the input found; it is told after the note is found.

    Raises:
        NotFound: no final note has this id.
        Invalid: a field is not as it must be.
    """
    note = await lock_note(work, note_id)
    given = metadata.read_metadata(data.metadata, problems)
    problems.raise_if_any()
    await metadata.merge(work, note, given)
    if data.refund_status is not UNSET and data.refund_status != note.refund_status:
        await set_refund_status(work, note, data.refund_status)


async def set_refund_status(work: Work, note: Row[Any], status: str) -> None:
    """Write the state of the note's refund, and to the books that it was sent, or was not after all."""
    if status == "succeeded":
        ledger.post(work, ledger.refund_settled(note))
    elif note.refund_status == "succeeded":
        ledger.post(work, ledger.refund_reopened(note))
    await _change(work, note, refund_status=status)


async def void_credit_note(work: Work, note_id: UUID) -> None:
    """Give up what is left of the note's balance; uses made before stay, and its fees are not creditable again.

    Raises:
        NotFound: no final note has this id.
        NotAllowed: nothing is left, or it is voided already.
    """
    note = await lock_note(work, note_id)
    if note.credit_status == "voided" or note.balance_amount_cents == 0:
        raise NotAllowed("no_voidable_amount")
    await give_up(work, note)


async def give_up(work: Work, note: Row[Any]) -> None:
    """Void the note, which has a balance. It is locked."""
    ledger.post(work, ledger.credit_note_voided(note))
    await _change(work, note, credit_status="voided", balance_amount_cents=0, voided_at=work.now)


async def _change(work: Work, note: Row[Any], **values: Any) -> None:
    await work.execute(
        update(credit_notes)
        .where(credit_notes.c.organization_id == work.organization.id, credit_notes.c.id == note.id)
        .values(**values, updated_at=work.now)
    )
