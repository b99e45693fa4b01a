"""VAT in the European Union: rates by country, postcode and day, and whose a customer pays (chapter 10 §5.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

REVERSE_CHARGE = "lago_eu_reverse_charge"
TAX_EXEMPT = "lago_eu_tax_exempt"

_ALWAYS = date.min


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A standard rate, in percent, from its first day on."""

    since: date
    rate: Decimal


def _steady(rate: str) -> tuple[DatedRate, ...]:
    return (DatedRate(_ALWAYS, Decimal(rate)),)


def _raised(before: str, since: date, rate: str) -> tuple[DatedRate, ...]:
    return (DatedRate(_ALWAYS, Decimal(before)), DatedRate(since, Decimal(rate)))


STANDARD_RATES = {
    "AT": _steady("20"),
    "BE": _steady("21"),
    "BG": _steady("20"),
    "CY": _steady("19"),
    "CZ": _steady("21"),
    "DE": _steady("19"),
    "DK": _steady("25"),
    "EE": _raised("22", date(2025, 7, 1), "24"),
    "ES": _steady("21"),
    "FI": _steady("25.5"),
    "FR": _steady("20"),
    "GR": _steady("24"),
    "HR": _steady("25"),
    "HU": _steady("27"),
    "IE": _steady("23"),
    "IT": _steady("22"),
    "LT": _steady("21"),
    "LU": _steady("17"),
    "LV": _steady("21"),
    "MT": _steady("18"),
    "NL": _steady("21"),
    "PL": _steady("23"),
    "PT": _steady("23"),
    "RO": _raised("19", date(2025, 8, 1), "21"),
    "SE": _steady("25"),
    "SI": _steady("22"),
    "SK": _steady("23"),
}
"""The member states, by ISO code, each with its standard rates in order of their days."""


@dataclass(frozen=True, slots=True)
class Territory:
    """A part of a member state with a rate of its own, known by its postcodes."""

    country: str
    name: str
    title: str
    postcodes: re.Pattern[str]
    rate: Decimal

    @property
    def code(self) -> str:
        """The code of its tax."""
        return f"lago_eu_{self.country.lower()}_exception_{self.name}"


def _territory(country: str, name: str, title: str, postcodes: str, rate: str) -> Territory:
    return Territory(country, name, title, re.compile(postcodes, re.ASCII), Decimal(rate))


TERRITORIES = (
    _territory("ES", "canary_islands", "Canary Islands", r"(35|38)\d{3}", "0"),
    _territory("ES", "ceuta", "Ceuta", r"5100[1-5]|5107[01]|51081", "0"),
    _territory("ES", "melilla", "Melilla", r"5200[1-6]|5207[01]|52081", "0"),
    _territory("IT", "campione_d_italia", "Campione d'Italia", r"22061", "0"),
    _territory("IT", "livigno", "Livigno", r"23041", "0"),
    _territory("FI", "aland_islands", "Åland Islands", r"22\d{3}", "0"),
    _territory("GR", "mount_athos", "Mount Athos", r"63086", "0"),
    _territory("FR", "guadeloupe", "Guadeloupe", r"971\d{2}", "8.5"),
    _territory("FR", "martinique", "Martinique", r"972\d{2}", "8.5"),
    _territory("FR", "reunion", "Réunion", r"974\d{2}", "8.5"),
    _territory("FR", "guyane", "Guyane", r"973\d{2}", "0"),
    _territory("FR", "mayotte", "Mayotte", r"976\d{2}", "0"),
    _territory("DE", "busingen_am_hochrhein", "Büsingen am Hochrhein", r"78266", "0"),
    _territory("DE", "heligoland", "Heligoland", r"27498", "0"),
    # Portuguese postcodes go on after a hyphen: the first four digits tell the territory.
    _territory("PT", "madeira", "Madeira", r"9[0-4]\d{2}(-?\d{3})?", "22"),
    _territory("PT", "azores", "Azores", r"9[5-9]\d{2}(-?\d{3})?", "18"),
    _territory("AT", "jungholz", "Jungholz", r"6691", "19"),
    _territory("AT", "mittelberg", "Mittelberg", r"699[1-3]", "19"),
)

CONSUMERS_PAY_STANDARD = "FR"
"""The country in whose territories only companies pay the territory's rate."""


@dataclass(frozen=True, slots=True)
class GeneratedTax:
    """A tax that EU VAT management makes; `rate` is a percentage."""

    code: str
    name: str
    rate: Decimal


class Number(Enum):
    """What the form of a customer's VAT number tells."""

    NONE = "none"
    MALFORMED = "malformed"
    WELL_FORMED = "well formed"


class Basis(Enum):
    """What decides a customer's tax: the territory it is in, its VAT number once it is checked, or its country."""

    TERRITORY = "territory"
    NUMBER = "number"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Decision:
    """The code of the tax and what decided it; no code where the number must be checked first."""

    basis: Basis
    code: str | None


def is_member(country: str | None) -> bool:
    """Whether the country, an ISO code in upper case, is a member state."""
    return country in STANDARD_RATES


def standard_code(country: str) -> str:
    """The code of a member state's standard tax."""
    assert is_member(country)
    return f"lago_eu_{country.lower()}_standard"


def standard_rate(country: str, day: date) -> Decimal:
    """A member state's standard rate on the day, in percent."""
    return next(dated.rate for dated in reversed(STANDARD_RATES[country]) if dated.since <= day)


def next_change(day: date) -> date | None:
    """The first day after `day` on which a rate changes, None where none is known."""
    days = (dated.since for rates in STANDARD_RATES.values() for dated in rates)
    return min((since for since in days if since > day), default=None)


def generated(day: date) -> Iterator[GeneratedTax]:
    """All taxes of EU VAT management, as they are on the day."""
    for country in STANDARD_RATES:
        yield GeneratedTax(standard_code(country), f"{country} Standard", standard_rate(country, day))
    for territory in TERRITORIES:
        yield GeneratedTax(territory.code, f"{territory.country} Exception {territory.title}", territory.rate)
    yield GeneratedTax(REVERSE_CHARGE, "Reverse Charge", Decimal(0))
    yield GeneratedTax(TAX_EXEMPT, "Tax Exempt", Decimal(0))


def territory(country: str | None, zipcode: str | None) -> Territory | None:
    """The special territory that an address lies in; blanks in the postcode do not count."""
    postcode = "".join((zipcode or "").split())
    return next((one for one in TERRITORIES if one.country == country and one.postcodes.fullmatch(postcode)), None)


def before_check(country: str | None, zipcode: str | None, number: Number, seller_country: str) -> Decision:
    """The tax that an address and the form of a VAT number decide."""
    special = territory(country, zipcode)
    if special and (special.country != CONSUMERS_PAY_STANDARD or number is Number.WELL_FORMED):
        return Decision(Basis.TERRITORY, special.code)
    if number is Number.WELL_FORMED:
        return Decision(Basis.NUMBER, None)
    return Decision(Basis.COUNTRY, by_country(country, seller_country))


def after_check(
    country: str | None, zipcode: str | None, number_country: str, seller_country: str, *, valid: bool
) -> str:
    """The code of the tax once VIES has answered about a number of `number_country`."""
    if not valid:
        return by_country(country, seller_country)
    if number_country != seller_country:
        return REVERSE_CHARGE
    special = territory(country or seller_country, zipcode)
    return special.code if special and special.country == seller_country else standard_code(seller_country)


def by_country(country: str | None, seller_country: str) -> str:
    """The code of the tax of a buyer without a valid number: its country's, the seller's where it has none."""
    if country is None:
        return standard_code(seller_country)
    return standard_code(country) if is_member(country) else TAX_EXEMPT
