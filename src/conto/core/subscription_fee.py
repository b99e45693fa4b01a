"""The plan's own fee: when there is one, how much it is, and what of it is given back (chapter 51 §§5, 8)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from conto.core.days import DAY, days_begun, local_day
from conto.core.money import ZERO, cut_at_five_decimals
from conto.core.periods.proration import billed_days, share
from conto.core.periods.ranges import Period
from conto.core.periods.schedule import SPLIT_INTERVALS, Schedule, starts_plan_period
from conto.core.periods.tiles import BillingTime, Tile


class Change(StrEnum):
    """How one subscription of a lineage takes the place of another."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the fee depends on besides its period.

    `replaces` and `replaced_by` tell of the predecessor and of the next subscription, if any.
    `billed` says that a subscription fee of this one stands on an earlier invoice.
    `trial_ends_at` is the instant, past or to come (§5.4); None without a trial.
    """

    started_at: datetime
    created_at: datetime
    terminated_at: datetime | None = None
    replaces: Change | None = None
    replaced_by: Change | None = None
    billed: bool = False
    trial_ends_at: datetime | None = None

    @property
    def started_in_the_past(self) -> bool:
        """Whether it was made on a later UTC day than it started on (§7)."""
        return self.started_at.astimezone(UTC).date() < self.created_at.astimezone(UTC).date()


def trial_end(first_started_at: datetime, trial_period: Decimal | int | None) -> datetime | None:
    """When a trial of so many days of 24 hours from the lineage's first start ends; None without one (50 §9)."""
    if not trial_period:
        return None
    return first_started_at + timedelta(microseconds=int(trial_period * 86_400_000_000))


def in_trial(standing: Standing, at: datetime) -> bool:
    """Whether the trial is still running at `at`."""
    return standing.trial_ends_at is not None and standing.trial_ends_at > at


def has_fee(schedule: Schedule, standing: Standing, at: datetime, *, billed_today: bool = False) -> bool:
    """Whether an invoice made at billing time `at` has a fee for the plan, be it of 0 (§5.1).

    `billed_today`: another invoice has got a subscription fee of this subscription on the same day.
    An invoice made for an arrears plan's in-advance fixed charges alone never asks.
    """
    today = local_day(at, schedule.timezone)
    if schedule.pay_in_advance and (billed_today or standing.terminated_at is not None):
        return False
    if standing.trial_ends_at is not None and local_day(max(standing.trial_ends_at, at), schedule.timezone) != today:
        return False
    if schedule.interval not in SPLIT_INTERVALS:
        return True
    if schedule.pay_in_advance and standing.started_in_the_past and _in_first_month(schedule, standing, today):
        return False
    return starts_plan_period(schedule, today) or _is_due_between(schedule, standing)


def fee(amount_cents: int, schedule: Schedule, standing: Standing, period: Period) -> Fraction:
    """The fee for `period`, exact, in minor units; `amount_cents` is the plan's price for a whole period (§§5.3, 5.4).

    The period's length is that of its whole tile, so a part is priced by the day.
    """
    trial_ends_at = standing.trial_ends_at
    if trial_ends_at is not None and trial_ends_at >= period.to_datetime:
        return Fraction(0)
    if trial_ends_at is not None and trial_ends_at > period.from_datetime:
        days = days_begun(trial_ends_at, period.to_datetime, period.timezone)
    elif _is_whole(schedule, standing, period):
        return Fraction(amount_cents)
    else:
        days = billed_days(period)
    if _leaves_its_last_day(schedule, standing):
        days -= 1
    return share(amount_cents, days, period.tile)


def unused_days(tile: Tile, ended_on: date, *, upgrade: bool, trial_ends_at: datetime | None = None) -> int:
    """Days of `tile`, paid in advance, that are left when the subscription ends on the local day `ended_on` (§8).

    The day of a termination is used, that of an upgrade belongs to the new plan. Days before a trial's
    end were not paid, so they are not left either.
    """
    first_unused = ended_on if upgrade else ended_on + DAY
    if trial_ends_at is not None:
        trial_ends_on = trial_ends_at.astimezone(UTC).date()
        if trial_ends_on >= (ended_on - DAY if upgrade else ended_on):
            first_unused = trial_ends_on
    return max((tile.last_day - first_unused).days + 1, 0)


def used_days(tile: Tile, first_day: date, ended_on: date, trial_ends_at: datetime | None = None) -> int:
    """Days of `tile`, paid from the local day `first_day` on, that were used up to the end on `ended_on` (§8)."""
    first_used = first_day
    if trial_ends_at is not None:
        first_used = max(first_used, trial_ends_at.astimezone(UTC).date())
    return max((min(ended_on, tile.last_day) - first_used).days + 1, 0)


def unused_amount(
    plan_amount_cents: int, days: int, tile: Tile, fee_amount_cents: int, credited_cents: Decimal = ZERO
) -> Decimal:
    """What so many unused days of a paid fee come to, in minor units, cut at five decimals; never below 0 (§8).

    `plan_amount_cents` is the price that the fee was computed from; it is never more than the fee's
    amount less what earlier credit notes took of it.
    """
    unused = min(share(plan_amount_cents, days, tile), Fraction(fee_amount_cents)) - Fraction(credited_cents)
    return cut_at_five_decimals(max(unused, Fraction(0)))


def _is_whole(schedule: Schedule, standing: Standing, period: Period) -> bool:
    """Whether the plan's whole price is due, however much of the period is covered (the table of §5.3)."""
    if (
        standing.terminated_at is not None
        and not schedule.pay_in_advance
        and standing.replaced_by is not Change.DOWNGRADE
    ):
        return False
    if standing.replaces is Change.UPGRADE and not standing.billed:
        return False
    if schedule.pay_in_advance and schedule.billing_time is BillingTime.ANNIVERSARY and standing.replaces is None:
        return True
    if standing.billed:
        return True
    if not standing.started_in_the_past:
        return False
    return schedule.pay_in_advance or local_day(standing.started_at, period.timezone) < period.tile.first_day


def _leaves_its_last_day(schedule: Schedule, standing: Standing) -> bool:
    """Whether the day on which it ended belongs to the plan that it was upgraded to."""
    upgraded = standing.terminated_at is not None and standing.replaced_by is Change.UPGRADE
    return upgraded and not schedule.pay_in_advance


def _is_due_between(schedule: Schedule, standing: Standing) -> bool:
    """Whether a yearly or half-yearly plan's fee is due on a day that starts none of its periods (§5.1)."""
    if schedule.pay_in_advance:
        return not standing.billed and not standing.started_in_the_past
    return standing.terminated_at is not None


def _in_first_month(schedule: Schedule, standing: Standing, today: date) -> bool:
    """Whether `today` lies in the first month of the plan's period in which the subscription started."""
    first = schedule.plan.tile(local_day(standing.started_at, schedule.timezone))
    return today <= schedule.monthly.tile(first.first_day).last_day
