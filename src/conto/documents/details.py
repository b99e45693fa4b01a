"""The lines below a usage line that say how the charge model reached its amount (chapter 72 §8.1, chapter 40 §4)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from conto.documents.wording import Wording

Price = Callable[[str], str]


def details(fee: Mapping[str, Any], wording: Wording) -> list[str]:
    """How the fee's amount came about; empty for models without steps."""
    steps = fee.get("amount_details") or {}
    price = _priced_in(fee, wording)
    if "graduated_ranges" in steps:
        return [_graduated(step, price, wording) for step in steps["graduated_ranges"]]
    if "graduated_percentage_ranges" in steps:
        return [_graduated_percentage(step, price, wording) for step in steps["graduated_percentage_ranges"]]
    if "per_package_size" in steps:
        return _package(steps, price, wording)
    if "fixed_fee_unit_amount" in steps:
        return _percentage(steps, price, wording)
    if "flat_unit_amount" in steps:
        return _volume(fee, steps, price, wording)
    return []


def conversion(fee: Mapping[str, Any], wording: Wording) -> list[str]:
    """What the fee costs in its pricing unit, and the rate to the document's currency (chapter 40 §9)."""
    unit = fee.get("pricing_unit_details")
    if not unit:
        return []
    cost = _in_unit(str(Decimal(unit["amount_cents"]).scaleb(-2)), unit, wording)
    return [
        wording.say("conversion", amount=cost, unit=unit["short_name"], rate=wording.price(unit["conversion_rate"]))
    ]


def _priced_in(fee: Mapping[str, Any], wording: Wording) -> Price:
    """Charge models count in the pricing unit if the charge has one, else in the document's currency."""
    unit = fee.get("pricing_unit_details")
    return (lambda amount: _in_unit(amount, unit, wording)) if unit else wording.price


def _in_unit(amount: str, unit: Mapping[str, Any], wording: Wording) -> str:
    return f"{wording.quantity(amount)}\u00a0{unit['short_name']}"


def _number(value: str | float) -> Decimal:
    """Counts are numbers, or decimal strings where they are the difference of two states (chapter 40 §10)."""
    return Decimal(str(value))


def _range(step: Mapping[str, Any], wording: Wording) -> str:
    first = wording.quantity(step["from_value"])
    if step["to_value"] is None:
        return wording.say("range_open", first=first)
    return f"{first}–{wording.quantity(step['to_value'])}"


def _with_flat(text: str, flat: str, price: Price, wording: Wording) -> str:
    return text if _number(flat) == 0 else f"{text}, {wording.say('flat_fee', amount=price(flat))}"


def _graduated(step: Mapping[str, Any], price: Price, wording: Wording) -> str:
    product = _product(step, price, wording)
    return _with_flat(f"{_range(step, wording)}: {product}", step["flat_unit_amount"], price, wording)


def _product(step: Mapping[str, Any], price: Price, wording: Wording) -> str:
    units, total = wording.quantity(step["units"]), price(step["per_unit_total_amount"])
    return f"{units} × {price(step['per_unit_amount'])} = {total}"


def _share(step: Mapping[str, Any], units: str | float, price: Price, wording: Wording) -> str:
    total = price(step["per_unit_total_amount"])
    return f"{wording.quantity(units)} × {wording.percent(step['rate'])} = {total}"


def _graduated_percentage(step: Mapping[str, Any], price: Price, wording: Wording) -> str:
    share = _share(step, step["units"], price, wording)
    return _with_flat(f"{_range(step, wording)}: {share}", step["flat_unit_amount"], price, wording)


def _package(steps: Mapping[str, Any], price: Price, wording: Wording) -> list[str]:
    lines = []
    if _number(steps["free_units"]) > 0:
        lines.append(wording.say("free_units", units=wording.quantity(steps["free_units"])))
    if _number(steps["paid_units"]) > 0:
        lines.append(
            wording.say(
                "packages",
                units=wording.quantity(steps["paid_units"]),
                size=wording.quantity(steps["per_package_size"]),
                price=price(steps["per_package_unit_amount"]),
            )
        )
    return lines


def _volume(fee: Mapping[str, Any], steps: Mapping[str, Any], price: Price, wording: Wording) -> list[str]:
    product = _product({**steps, "units": fee["units"]}, price, wording)
    return [_with_flat(product, steps["flat_unit_amount"], price, wording)]


def _percentage(steps: Mapping[str, Any], price: Price, wording: Wording) -> list[str]:
    lines = []
    if _number(steps["free_units"]) > 0:
        lines.append(wording.say("free_units", units=wording.quantity(steps["free_units"])))
    if _number(steps["free_events"]) > 0:
        lines.append(wording.say("free_events", count=wording.quantity(steps["free_events"])))
    if _number(steps["paid_units"]) > 0:
        lines.append(_share(steps, steps["paid_units"], price, wording))
    return [*lines, *_fixed(steps, price, wording), *_adjustment(steps, price, wording)]


def _fixed(steps: Mapping[str, Any], price: Price, wording: Wording) -> list[str]:
    if _number(steps["fixed_fee_total_amount"]) == 0:
        return []
    return [
        wording.say(
            "events",
            count=wording.quantity(steps["paid_events"]),
            price=price(steps["fixed_fee_unit_amount"]),
            total=price(steps["fixed_fee_total_amount"]),
        )
    ]


def _adjustment(steps: Mapping[str, Any], price: Price, wording: Wording) -> list[str]:
    amount = steps.get("min_max_adjustment_total_amount") or "0"
    return [] if _number(amount) == 0 else [wording.say("adjustment", amount=price(amount))]
