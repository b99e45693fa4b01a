"""From a price to the amounts of a fee: the one place where a charge is rounded, once (chapter 40 §§2 and 9)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges.price import NOTHING, Price
from conto.core.money import ZERO, cut_to_cents, exponent, in_minor_units, precise, round_at, to_cents

PRICING_UNIT_EXPONENT = 2
"""A pricing unit always has two decimals."""

_NOTHING = precise(NOTHING)


@dataclass(frozen=True, slots=True)
class PricingUnitAmounts:
    """A fee in the pricing unit of its charge. `conversion_rate` is the value of one unit in major units."""

    amount_cents: int
    precise_amount_cents: Decimal
    unit_amount_cents: int
    precise_unit_amount: Decimal
    conversion_rate: Decimal


@dataclass(frozen=True, slots=True)
class FeeAmounts:
    """The amounts of a fee, in the currency's minor units; precise ones have 15 decimals of a major or minor unit."""

    units: Decimal
    amount_cents: int
    precise_amount_cents: Decimal
    precise_unit_amount: Decimal
    currency: str
    pricing_unit: PricingUnitAmounts | None = None

    @property
    def precise_unit_amount_cents(self) -> Decimal:
        """The unit amount in minor units, exactly."""
        return in_minor_units(self.precise_unit_amount, self.currency)


def fee_amounts(price: Price, units: Decimal, currency: str, conversion_rate: Decimal | None = None) -> FeeAmounts:
    """The amounts of a fee that shows `units`; with a conversion rate, the price is in a pricing unit.

    Units or an amount below zero make all of them zero.
    """
    if units < 0 or price.amount < 0:
        price, units = Price(NOTHING, NOTHING, price.details), ZERO
    if conversion_rate is not None:
        return converted(in_pricing_unit(price, conversion_rate), units, currency)
    if not price.amount and not price.unit_amount:
        return FeeAmounts(units, 0, _NOTHING, _NOTHING, currency)
    amount_cents = price.amount * 10 ** exponent(currency)
    return FeeAmounts(units, to_cents(amount_cents), precise(amount_cents), precise(price.unit_amount), currency)


def in_pricing_unit(price: Price, conversion_rate: Decimal) -> PricingUnitAmounts:
    """The amounts of a price in a pricing unit; those for one unit are cut to whole cents."""
    amount_cents = price.amount * 10**PRICING_UNIT_EXPONENT
    return PricingUnitAmounts(
        amount_cents=to_cents(amount_cents),
        precise_amount_cents=precise(amount_cents),
        unit_amount_cents=cut_to_cents(price.unit_amount * 10**PRICING_UNIT_EXPONENT),
        precise_unit_amount=precise(price.unit_amount),
        conversion_rate=conversion_rate,
    )


def converted(amounts: PricingUnitAmounts, units: Decimal, currency: str) -> FeeAmounts:
    """The fee in its currency: from the rounded amounts in the pricing unit, the precise ones too."""
    value_of_a_cent = Fraction(amounts.conversion_rate) / 10**PRICING_UNIT_EXPONENT
    amount_cents = amounts.amount_cents * value_of_a_cent * 10 ** exponent(currency)
    return FeeAmounts(
        units,
        to_cents(amount_cents),
        precise(amount_cents),
        precise(amounts.unit_amount_cents * value_of_a_cent),
        currency,
        amounts,
    )


def rounded(amount: Fraction, currency: str, conversion_rate: Decimal | None = None) -> Fraction:
    """The amount in major units as a fee rounds it: to the decimals of its currency, or of its pricing unit."""
    decimals = exponent(currency) if conversion_rate is None else PRICING_UNIT_EXPONENT
    return Fraction(round_at(amount, decimals))


def is_kept(amounts: FeeAmounts, events_count: int, *, adjusted: bool = False, true_up: bool = False) -> bool:
    """Whether an arrears fee stays on its invoice: it has units, an amount, events or another reason (chapter 41 §4).

    `true_up` holds for a fee that is a minimum's, or that a minimum's fee belongs to.
    """
    return amounts.units != 0 or amounts.amount_cents != 0 or events_count != 0 or adjusted or true_up
