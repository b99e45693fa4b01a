"""How much of a period units weigh: by calendar days in the customer's time zone (chapters 40 §7 and 30 §4.7)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from conto.core.charges.price import NOTHING, Step
from conto.core.money import up_at_five_decimals

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Window:
    """The days of a charges period that are billed, first and last included, and the days of the whole period.

    `upgraded` tells that the subscription ended in it by an upgrade: then the last day counts for carried units
    in the new plan only.
    """

    first_on: date
    last_on: date
    period_days: int
    upgraded: bool = False

    def __post_init__(self) -> None:
        assert self.period_days > 0

    @property
    def days(self) -> int:
        """The days billed."""
        return days(self.first_on, self.last_on)

    @property
    def carried_days(self) -> int:
        """The days that carried units count for: one less at an upgrade."""
        return max(0, self.days - self.upgraded)

    @property
    def carried_share(self) -> Fraction:
        """What units weigh that were there before the window and are still."""
        return Fraction(self.carried_days, self.period_days)

    def share_from(self, on: date) -> Fraction:
        """What units weigh that were added on the day: it and the last day count."""
        return Fraction(days(max(on, self.first_on), self.last_on), self.period_days)


@dataclass(frozen=True, slots=True)
class Operation:
    """An event of a unique count: the value is added on the day, or removed; `earlier` than the window or in it."""

    value: str
    on: date
    adds: bool
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """A change of a unique count that has an effect: the value became active, or no longer is.

    For one that adds, `removal` is what ended it, None while the value is active.
    """

    operation: Operation
    removal: Operation | None = None


def days(first_on: date, last_on: date) -> int:
    """Calendar days from the first to the last, both counted; none if they are the wrong way round."""
    return max(0, (last_on - first_on).days + 1)


def prorated_sum(carried: Decimal, changes: Iterable[tuple[Decimal, date]], window: Window) -> Decimal:
    """The prorated units of a sum: the exact sum, rounded up at five decimals once.

    `carried` are the units of all events before the window; `changes` the values of its own events with their days.
    """
    total = Fraction(carried) * window.carried_share
    for value, on in changes:
        total += Fraction(value) * window.share_from(on)
    return up_at_five_decimals(total)


def sum_steps(carried: Decimal, changes: Iterable[tuple[Decimal, date]], window: Window) -> Iterator[Step]:
    """The steps of a prorated graduated charge on a sum: the carried units, then each event in order of time."""
    if carried:
        yield Step(carried, Fraction(carried) * window.carried_share)
    for value, on in changes:
        yield Step(value, Fraction(value) * window.share_from(on))


def prorated_count(operations: Sequence[Operation], window: Window) -> Decimal:
    """The prorated units of a unique count: each value's days, summed exactly and rounded up at five decimals once."""
    return up_at_five_decimals(sum((weight(one, window) for one in activities(operations)), NOTHING))


def full_count(operations: Sequence[Operation]) -> int:
    """How many values are active after all operations."""
    return sum(1 if one.operation.adds else -1 for one in activities(operations))


def count_steps(operations: Sequence[Operation], window: Window) -> Iterator[Step]:
    """The steps of a prorated graduated charge on a unique count, each weight rounded up at five decimals.

    A value that was removed before the window has no step.
    """
    for one in activities(operations):
        if one.operation.adds and not ended_earlier(one):
            yield Step(ONE, up_at_five_decimals(weight(one, window)))
        elif not one.operation.adds and not one.operation.earlier:
            yield Step(-ONE, NOTHING)


def weight(one: Activity, window: Window) -> Fraction:
    """The share of the period on which an added value was active, the day of its removal included."""
    added = one.operation
    if not added.adds or ended_earlier(one):
        return NOTHING
    if one.removal is None:
        return window.carried_share if added.earlier else window.share_from(added.on)
    first_on = window.first_on if added.earlier else max(added.on, window.first_on)
    return Fraction(days(first_on, min(one.removal.on, window.last_on)), window.period_days)


def ended_earlier(one: Activity) -> bool:
    """Whether an added value was removed before the window."""
    return one.removal is not None and one.removal.earlier


def activities(operations: Sequence[Operation]) -> list[Activity]:
    """The operations that have an effect, in order of time, of those given in order of time.

    A value that is removed and added again on one day stays active over it, so that no day counts twice.
    """
    last_added: dict[tuple[str, date], int] = {
        (one.value, one.on): place for place, one in enumerate(operations) if one.adds
    }
    found: dict[int, Activity] = {}
    active: dict[str, int] = {}
    for place, one in enumerate(operations):
        if one.adds and one.value not in active:
            found[place], active[one.value] = Activity(one), place
        elif not one.adds and one.value in active and last_added.get((one.value, one.on), -1) < place:
            added = active.pop(one.value)
            found[added] = Activity(found[added].operation, removal=one)
            found[place] = Activity(one)
    return list(found.values())


def prorated_increment(units: Decimal, on: date, window: Window) -> Decimal:
    """What units added in advance on the day weigh: rounded up at five decimals."""
    return up_at_five_decimals(Fraction(units) * window.share_from(on))
