"""Projected usage: what a period will come to if it goes on as it began (chapters 40 §11 and 31 §2)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import models
from conto.core.charges.graduated import Graduated
from conto.core.charges.models import Properties
from conto.core.charges.package import Package
from conto.core.charges.price import NOTHING, Price, Usage
from conto.core.charges.proration import days
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume
from conto.core.money import ZERO, round_at


def ratio(today: date, first_on: date, last_on: date) -> Fraction:
    """The part of the period that is over, in days: today counts as a whole one; 0 before it, 1 after it."""
    return Fraction(min(days(first_on, today), days(first_on, last_on)), days(first_on, last_on))


def units(so_far: Decimal, elapsed: Fraction) -> Decimal:
    """The units at the end of the period, `elapsed` of which is over, at two decimals; none if there are none."""
    assert 0 <= elapsed <= 1
    return round_at(max(Fraction(so_far), NOTHING) / elapsed, 2) if elapsed else ZERO


def amount(properties: Properties, usage: Usage, elapsed: Fraction, *, prorated: bool = False) -> Fraction:
    """The amount at the end of the period, in major units, unrounded and never negative.

    Standard, graduated, volume and package charges price the projected units, a graduated one without units
    nothing; the others go on as they are. Charges on recurring metrics are not projected at all.
    """
    if isinstance(properties, Standard | Package | Volume) or (isinstance(properties, Graduated) and not prorated):
        projected = units(usage.shown_units, elapsed)
        if isinstance(properties, Graduated) and projected == 0:
            return NOTHING
        return models.price(Usage(projected, count=usage.count), properties).amount
    return max(of_current(models.price(usage, properties, prorated=prorated), elapsed), NOTHING)


def of_current(price: Price, elapsed: Fraction) -> Fraction:
    """The amount so far, carried on to the end of the period."""
    return price.amount / elapsed if elapsed else NOTHING
