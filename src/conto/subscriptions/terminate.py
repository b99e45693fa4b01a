"""End a subscription, with its last invoice, or cancel one that has not started (chapters 50 §11, 51 §§6.5-6.6)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from conto import agenda
from conto.agenda import Lane, Rank
from conto.core.days import local_day
from conto.core.periods.ranges import Occasion, occasion_of_end
from conto.customers.queries import customer_by_id
from conto.db.tables import subscriptions
from conto.errors import Invalid
from conto.invoices.advance_charges import regroup
from conto.invoices.billed import Reason, Side
from conto.invoices.subscription_invoice import bill
from conto.subscriptions.ending import ENDING, drop_ending
from conto.subscriptions.queries import schedule_of, subscriptions_by_id
from conto.subscriptions.renewal_dates import put_renewal
from conto.subscriptions.start import ACTIVATION
from conto.subscriptions.trials import TRIAL_END
from conto.subscriptions.unused import give_back_unused
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Ending:
    """How a subscription ends: what becomes of what was paid and not used, and whether it is billed.

    None is what is stored on the subscription, else `credit` and `generate`.
    """

    credit_note: str | None = None
    invoice: str | None = None


AS_STORED = Ending()


async def terminate(work: Work, subscription: Row[Any], how: Ending = AS_STORED) -> None:
    """End an active subscription now. Its customer's row must be locked.

    Raises:
        Invalid: its successor waits for a payment.
    """
    if subscription.next_status == "incomplete":
        raise Invalid({"base": ["next_subscription_incomplete"]})
    in_advance = subscription.pay_in_advance
    credit_note = how.credit_note or subscription.on_termination_credit_note or "credit"
    invoice = how.invoice or subscription.on_termination_invoice
    occasion = occasion_of(subscription, work)
    changed = (how.credit_note or how.invoice) and (
        (in_advance and credit_note != subscription.on_termination_credit_note)
        or invoice != subscription.on_termination_invoice
    )
    await set_ended(
        work,
        subscription,
        on_termination_credit_note=credit_note if in_advance else None,
        on_termination_invoice=invoice,
    )
    if changed:
        work.emit("subscription.updated", subscription.id)
    ended = (await subscriptions_by_id(work, [subscription.id]))[subscription.id]
    if subscription.next_status == "pending":
        await cancel(work, subscription.next_id)
    await give_back_unused(work, ended, upgrade=False, way=credit_note)
    customer = await customer_by_id(work, subscription.customer_id)
    ending = Side(ended, occasion, Reason.TERMINATING)
    if invoice == "generate":
        await bill(work, customer, [ending], work.now)
    await regroup(work, customer, [ending], work.now)
    work.emit("subscription.terminated", subscription.id)


def occasion_of(subscription: Row[Any], work: Work) -> Occasion:
    """How an end without a successor is billed now."""
    schedule = schedule_of(subscription)
    renewed = subscription.renewed_on is not None and subscription.renewed_on >= local_day(work.now, schedule.timezone)
    return occasion_of_end(schedule, work.now, subscription.started_at, renewed=renewed)


async def set_ended(work: Work, subscription: Row[Any], **values: Any) -> None:
    """Mark an active subscription as ended now, and take off what was due of it."""
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription.id)
        .values(
            status="terminated",
            terminated_at=max(work.now, subscription.started_at),
            renewal_at=None,
            updated_at=work.now,
            **values,
        )
    )
    await drop_ending(work, subscription.id)
    await agenda.drop(work, TRIAL_END, subscription.id)
    await put_renewal(work, subscription.customer_id)


async def cancel(work: Work, subscription_id: UUID) -> None:
    """Cancel a pending subscription."""
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription_id)
        .values(status="canceled", canceled_at=work.now, updated_at=work.now)
    )
    await drop_ending(work, subscription_id)
    await agenda.drop(work, ACTIVATION, subscription_id)


@agenda.handles(ENDING, lane=Lane.CUSTOMER, rank=Rank.ENDING)
async def end_in_time(work: Work, subscription_id: UUID) -> None:
    """End the subscription on its day, unless it has ended before or is to end later."""
    subscription = (await subscriptions_by_id(work, [subscription_id])).get(subscription_id)
    if subscription is not None and subscription.status == "active":
        await terminate(work, subscription)
