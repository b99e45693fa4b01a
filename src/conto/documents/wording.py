"""How one document speaks: its locale, its labels, its currency, its customer's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from conto.documents import formats


@dataclass(frozen=True, slots=True)
class Wording:
    """What all parts of a document format their values with."""

    locale: str
    labels: Mapping[str, str]
    currency: str
    zone: ZoneInfo

    def say(self, label: str, **values: str) -> str:
        """The label with its values set in. Values are never read as patterns."""
        return self.labels[label].format(**values)

    def money(self, cents: int) -> str:
        """An amount in minor units of the document's currency."""
        return formats.money(cents, self.currency, self.locale)

    def price(self, amount: str) -> str:
        """A decimal string in major units of the document's currency, with up to 15 decimals."""
        return formats.price(Decimal(amount), self.currency, self.locale)

    def quantity(self, number: str | float) -> str:
        """A decimal string or number, without trailing zeros."""
        return formats.quantity(Decimal(str(number)), self.locale)

    def percent(self, rate: str | float) -> str:
        """A rate in percent, as JSON has it: number or decimal string."""
        return formats.percent(Decimal(str(rate)), self.locale)

    def day(self, on: date) -> str:
        """A date."""
        return formats.day(on, self.locale)

    def days(self, count: int) -> str:
        """So many days, in the number that the language asks for."""
        one = formats.as_locale(self.locale).plural_form(count) == "one"
        return self.say("day" if one else "days", count=self.quantity(count))
