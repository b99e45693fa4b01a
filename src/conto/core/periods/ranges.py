"""Which periods an invoice is about, as instants (chapter 51 §4), and the period in progress (chapter 31 §1.3)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from conto.core.days import DAY, end_of_day, local_day, start_of_day, start_of_local_day
from conto.core.periods.schedule import Schedule
from conto.core.periods.tiles import Tile, Tiling

SECOND = timedelta(seconds=1)
LONGEST_ZONE_MOVE = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Period:
    """A whole tile, and from which to which instant of it something is billed, both included.

    The tile's length is what prices are divided by, also where only a part is billed. `from_datetime`
    and `to_datetime` are the start's instant where that is later than both: then nothing is billed.
    """

    tile: Tile
    from_datetime: datetime
    to_datetime: datetime
    timezone: str

    @property
    def is_empty(self) -> bool:
        """Whether it has no duration, as the charges of a starting invoice have none (§4.1)."""
        return self.from_datetime >= self.to_datetime

    @property
    def next_start(self) -> datetime:
        """When the next period begins: what waits for it is effective then (chapter 53 §3)."""
        return start_of_day(self.tile.last_day + DAY, self.timezone)


@dataclass(frozen=True, slots=True)
class InvoicePeriods:
    """What an entry of `billing_periods` says. None: nothing of that kind is billed on a day of a monthly split."""

    subscription: Period
    charges: Period | None
    fixed_charges: Period | None


class Occasion(StrEnum):
    """What an invoice is made for, as far as its periods depend on it (the rows of §4.1)."""

    RENEWAL = "renewal"
    START = "start"
    """A start, a trial's end, the new side of an upgrade or a downgrade."""
    DOWNGRADE = "downgrade"
    """The old side of a downgrade."""
    UPGRADE = "upgrade"
    """The old side of an upgrade."""
    TERMINATION = "termination"
    TERMINATION_FOR_RENEWAL = "termination_for_renewal"
    """An end on a billing day whose renewal has not been made (§6.5)."""
    PROGRESSIVE = "progressive"
    IN_ADVANCE = "in_advance"
    """A charge or a fixed charge billed in advance on its own."""


def occasion_of_end(schedule: Schedule, at: datetime, started_at: datetime, *, renewed: bool) -> Occasion:
    """How the end of a subscription at `at`, with no successor, is billed (§6.5).

    `renewed`: the renewal of that local day was made. An end on a billing day without it bills as the
    renewal would have, unless the subscription started that very day.
    """
    today = start_of_local_day(at, schedule.timezone)
    if renewed or start_of_local_day(started_at, schedule.timezone) >= today:
        return Occasion.TERMINATION
    return Occasion.TERMINATION_FOR_RENEWAL if _begins(schedule.billing, schedule, at) else Occasion.TERMINATION


def invoice_periods(
    schedule: Schedule,
    occasion: Occasion,
    at: datetime,
    started_at: datetime,
    terminated_at: datetime | None = None,
) -> InvoicePeriods:
    """The periods of an invoice made for `occasion` at billing time `at` (§§4.1, 4.2).

    `terminated_at` is when the subscription ended; it is needed for the occasions that are an end.
    """
    made = _Made(schedule, occasion, at, terminated_at or at)
    return InvoicePeriods(
        subscription=_after_start(_subscription(made), started_at, start_of_local_day(started_at, schedule.timezone)),
        charges=_of_kind(made, schedule.charges, started_at),
        fixed_charges=_of_kind(made, schedule.fixed_charges, started_at),
    )


def plan_period(
    schedule: Schedule, at: datetime, started_at: datetime, terminated_at: datetime | None = None
) -> Period:
    """The plan's period in progress at `at`, from the midnight of the start's day, up to the end if it has ended."""
    found = _in_progress(schedule.plan, schedule, at, started_at, terminated_at)
    return _after_start(found, started_at, start_of_local_day(started_at, schedule.timezone))


def charges_period(
    schedule: Schedule, at: datetime, started_at: datetime, terminated_at: datetime | None = None
) -> Period:
    """The usage charges' period in progress at `at`, from the start's instant, up to the end if it has ended.

    It is the window of events (chapter 30 §4.1), what current usage shows (chapter 31 §1.3), the
    `current_billing_period_…` of a subscription, and what a charge billed in advance pays for (§4.3).
    Before the start it is the first period, after the end the last.
    """
    found = _in_progress(schedule.charges, schedule, at, started_at, terminated_at)
    return _after_start(found, started_at, started_at)


def fixed_charges_period(
    schedule: Schedule, at: datetime, started_at: datetime, terminated_at: datetime | None = None
) -> Period:
    """The fixed charges' period in progress at `at`, from the start's instant, up to the end if it has ended.

    It is what a fixed charge billed in advance at `at` pays for (§4.3, chapter 53 §5.2).
    """
    found = _in_progress(schedule.fixed_charges, schedule, at, started_at, terminated_at)
    return _after_start(found, started_at, started_at)


def resumed(period: Period, last_to_datetime: datetime) -> Period:
    """The charges' or fixed charges' period, going on where the last one ended although the zone changed (§4.4).

    `last_to_datetime` is the end of that range on the subscription's latest invoice, made in another
    zone. An end a day or more away from what the new zone makes of it is another period's.
    """
    start = last_to_datetime.replace(microsecond=0) + SECOND
    if abs(start - period.from_datetime) >= LONGEST_ZONE_MOVE:
        return period
    return replace(period, from_datetime=start, to_datetime=max(start, period.to_datetime))


@dataclass(frozen=True, slots=True)
class _Made:
    """An invoice being made: for what, when, and where periods that an end cuts short are cut."""

    schedule: Schedule
    occasion: Occasion
    at: datetime
    cut_at: datetime

    def current(self, tiling: Tiling) -> Period:
        return _current(tiling, self.schedule, self.at)

    def current_cut(self, tiling: Tiling) -> Period:
        return _cut(self.current(tiling), self.cut_at)

    def previous(self, tiling: Tiling) -> Period:
        return _whole(tiling.previous(local_day(self.at, self.schedule.timezone)), self.schedule.timezone)

    def begins(self, tiling: Tiling) -> bool:
        return _begins(tiling, self.schedule, self.at)


def _subscription(made: _Made) -> Period:
    plan = made.schedule.plan
    in_advance = made.schedule.pay_in_advance
    match made.occasion:
        case Occasion.UPGRADE | Occasion.TERMINATION:
            return made.current_cut(plan)
        case Occasion.TERMINATION_FOR_RENEWAL if not made.begins(plan):
            return made.current_cut(plan)
        case Occasion.DOWNGRADE if in_advance:
            return made.current_cut(plan)
        case Occasion.PROGRESSIVE:
            return made.current(plan)
        case _:
            return made.current(plan) if in_advance else made.previous(plan)


def _of_kind(made: _Made, tiling: Tiling, started_at: datetime) -> Period | None:
    """The period of usage charges or of fixed charges, by their tiling; none on a day that another kind is split on."""
    match made.occasion:
        case Occasion.UPGRADE | Occasion.TERMINATION:
            found = made.current_cut(tiling)
        case Occasion.TERMINATION_FOR_RENEWAL if not made.begins(tiling):
            found = made.current_cut(tiling)
        case Occasion.PROGRESSIVE:
            found = made.current(tiling)
        case Occasion.RENEWAL if not made.begins(tiling):
            return None
        case _:
            found = made.previous(tiling)
    return _after_start(found, started_at, started_at)


def _begins(tiling: Tiling, schedule: Schedule, at: datetime) -> bool:
    """Whether a tile begins on the local day of `at`, or on one left out right before it."""
    today = local_day(at, schedule.timezone)
    return start_of_day(tiling.tile(today).first_day, schedule.timezone) == start_of_day(today, schedule.timezone)


def _current(tiling: Tiling, schedule: Schedule, at: datetime) -> Period:
    return _whole(tiling.tile(local_day(at, schedule.timezone)), schedule.timezone)


def _in_progress(
    tiling: Tiling, schedule: Schedule, at: datetime, started_at: datetime, terminated_at: datetime | None
) -> Period:
    at = max(at, started_at)
    if terminated_at is None:
        return _current(tiling, schedule, at)
    return _cut(_current(tiling, schedule, min(at, terminated_at)), terminated_at)


def _whole(tile: Tile, timezone: str) -> Period:
    return Period(tile, start_of_day(tile.first_day, timezone), end_of_day(tile.last_day, timezone), timezone)


def _cut(period: Period, at: datetime) -> Period:
    return replace(period, to_datetime=min(period.to_datetime, at))


def _after_start(period: Period, started_at: datetime, earliest: datetime) -> Period:
    """The period without what lies before the start: begun earlier, it begins at `earliest` (§4.1)."""
    return replace(
        period,
        from_datetime=earliest if period.from_datetime < started_at else period.from_datetime,
        to_datetime=max(period.to_datetime, started_at),
    )
