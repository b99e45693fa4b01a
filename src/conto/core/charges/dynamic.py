"""Dynamic: the price comes with the events (chapter 40 §4.7)."""

from dataclasses import dataclass
from fractions import Fraction

from conto.core.charges.price import NO_DETAILS, NOTHING, Json, Price, Usage, over
from conto.core.charges.reading import Codes, Raw


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A dynamic charge has no properties of its own."""

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {}


def read(_raw: Raw, _codes: Codes) -> Dynamic:
    """The properties: none."""
    return Dynamic()


def price(usage: Usage, _dynamic: Dynamic) -> Price:
    """The sum of the events' own amounts, given in major units; nothing where there are no units."""
    amount = Fraction(usage.given_amount or 0) if usage.units else NOTHING
    return Price(amount, over(amount, usage.units), NO_DETAILS)
