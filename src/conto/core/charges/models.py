"""The charge models by name, and the price of usage under any of them (chapter 40 §§2 and 4)."""

from collections.abc import Callable, Mapping

from conto.core.charges import (
    custom,
    dynamic,
    graduated,
    graduated_percentage,
    package,
    percentage,
    prorated_graduated,
    standard,
    volume,
)
from conto.core.charges.custom import Custom
from conto.core.charges.dynamic import Dynamic
from conto.core.charges.graduated import Graduated
from conto.core.charges.graduated_percentage import GraduatedPercentage
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import FREE, Price, Usage
from conto.core.charges.reading import Codes, Raw
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume

Properties = Standard | Package | Percentage | Graduated | Volume | GraduatedPercentage | Dynamic | Custom

READERS: Mapping[str, Callable[[Raw, Codes], Properties | None]] = {
    "standard": standard.read,
    "graduated": graduated.read,
    "package": package.read,
    "percentage": percentage.read,
    "volume": volume.read,
    "graduated_percentage": graduated_percentage.read,
    "dynamic": dynamic.read,
    "custom": custom.read,
}

DEFAULTS: Mapping[str, Properties] = {
    "standard": Standard(),
    "graduated": Graduated(),
    "package": Package(),
    "percentage": Percentage(),
    "volume": Volume(),
    "graduated_percentage": GraduatedPercentage(),
    "dynamic": Dynamic(),
    "custom": Custom(),
}
"""What a charge costs whose properties were not given: nothing."""

NAMES = tuple(READERS)


def price(usage: Usage, properties: Properties, *, prorated: bool = False) -> Price:
    """What the usage comes to. Negative units cost nothing; first flat amounts are due without any units.

    With `prorated`, a graduated charge is priced by `usage.climb`; the others by prorated and full units.
    """
    if usage.units < 0 or usage.shown_units < 0:
        return FREE
    match properties:
        case Standard():
            return standard.price(usage, properties)
        case Package():
            return package.price(usage, properties)
        case Percentage():
            return percentage.price(usage, properties)
        case Graduated() if prorated:
            return prorated_graduated.price(usage, properties)
        case Graduated():
            return graduated.price(usage, properties)
        case Volume():
            return volume.price(usage, properties)
        case GraduatedPercentage():
            return graduated_percentage.price(usage, properties)
        case Dynamic():
            return dynamic.price(usage, properties)
        case Custom():
            return custom.price(usage, properties)
