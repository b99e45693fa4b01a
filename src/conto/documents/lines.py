"""The lines of an invoice: its fees, by subscription, in the order a reader expects (chapter 72 §8.1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from conto.documents.details import conversion, details
from conto.documents.wording import Wording

Fee = Mapping[str, Any]
Period = tuple[date, date]

ORDER = {"subscription": 0, "add_on": 0, "credit": 0, "fixed_charge": 1, "charge": 2, "commitment": 3}


def by_subscription(fees: Sequence[Fee]) -> dict[str | None, list[Fee]]:
    """The fees that are printed, by subscription id, each list in reading order."""
    groups: dict[str | None, list[Fee]] = {}
    for fee in filter(_shown, fees):
        groups.setdefault(fee.get("lago_subscription_id"), []).append(fee)
    return {subscription: _ordered(group) for subscription, group in groups.items()}


def _shown(fee: Fee) -> bool:
    """Unused charges are left out; one that costs something without units (a flat amount) is not unused."""
    unused = Decimal(fee["units"]) == 0 and fee["amount_cents"] == 0
    return not (fee["item"]["type"] == "charge" and unused)


def _ordered(fees: list[Fee]) -> list[Fee]:
    """By type, the fees of a charge together, its minimum spend after them."""
    seen: dict[str | None, int] = {}
    for fee in fees:
        seen.setdefault(fee.get("lago_charge_id"), len(seen))

    def rank(fee: Fee) -> tuple[int, int, bool]:
        return ORDER[fee["item"]["type"]], seen[fee.get("lago_charge_id")], bool(fee.get("lago_true_up_parent_fee_id"))

    return sorted(fees, key=rank)


def section(title: str | None, fees: Sequence[Fee], wording: Wording) -> dict[str, Any]:
    """A table of lines. A period that two or more lines share is said once, above them."""
    periods = {_period(fee, wording) for fee in fees}
    shared = periods.pop() if len(periods) == 1 and len(fees) > 1 else None
    return {
        "title": title,
        "period": _fees_of(shared, wording) if shared else None,
        "lines": [line(fee, wording, with_period=shared is None) for fee in fees],
    }


def line(fee: Fee, wording: Wording, with_period: bool = True) -> dict[str, Any]:
    """One fee: its name, the smaller lines below it, and its numbers."""
    period = _period(fee, wording) if with_period else None
    below = [
        *([_days(period, wording)] if period else []),
        *details(fee, wording),
        *conversion(fee, wording),
        *_breakdown(fee, wording),
    ]
    return {
        "name": _name(fee, wording),
        "description": _description(fee),
        "below": below,
        "units": wording.quantity(fee["units"]),
        "unit_price": wording.price(fee["precise_unit_amount"]),
        "tax_rate": wording.percent(fee["taxes_rate"]),
        "amount": wording.money(fee["amount_cents"]),
    }


def _name(fee: Fee, wording: Wording) -> str:
    item = fee["item"]
    name = item.get("invoice_display_name") or item["name"]
    if item["type"] == "credit" and name == "credit":
        return wording.say("prepaid_credits_bought")
    if fee.get("lago_true_up_parent_fee_id"):
        return wording.say("minimum_spend", name=name)
    groups = [value for value in (item.get("grouped_by") or {}).values() if value]
    return " · ".join(part for part in [name, item.get("filter_invoice_display_name"), *groups] if part)


def _description(fee: Fee) -> str | None:
    """The text of a one-off item; plans and metrics describe themselves to their owner, not to the customer."""
    if fee["item"]["type"] != "add_on":
        return None
    return fee.get("description") or fee["item"].get("description") or None


def _breakdown(fee: Fee, wording: Wording) -> list[str]:
    entries = fee.get("presentation_breakdowns") or []
    return [
        f"{', '.join(str(value) for value in entry['presentation_by'].values())}: {wording.quantity(entry['units'])}"
        for entry in entries
    ]


def _period(fee: Fee, wording: Wording) -> Period | None:
    """First and last day, in the customer's time zone; none for a fee of an instant."""
    if not fee.get("from_date") or not fee.get("to_date") or fee["from_date"] == fee["to_date"]:
        return None
    start, end = _instant(fee["from_date"]), _instant(fee["to_date"])
    # Fees of non-invoiceable charges give local days as if they were UTC (chapter 41 §1.2).
    if start.time() == time(0, 0) and end.time() == time(23, 59, 59):
        return start.date(), end.date()
    return start.astimezone(wording.zone).date(), end.astimezone(wording.zone).date()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def _fees_of(period: Period, wording: Wording) -> str:
    start, end = period
    if start == end:
        return wording.day(start)
    return wording.say("fees_period", start=wording.day(start), end=wording.day(end))


def _days(period: Period, wording: Wording) -> str:
    start, end = period
    return wording.day(start) if start == end else f"{wording.day(start)} – {wording.day(end)}"
