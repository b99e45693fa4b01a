"""Package: units are sold in packages, each billed in full from its first fraction (chapter 40 §4.2)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conto.core.charges import reading
from conto.core.charges.price import NOTHING, Details, Json, Price, Usage, over
from conto.core.charges.reading import Codes, Raw
from conto.core.money import ZERO, ceiling
from conto.core.numerals import decimal_text


@dataclass(frozen=True, slots=True)
class Package:
    """Properties of a package charge. `amount` is in major units, per package."""

    amount: Decimal = ZERO
    package_size: int = 1
    free_units: int = 0

    def __post_init__(self) -> None:
        assert self.amount >= 0
        assert self.package_size > 0
        assert self.free_units >= 0

    def stored(self) -> dict[str, Json]:
        """The properties as they are stored and shown."""
        return {
            "amount": reading.as_text(self.amount),
            "package_size": self.package_size,
            "free_units": self.free_units,
        }


def read(raw: Raw, codes: Codes) -> Package | None:
    """The properties in `raw`, all of them mandatory; None where a code was added."""
    amount = reading.amount(raw, "amount", "invalid_amount", codes)
    package_size = reading.whole(raw, "package_size", "invalid_package_size", codes, at_least=1)
    free_units = reading.whole(raw, "free_units", "invalid_free_units", codes, at_least=0)
    if amount is None or package_size is None or free_units is None:
        return None
    return Package(amount, package_size, free_units)


def price(usage: Usage, package: Package) -> Price:
    """The price of the usage; the unit amount is that of a paid unit."""
    if usage.units == 0:
        return Price(NOTHING, NOTHING, details(ZERO, ZERO, 0, ZERO))
    paid = Fraction(usage.units) - package.free_units
    if paid <= 0:
        return Price(NOTHING, NOTHING, details(package.free_units, ZERO, package.package_size, package.amount))
    amount = ceiling(paid / package.package_size) * Fraction(package.amount)
    return Price(amount, over(amount, paid), details(package.free_units, paid, package.package_size, package.amount))


def details(
    free_units: Decimal | int, paid_units: Decimal | Fraction, package_size: int, unit_amount: Decimal
) -> Details:
    """What the fee shows; `unit_amount` is that of a package."""
    return {
        "free_units": decimal_text(Decimal(free_units)),
        "paid_units": decimal_text(paid_units),
        "per_package_size": package_size,
        "per_package_unit_amount": decimal_text(unit_amount),
    }
