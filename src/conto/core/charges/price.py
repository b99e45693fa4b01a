"""What every charge model is given, and what it returns (chapter 40 §2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

NOTHING = Fraction(0)

Json = str | int | bool | Decimal | None | Sequence["Json"] | Mapping[str, "Json"]
"""A JSON value; a `Decimal` in it is a number."""

Details = Mapping[str, Json]
"""How an amount came about, as the API shows it: decimals are texts, counts and limits of ranges numbers."""

NO_DETAILS: Details = {}


@dataclass(frozen=True, slots=True)
class SingleEvents:
    """What a percentage charge has to know of single events (chapter 40 §4.6).

    `totals`, `last_total` and `totals_below` tell of the running totals R: how many there are, the last of them,
    and how many lie below the free total. `limited_amount` is the sum of the events' amounts, each within the
    limits per transaction, and `latest_amount` that of the last event; None where the charge has no such limits.
    """

    totals: int = 0
    last_total: Fraction = NOTHING
    totals_below: int = 0
    limited_amount: Fraction | None = None
    latest_amount: Fraction | None = None


NO_EVENTS = SingleEvents()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a prorated graduated charge's running total: its units, and what they weigh (chapter 40 §7.1)."""

    units: Decimal
    prorated: Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Climb:
    """What the steps of a prorated graduated charge came to.

    `variable` is the sum of all pieces' prices; `last` and `highest` are running totals of full units, `highest`
    at least 0; `prorated` is the sum of the prorated units.
    """

    variable: Fraction
    last: Fraction
    highest: Fraction
    prorated: Fraction


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one bucket and group.

    `units` are priced; `full_units` are shown, and given only where a charge is prorated; only then `units` may be
    a fraction. `count` is the number
    of events. The rest is for the models that `needs` names: `events` (percentage), `climb` (prorated
    graduated), `given_amount` in major units (dynamic, custom).
    """

    units: Decimal | Fraction
    full_units: Decimal | None = None
    count: int = 0
    events: SingleEvents = NO_EVENTS
    climb: Climb | None = None
    given_amount: Decimal | None = None

    @property
    def shown_units(self) -> Decimal:
        """The units that a fee shows: not prorated."""
        if self.full_units is not None:
            return self.full_units
        assert not isinstance(self.units, Fraction)
        return self.units


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in major units, the amount for one unit, both unrounded, and the details that the fee shows."""

    amount: Fraction
    unit_amount: Fraction
    details: Details


FREE = Price(NOTHING, NOTHING, NO_DETAILS)


def over(amount: Fraction, units: Decimal | Fraction) -> Fraction:
    """The amount for one of so many units; 0 where there are none."""
    return amount / Fraction(units) if units else NOTHING
