"""The checks of a customer's VAT numbers: one is pending at a time, and what waits for it goes on when it ends.

A row stays when its check has ended: it is what VIES said, and when.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from conto import agenda
from conto.db.tables import customer_error_details, customers, invoices, vies_checks
from conto.ids import new_id
from conto.jobs import Job
from conto.work import Work

CHECK = "vies_check"
"""The kind of job that asks VIES; its subject is the check."""

TAXES_KNOWN = "customers.taxes_known"
"""The kind of agenda entry by which a customer's pending invoices go on; its subject is the customer."""

TAX_ERROR = "tax_error"
WEBHOOK = "customer.vies_check"


async def begin(work: Work, customer_id: UUID, number: str) -> None:
    """Have a number of valid form checked, in place of what is being checked.

    The customer's row must be locked.
    """
    await _drop_pending(work, customer_id)
    check_id = await _insert(work, customer_id, number, status="pending")
    await _mark_customer(work, customer_id, vies_check_pending=True)
    work.enqueue(Job(CHECK, check_id))


async def refuse(work: Work, customer_id: UUID, number: str) -> None:
    """Note that a number has no valid form, and tell of it. It is not sent to VIES."""
    told = {"answer": {"valid": False, "valid_format": False}, "told_at": work.now}
    await _insert(work, customer_id, number, status="ended", **told)
    work.emit(WEBHOOK, customer_id)


async def stop(work: Work, customer: Row[Any]) -> None:
    """Give up the customer's pending check, if there is one: its tax is not decided, and what waits for it goes on.

    The customer's row must be locked.
    """
    if customer.vies_check_pending:
        await _drop_pending(work, customer.id)
        await _release(work, customer.id, eu_tax_decided=False)


async def end(work: Work, check: Row[Any], answer: Mapping[str, Any]) -> None:
    """Note what was found out, and tell of it: what waits for it goes on."""
    await _change(work, check.id, status="ended", attempts=check.attempts + 1, answer=dict(answer), told_at=work.now)
    work.emit(WEBHOOK, check.customer_id)
    await _release(work, check.customer_id)


async def put_off(work: Work, check: Row[Any], answer: Mapping[str, Any]) -> None:
    """Note that VIES gave no answer, and tell of it; the check stays pending."""
    await _change(work, check.id, attempts=check.attempts + 1, answer=dict(answer), told_at=work.now)
    error = upsert(customer_error_details).values(
        organization_id=work.organization.id,
        id=new_id(),
        customer_id=check.customer_id,
        error_code=TAX_ERROR,
        details={"tax_error": "vies_unavailable", "tax_error_message": answer["error"]},
        created_at=work.now,
    )
    await work.execute(
        error.on_conflict_do_update(
            index_elements=[
                customer_error_details.c.organization_id,
                customer_error_details.c.customer_id,
                customer_error_details.c.error_code,
            ],
            set_={"details": error.excluded.details},
        )
    )
    work.emit(WEBHOOK, check.customer_id)


async def clear_tax_error(work: Work, customer_id: UUID) -> None:
    """Forget what kept the customer's taxes from being known."""
    errors = customer_error_details
    await work.execute(
        errors.delete().where(
            errors.c.organization_id == work.organization.id,
            errors.c.customer_id == customer_id,
            errors.c.error_code == TAX_ERROR,
        )
    )


async def pending_check(work: Work, check_id: UUID) -> Row[Any] | None:
    """The check, if it is still pending."""
    return await work.first(
        select(vies_checks).where(
            vies_checks.c.organization_id == work.organization.id,
            vies_checks.c.id == check_id,
            vies_checks.c.status == "pending",
        )
    )


async def last_told(work: Work, customer_id: UUID) -> Row[Any] | None:
    """The check that was told of last."""
    return await work.first(
        select(vies_checks)
        .where(
            vies_checks.c.organization_id == work.organization.id,
            vies_checks.c.customer_id == customer_id,
            vies_checks.c.told_at.is_not(None),
        )
        .order_by(vies_checks.c.told_at.desc(), vies_checks.c.sequence.desc())
        .limit(1)
    )


async def has_pending_invoices(work: Work, customer_id: UUID) -> bool:
    """Whether invoices of the customer wait for their taxes; drafts wait, too."""
    found = await work.first(
        select(invoices.c.id)
        .where(
            invoices.c.organization_id == work.organization.id,
            invoices.c.customer_id == customer_id,
            invoices.c.status.in_(("pending", "draft")),
        )
        .limit(1)
    )
    return found is not None


async def hurry(work: Work, billing_entity_id: UUID) -> None:
    """Look at once at the pending checks of the entity's customers, which may be needed no longer."""
    waiting = await work.rows(
        select(vies_checks.c.id)
        .join(
            customers,
            (customers.c.organization_id == vies_checks.c.organization_id)
            & (customers.c.id == vies_checks.c.customer_id),
        )
        .where(
            vies_checks.c.organization_id == work.organization.id,
            vies_checks.c.status == "pending",
            customers.c.billing_entity_id == billing_entity_id,
        )
    )
    for check in waiting:
        work.enqueue(Job(CHECK, check.id))


async def _release(work: Work, customer_id: UUID, **values: bool) -> None:
    await _mark_customer(work, customer_id, vies_check_pending=False, **values)
    await clear_tax_error(work, customer_id)
    if await has_pending_invoices(work, customer_id):
        await agenda.put(work, TAXES_KNOWN, customer_id, lane=customer_id, due_at=work.now)


async def _drop_pending(work: Work, customer_id: UUID) -> None:
    await work.execute(
        update(vies_checks)
        .where(
            vies_checks.c.organization_id == work.organization.id,
            vies_checks.c.customer_id == customer_id,
            vies_checks.c.status == "pending",
        )
        .values(status="dropped", updated_at=work.now)
    )


async def _insert(work: Work, customer_id: UUID, number: str, **values: Any) -> UUID:
    check_id = new_id()
    await work.execute(
        insert(vies_checks).values(
            organization_id=work.organization.id,
            id=check_id,
            customer_id=customer_id,
            tax_identification_number=number,
            attempts=0,
            created_at=work.now,
            updated_at=work.now,
            **values,
        )
    )
    return check_id


async def _change(work: Work, check_id: UUID, **values: Any) -> None:
    await work.execute(
        update(vies_checks)
        .where(vies_checks.c.organization_id == work.organization.id, vies_checks.c.id == check_id)
        .values(updated_at=work.now, **values)
    )


async def _mark_customer(work: Work, customer_id: UUID, **values: bool) -> None:
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer_id)
        .values(values)
    )
