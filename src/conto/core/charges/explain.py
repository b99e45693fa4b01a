"""How usage came to its amount, line by line, under every charge model (chapter 40 §§2, 4, 7.1 and 9).

The lines compute the amount anew from units and properties, apart from the models themselves; that both agree is
held by `conto.metering.explanation`. Amounts are in major units of the plan's currency, or of the pricing unit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges.arithmetic import Calculation, Line, Number
from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.fee_amounts import PRICING_UNIT_EXPONENT
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.in_advance import Marks
from conto.core.charges.models import Properties
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Step, Usage
from conto.core.charges.ranges import PricedRange, Range, are_adjacent
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume, reached
from conto.core.money import ZERO, exponent
from conto.core.numerals import decimal_text

MOST_SINGLE_EVENTS = 200
"""Events that are written down one by one; what more there are comes as one line."""

HALF_AWAY = "half away from zero, once for each filter and group"
UP_TO_WHOLE = "up to whole packages"
UP_AT_FIVE = "up at five decimals"
NEGATIVE = "Negative usage costs nothing."

Runs = Sequence[tuple[Decimal, int]]
"""Values of single events in order of time, each with how often it comes in a row."""


@dataclass(frozen=True, slots=True)
class Share:
    """The days of the window, and those of the whole period."""

    days: int
    period_days: int


@dataclass(frozen=True, slots=True)
class Explained:
    """What is to be explained: the usage that was priced, and what it was priced by.

    `runs` are the single events of a percentage charge with limits per transaction, `steps` those of a prorated
    graduated one. `rate` is the value of a pricing unit.
    """

    usage: Usage
    properties: Properties
    currency: str
    rate: Decimal | None = None
    runs: Runs = ()
    steps: Sequence[Step] = ()


def lines(explained: Explained, before: Calculation | None = None) -> list[Line]:
    """All lines, the last of which is `amount_cents`; `before` are those that the units came from."""
    calculation = before or Calculation()
    amount = price(calculation, explained)
    cents = 10 ** exponent(explained.currency)
    if explained.rate is None:
        calculation.line(
            "amount_cents",
            "round(max(amount, 0) * subunits)",
            f"The amount in minor units of {explained.currency}.",
            HALF_AWAY,
            amount=amount,
            subunits=cents,
        )
        return calculation.lines
    units = calculation.line(
        "pricing_unit_cents",
        "round(max(amount, 0) * subunits)",
        "The amount in cents of the pricing unit.",
        HALF_AWAY,
        amount=amount,
        subunits=10**PRICING_UNIT_EXPONENT,
    )
    calculation.line(
        "amount_cents",
        "round(pricing_unit_cents * conversion_rate / 100 * subunits)",
        f"What that is worth in minor units of {explained.currency}.",
        HALF_AWAY,
        pricing_unit_cents=units,
        conversion_rate=explained.rate,
        subunits=cents,
    )
    return calculation.lines


def units_in_advance(
    calculation: Calculation, total: Decimal, marks: Marks | None, share: Share, prorated_units: Decimal | None
) -> Fraction:
    """The units that current usage prices of a charge in advance: what is active, and was billed (chapter 31 §1.4).

    `prorated_units` are given where the charge is prorated.
    """
    whole = share.days == share.period_days
    if marks is None:
        if prorated_units is None or whole:
            note = "Nothing has been billed in this period: all units are priced."
            return calculation.line("units", "max(total_units, 0)", note, total_units=total)
        note = "Nothing has been billed in this period: units weigh by their days."
        return calculation.line("units", "max(prorated_units, 0)", note, prorated_units=prorated_units)
    note = "What was there before the period, and the most that its events have billed."
    if prorated_units is None:
        return calculation.line(
            "units",
            "max(total_units - current_units + highest_units, 0)",
            note,
            total_units=total,
            current_units=marks.current,
            highest_units=marks.highest,
        )
    kept = "total_units - max(current_units, 0)"
    if whole:
        return calculation.line(
            "units",
            f"max({kept} + billed_units, 0)",
            note,
            total_units=total,
            current_units=marks.current,
            billed_units=marks.highest_prorated,
        )
    return calculation.line(
        "units",
        f"max(up(({kept}) * days / period_days, 5) + billed_units, 0)",
        note,
        UP_AT_FIVE,
        total_units=total,
        current_units=marks.current,
        days=share.days,
        period_days=share.period_days,
        billed_units=marks.highest_prorated,
    )


def price(calculation: Calculation, explained: Explained) -> Fraction:
    """The lines up to `amount`, unrounded."""
    usage, properties = explained.usage, explained.properties
    if usage.units < 0 or usage.shown_units < 0:
        return calculation.line("amount", "0", NEGATIVE)
    match properties:
        case Standard():
            note = "Every unit costs the same."
            return calculation.line(
                "amount", "units * unit_price", note, units=usage.units, unit_price=properties.amount
            )
        case Package():
            return package(calculation, usage, properties)
        case Graduated() if usage.climb is not None:
            return prorated_graduated(calculation, usage, properties, explained.steps)
        case Graduated():
            return ranges(calculation, usage.units, properties.ranges, "range_units * per_unit_amount + flat_amount")
        case GraduatedPercentage():
            return ranges(calculation, usage.units, properties.ranges, "range_units * rate / 100 + flat_amount")
        case Volume():
            return volume(calculation, usage, properties)
        case Percentage():
            return percentage(calculation, usage, properties, explained.runs)
        case Dynamic() | Custom():
            note = "The events brought their amounts along." if usage.units else "Without units there is no amount."
            priced = isinstance(properties, Custom) or usage.units != 0
            return calculation.line(
                "amount", "given_amount" if priced else "0", note, given_amount=usage.given_amount or ZERO
            )


def package(calculation: Calculation, usage: Usage, properties: Package) -> Fraction:
    """Free units first, then whole packages."""
    if usage.units == 0:
        return calculation.line("amount", "0", "Without units no package is begun.")
    paid = calculation.line(
        "paid_units",
        "max(units - free_units, 0)",
        "Free units are not paid.",
        units=usage.units,
        free_units=properties.free_units,
    )
    packages = calculation.line(
        "packages",
        "ceil(paid_units / package_size)",
        "A package is paid in full from its first fraction.",
        UP_TO_WHOLE,
        paid_units=paid,
        package_size=properties.package_size,
    )
    return calculation.line(
        "amount", "packages * package_price", "All packages.", packages=packages, package_price=properties.amount
    )


def ranges(calculation: Calculation, units: Decimal | Fraction, given: Sequence[Range], formula: str) -> Fraction:
    """Units fill one range after the other, up to the one that they end in; entering a range costs its flat amount."""
    gap = "" if are_adjacent(given) else " + 1"
    amounts: dict[str, Fraction] = {}
    for number, one in enumerate(given, 1):
        reach = "units" if one.to_value is None else "min(units, to_value)"
        values: dict[str, Decimal | Fraction] = {"units": units} | (
            {} if one.to_value is None else {"to_value": one.to_value}
        )
        if number > 1:
            values["from_value"] = one.from_value
        name = f"range_{number}_units"
        part = calculation.line(
            name, reach if number == 1 else f"{reach} - from_value{gap}", f"Units in {named(one)}.", **values
        )
        prices = {key: getattr(one, key) for key in ("per_unit_amount", "rate", "flat_amount") if hasattr(one, key)}
        amounts[f"range_{number}_amount"] = calculation.line(
            f"range_{number}_amount",
            formula.replace("range_units", name),
            f"The price of {named(one)}.",
            **{name: part, **prices},
        )
        if one.to_value is None or one.to_value >= units:
            break
    return summed(calculation, "amount", amounts, "All ranges that units reach.")


def volume(calculation: Calculation, usage: Usage, properties: Volume) -> Fraction:
    """The one range that full units reach prices all of them."""
    one = reached(usage.shown_units, properties)
    return calculation.line(
        "amount",
        "units * per_unit_amount + flat_amount",
        f"{decimal_text(usage.shown_units)} units reach {named(one)}, which prices all of them.",
        units=usage.units,
        per_unit_amount=one.per_unit_amount,
        flat_amount=one.flat_amount,
    )


def percentage(calculation: Calculation, usage: Usage, properties: Percentage, runs: Runs) -> Fraction:
    """A rate on paid units and an amount for paid events; with limits, event by event."""
    if properties.has_limits:
        return limited(calculation, usage, properties, runs)
    free = free_units(calculation, usage, properties)
    paid = calculation.line(
        "paid_units", "max(units - free_units, 0)", "Free units are not paid.", units=usage.units, free_units=free
    )
    on_units = calculation.line(
        "units_amount", "paid_units * rate / 100", "The rate on paid units.", paid_units=paid, rate=properties.rate
    )
    events = free_events(calculation, usage, properties)
    paid_events = calculation.line(
        "paid_events",
        "events_count - free_events",
        "Free events are not paid.",
        events_count=usage.count,
        free_events=events,
    )
    on_events = calculation.line(
        "events_amount",
        "paid_events * fixed_amount" if usage.units else "0",
        "The amount for each paid event." if usage.units else "Without units no event is paid.",
        paid_events=paid_events,
        fixed_amount=properties.fixed_amount or ZERO,
    )
    return calculation.line(
        "amount", "units_amount + events_amount", "Both together.", units_amount=on_units, events_amount=on_events
    )


def free_units(calculation: Calculation, usage: Usage, properties: Percentage) -> Fraction:
    """The units that the allowances leave free."""
    events, total = usage.events, properties.free_total
    if events.totals == 0 or events.last_total == 0:
        return calculation.line("free_units", "0", "No units are free.")
    if 0 < properties.free_events < events.totals:
        note = "The free events come to so many units."
        return calculation.line(
            "free_units", "free_units_per_events", note, free_units_per_events=properties.free_events
        )
    if total == 0 or events.last_total <= total:
        note = "The units of the free events."
        return calculation.line("free_units", "running_total", note, running_total=events.last_total)
    note = "The free total is used up."
    return calculation.line("free_units", "free_total", note, free_total=total)


def free_events(calculation: Calculation, usage: Usage, properties: Percentage) -> Fraction:
    """The events that the allowances leave free."""
    given = {"free_units_per_events": properties.free_events, "events_below_free_total": usage.events.totals_below}
    allowances = {name: number for name, number in given.items() if number}
    if not allowances:
        return calculation.line("free_events", "0", "No events are free.")
    formula = f"min({', '.join([*allowances, 'events_count'])})"
    note = "Whichever allowance ends first ends both."
    return calculation.line("free_events", formula, note, **allowances, events_count=usage.count)


def limited(calculation: Calculation, usage: Usage, properties: Percentage, runs: Runs) -> Fraction:
    """Each event within the minimum and maximum per transaction; where units are free, these decide what is free."""
    amounts: dict[str, Fraction] = {}
    for number, (value, times, free) in enumerate(allowed(runs, properties), 1):
        if number > MOST_SINGLE_EVENTS:
            rest = (usage.events.limited_amount or 0) - sum(amounts.values())
            note = "All further events, each within its limits."
            amounts["other_events_amount"] = calculation.line("other_events_amount", "rest", note, rest=rest)
            break
        name = f"events_{number}_amount"
        if free is None:
            amounts[name] = calculation.line(name, "0", f"An event of {spelled(value)} that is free.")
        else:
            amounts[name] = within_limits(calculation, name, properties, value=value, times=times, free_units=free)
    return summed(calculation, "amount", amounts, "All events.")


def allowed(runs: Runs, properties: Percentage) -> Iterable[tuple[Decimal, int, Fraction | None]]:
    """Values, how often each comes, and how much of each is free, None for all; while allowances last, one by one."""
    events_left, units_left = properties.free_events, Fraction(properties.free_total)
    for value, times in runs:
        exact = Fraction(value)
        while times and (events_left > 0 or units_left > 0):
            events_left, times = events_left - 1, times - 1
            if units_left == 0:
                yield value, 1, None
            elif units_left > exact:
                units_left -= exact
                yield value, 1, None
            else:
                yield value, 1, units_left
                events_left, units_left = 0, Fraction(0)
        if times:
            yield value, times, Fraction(0)


def within_limits(calculation: Calculation, name: str, properties: Percentage, **event: Number) -> Fraction:
    """The amount of so many events of one value: not below the minimum, else not above the maximum."""
    limits = {"minimum": properties.per_transaction_min_amount, "maximum": properties.per_transaction_max_amount}
    known = {key: limit for key, limit in limits.items() if limit is not None}
    amount = "((value - free_units) * rate / 100 + fixed_amount)"
    amount = f"max({amount}, minimum)" if "minimum" in known else amount
    amount = f"min({amount}, maximum)" if "maximum" in known else amount
    return calculation.line(
        name,
        f"times * {amount}",
        "Events of one value, each within its limits.",
        **event,
        rate=properties.rate,
        fixed_amount=properties.fixed_amount or ZERO,
        **known,
    )


def prorated_graduated(
    calculation: Calculation, usage: Usage, properties: Graduated, steps: Sequence[Step]
) -> Fraction:
    """Full units climb the ranges step by step, each piece pays its prorated part (chapter 40 §7.1)."""
    climb = usage.climb
    assert climb is not None
    if climb.last < 0:
        return calculation.line("amount", "0", NEGATIVE)
    if climb.prorated == 0:
        flat = properties.ranges[0].flat_amount
        return calculation.line("amount", "flat_amount", "No units weigh anything.", flat_amount=flat)
    pieces: dict[str, Fraction] = {}
    total = Fraction(0)
    for number, step in enumerate(steps, 1):
        weighed, units = Fraction(step.prorated), Fraction(step.units)
        then = total + units
        if units == 0 or (weighed == 0 and (units > 0 or then < 0)):
            continue
        if len(pieces) >= MOST_SINGLE_EVENTS:
            rest = climb.variable - sum(pieces.values())
            pieces["other_steps_amount"] = calculation.line(
                "other_steps_amount", "rest", "All further steps.", rest=rest
            )
            break
        for place, (tier, part) in enumerate(passed(total, then, properties.ranges), 1):
            if part:
                name = f"step_{number}_range_{place}_amount"
                pieces[name] = calculation.line(
                    name,
                    "range_units * prorated_units / step_units * per_unit_amount",
                    f"The part of the step from {spelled(total)} to {spelled(then)} units in {named(tier)}.",
                    range_units=part,
                    prorated_units=weighed,
                    step_units=units,
                    per_unit_amount=tier.per_unit_amount,
                )
        total = then
    climbed = summed(calculation, "climbed_amount", pieces, "All steps.")
    variable = calculation.line("variable_amount", "max(climbed_amount, 0)", "Never negative.", climbed_amount=climbed)
    flats: dict[str, Fraction] = {"variable_amount": variable}
    for number, tier in enumerate(properties.ranges, 1):
        flats[f"flat_{number}"] = Fraction(tier.flat_amount)
        if tier.to_value is None or tier.to_value >= climb.highest:
            break
    note = f"With the flat amounts of the ranges up to {spelled(climb.highest)} units, the most that was reached."
    return summed(calculation, "amount", flats, note)


def passed(start: Fraction, end: Fraction, tiers: Sequence[PricedRange]) -> Iterable[tuple[PricedRange, Fraction]]:
    """The units of the way from one total to another that lie in each range; all below 0 lie in the first."""
    begin: Fraction | None = None
    for tier in tiers:
        top = None if tier.to_value is None else Fraction(tier.to_value)
        yield tier, within(end, begin, top) - within(start, begin, top)
        begin = top


def within(value: Fraction, least: Fraction | None, most: Fraction | None) -> Fraction:
    """The value, moved to the nearer limit where it lies outside."""
    found = value if least is None else max(value, least)
    return found if most is None else min(found, most)


def summed(calculation: Calculation, name: str, amounts: dict[str, Fraction], note: str) -> Fraction:
    """The sum of lines."""
    return calculation.line(name, " + ".join(amounts) or "0", note, **amounts)


def named(one: Range) -> str:
    """The range in words."""
    if one.to_value is None:
        return f"the range from {spelled(one.from_value)}"
    return f"the range from {spelled(one.from_value)} to {spelled(one.to_value)}"


def spelled(value: Decimal | Fraction) -> str:
    """A number in words of a note, without a superfluous `.0`."""
    return decimal_text(value).removesuffix(".0")
