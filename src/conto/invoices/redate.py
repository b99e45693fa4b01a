"""Date a customer's drafts anew when its settings for invoices have changed (chapter 10 §3)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text

from conto import agenda
from conto.core.days import start_of_day
from conto.core.invoice_dates import finalization_date
from conto.db.engine import inserted
from conto.db.tables import invoice_subscriptions, invoices
from conto.invoices.billed import Reason
from conto.invoices.build import dating, subscription_dates
from conto.invoices.subscription_invoice import FINALIZATION
from conto.work import ORGANIZATION, Work

_DRAFTS = (
    select(
        invoices.c.id,
        func.min(invoice_subscriptions.c.billed_on).label("billed_on"),
        func.bool_and(invoice_subscriptions.c.invoicing_reason == Reason.PERIODIC.value).label("periodic"),
    )
    .join(
        invoice_subscriptions,
        (invoice_subscriptions.c.organization_id == invoices.c.organization_id)
        & (invoice_subscriptions.c.invoice_id == invoices.c.id),
    )
    .where(
        invoices.c.organization_id == ORGANIZATION,
        invoices.c.customer_id == bindparam("customer"),
        invoices.c.status == "draft",
    )
    .group_by(invoices.c.id)
)
_CHANGE = text(
    """
    update invoices
    set issuing_date = changed.issuing_date, payment_due_date = changed.payment_due_date,
        net_payment_term = changed.net_payment_term, updated_at = changed.updated_at
    from json_populate_recordset(null::invoices, cast(:invoices as json)) changed
    where invoices.organization_id = :organization and invoices.id = changed.id
    """
)


async def redate_drafts(work: Work, customer: Row[Any]) -> None:
    """Give the drafts the days that the settings of now give them; those whose grace is over are issued at once.

    The customer's row must be locked, and carries what it inherits from its billing entity.
    """
    drafts = await work.rows(_DRAFTS, customer=customer.id)
    if not drafts:
        return
    rows: list[dict[str, Any]] = []
    due: list[tuple[UUID, Any]] = []
    zone = customer.timezone or customer.entity_timezone
    for draft in drafts:
        dated = subscription_dates(customer, draft.billed_on, periodic=draft.periodic)
        rows.append(
            {
                "id": draft.id,
                "issuing_date": dated.issuing_date,
                "payment_due_date": dated.payment_due_date,
                "net_payment_term": dated.net_payment_term,
                "updated_at": work.now,
            }
        )
        due.append((draft.id, start_of_day(finalization_date(draft.billed_on, dating(customer)), zone)))
    await work.change(_CHANGE, **inserted(invoices, rows))
    for draft_id, at in due:
        await agenda.put(work, FINALIZATION, draft_id, lane=customer.id, due_at=max(at, work.now))
