"""What webhooks and the activity log tell of credit notes (chapter 71 §3.4)."""

from uuid import UUID

from conto.credits.notes.queries import shown_note
from conto.schemas.credit_notes import CreditNoteObject
from conto.webhooks.payloads import payload_of
from conto.work import Work


@payload_of("credit_note")
async def credit_note_payload(work: Work, note_id: UUID, webhook_type: str) -> CreditNoteObject:
    """The credit note with its customer, items and taxes."""
    return await shown_note(work, note_id)
