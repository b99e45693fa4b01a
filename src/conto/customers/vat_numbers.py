"""The form of VAT numbers of the European Union, by each country's own rules and check digits."""

from dataclasses import dataclass

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

ISO_COUNTRIES = {"EL": "GR"}
"""The countries that their numbers name otherwise than ISO 3166 does."""

PREFIXES = frozenset({"EL" if state == "gr" else state.upper() for state in vat.MEMBER_STATES})
"""What a number may begin with; `XI` is Northern Ireland. One-stop-shop numbers (`EU`, `IM`) are no VAT numbers."""

IRISH = "+*"
"""Signs that stand in old Irish numbers; all other signs separate."""


@dataclass(frozen=True, slots=True)
class VatNumber:
    """A number of valid form: the letters that VIES knows its country by, and what follows them."""

    prefix: str
    rest: str

    @property
    def text(self) -> str:
        """The number, without separators."""
        return self.prefix + self.rest

    @property
    def country(self) -> str:
        """The country that issued it, as ISO 3166 names it."""
        return ISO_COUNTRIES.get(self.prefix, self.prefix)


def parsed(text: str) -> VatNumber | None:
    """The VAT number that a text is; None where it has no valid form, as without its country's letters."""
    compact = "".join(character for character in text if character.isalnum() or character in IRISH).upper()
    if compact.startswith("GR"):
        compact = "EL" + compact[2:]
    prefix = compact[:2]
    if not compact.isascii() or prefix not in PREFIXES:
        return None
    try:
        valid = vat.validate(compact)
    except ValidationError:
        return None
    return VatNumber(prefix, valid.removeprefix(prefix))
