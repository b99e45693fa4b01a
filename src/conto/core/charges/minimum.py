"""The minimum of a charge: a fee fills up what its usage left (chapter 40 §8)."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from conto.core.charges.fee_amounts import FeeAmounts, PricingUnitAmounts, converted
from conto.core.charges.price import NOTHING
from conto.core.money import exponent, precise, to_cents

ONE = Decimal(1)


def true_up(
    min_amount_cents: int,
    billed_days: int,
    period_days: int,
    fees: Iterable[FeeAmounts],
    currency: str,
    conversion_rate: Decimal | None = None,
) -> FeeAmounts | None:
    """The fee that fills the charge's fees of the period up to its minimum; None if they reach it.

    The minimum is prorated by days, unrounded: `billed_days` of `period_days` are whole days in the customer's
    zone, the day of termination included, one less after an upgrade. With a conversion rate, minimum and fees are
    compared in pricing-unit cents, and the difference is converted.
    """
    assert 0 <= billed_days <= period_days
    minimum = Fraction(min_amount_cents * billed_days, period_days)
    found = list(fees)
    if conversion_rate is None:
        missing = minimum - sum(fee.amount_cents for fee in found)
        left = max(minimum - sum((Fraction(fee.precise_amount_cents) for fee in found), NOTHING), NOTHING)
    else:
        units = [fee.pricing_unit for fee in found if fee.pricing_unit is not None]
        assert len(units) == len(found)
        missing = minimum - sum(unit.amount_cents for unit in units)
        left = max(minimum - sum((Fraction(unit.precise_amount_cents) for unit in units), NOTHING), NOTHING)
    if missing <= 0:
        return None
    if conversion_rate is None:
        major = left / 10 ** exponent(currency)
        return FeeAmounts(ONE, to_cents(missing), precise(left), precise(major), currency)
    return converted(filled(missing, left, conversion_rate), ONE, currency)


def filled(missing: Fraction, left: Fraction, conversion_rate: Decimal) -> PricingUnitAmounts:
    """What is missing, in the charge's pricing unit; it is one unit, so that its unit amount is all of it."""
    cents = to_cents(missing)
    return PricingUnitAmounts(
        amount_cents=cents,
        precise_amount_cents=precise(left),
        unit_amount_cents=cents,
        precise_unit_amount=precise(left / 100),
        conversion_rate=conversion_rate,
    )
