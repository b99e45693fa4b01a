"""The fee that fills a period up to its minimum commitment (chapter 53 part B)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, text

from conto.core.days import DAY, end_of_day, local_day, start_of_day
from conto.core.money import precise, to_cents
from conto.core.periods.proration import billed_days, share
from conto.core.periods.ranges import Occasion, Period, plan_period
from conto.core.periods.schedule import starts_plan_period
from conto.documents.labels import labels
from conto.invoices.billed import Billed
from conto.invoices.build import FeeDraft
from conto.invoices.fee_taxes import TaxLevels
from conto.work import Work

ONE = Decimal(1)
LAST_SECOND = time(23, 59, 59)
COUNTED = frozenset({"subscription", "charge", "fixed_charge"})
"""The types of fees that count towards a commitment."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A fee on another invoice, or on none, that may count; amounts in minor units before taxes."""

    amount_cents: int
    precise_amount_cents: Decimal
    from_at: datetime
    to_at: datetime


_COUNTED = text(
    """
    select fees.subscription_id, fees.amount_cents, fees.precise_amount_cents, fees.from_at, fees.to_at
    from fees left join invoices on invoices.organization_id = :organization and invoices.id = fees.invoice_id
    where fees.organization_id = :organization and fees.subscription_id = any(:ids)
        and fees.fee_type in ('subscription', 'charge', 'fixed_charge') and fees.deleted_at is null
        and fees.to_at >= :earliest
        and (fees.invoice_id is null or (invoices.id is distinct from :invoice
            and invoices.status not in ('voided', 'deleted')))
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("invoice", type_=Uuid()),
    bindparam("earliest", type_=DateTime(timezone=True)),
)


async def counted_fees(
    work: Work, billed: Sequence[Billed], invoice_id: UUID | None
) -> Mapping[UUID, Sequence[Counted]]:
    """The fees of other invoices that may count, by subscription; nothing is read where no commitment is due."""
    due = {one.subscription.id: period for one in billed if (period := reconciled_period(one)) is not None}
    if not due:
        return {}
    earliest = min(start_of_day(period.tile.first_day, period.timezone) for period in due.values()) - DAY
    found: dict[UUID, list[Counted]] = defaultdict(list)
    for row in await work.rows(_COUNTED, ids=list(due), earliest=earliest, invoice=invoice_id):
        found[row.subscription_id].append(Counted(row.amount_cents, row.precise_amount_cents, row.from_at, row.to_at))
    return found


def commitment_fees(
    one: Billed, fees: Sequence[FeeDraft], elsewhere: Sequence[Counted], levels: TaxLevels, locale: str
) -> list[FeeDraft]:
    """The true-up where the fees of the period stay below the commitment; `fees` are this invoice's own."""
    period, commitment = reconciled_period(one), one.plan.commitment
    if period is None or commitment is None:
        return []
    committed = to_cents(share(commitment.amount_cents, billed_days(period), period.tile))
    own = [fee for fee in fees if fee.subscription_id == one.subscription.id and fee.fee_type in COUNTED]
    counting = [fee for fee in (*own, *elsewhere) if _lies_in(period, fee)]
    amount_cents = committed - sum(fee.amount_cents for fee in counting)
    if amount_cents <= 0:
        return []
    exact = committed - sum((Fraction(fee.precise_amount_cents) for fee in counting), Fraction(0))
    return [
        FeeDraft(
            fee_type="commitment",
            subscription_id=one.subscription.id,
            item_code=one.plan.code,
            item_name=one.plan.name,
            item_description=one.plan.description,
            invoice_display_name=commitment.invoice_display_name or labels(locale)["minimum_commitment"],
            units=ONE,
            precise_unit_amount_cents=Decimal(amount_cents),
            precise_amount_cents=precise(max(exact, Fraction(0))),
            amount_cents=amount_cents,
            from_at=period.from_datetime,
            to_at=period.to_datetime,
            taxes=levels.of_commitment(commitment.id, one.plan.id),
        )
    ]


def reconciled_period(one: Billed) -> Period | None:
    """The plan's period that this invoice settles, None where it settles none (§11).

    A plan in advance settles the period before the one that it bills, if its fee was billed; an end the running one.
    """
    if one.plan.commitment is None:
        return None
    match one.side.occasion:
        case Occasion.UPGRADE | Occasion.TERMINATION:
            period = one.periods.subscription
        case Occasion.RENEWAL | Occasion.DOWNGRADE | Occasion.TERMINATION_FOR_RENEWAL:
            if not starts_plan_period(one.schedule, local_day(one.at, one.schedule.timezone)):
                return None if one.side.occasion is Occasion.RENEWAL else one.periods.subscription
            period = _previous(one) if one.plan.pay_in_advance else one.periods.subscription
        case _:
            return None
    if one.plan.pay_in_advance and not one.history.billed:
        return None
    return period


def _previous(one: Billed) -> Period | None:
    """The plan's period before the one that begins."""
    begins = start_of_day(
        one.schedule.plan.tile(local_day(one.at, one.schedule.timezone)).first_day, one.schedule.timezone
    )
    if one.subscription.started_at >= begins:
        return None
    return plan_period(one.schedule, begins - timedelta(seconds=1), one.subscription.started_at)


def _lies_in(period: Period, fee: FeeDraft | Counted) -> bool:
    """Whether the fee is for days of the whole period."""
    first = start_of_day(period.tile.first_day, period.timezone)
    starts_at, ends_at = in_zone(fee.from_at, fee.to_at, period.timezone)
    return first <= starts_at and ends_at <= end_of_day(period.tile.last_day, period.timezone)


def in_zone(from_at: datetime, to_at: datetime, timezone: str) -> tuple[datetime, datetime]:
    """A fee's range; one told in whole days from UTC midnight on (chapter 41 §1.2) as those days of the zone."""
    starts, ends = from_at.astimezone(UTC), to_at.astimezone(UTC)
    if starts.time() != time() or ends.time() != LAST_SECOND:
        return from_at, to_at
    return start_of_day(starts.date(), timezone), end_of_day(ends.date(), timezone)
