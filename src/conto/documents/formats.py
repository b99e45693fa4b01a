"""Numbers, amounts and dates as a locale writes them (chapter 72 §§7-8), rounded at 15 decimals or not at all."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
)

from conto.core.money import EXACT, exponent
from conto.documents.fonts import REPLACEMENT, printable

PRICE_DECIMALS = 15


@cache
def as_locale(tag: str) -> Locale:
    """The locale of a `document_locale` such as `en`, `pt-BR`, `zh-TW`."""
    return Locale.parse(tag, sep="-")


@cache
def _currency_pattern(currency: str, tag: str, most_decimals: int) -> str:
    """The locale's pattern for amounts, from the currency's decimals up to `most_decimals`."""
    pattern = as_locale(tag).currency_formats["standard"].pattern
    # Babel would take the digits that are usual in shops (CLDR); minor units are counted by ISO 4217.
    least = exponent(currency)
    digits = "0" * least + "#" * (most_decimals - least)
    pattern = pattern.replace(".00", f".{digits}" if digits else "")
    symbol = get_currency_symbol(currency, as_locale(tag))
    sign = "¤"
    if REPLACEMENT in printable(symbol):
        # Two signs stand for the code, which every font has.
        symbol, sign = currency, "¤¤"
    # CLDR sets a space between letters and digits (KWD 1.000), which Babel leaves out.
    space = "\u00a0" if symbol[-1].isalpha() else ""
    return re.sub("¤(?=[#0])", f"¤{space}", pattern).replace("¤", sign)


def major(cents: int, currency: str) -> Decimal:
    """The amount in major units: 1050 EUR is 10.50, 1050 JPY is 1050."""
    return Decimal(cents).scaleb(-exponent(currency), EXACT)


def money(cents: int, currency: str, locale: str) -> str:
    """An amount of minor units, with all decimals of the currency."""
    with localcontext(EXACT):
        return _currency(
            major(cents, currency), currency, _currency_pattern(currency, locale, exponent(currency)), locale
        )


def price(amount: Decimal, currency: str, locale: str) -> str:
    """An amount of major units: the currency's decimals, and up to 15 where the amount has them."""
    with localcontext(EXACT):
        return _currency(_to_15(amount), currency, _currency_pattern(currency, locale, PRICE_DECIMALS), locale)


def _currency(amount: Decimal, currency: str, pattern: str, locale: str) -> str:
    return format_currency(amount, currency, format=pattern, locale=as_locale(locale), currency_digits=False)


def quantity(number: Decimal, locale: str) -> str:
    """A plain number: as many decimals as it has, at most 15, without trailing zeros."""
    with localcontext(EXACT):
        return format_decimal(_to_15(number), locale=as_locale(locale), decimal_quantization=False)


def percent(rate: Decimal, locale: str) -> str:
    """A rate in percent: 8.875 is `8.875%`."""
    with localcontext(EXACT):
        return format_percent(rate / 100, locale=as_locale(locale), decimal_quantization=False)


def day(on: date, locale: str) -> str:
    """A date: `Jan 31, 2024` in English."""
    return format_date(on, format="medium", locale=as_locale(locale))


def country(code: str, locale: str) -> str:
    """The country's name, or the code itself if it has none."""
    return as_locale(locale).territories.get(code, code)


def _to_15(number: Decimal) -> Decimal:
    """Rounded half away from zero to 15 decimals, since Babel would round half to even."""
    return number.quantize(Decimal(1).scaleb(-PRICE_DECIMALS), rounding=ROUND_HALF_UP, context=EXACT)
