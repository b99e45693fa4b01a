"""Units of fixed charges in advance that change within a period: the difference is billed at once (chapter 53 §5.3)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import bindparam, select

from conto.agenda import Lane, Rank, handles
from conto.catalog.priced import PricedFixedCharge
from conto.core.charges import models
from conto.core.charges.fee_amounts import fee_amounts
from conto.core.charges.price import FREE, Usage
from conto.core.charges.properties import load
from conto.core.periods.proration import part_left
from conto.core.periods.ranges import Occasion, Period, fixed_charges_period
from conto.customers.queries import customer_by_id
from conto.db.tables import fixed_charge_units
from conto.invoices.billed import Billed, Reason, Side, gather
from conto.invoices.build import FeeDraft
from conto.invoices.fee_taxes import TaxLevels, tax_levels
from conto.invoices.fixed_charge_fees import FixedChargeBooks, fee_of, fixed_charge_books
from conto.invoices.subscription_invoice import bill_at_once
from conto.subscriptions.fixed_charge_units import UNIT_CHANGE
from conto.subscriptions.queries import subscriptions_by_id
from conto.work import ORGANIZATION, Work

_TOGETHER = fixed_charge_units.alias("together")
_SAID_AT_ONCE = (
    select(fixed_charge_units)
    .join(
        _TOGETHER,
        (_TOGETHER.c.organization_id == fixed_charge_units.c.organization_id)
        & (_TOGETHER.c.subscription_id == fixed_charge_units.c.subscription_id)
        & (_TOGETHER.c.given_at == fixed_charge_units.c.given_at)
        & (_TOGETHER.c.effective_at == fixed_charge_units.c.effective_at),
    )
    .where(
        fixed_charge_units.c.organization_id == ORGANIZATION,
        _TOGETHER.c.id == bindparam("instruction"),
        fixed_charge_units.c.effective_at == fixed_charge_units.c.given_at,
    )
    .order_by(fixed_charge_units.c.id)
)


@handles(UNIT_CHANGE, lane=Lane.CUSTOMER, rank=Rank.ACTIVATION)
async def bill_difference(work: Work, instruction_id: UUID) -> None:
    """Bill what a change of units adds to what was paid: one invoice for all that was said of a subscription at once.

    Fewer units than were paid give a fee of nothing. Fixed charges in arrears wait for the period's end.
    """
    said = await work.rows(_SAID_AT_ONCE, instruction=instruction_id)
    if not said:
        return
    subscription = (await subscriptions_by_id(work, [said[0].subscription_id]))[said[0].subscription_id]
    if subscription.status != "active":
        return
    (one,) = await gather(work, [Side(subscription, Occasion.IN_ADVANCE, Reason.IN_ADVANCE)], said[0].given_at)
    changed = [
        (fixed_charge, row.units)
        for row in said
        for fixed_charge in one.plan.fixed_charges
        if row.fixed_charge_id in (fixed_charge.id, fixed_charge.parent_id) and fixed_charge.pay_in_advance
    ]
    if not changed:
        return
    customer = await customer_by_id(work, subscription.customer_id)
    books = await fixed_charge_books(work, [one], None)
    levels = await tax_levels(
        work,
        customer,
        fixed_charge_ids=[fixed_charge.id for fixed_charge, _ in changed],
        plan_ids=[one.plan.id],
    )
    await bill_at_once(work, customer, one, [_fee(one, *change, books, levels) for change in changed])


def _fee(
    one: Billed, fixed_charge: PricedFixedCharge, units: Decimal, books: FixedChargeBooks, levels: TaxLevels
) -> FeeDraft:
    """The fee for the units that are more than those paid in the period."""
    period = fixed_charges_period(one.schedule, one.at, one.subscription.started_at)
    more = max(units - units_paid(one, fixed_charge, period, books), Decimal(0))
    price = FREE
    if more:
        weighed = Fraction(more) * (part_left(period, one.at) if fixed_charge.prorated else 1)
        properties = load(fixed_charge.charge_model, fixed_charge.properties)
        price = models.price(Usage(weighed, full_units=more), properties)
    return fee_of(one, fixed_charge, period, fee_amounts(price, more, one.plan.amount_currency), price, levels)


def units_paid(one: Billed, fixed_charge: PricedFixedCharge, period: Period, books: FixedChargeBooks) -> Decimal:
    """The units that fees of the period have billed, the parent's fixed charge counted with its copy."""
    paid: Sequence[Decimal] = [
        fee.units
        for fee in books.paid
        if fee.subscription_id == one.subscription.id
        and fee.fixed_charge_id in (fixed_charge.id, fixed_charge.parent_id)
        and (fee.from_at, fee.to_at) == (period.from_datetime, period.to_datetime)
    ]
    return sum(paid, Decimal(0))
