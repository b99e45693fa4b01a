"""Renew what a customer has: one invoice for those that bill together (chapters 50 §9, 51 §§3, 6.2 and 9)."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from conto.agenda import Lane, Rank, handles
from conto.core.days import local_day
from conto.core.periods.ranges import Occasion
from conto.core.periods.schedule import starts_plan_period
from conto.customers.queries import customer_by_id
from conto.db.tables import fees, subscriptions
from conto.invoices.advance_charges import regroup
from conto.invoices.billed import Reason, Side
from conto.invoices.subscription_invoice import bill
from conto.subscriptions.change import switch
from conto.subscriptions.queries import SUBSCRIPTION, schedule_of, timezone_of
from conto.subscriptions.renewal_dates import RENEWAL, plan_renewals
from conto.work import ORGANIZATION, Work

_EARLIER = subscriptions.alias()
_HAS_PAID_FEES = (
    select(fees.c.id)
    .join(
        _EARLIER,
        (_EARLIER.c.organization_id == fees.c.organization_id) & (_EARLIER.c.id == fees.c.subscription_id),
    )
    .where(
        fees.c.organization_id == ORGANIZATION,
        fees.c.invoice_id.is_(None),
        fees.c.payment_status == "succeeded",
        fees.c.deleted_at.is_(None),
        _EARLIER.c.customer_id == subscriptions.c.customer_id,
        _EARLIER.c.external_id == subscriptions.c.external_id,
    )
    .exists()
    .label("has_paid_fees")
)
"""Whether the subscription, or one that it replaced, has fees that were paid without an invoice."""

_DUE = (
    SUBSCRIPTION.add_columns(_HAS_PAID_FEES)
    .where(
        subscriptions.c.organization_id == ORGANIZATION,
        subscriptions.c.customer_id == bindparam("customer"),
        subscriptions.c.status == "active",
        subscriptions.c.renewal_at <= bindparam("now"),
    )
    .order_by(
        subscriptions.c.renewal_at, subscriptions.c.started_at, subscriptions.c.created_at, subscriptions.c.external_id
    )
)


@handles(RENEWAL, lane=Lane.CUSTOMER, rank=Rank.RENEWAL)
async def renew(work: Work, customer_id: UUID) -> None:
    """Bill all of the customer's subscriptions whose renewal has come, and plan their next ones."""
    due = await work.rows(_DUE, customer=customer_id, now=work.now)
    switching = [row for row in due if is_switching(row)]
    renewed = [row for row in due if not is_switching(row)]
    await plan_renewals(work, customer_id, [(row, local_day(row.renewal_at, timezone_of(row))) for row in renewed])
    if renewed:
        customer = await customer_by_id(work, customer_id)
        for group in groups(renewed):
            sides = [Side(row, Occasion.RENEWAL, Reason.PERIODIC) for row in group]
            await bill(work, customer, sides, group[0].renewal_at)
        for at, rows in groupby(renewed, key=attrgetter("renewal_at")):
            together = list(rows)
            # One that another replaces takes all paid fees with it, those of this renewal too.
            if any(row.has_paid_fees or row.next_id is not None for row in together):
                sides = [Side(row, Occasion.RENEWAL, Reason.PERIODIC) for row in together]
                await regroup(work, customer, sides, at)
    await switch(work, switching)


def is_switching(row: Row[Any]) -> bool:
    """Whether another plan takes over on this renewal: at the end of the plan's own period, not of a split's."""
    schedule = schedule_of(row)
    return row.next_status == "pending" and starts_plan_period(schedule, local_day(row.renewal_at, schedule.timezone))


def groups(due: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    """The subscriptions that share an invoice: alike in all that an invoice has one of, and not set apart."""
    found: dict[object, list[Row[Any]]] = defaultdict(list)
    for row in due:
        alike = (
            row.renewal_at,
            row.payment_method_type,
            row.plan_amount_currency,
            row.issuer_id,
            row.purchase_order_number,
        )
        found[alike if row.consolidate_invoice else row.id].append(row)
    return list(found.values())
