"""Reads of credit notes. Only final ones are found (chapter 61 §§1 and 6.1)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Table, Uuid, any_, bindparam, select

from conto.clock import system_now
from conto.customers.queries import embedded, owner_locked
from conto.db.tables import (
    billing_entities,
    credit_note_items,
    credit_notes,
    credit_notes_taxes,
    fees,
    invoices,
)
from conto.errors import NotFound
from conto.invoices.queries import fee_rows, fees_with_taxes
from conto.schemas.credit_notes import CreditNoteObject, show_credit_note
from conto.work import ORGANIZATION, Work

WITH_INVOICE = (
    select(
        credit_notes,
        invoices.c.number.label("invoice_number"),
        invoices.c.purchase_order_number,
        invoices.c.self_billed,
        invoices.c.billing_entity_id,
        billing_entities.c.code.label("billing_entity_code"),
    )
    .join(
        invoices,
        (invoices.c.organization_id == credit_notes.c.organization_id) & (invoices.c.id == credit_notes.c.invoice_id),
    )
    .join(
        billing_entities,
        (billing_entities.c.organization_id == invoices.c.organization_id)
        & (billing_entities.c.id == invoices.c.billing_entity_id),
    )
)
"""Credit notes in any state, each with what it shows of its invoice."""

_BY_ID = WITH_INVOICE.where(credit_notes.c.organization_id == ORGANIZATION, credit_notes.c.id == bindparam("id"))
_FINAL_BY_ID = _BY_ID.where(credit_notes.c.status == "finalized")
_FINAL_BY_ID_LOCKED = _FINAL_BY_ID.with_for_update(key_share=True, of=credit_notes)
_OWNER_LOCKED = owner_locked(credit_notes)


def _parts(table: Table) -> Select[Any]:
    return (
        select(table)
        .where(
            table.c.organization_id == ORGANIZATION,
            table.c.credit_note_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        )
        .order_by(table.c.credit_note_id, table.c.position)
    )


_ITEMS = _parts(credit_note_items)
_TAXES = _parts(credit_notes_taxes)


async def credit_note(work: Work, note_id: UUID) -> Row[Any]:
    """The final credit note with this id.

    Raises:
        NotFound: there is none.
    """
    return _found(await work.first(_FINAL_BY_ID, id=note_id))


async def lock_note(work: Work, note_id: UUID) -> Row[Any]:
    """The final credit note with this id, its customer's row and its own locked, in that order.

    Raises:
        NotFound: there is none.
    """
    await work.change(_OWNER_LOCKED, id=note_id)
    return _found(await work.first(_FINAL_BY_ID_LOCKED, id=note_id))


def _found(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise NotFound("credit_note")
    return row


async def shown_note(work: Work, note_id: UUID) -> CreditNoteObject:
    """The credit note in any state, as the API and webhooks show it.

    Raises:
        NotFound: there is none.
    """
    return (await shown(work, [_found(await work.first(_BY_ID, id=note_id))]))[0]


async def items_of(work: Work, note_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The items of the notes, each one's in order of creation."""
    return await work.rows(_ITEMS, ids=list(note_ids))


async def shown(work: Work, rows: Sequence[Row[Any]]) -> list[CreditNoteObject]:
    """Credit notes as the API and webhooks show them, each with its customer, its items and their fees."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    by_customer = await embedded(work, {row.customer_id for row in rows})
    items = await _by_note(work, _ITEMS, ids)
    taxes = await _by_note(work, _TAXES, ids)
    fee_ids = {item.fee_id for found in items.values() for item in found}
    its_fees = await fees_with_taxes(work, await work.rows(fee_rows(work).where(fees.c.id.in_(fee_ids))))
    by_fee = {fee.lago_id: fee for fee in its_fees if fee.lago_id}
    now = system_now()
    return [
        show_credit_note(row, by_customer[row.customer_id], items[row.id], by_fee, taxes[row.id], work.files, now)
        for row in rows
    ]


async def _by_note(work: Work, statement: Select[Any], note_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in await work.rows(statement, ids=list(note_ids)):
        found[row.credit_note_id].append(row)
    return found
