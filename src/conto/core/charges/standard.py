"""Standard: every unit costs the same (chapter 40 §4.1)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import reading
from conto.core.charges.price import FREE, NO_DETAILS, Json, Price, Usage, over
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Standard:
    """Properties of a standard charge. `amount` is in major units, per unit."""

    amount: Decimal = ZERO

    def __post_init__(self) -> None:
        assert self.amount >= 0

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {"amount": reading.as_text(self.amount)}


def read(raw: Raw, codes: Codes) -> Standard | None:
    """The properties in `raw`; None where a code was added."""
    amount = reading.amount(raw, "amount", "invalid_amount", codes)
    return None if amount is None else Standard(amount)


def price(usage: Usage, standard: Standard) -> Price:
    """The price of the usage; prorated, the unit amount is that of a full unit."""
    if not usage.units:
        return FREE
    each = Fraction(standard.amount)
    amount = Fraction(usage.units) * each
    return Price(amount, each if usage.full_units is None else over(amount, usage.full_units), NO_DETAILS)
