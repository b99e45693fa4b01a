"""On which days a subscription is renewed (chapter 51 §3), and where one plan follows another (chapter 50 §6)."""

from dataclasses import dataclass
from datetime import date, datetime

from conto.core.days import DAY, local_day, start_of_day
from conto.core.periods.tiles import BillingTime, Interval, Tiling

SPLIT_INTERVALS = frozenset({Interval.SEMIANNUAL, Interval.YEARLY})


@dataclass(frozen=True, slots=True)
class Schedule:
    """What decides about a subscription's periods.

    `anchor` is the local day of `subscription_at` (never of `started_at`), in `timezone`: the
    customer's, else the billing entity's, else UTC. Both follow when the customer moves. The flags
    for monthly billing count for yearly and semiannual plans only.
    """

    interval: Interval
    billing_time: BillingTime
    anchor: date
    timezone: str
    pay_in_advance: bool = False
    bill_charges_monthly: bool = False
    bill_fixed_charges_monthly: bool = False

    @property
    def plan(self) -> Tiling:
        """The plan's own periods, for which its price is."""
        return Tiling(self.interval, self.billing_time, self.anchor)

    @property
    def charges(self) -> Tiling:
        """The periods of usage charges."""
        return self.monthly if self.splits_charges else self.plan

    @property
    def fixed_charges(self) -> Tiling:
        """The periods of fixed charges."""
        return self.monthly if self.splits_fixed_charges else self.plan

    @property
    def splits_charges(self) -> bool:
        """Whether usage charges are billed monthly on a longer plan."""
        return self.bill_charges_monthly and self.interval in SPLIT_INTERVALS

    @property
    def splits_fixed_charges(self) -> bool:
        """Whether fixed charges are billed monthly on a longer plan."""
        return self.bill_fixed_charges_monthly and self.interval in SPLIT_INTERVALS

    @property
    def billing(self) -> Tiling:
        """The tiling whose every start is a billing day: monthly where something is split."""
        return self.monthly if self.splits_charges or self.splits_fixed_charges else self.plan

    @property
    def monthly(self) -> Tiling:
        return Tiling(Interval.MONTHLY, self.billing_time, self.anchor)


def is_billing_day(schedule: Schedule, day: date) -> bool:
    """Whether a subscription that goes on is renewed on `day` (§3)."""
    return schedule.billing.starts_on(day)


def starts_plan_period(schedule: Schedule, day: date) -> bool:
    """Whether a period of the plan's own interval starts on `day`: days of a monthly split alone do not."""
    return schedule.plan.starts_on(day)


def next_billing_day(schedule: Schedule, after: date) -> date:
    """The first billing day later than `after`."""
    return schedule.billing.next(after).first_day


def first_renewal_day(schedule: Schedule, started_at: datetime, created_at: datetime) -> date:
    """The first day on which a subscription is renewed (§§3, 7).

    It is never the local day of its start, which was billed by itself, if at all. One that started on
    an earlier local day than it was made is renewed from the day of its making on, that day included.
    """
    started_on = local_day(started_at, schedule.timezone)
    created_on = local_day(created_at, schedule.timezone)
    return next_billing_day(schedule, max(started_on, created_on - DAY))


def next_renewal_day(schedule: Schedule, renewed_on: date) -> date:
    """The day of the renewal after one made on `renewed_on`, a local day of the zone of that time.

    Between two renewals lie at least six days, so a billing day right after `renewed_on` can only be
    the same one, moved by a day with the customer's zone: it was billed (§10, a tile is billed once).
    """
    return next_billing_day(schedule, renewed_on + DAY)


def renewal_at(schedule: Schedule, day: date, ending_at: datetime | None = None) -> datetime | None:
    """The instant of a renewal on `day`, the start of it; None for a subscription that has ended by then.

    `ending_at` ends a subscription when its local day begins, and that day's renewal is not made (§3).
    After a customer has moved eastwards the instant may have passed: the renewal is due at once.
    """
    if ending_at is not None and day >= local_day(ending_at, schedule.timezone):
        return None
    return start_of_day(day, schedule.timezone)


def plan_change_day(schedule: Schedule, at: datetime) -> date:
    """The local day on which a downgrade asked for at `at` takes place: after the plan's period in progress.

    It is `downgrade_plan_date` (chapter 50 §§6, 16): also on a monthly split the paid year ends first.
    """
    return schedule.plan.next(local_day(at, schedule.timezone)).first_day
