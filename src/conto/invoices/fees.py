"""Fees by themselves: found, their payment status set by hand, deleted (chapter 41 §§8-9)."""

from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, update

from conto.db.tables import fees
from conto.errors import NotAllowed, NotFound
from conto.invoices.queries import fee_rows
from conto.schemas.fees import FeeUpdateInput
from conto.schemas.reader import Problems
from conto.work import Work

STATUS_INSTANTS = {"succeeded": "succeeded_at", "failed": "failed_at", "refunded": "refunded_at"}


async def fee(work: Work, fee_id: UUID, *, lock: bool = False) -> Row[Any]:
    """The fee with this id, on whatever invoice or none.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    statement = fee_rows(work).where(fees.c.id == fee_id)
    found = await work.first(statement.with_for_update(key_share=True, of=fees) if lock else statement)
    if found is None:
        raise NotFound("fee")
    return found


async def update_fee(work: Work, fee_id: UUID, data: FeeUpdateInput, problems: Problems) -> None:
    """Set the fee's payment status: its instant is now, those of the other states are no more.

    `problems` holds what the reader of the input found; it is told after what the fee's state forbids.

    Raises:
        NotFound: no fee has this id.
        NotAllowed: it is on an invoice, whose payment status it takes over.
        Invalid: there is no such payment status.
    """
    found = await lock_loose(work, fee_id)
    problems.raise_if_any()
    if data.payment_status is UNSET:
        return
    instants = {column: work.now if state == data.payment_status else None for state, column in STATUS_INSTANTS.items()}
    await change(work, found.id, payment_status=data.payment_status, updated_at=work.now, **instants)


async def delete_fee(work: Work, fee_id: UUID) -> None:
    """Delete a fee that is on no invoice: lists, sums and invoices have it no more.

    Raises:
        NotFound: no fee has this id.
        NotAllowed: it is on an invoice.
    """
    found = await lock_loose(work, fee_id)
    await change(work, found.id, deleted_at=work.now)


async def lock_loose(work: Work, fee_id: UUID) -> Row[Any]:
    """The fee, locked; it must be on no invoice."""
    found = await fee(work, fee_id, lock=True)
    if found.invoice_id is not None:
        raise NotAllowed("invoiced_fee")
    return found


async def change(work: Work, fee_id: UUID, **values: Any) -> None:
    """Write the fee's new values."""
    await work.execute(
        update(fees).where(fees.c.organization_id == work.organization.id, fees.c.id == fee_id).values(**values)
    )
