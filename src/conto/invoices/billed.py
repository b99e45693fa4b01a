"""What billing has to know of each subscription on an invoice: plan, periods, history (chapters 50 §9, 51 §§4-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, DateTime, Row, Uuid, bindparam, text

from conto.catalog.priced import PricedPlan, priced_plans
from conto.core.days import local_day
from conto.core.periods.ranges import InvoicePeriods, Occasion, Period, invoice_periods, resumed
from conto.core.periods.schedule import Schedule
from conto.core.subscription_fee import Standing, has_fee, trial_end
from conto.subscriptions.queries import replaced_by, replaces, schedule_of
from conto.work import Work


class Reason(StrEnum):
    """Why a subscription is on an invoice: `invoicing_reason` (chapter 51 §4)."""

    STARTING = "subscription_starting"
    PERIODIC = "subscription_periodic"
    TERMINATING = "subscription_terminating"
    IN_ADVANCE = "in_advance_charge"
    IN_ADVANCE_PERIODIC = "in_advance_charge_periodic"
    PROGRESSIVE = "progressive_billing"


ENDS = frozenset(
    {Occasion.DOWNGRADE, Occasion.UPGRADE, Occasion.TERMINATION, Occasion.TERMINATION_FOR_RENEWAL},
)
"""The occasions on which a subscription ends."""


@dataclass(frozen=True, slots=True)
class Side:
    """A subscription that is to be on an invoice, and what for. Its row is `subscriptions.queries.SUBSCRIPTION`'s."""

    subscription: Row[Any]
    occasion: Occasion
    reason: Reason


@dataclass(frozen=True, slots=True)
class History:
    """What was there before: the lineage's first start, and what earlier invoices say of this subscription.

    `billed`: one of them has its subscription fee; `billed_today`: one made on the same local day has.
    `last_to` and `last_timezone` are the end of the usage that the latest of them billed, and the zone of then.
    `has_credit`: the customer has something left in credit notes; `has_sections`: custom sections may apply.
    """

    first_started_at: datetime
    billed: bool
    billed_today: bool
    last_charges_to: datetime | None
    last_fixed_charges_to: datetime | None
    last_timezone: str | None
    has_credit: bool
    has_sections: bool


@dataclass(frozen=True, slots=True)
class Billed:
    """A subscription on an invoice made at billing time `at`, with all that its fees depend on."""

    side: Side
    plan: PricedPlan
    schedule: Schedule
    standing: Standing
    history: History
    periods: InvoicePeriods
    at: datetime
    next_metric_ids: frozenset[UUID] = frozenset()
    """The metrics of the plan that an upgrade moves it to."""

    @property
    def subscription(self) -> Row[Any]:
        """The subscription's row."""
        return self.side.subscription

    @property
    def ends(self) -> bool:
        """Whether the subscription ends with what is billed here."""
        return self.side.occasion in ENDS

    @property
    def upgraded(self) -> bool:
        """Whether an upgrade ends the subscription."""
        return self.side.occasion is Occasion.UPGRADE

    @property
    def display_name(self) -> str:
        """What fees and invoices call the subscription."""
        return self.subscription.name or self.plan.display_name

    @property
    def has_subscription_fee(self) -> bool:
        """Whether the plan's own fee is due here, be it of 0 (chapter 51 §5.1)."""
        if self.side.reason is Reason.IN_ADVANCE:
            return False
        if self.side.occasion is Occasion.START and not self.plan.pay_in_advance:
            return False
        return has_fee(self.schedule, self.standing, self.at, billed_today=self.history.billed_today)


_HISTORIES = text(
    """
    select subscriptions.id,
        (select min(each.started_at) from subscriptions each
            where each.organization_id = :organization and each.customer_id = subscriptions.customer_id
            and each.external_id = subscriptions.external_id) as first_started_at,
        coalesce(fee.billed, false) as billed, coalesce(fee.billed_today, false) as billed_today,
        latest.charges_to_datetime, latest.fixed_charges_to_datetime, latest.timezone,
        exists (
            select from credit_notes
            where credit_notes.organization_id = :organization and credit_notes.customer_id = subscriptions.customer_id
                and credit_notes.credit_status = 'available' and credit_notes.balance_amount_cents > 0
        ) as has_credit,
        exists (
            select from subscriptions_custom_sections own
            where own.organization_id = :organization and own.subscription_id = subscriptions.id
        ) or exists (
            select from customers_custom_sections own
            where own.organization_id = :organization and own.customer_id = subscriptions.customer_id
        ) or exists (
            select from billing_entities_custom_sections own
            where own.organization_id = :organization
        ) as has_sections
    from subscriptions
    left join lateral (
        select true as billed, bool_or(earlier.billed_on = :today) as billed_today
        from fees join invoice_subscriptions earlier
            on earlier.organization_id = :organization and earlier.invoice_id = fees.invoice_id
            and earlier.subscription_id = fees.subscription_id
        where fees.organization_id = :organization and fees.subscription_id = subscriptions.id
            and fees.fee_type = 'subscription' and earlier.billed_at <= :at
            and earlier.invoice_id is distinct from :invoice
        having count(*) > 0
    ) fee on true
    left join lateral (
        select * from invoice_subscriptions earlier
        where earlier.organization_id = :organization and earlier.subscription_id = subscriptions.id
            and earlier.billed_at <= :at and earlier.invoice_id is distinct from :invoice
            and earlier.invoicing_reason in ('subscription_starting', 'subscription_periodic')
        order by earlier.billed_at desc limit 1
    ) latest on true
    where subscriptions.organization_id = :organization and subscriptions.id = any(:ids)
    """
).bindparams(
    bindparam("organization", type_=Uuid()),
    bindparam("invoice", type_=Uuid()),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("today", type_=Date()),
)


async def gather(work: Work, sides: Sequence[Side], at: datetime, *, invoice_id: UUID | None = None) -> list[Billed]:
    """What billing at `at` has to know of subscriptions of one customer; an invoice being built anew is left out."""
    next_plans = {
        side.subscription.id: side.subscription.next_plan_id for side in sides if side.occasion is Occasion.UPGRADE
    }
    plans = await priced_plans(work, {side.subscription.plan_id for side in sides} | set(next_plans.values()))
    timezone = schedule_of(sides[0].subscription).timezone
    histories = await _histories(
        work, [side.subscription.id for side in sides], at, local_day(at, timezone), invoice_id
    )
    return [
        replace(
            billed(side, plans[side.subscription.plan_id], histories[side.subscription.id], at),
            next_metric_ids=_metric_ids(plans, next_plans.get(side.subscription.id)),
        )
        for side in sides
    ]


def _metric_ids(plans: Mapping[UUID, PricedPlan], plan_id: UUID | None) -> frozenset[UUID]:
    return frozenset(charge.metric.id for charge in plans[plan_id].charges) if plan_id else frozenset()


async def _histories(
    work: Work, ids: Sequence[UUID], at: datetime, today: date, invoice_id: UUID | None
) -> dict[UUID, History]:
    rows = await work.rows(_HISTORIES, ids=list(ids), at=at, today=today, invoice=invoice_id)
    return {
        row.id: History(
            first_started_at=row.first_started_at,
            billed=row.billed,
            billed_today=row.billed_today,
            last_charges_to=row.charges_to_datetime,
            last_fixed_charges_to=row.fixed_charges_to_datetime,
            last_timezone=row.timezone,
            has_credit=row.has_credit,
            has_sections=row.has_sections,
        )
        for row in rows
    }


def billed(side: Side, plan: PricedPlan, history: History, at: datetime) -> Billed:
    """The subscription as it stands at billing time `at`."""
    subscription = side.subscription
    schedule = schedule_of(subscription)
    terminated_at = subscription.terminated_at if side.occasion in ENDS else None
    periods = invoice_periods(schedule, side.occasion, at, subscription.started_at, terminated_at)
    return Billed(
        side=side,
        plan=plan,
        schedule=schedule,
        standing=standing_of(subscription, plan, history, terminated_at),
        history=history,
        periods=_going_on(periods, history, schedule.timezone),
        at=at,
    )


def standing_of(subscription: Row[Any], plan: PricedPlan, history: History, terminated_at: datetime | None) -> Standing:
    """What the plan's fee depends on; a subscription that ended after what is billed has not ended for it."""
    return Standing(
        started_at=subscription.started_at,
        created_at=subscription.created_at,
        terminated_at=terminated_at,
        replaces=replaces(subscription),
        replaced_by=replaced_by(subscription) if terminated_at else None,
        billed=history.billed,
        trial_ends_at=trial_end(history.first_started_at, plan.trial_period),
    )


def _going_on(periods: InvoicePeriods, history: History, timezone: str) -> InvoicePeriods:
    """The periods, where the customer has moved to another zone since the latest invoice (chapter 51 §4.4)."""
    if history.last_timezone is None or history.last_timezone == timezone:
        return periods
    return InvoicePeriods(
        periods.subscription,
        _from_where(periods.charges, history.last_charges_to),
        _from_where(periods.fixed_charges, history.last_fixed_charges_to),
    )


def _from_where(period: Period | None, last_to: datetime | None) -> Period | None:
    return resumed(period, last_to) if period is not None and last_to is not None else period
