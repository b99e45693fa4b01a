"""Fees of fixed charges: units that were said to hold, priced per period (chapter 53 §§4-5)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, bindparam, select, text

from conto.catalog.priced import PricedFixedCharge
from conto.core.charges import models
from conto.core.charges.fee_amounts import FeeAmounts, fee_amounts
from conto.core.charges.price import Price, Usage
from conto.core.charges.properties import load
from conto.core.days import days_begun
from conto.core.money import exponent, to_cents
from conto.core.periods.ranges import Occasion, Period, fixed_charges_period
from conto.core.subscription_fee import Change
from conto.core.unit_instructions import Instruction, prorated_units_in, units_in
from conto.db.tables import fixed_charge_units
from conto.invoices.billed import Billed, Reason
from conto.invoices.build import FeeDraft
from conto.invoices.fee_taxes import TaxLevels
from conto.work import ORGANIZATION, Work

IN_ADVANCE = frozenset({Occasion.START, Occasion.IN_ADVANCE, Occasion.RENEWAL})
"""The occasions on which fixed charges are billed for the period that begins."""
IN_ARREARS = frozenset(set(Occasion) - {Occasion.START, Occasion.IN_ADVANCE, Occasion.PROGRESSIVE})
"""The occasions on which fixed charges are billed for the period, or the part of it, that ends."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A fee of a fixed charge in advance on an invoice that is not voided."""

    subscription_id: UUID
    fixed_charge_id: UUID
    add_on_id: UUID
    amount_cents: int
    units: Decimal
    from_at: datetime
    to_at: datetime
    billed_at: datetime


@dataclass(frozen=True, slots=True)
class FixedChargeBooks:
    """What fixed charges' fees are made from: instructions by subscription and fixed charge, and what was billed."""

    instructions: Mapping[tuple[UUID, UUID], Sequence[Instruction]]
    paid: Sequence[Paid]

    def of(self, one: Billed, fixed_charge: PricedFixedCharge) -> list[Instruction]:
        """The instructions for the fixed charge, and for the parent that it was copied from."""
        found = [
            each
            for owner in (fixed_charge.parent_id, fixed_charge.id)
            if owner
            for each in self.instructions.get((one.subscription.id, owner), ())
        ]
        return sorted(found, key=lambda each: each.given_at)


_INSTRUCTIONS = (
    select(fixed_charge_units)
    .where(
        fixed_charge_units.c.organization_id == ORGANIZATION,
        fixed_charge_units.c.subscription_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(fixed_charge_units.c.given_at, fixed_charge_units.c.id)
)
_PAID = text(
    """
    select fees.subscription_id, fees.fixed_charge_id, fees.add_on_id, fees.amount_cents, fees.units, fees.from_at,
        fees.to_at, billed.billed_at
    from fees
    join invoices on invoices.organization_id = :organization and invoices.id = fees.invoice_id
    join invoice_subscriptions billed on billed.organization_id = :organization
        and billed.invoice_id = fees.invoice_id and billed.subscription_id = fees.subscription_id
    where fees.organization_id = :organization and fees.subscription_id = any(:ids)
        and fees.fee_type = 'fixed_charge' and fees.pay_in_advance
        and invoices.status <> 'voided' and invoices.id is distinct from :invoice
    order by billed.billed_at, fees.created_at, fees.id
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("invoice", type_=Uuid()))


async def fixed_charge_books(work: Work, billed: Sequence[Billed], invoice_id: UUID | None) -> FixedChargeBooks:
    """Read what the fixed charges of the plans need; nothing where there are none."""
    concerned = [one for one in billed if one.plan.fixed_charges]
    if not concerned:
        return FixedChargeBooks({}, ())
    found: dict[tuple[UUID, UUID], list[Instruction]] = defaultdict(list)
    for row in await work.rows(_INSTRUCTIONS, ids=[one.subscription.id for one in concerned]):
        found[row.subscription_id, row.fixed_charge_id].append(_instruction(row))
    if not any(fixed_charge.pay_in_advance for one in concerned for fixed_charge in one.plan.fixed_charges):
        return FixedChargeBooks(found, ())
    ids = {one.subscription.id for one in concerned}
    ids |= {one.subscription.previous_subscription_id for one in concerned} - {None}
    paid = await work.rows(_PAID, ids=list(ids), invoice=invoice_id)
    return FixedChargeBooks(found, [Paid(**row._mapping) for row in paid])


def _instruction(row: Row[Any]) -> Instruction:
    return Instruction(units=row.units, effective_at=row.effective_at, given_at=row.given_at)


def fixed_charge_fees(one: Billed, books: FixedChargeBooks, levels: TaxLevels) -> list[FeeDraft]:
    """The fees of the fixed charges that this invoice bills, those of nothing left out."""
    found: list[FeeDraft] = []
    for fixed_charge in one.plan.fixed_charges:
        period = billed_period(one, fixed_charge)
        if period is None or _is_paid(one, fixed_charge, period, books):
            continue
        units, price = priced(fixed_charge, period, books.of(one, fixed_charge))
        price = _less_paid_before_upgrade(one, fixed_charge, period, price, books)
        amounts = fee_amounts(price, units, one.plan.amount_currency)
        if amounts.units or amounts.amount_cents:
            found.append(fee_of(one, fixed_charge, period, amounts, price, levels))
    return found


def billed_period(one: Billed, fixed_charge: PricedFixedCharge) -> Period | None:
    """The period that the fixed charge is billed for here, None where it is not."""
    occasion = one.side.occasion
    if fixed_charge.pay_in_advance:
        if occasion not in IN_ADVANCE or (occasion is Occasion.RENEWAL and one.periods.fixed_charges is None):
            return None
        return fixed_charges_period(one.schedule, one.at, one.subscription.started_at)
    if occasion not in IN_ARREARS or one.side.reason is Reason.IN_ADVANCE:
        return None
    return one.periods.fixed_charges


def priced(
    fixed_charge: PricedFixedCharge, period: Period, instructions: Sequence[Instruction]
) -> tuple[Decimal, Price]:
    """The full units of the period, and what they cost by their days where the fixed charge is prorated."""
    units = units_in(period, instructions)
    properties = load(fixed_charge.charge_model, fixed_charge.properties)
    if not fixed_charge.prorated:
        return units, models.price(Usage(units), properties)
    return units, models.price(Usage(prorated_units_in(period, instructions), full_units=units), properties)


def _is_paid(one: Billed, fixed_charge: PricedFixedCharge, period: Period, books: FixedChargeBooks) -> bool:
    """Whether the period was billed in advance on another invoice: a fee of nothing does not count."""
    return fixed_charge.pay_in_advance and any(
        paid.subscription_id == one.subscription.id
        and paid.fixed_charge_id in (fixed_charge.id, fixed_charge.parent_id)
        and (paid.from_at, paid.to_at) == (period.from_datetime, period.to_datetime)
        and (paid.units or paid.amount_cents)
        for paid in books.paid
    )


def _less_paid_before_upgrade(
    one: Billed, fixed_charge: PricedFixedCharge, period: Period, price: Price, books: FixedChargeBooks
) -> Price:
    """The price less what the plan before the upgrade was paid for the same add-on and days (§5.4)."""
    first = not one.history.billed and one.side.occasion is Occasion.START and one.standing.replaces is Change.UPGRADE
    if not (first and fixed_charge.pay_in_advance and fixed_charge.prorated):
        return price
    before = [
        paid
        for paid in books.paid
        if paid.subscription_id == one.subscription.previous_subscription_id
        and paid.add_on_id == fixed_charge.add_on_id
        and paid.from_at <= period.from_datetime
        and paid.to_at >= period.to_datetime
    ]
    if not before:
        return price
    paid = before[-1]
    days = days_begun(period.from_datetime, period.to_datetime, period.timezone)
    of_days = days_begun(paid.billed_at, paid.to_at, period.timezone)
    deduction = Fraction(to_cents(Fraction(paid.amount_cents * days, of_days)))
    return price_less(price, deduction, one.plan.amount_currency)


def price_less(price: Price, cents: Fraction, currency: str) -> Price:
    """The price less so many minor units, not below nothing; its unit amount goes down with it."""
    left = max(price.amount - cents / 10 ** exponent(currency), Fraction(0))
    share = left / price.amount if price.amount else Fraction(0)
    return Price(left, price.unit_amount * share, price.details)


def fee_of(
    one: Billed,
    fixed_charge: PricedFixedCharge,
    period: Period,
    amounts: FeeAmounts,
    price: Price,
    levels: TaxLevels,
) -> FeeDraft:
    """The fee of a fixed charge."""
    return FeeDraft(
        fee_type="fixed_charge",
        subscription_id=one.subscription.id,
        fixed_charge_id=fixed_charge.id,
        add_on_id=fixed_charge.add_on_id,
        item_code=fixed_charge.add_on_code,
        item_name=fixed_charge.add_on_name,
        item_description=fixed_charge.add_on_description,
        invoice_display_name=fixed_charge.display_name,
        pay_in_advance=fixed_charge.pay_in_advance,
        units=amounts.units,
        total_aggregated_units=amounts.units,
        precise_unit_amount_cents=amounts.precise_unit_amount_cents,
        precise_amount_cents=amounts.precise_amount_cents,
        amount_cents=amounts.amount_cents,
        amount_details=price.details,
        from_at=period.from_datetime,
        to_at=period.to_datetime,
        taxes=levels.of_fixed_charge(fixed_charge.id, one.plan.id),
    )
