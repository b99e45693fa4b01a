"""Custom: the metric's own fold gives the amount (chapters 40 §4.8 and 30 §4.9)."""

from dataclasses import dataclass
from fractions import Fraction

from conto.core.charges.price import NO_DETAILS, Json, Price, Usage, over
from conto.core.charges.reading import Codes, Raw


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom charge has no properties of its own: `custom_properties` belong to the metric's fold."""

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {}


def read(_raw: Raw, _codes: Codes) -> Custom:
    """The properties: none."""
    return Custom()


def price(usage: Usage, _custom: Custom) -> Price:
    """The amount that the fold gave, in major units."""
    amount = Fraction(usage.given_amount or 0)
    return Price(amount, over(amount, usage.units), NO_DETAILS)
