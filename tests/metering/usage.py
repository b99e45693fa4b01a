"""The verbs of stories about usage: who subscribed to what, what happened, and what it comes to."""

from itertools import count
from typing import Any
from urllib.parse import quote

from tests.company import Company

_numbers = count(1)


async def subscribed(company: Company, *charges: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A new customer's subscription to a new plan with these charges; `started` is its instant, `plan` its fields."""
    plan = await company.plan(charges=list(charges), **({"amount_cents": 0} | fields.pop("plan", {})))
    customer = await company.customer(**fields.pop("customer", {}))
    started = {"subscription_at": fields.pop("started")} if "started" in fields else {}
    body = {
        "external_customer_id": customer["external_id"],
        "plan_code": plan["code"],
        "external_id": f"sub_{next(_numbers)}",
    }
    return (await company.post("/subscriptions", {"subscription": body | started | fields}))["subscription"]


def charge(metric: dict[str, Any], model: str = "standard", /, **fields: Any) -> dict[str, Any]:
    """A charge on the metric; its properties are those given, else 10 for each unit."""
    return {"billable_metric_id": metric["lago_id"], "charge_model": model, "properties": {"amount": "10"}} | fields


async def happened(
    company: Company, subscription: dict[str, Any], metric: dict[str, Any], *events: dict[str, Any]
) -> None:
    """Events of the metric with these properties; `timestamp` and `precise_total_amount_cents` are the event's own."""
    own = ("timestamp", "precise_total_amount_cents")
    sent = [
        {
            "transaction_id": f"event_{next(_numbers)}",
            "external_subscription_id": subscription["external_id"],
            "code": metric["code"],
            "properties": {key: value for key, value in event.items() if key not in own},
        }
        | {key: event[key] for key in own if key in event}
        for event in events
    ]
    for start in range(0, len(sent), 100):
        await company.post("/events/batch", {"events": sent[start : start + 100]})


def path_of(subscription: dict[str, Any], view: str = "current_usage", **parameters: Any) -> str:
    """The path of a view of the subscription's usage."""
    given = {"external_subscription_id": subscription["external_id"]} | parameters
    query = "&".join(f"{quote(key, safe='[]')}={quote(str(value))}" for key, value in given.items())
    return f"/customers/{subscription['external_customer_id']}/{view}?{query}"


async def current_usage(company: Company, subscription: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """The subscription's current usage."""
    return (await company.get(path_of(subscription, **parameters)))["customer_usage"]


async def explanation(
    company: Company, subscription: dict[str, Any], charge_code: str, **parameters: Any
) -> dict[str, Any]:
    """How the usage of the charge came to its amount."""
    given = {"charge_code": charge_code} | parameters
    query = "&".join(f"{quote(key, safe='[]')}={quote(str(value))}" for key, value in given.items())
    found = await company.get(f"/subscriptions/{subscription['external_id']}/usage_explanation?{query}")
    return found["usage_explanation"]
