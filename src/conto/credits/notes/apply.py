"""Use what credit notes have left on a customer's invoices, and give it back (chapter 61 §9).

An invoice that is being built asks `choose` what it can use, takes that off its total, and has it written by `spend`
once it is stored. One that is stored already, as a draft that becomes final, is seen to by `apply`.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text, update

from conto import ledger
from conto.core.credit_notes import Balance, Use, uses
from conto.db.engine import insert_rows, inserted
from conto.db.tables import credit_notes, credits, fees, invoices
from conto.ids import new_id
from conto.work import ORGANIZATION, Work

_AVAILABLE = (
    select(credit_notes)
    .where(
        credit_notes.c.organization_id == ORGANIZATION,
        credit_notes.c.customer_id == bindparam("customer"),
        credit_notes.c.currency == bindparam("currency"),
        credit_notes.c.status == "finalized",
        credit_notes.c.credit_status == "available",
        credit_notes.c.balance_amount_cents > 0,
        credit_notes.c.invoice_id.is_distinct_from(bindparam("invoice", type_=credit_notes.c.invoice_id.type)),
    )
    .order_by(credit_notes.c.id)
    .with_for_update(key_share=True)
)
_USED_ALREADY = select(func.count()).where(
    credits.c.organization_id == ORGANIZATION, credits.c.invoice_id == bindparam("invoice")
)
_USED_BY = (
    select(credit_notes, credits.c.id.label("credit_id"), credits.c.amount_cents.label("used_cents"))
    .join(
        credits,
        (credits.c.organization_id == credit_notes.c.organization_id) & (credits.c.credit_note_id == credit_notes.c.id),
    )
    .where(
        credits.c.organization_id == ORGANIZATION,
        credits.c.invoice_id == bindparam("invoice"),
        credits.c.given_back_at.is_(None),
    )
    .order_by(credit_notes.c.id)
    .with_for_update(key_share=True, of=credit_notes)
)
_SET_BALANCES = text(
    """
    update credit_notes
    set balance_amount_cents = changed.balance_amount_cents,
        credit_status = changed.credit_status,
        updated_at = changed.updated_at
    from json_populate_recordset(null::credit_notes, cast(:credit_notes as json)) changed
    where credit_notes.organization_id = :organization and credit_notes.id = changed.id
    """
)


async def choose(
    work: Work, customer_id: UUID, currency: str, total_cents: int, *, invoice_id: UUID | None = None
) -> list[Use]:
    """What an invoice of the customer over `total_cents` can use, oldest notes first; nothing is written yet.

    The customer is locked; so are the notes from here on. Those made on the invoice `invoice_id` itself are left out.
    """
    if total_cents <= 0:
        return []
    rows = await work.rows(_AVAILABLE, customer=customer_id, currency=currency, invoice=invoice_id)
    oldest_first = sorted(rows, key=attrgetter("created_at", "id"))
    return uses([Balance(row.id, row.balance_amount_cents) for row in oldest_first], total_cents)


async def spend(work: Work, invoice: Row[Any], chosen: Sequence[Use]) -> int:
    """Write what a stored invoice uses, as `choose` gave it in the same transaction; the sum, in minor units.

    A note of which nothing is left is consumed. The invoice's own amounts are its builder's.
    """
    if not chosen:
        return 0
    await insert_rows(
        work.connection,
        credits,
        [
            {
                "organization_id": work.organization.id,
                "id": new_id(),
                "invoice_id": invoice.id,
                "credit_note_id": use.note.id,
                "position": position,
                "amount_cents": use.amount_cents,
                "currency": invoice.currency,
                "before_taxes": False,
                "created_at": work.now,
            }
            for position, use in enumerate(chosen)
        ],
    )
    await _set_balances(work, [(use.note.id, use.left_cents) for use in chosen])
    ledger.post(work, [ledger.credit_applied(_id(use), use.amount_cents, to=invoice) for use in chosen])
    return sum(use.amount_cents for use in chosen)


async def apply(work: Work, invoice: Row[Any], *, is_new: bool = False) -> int:
    """Take what credit notes have left off a stored invoice's total; how much that is, in minor units.

    It comes after taxes and before prepaid credits, once for each invoice: a second time changes nothing. Customer and
    invoice are locked. An invoice that comes to nothing by it is paid. `is_new`: it can have used nothing yet.
    """
    if not is_new and (await work.one(_USED_ALREADY, invoice=invoice.id))[0]:
        return 0
    chosen = await choose(
        work, invoice.customer_id, invoice.currency, invoice.total_amount_cents, invoice_id=invoice.id
    )
    used = await spend(work, invoice, chosen)
    if used:
        await _take_off(work, invoice, used)
    return used


async def _take_off(work: Work, invoice: Row[Any], used_cents: int) -> None:
    left = invoice.total_amount_cents - used_cents
    assert left >= 0
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(
            credit_notes_amount_cents=invoice.credit_notes_amount_cents + used_cents,
            total_amount_cents=left,
            payment_status=invoice.payment_status if left else "succeeded",
            updated_at=work.now,
        )
    )
    if not left:
        await work.execute(
            update(fees)
            .where(fees.c.organization_id == work.organization.id, fees.c.invoice_id == invoice.id)
            .values(payment_status="succeeded", succeeded_at=work.now, updated_at=work.now)
        )


async def give_back(work: Work, invoice: Row[Any]) -> None:
    """Give an invoice's uses back to their notes, which are available again; voided notes take nothing back.

    For an invoice that is given up before it was final; a voided one keeps what it used.
    """
    rows = [row for row in await work.rows(_USED_BY, invoice=invoice.id) if row.credit_status != "voided"]
    if not rows:
        return
    await _set_balances(work, [(row.id, row.balance_amount_cents + row.used_cents) for row in rows])
    ledger.post(work, [ledger.credit_given_back(row.id, row.used_cents, by=invoice) for row in rows])
    await work.execute(
        update(credits)
        .where(credits.c.organization_id == work.organization.id, credits.c.id.in_([row.credit_id for row in rows]))
        .values(given_back_at=work.now)
    )


async def _set_balances(work: Work, balances: Sequence[tuple[object, int]]) -> None:
    changed = [
        {
            "id": note_id,
            "balance_amount_cents": left,
            "credit_status": "available" if left else "consumed",
            "updated_at": work.now,
        }
        for note_id, left in balances
    ]
    await work.change(_SET_BALANCES, **inserted(credit_notes, changed))


def _id(use: Use) -> UUID:
    assert isinstance(use.note.id, UUID)
    return use.note.id
