"""What follows when a customer's zone or settings for invoices change, its own or its billing entity's (10 §§2-3)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, or_, select

from conto import agenda
from conto.agenda import Lane, Rank
from conto.customers.queries import customer_by_id
from conto.db.tables import customers, invoices, subscriptions
from conto.invoices.build import dating
from conto.invoices.redate import redate_drafts
from conto.subscriptions.replan import replan
from conto.work import ORGANIZATION, Work

SETTINGS = "customers.billing_settings"
"""The kind of entry that has a customer follow its billing entity's new settings."""

INHERITED = (
    "timezone",
    "net_payment_term",
    "invoice_grace_period",
    "subscription_invoice_issuing_date_anchor",
    "subscription_invoice_issuing_date_adjustment",
)
"""The settings of a billing entity that its customers' periods and drafts depend on."""

_CONCERNED = select(customers.c.id).where(
    customers.c.organization_id == ORGANIZATION,
    customers.c.billing_entity_id == bindparam("entity"),
    or_(
        exists().where(
            subscriptions.c.organization_id == customers.c.organization_id,
            subscriptions.c.customer_id == customers.c.id,
            subscriptions.c.status.in_(("active", "pending")),
        ),
        exists().where(
            invoices.c.organization_id == customers.c.organization_id,
            invoices.c.customer_id == customers.c.id,
            invoices.c.status == "draft",
        ),
    ),
)


async def follow_change(work: Work, before: Row[Any], after: Row[Any]) -> None:
    """See to a customer that was changed; both rows carry what is inherited, and the customer's row is locked."""
    if _zone(before) != _zone(after):
        await replan(work, after.id)
    if _dated_by(before) != _dated_by(after):
        await redate_drafts(work, after)


async def entity_changed(work: Work, entity_id: UUID) -> None:
    """Have all customers of a billing entity that its settings concern follow them, each in its own lane."""
    rows = await work.rows(_CONCERNED, entity=entity_id)
    await agenda.put_all(work, SETTINGS, [(row.id, row.id) for row in rows], due_at=work.now)


@agenda.handles(SETTINGS, lane=Lane.CUSTOMER, rank=Rank.ACTIVATION)
async def follow_entity(work: Work, customer_id: UUID) -> None:
    """Plan what is due of the customer, and date its drafts, by the settings of now."""
    await replan(work, customer_id)
    await redate_drafts(work, await customer_by_id(work, customer_id))


def _dated_by(customer: Row[Any]) -> object:
    """All that the days of a draft depend on."""
    return dating(customer), _zone(customer), customer.net_payment_term, customer.entity_net_payment_term


def _zone(customer: Row[Any]) -> str:
    return customer.timezone or customer.entity_timezone
