"""What the customers' shops report in the year: the same events whenever it is played."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from conto.demo.company import CLOSES, OPENS, Customer

ORDER_DAYS = range(2, 26, 3)


def reported(customer: Customer, after: datetime, until: datetime) -> list[dict[str, Any]]:
    """The customer's events from when it began, later than `after` and not later than `until`."""
    return [
        event
        for month in months()
        for event in (*opening_of(customer, month), *month_of(customer, month))
        if customer.since <= event["timestamp"] and after < event["timestamp"] <= until
    ]


def months() -> Iterator[datetime]:
    """The first instants, UTC, of the months that the year touches."""
    month = OPENS
    while month <= CLOSES:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def month_of(customer: Customer, month: datetime) -> Iterator[dict[str, Any]]:
    """Orders, e-mails, storage, requests and comings and goings of staff in one month."""
    size, nth = customer.size, month.month
    for day in ORDER_DAYS:
        yield event(customer, noon(month, day), "orders", value=f"{size * (24 + day + nth)}.50")
    for day in (5, 19):
        yield event(customer, noon(month, day), "emails", kind="newsletter", sent=size * (300 + 40 * nth))
    for day in (9, 23):
        yield event(customer, noon(month, day), "emails", kind="receipt", sent=size * (120 + 15 * nth))
    for day, more in ((15, nth), (25, 0)):
        yield event(customer, noon(month, day), "storage", gigabytes=8 * size + 3 * more)
    for day in (3, 10, 17, 24):
        yield event(customer, noon(month, day), "requests", count=size * (1500 + 125 * nth))
    if nth % 2:
        yield event(customer, noon(month, 4 + nth), "staff", account=f"helper {nth}", operation_type="add")
    else:
        yield event(customer, noon(month, 20), "staff", account=f"helper {nth - 1}", operation_type="remove")


def opening_of(customer: Customer, month: datetime) -> Iterator[dict[str, Any]]:
    """The two accounts that a customer begins with."""
    if (customer.since.year, customer.since.month) == (month.year, month.month):
        for account in ("owner", "clerk"):
            begun = customer.since + timedelta(minutes=5)
            yield event(customer, begun, "staff", account=account, operation_type="add")


def late_order(customer: Customer, month: datetime) -> dict[str, Any]:
    """An order of the last day before `month` that is reported only in it."""
    return event(customer, month - timedelta(hours=18), "orders", value=f"{100 * customer.size}.25")


def noon(month: datetime, day: int) -> datetime:
    """Noon, UTC, of a day of the month."""
    return month.replace(day=day, hour=12)


def event(customer: Customer, on: datetime, code: str, **properties: Any) -> dict[str, Any]:
    """An event of the customer, whose name tells all that it says."""
    name = "-".join((customer.code, f"{on:%Y%m%d}", code, *(str(value) for value in properties.values())))
    return {
        "transaction_id": name,
        "external_subscription_id": customer.code,
        "code": code,
        "timestamp": on,
        "properties": properties,
    }
