"""Drafts that a change of taxes, plans or metrics makes stale: they are built anew a moment later (chapter 20 §7.4)."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from conto import agenda
from conto.db.tables import charges, invoice_subscriptions, invoices, invoices_taxes, subscriptions
from conto.work import Work

REFRESH = "invoices.refresh"
"""The kind of entry that builds a draft anew."""


async def refresh_drafts_of_plans(work: Work, plan_ids: Collection[UUID]) -> None:
    """Have the drafts with an active subscription to one of the plans built anew."""
    if plan_ids:
        await _refresh(work, _bills(subscriptions.c.plan_id.in_(list(plan_ids))))


async def refresh_drafts_of_metric(work: Work, metric_id: UUID) -> None:
    """Have the drafts with an active subscription to a plan with a charge on the metric built anew."""
    on_metric = select(charges.c.plan_id).where(
        charges.c.organization_id == work.organization.id, charges.c.billable_metric_id == metric_id
    )
    await _refresh(work, _bills(subscriptions.c.plan_id.in_(on_metric)))


async def refresh_drafts_with_tax(work: Work, tax_id: UUID) -> None:
    """Have the drafts that the tax is on built anew."""
    its = (
        (invoices_taxes.c.organization_id == invoices.c.organization_id)
        & (invoices_taxes.c.invoice_id == invoices.c.id)
        & (invoices_taxes.c.tax_id == tax_id)
    )
    await _refresh(work, exists().where(its))


async def refresh_drafts_of_customer(work: Work, customer_id: UUID) -> None:
    """Have a customer's drafts built anew."""
    await _refresh(work, invoices.c.customer_id == customer_id)


async def refresh_drafts_of_entity(work: Work, entity_id: UUID) -> None:
    """Have a billing entity's drafts built anew."""
    await _refresh(work, invoices.c.billing_entity_id == entity_id)


def _bills(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the invoice bills an active subscription for which the condition holds."""
    return exists().where(
        invoice_subscriptions.c.organization_id == invoices.c.organization_id,
        invoice_subscriptions.c.invoice_id == invoices.c.id,
        subscriptions.c.organization_id == invoice_subscriptions.c.organization_id,
        subscriptions.c.id == invoice_subscriptions.c.subscription_id,
        subscriptions.c.status == "active",
        condition,
    )


async def _refresh(work: Work, condition: ColumnElement[Any]) -> None:
    """Put an entry for each of the drafts in its customer's lane."""
    rows = await work.rows(
        select(invoices.c.id, invoices.c.customer_id).where(
            invoices.c.organization_id == work.organization.id, invoices.c.status == "draft", condition
        )
    )
    await agenda.put_all(work, REFRESH, [(row.id, row.customer_id) for row in rows], due_at=work.now)
