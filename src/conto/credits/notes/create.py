"""Make a credit note by hand, or estimate what it would come to (chapter 61 §§3 and 5)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from conto.core.credit_notes import Parts, estimate
from conto.credits.notes.checks import read_items, refuse_wrong_parts, refuse_wrong_type
from conto.credits.notes.issue import Terms, issue
from conto.credits.notes.metadata import read_metadata
from conto.credits.notes.source import source_of
from conto.errors import NotFound
from conto.ids import as_id
from conto.invoices.queries import invoice as invoice_row
from conto.invoices.queries import lock
from conto.schemas.credit_notes import CreditNoteTermsInput, EstimatedCreditNoteObject, show_estimate
from conto.schemas.reader import Problems, read
from conto.work import Work


async def create_credit_note(work: Work, raw: Mapping[str, Any]) -> UUID:
    """Give back what the input says of an invoice in any visible state; the note's id. Nothing is stored on failure.

    Raises:
        NotFound: the invoice, or the fee of an item.
        NotAllowed: credit notes on such an invoice are not possible.
        Invalid: items, parts or terms are not as they must be.
    """
    source = await source_of(work, await lock(work, _invoice_id(raw)))
    refuse_wrong_type(source)
    items = read_items(source, raw.get("items"))
    problems = Problems()
    data = read(CreditNoteTermsInput, raw, problems)
    metadata = read_metadata(data.metadata, problems)
    problems.raise_if_any()
    found = source.amounts_of(items)
    parts = Parts(data.credit_amount_cents or 0, data.refund_amount_cents or 0, data.offset_amount_cents or 0)
    refuse_wrong_parts(source, found, parts)
    terms = Terms(data.reason or "other", data.description or None, metadata)
    return (await issue(work, source, found, parts, terms)).id


async def estimate_credit_note(work: Work, raw: Mapping[str, Any]) -> EstimatedCreditNoteObject:
    """What a credit note over the items would come to; nothing is stored.

    Raises:
        NotFound: the invoice, or the fee of an item.
        NotAllowed: credit notes on such an invoice are not possible.
        Invalid: items are not as they must be.
    """
    source = await source_of(work, await invoice_row(work, _invoice_id(raw)))
    refuse_wrong_type(source)
    found = estimate(source.estimated(read_items(source, raw.get("items"))))
    return show_estimate(
        source.invoice,
        found,
        refundable_cents=source.refundable_cents,
        offsettable_cents=source.offsettable_cents,
        creditable=source.invoice.invoice_type != "credit",
    )


def _invoice_id(raw: Mapping[str, Any]) -> UUID:
    given = raw.get("invoice_id")
    if not isinstance(given, str):
        raise NotFound("invoice")
    return as_id(given, "invoice")
