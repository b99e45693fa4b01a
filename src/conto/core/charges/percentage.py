"""Percentage: a rate on the units and an amount for each event, some of both free (chapter 40 §4.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import reading
from conto.core.charges.price import NOTHING, Details, Json, Price, SingleEvents, Usage, over
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO, ceiling
from conto.core.numerals import decimal_text

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Percentage:
    """Properties of a percentage charge. `rate` is in percent; amounts are in major units."""

    rate: Decimal = ZERO
    fixed_amount: Decimal | None = None
    free_units_per_events: int | None = None
    free_units_per_total_aggregation: Decimal | None = None
    per_transaction_min_amount: Decimal | None = None
    per_transaction_max_amount: Decimal | None = None

    def __post_init__(self) -> None:
        assert self.rate >= 0
        assert self.free_events >= 0
        assert self.free_total >= 0

    @property
    def free_events(self) -> int:
        """How many events are free; 0 if that is not the allowance."""
        return self.free_units_per_events or 0

    @property
    def free_total(self) -> Decimal:
        """How many units are free; 0 if that is not the allowance."""
        return self.free_units_per_total_aggregation or ZERO

    @property
    def has_allowance(self) -> bool:
        """Whether some events or units are free."""
        return self.free_events > 0 or self.free_total > 0

    @property
    def has_limits(self) -> bool:
        """Whether single events have a minimum or maximum, so that they are priced one by one."""
        return self.per_transaction_min_amount is not None or self.per_transaction_max_amount is not None

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown; what is not set is left out."""
        amounts = {
            "rate": self.rate,
            "fixed_amount": self.fixed_amount,
            "free_units_per_total_aggregation": self.free_units_per_total_aggregation,
            "per_transaction_min_amount": self.per_transaction_min_amount,
            "per_transaction_max_amount": self.per_transaction_max_amount,
        }
        found: dict[str, Json] = {key: reading.as_text(value) for key, value in amounts.items() if value is not None}
        return found if self.free_units_per_events is None else found | {"free_units_per_events": self.free_events}


def read(raw: Raw, codes: Codes) -> Percentage | None:
    """The properties in `raw`; None where a code was added."""
    rate = reading.amount(raw, "rate", "invalid_rate", codes)
    fixed = reading.optional_amount(raw, "fixed_amount", "invalid_fixed_amount", codes)
    events = reading.optional_whole(raw, "free_units_per_events", "invalid_free_units_per_events", codes, at_least=1)
    total = reading.optional_amount(
        raw, "free_units_per_total_aggregation", "invalid_free_units_per_total_aggregation", codes
    )
    least = reading.optional_amount(raw, "per_transaction_min_amount", "invalid_amount", codes)
    most = reading.optional_amount(raw, "per_transaction_max_amount", "invalid_amount", codes)
    if least is not None and most is not None and most < least:
        codes.append("per_transaction_max_lower_than_per_transaction_min")
    return None if codes or rate is None else Percentage(rate, fixed, events, total, least, most)


def gather(percentage: Percentage, runs: Iterable[tuple[Decimal, int]]) -> SingleEvents:
    """What the charge has to know of a sum's single values, taken from a stream of them.

    A run is a value and how often it comes in a row. Runs are in order of time (at one instant: of reception)
    while the allowances last, and in any order where there are none. No more of them are read than it takes.
    """
    totals, limits = RunningTotals(percentage), Limits(percentage)
    for value, times in runs:
        totals.take(value, times)
        if percentage.has_limits:
            limits.take(value, times)
        elif totals.complete:
            break
    return single_events(percentage, totals.count, totals.total, totals.below, limits)


def gather_counted(percentage: Percentage, units: Decimal, count: int) -> SingleEvents:
    """The same for a metric that counts: its totals are 1, 2, … up to `units`, each of `count` events is worth 1."""
    limits = Limits(percentage)
    limits.take(ONE, count)
    totals = max(0, int(units)) if percentage.has_allowance else 0
    below = min(totals, max(0, ceiling(percentage.free_total) - 1))
    return single_events(percentage, totals, Fraction(totals), below, limits)


def gather_uncounted(percentage: Percentage, count: int) -> SingleEvents:
    """The same for the other metrics: they have no running totals, and each of `count` events is worth 1."""
    return gather_counted(percentage, ZERO, count)


def single_events(
    percentage: Percentage, totals: int, last_total: Fraction, below: int, limits: "Limits"
) -> SingleEvents:
    """The summary of what was taken."""
    if not percentage.has_limits:
        return SingleEvents(totals, last_total, below)
    return SingleEvents(totals, last_total, below, limits.amount, limits.latest)


class RunningTotals:
    """The running totals R of §4.6, as far as the allowances need them; only their summary is kept."""

    __slots__ = ("below", "complete", "count", "free_events", "free_total", "total")

    def __init__(self, percentage: Percentage) -> None:
        self.free_events = percentage.free_events
        self.free_total = Fraction(percentage.free_total)
        self.complete = not percentage.has_allowance
        self.total = NOTHING
        self.count = 0
        self.below = 0

    def take(self, value: Decimal, times: int) -> None:
        """Add the totals after each of so many events of the value."""
        exact = NOTHING if self.complete else Fraction(value)
        for _ in range(times):
            if self.complete:
                return
            self.total += exact
            self.count += 1
            self.below += self.total < self.free_total
            self.complete = self.count == self.free_events if self.free_events else self.total > self.free_total


class Limits:
    """The amounts of events that are priced one by one, each within the limits per transaction, and their sum.

    The allowances of §4.6 are used up on the way: where units are free, these decide, and not the free events.
    """

    __slots__ = ("amount", "events", "fixed", "latest", "least", "most", "rate", "units")

    def __init__(self, percentage: Percentage) -> None:
        self.rate = Fraction(percentage.rate) / 100
        self.fixed = Fraction(percentage.fixed_amount or 0)
        self.least = bound(percentage.per_transaction_min_amount)
        self.most = bound(percentage.per_transaction_max_amount)
        self.events = percentage.free_events
        self.units = Fraction(percentage.free_total)
        self.amount = NOTHING
        self.latest = NOTHING

    def take(self, value: Decimal, times: int) -> None:
        """Add so many events of the value."""
        exact = Fraction(value)
        while times and (self.events > 0 or self.units > 0):
            taken = self.free(exact, times)
            if taken:
                self.latest = NOTHING
            else:
                taken = 1
                self.pay(exact - self.units, 1)
                self.events, self.units = 0, NOTHING
            times -= taken
        if times:
            self.pay(exact, times)

    def free(self, value: Fraction, times: int) -> int:
        """How many of so many events of the value are wholly free; they use the allowance up."""
        if self.units == 0:
            taken = min(times, self.events)
        elif value <= 0:
            taken = times
        else:
            taken = min(times, ceiling(self.units / value) - 1)
        self.events -= taken
        if self.units:
            self.units -= taken * value
        return taken

    def pay(self, paid: Fraction, times: int) -> None:
        """Add so many events with so many paid units each."""
        self.latest = self.within(paid * self.rate + self.fixed)
        self.amount += self.latest if times == 1 else times * self.latest

    def within(self, amount: Fraction) -> Fraction:
        """The amount, not below the minimum; else not above the maximum."""
        if self.least is not None and amount < self.least:
            return self.least
        return self.most if self.most is not None and amount > self.most else amount


def bound(amount: Decimal | None) -> Fraction | None:
    """A limit per transaction, if there is one."""
    return None if amount is None else Fraction(amount)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a percentage charge comes to, part by part; amounts in major units."""

    units: Fraction
    free_units: Fraction
    paid_units: Fraction
    free_events: int
    paid_events: int
    on_units: Fraction
    on_events: Fraction
    adjustment: Fraction

    @property
    def amount(self) -> Fraction:
        """All parts together."""
        return self.on_units + self.on_events + self.adjustment

    def less(self, other: "Parts") -> "Parts":
        """The difference of each part; free units are those that are not paid."""
        units, paid = self.units - other.units, self.paid_units - other.paid_units
        return Parts(
            units=units,
            free_units=units - paid,
            paid_units=paid,
            free_events=self.free_events - other.free_events,
            paid_events=self.paid_events - other.paid_events,
            on_units=self.on_units - other.on_units,
            on_events=self.on_events - other.on_events,
            adjustment=self.adjustment - other.adjustment,
        )


def price(usage: Usage, percentage: Percentage) -> Price:
    """The price of the usage; `usage.events` tells of the single events."""
    found = parts(usage, percentage)
    details: Details = texts(found, percentage, fixed_unit_amount(found, percentage)) | {
        "free_events": found.free_events,
        "paid_events": found.paid_events,
    }
    return Price(found.amount, over(found.amount, usage.units), details)


def difference(full: Parts, without: Parts, percentage: Percentage) -> Details:
    """The details of one event in advance: each number is what the event added (chapter 40 §10)."""
    return texts(full.less(without), percentage, fixed_unit_amount(full, percentage))


def parts(usage: Usage, percentage: Percentage) -> Parts:
    """What the usage comes to, part by part."""
    units = Fraction(usage.units)
    free = free_units(usage.events, percentage)
    paid = max(units - free, NOTHING)
    free_events = min(free_event_count(usage.events, percentage), usage.count)
    paid_events = usage.count - free_events
    on_units = paid * Fraction(percentage.rate) / 100
    on_events = paid_events * Fraction(percentage.fixed_amount or 0) if units else NOTHING
    limited_amount = usage.events.limited_amount
    adjustment = NOTHING if limited_amount is None else limited_amount - on_units - on_events
    return Parts(units, free, paid, free_events, paid_events, on_units, on_events, adjustment)


def free_units(events: SingleEvents, percentage: Percentage) -> Fraction:
    """How many units are free: those of the free events, but no more than the free total."""
    if events.totals == 0 or events.last_total == 0:
        return NOTHING
    if 0 < percentage.free_events < events.totals:
        return Fraction(percentage.free_events)
    if percentage.free_total == 0 or events.last_total <= percentage.free_total:
        return Fraction(events.last_total)
    return Fraction(percentage.free_total)


def free_event_count(events: SingleEvents, percentage: Percentage) -> int:
    """How many events are free: the smaller of the allowances that there are."""
    allowances = [number for number in (percentage.free_events, events.totals_below) if number]
    return min(allowances, default=0)


def fixed_unit_amount(found: Parts, percentage: Percentage) -> Decimal:
    """The fixed amount as the details show it: nothing where no event is paid."""
    return (percentage.fixed_amount or ZERO) if found.paid_events else ZERO


def texts(found: Parts, percentage: Percentage, unit_amount: Decimal) -> dict[str, Json]:
    """The parts as the fee shows them, all as texts."""
    return {
        "units": decimal_text(found.units),
        "free_units": decimal_text(found.free_units),
        "paid_units": decimal_text(found.paid_units),
        "free_events": decimal_text(Decimal(found.free_events)),
        "paid_events": decimal_text(Decimal(found.paid_events)),
        "rate": decimal_text(percentage.rate),
        "per_unit_total_amount": decimal_text(found.on_units),
        "fixed_fee_unit_amount": decimal_text(unit_amount),
        "fixed_fee_total_amount": decimal_text(found.on_events),
        "min_max_adjustment_total_amount": decimal_text(found.adjustment),
    }
