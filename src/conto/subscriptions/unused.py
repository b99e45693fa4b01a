"""Give back what was paid in advance for days that a subscription that ends does not use (chapter 51 §8)."""

from fractions import Fraction
from typing import Any, Literal, cast

from sqlalchemy import Row, bindparam, select

from conto.core.days import local_day
from conto.core.money import cut_at_five_decimals
from conto.core.periods.proration import share
from conto.core.periods.ranges import Occasion
from conto.core.subscription_fee import unused_amount, unused_days, used_days
from conto.credits.notes.unused import credited_on, issue_for_unused
from conto.db.tables import fees, invoices
from conto.errors import NotAllowed
from conto.invoices.billed import Reason, Side, gather
from conto.work import ORGANIZATION, Work

_LATEST_FEE = (
    select(fees, invoices.c.status.label("invoice_status"))
    .join(invoices, (invoices.c.organization_id == fees.c.organization_id) & (invoices.c.id == fees.c.invoice_id))
    .where(
        fees.c.organization_id == ORGANIZATION,
        fees.c.subscription_id == bindparam("subscription"),
        fees.c.fee_type == "subscription",
        invoices.c.status.not_in(("deleted", "closed")),
    )
    .order_by(fees.c.from_at.desc(), fees.c.created_at.desc(), fees.c.id.desc())
    .limit(1)
)


async def refuse_while_taxes_pending(work: Work, subscription: Row[Any]) -> None:
    """A call cannot have given back what was paid in advance before its taxes are known.

    An end in time, or by the deletion of plan or customer, does not wait: the credit note is a draft until then.

    Raises:
        NotAllowed: the invoice of the latest subscription fee waits for them.
    """
    if subscription.pay_in_advance:
        fee = await work.first(_LATEST_FEE, subscription=subscription.id)
        if fee is not None and fee.invoice_status == "pending":
            raise NotAllowed("cannot_terminate_with_pending_taxes")


async def give_back_unused(work: Work, subscription: Row[Any], *, upgrade: bool, way: str) -> None:
    """Make the credit note for the days left, of the period in progress when the subscription ended, if it was billed.

    `subscription` has ended. `way` is `credit`, `refund`, `offset` or `skip`; an upgrade credits whatever it is.
    """
    if not subscription.pay_in_advance or way == "skip":
        return
    fee = await work.first(_LATEST_FEE, subscription=subscription.id)
    if fee is None or not fee.amount_cents or fee.invoice_status == "voided":
        return
    occasion = Occasion.UPGRADE if upgrade else Occasion.TERMINATION
    (one,) = await gather(work, [Side(subscription, occasion, Reason.TERMINATING)], subscription.terminated_at)
    zone, tile = one.schedule.timezone, one.periods.subscription.tile
    if local_day(fee.to_at, zone) < tile.first_day:
        # The period in progress has not been billed.
        return
    ended_on, trial_ends_at = local_day(subscription.terminated_at, zone), one.standing.trial_ends_at
    price = int(fee.amount_details["plan_amount_cents"])
    unused = unused_days(tile, ended_on, upgrade=upgrade, trial_ends_at=trial_ends_at)
    used = used_days(tile, local_day(fee.from_at, zone), ended_on, trial_ends_at)
    await issue_for_unused(
        work,
        fee,
        unused_cents=unused_amount(price, unused, tile, fee.amount_cents, await credited_on(work, fee.id)),
        used_cents=cut_at_five_decimals(Fraction(share(price, used, tile))),
        way="credit" if upgrade else cast("Literal['credit', 'refund', 'offset']", way),
    )
