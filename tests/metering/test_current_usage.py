"""Current usage: what the events of a subscription come to by now (chapter 31 §1)."""

from typing import Any

from tests.company import Company


async def subscribed(company: Company, *charges: dict[str, Any], **plan: Any) -> dict[str, Any]:
    """A customer's subscription to a plan with these charges."""
    made = await company.plan(amount_cents=0, charges=list(charges), **plan)
    customer = await company.customer()
    body = {
        "external_customer_id": customer["external_id"],
        "plan_code": made["code"],
        "external_id": f"sub of {made['code']}",
    }
    return (await company.post("/subscriptions", {"subscription": body}))["subscription"]


async def happens(company: Company, subscription: dict[str, Any], metric: dict[str, Any], *events: Any) -> None:
    """Events of the metric, each with these properties; a `timestamp` among them is the event's own."""
    sent = [
        {
            "transaction_id": f"{metric['code']} {number} {id(events)}",
            "external_subscription_id": subscription["external_id"],
            "code": metric["code"],
            "properties": {key: value for key, value in properties.items() if key != "timestamp"},
        }
        | ({"timestamp": properties["timestamp"]} if "timestamp" in properties else {})
        for number, properties in enumerate(events)
    ]
    for start in range(0, len(sent), 100):
        await company.post("/events/batch", {"events": sent[start : start + 100]})


async def usage_of(company: Company, subscription: dict[str, Any], parameters: str = "") -> dict[str, Any]:
    """The subscription's current usage."""
    path = f"/customers/{subscription['external_customer_id']}/current_usage"
    found = await company.get(f"{path}?external_subscription_id={subscription['external_id']}{parameters}")
    return found["customer_usage"]


def standard(metric: dict[str, Any], amount: str = "10", **fields: Any) -> dict[str, Any]:
    """A standard charge on the metric."""
    properties = {"amount": amount} | fields.pop("properties", {})
    return {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "properties": properties} | fields


async def test_usage_is_priced_and_taxed_as_on_an_invoice(rehearsal: Company):
    tax = await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await rehearsal.metric(name="Calls")
    subscription = await subscribed(rehearsal, standard(metric, "0.55"))
    await happens(rehearsal, subscription, metric, {}, {}, {})

    usage = await usage_of(rehearsal, subscription)

    assert (usage["amount_cents"], usage["taxes_amount_cents"], usage["total_amount_cents"]) == (165, 33, 198)
    assert usage["from_datetime"] == "2024-03-05T12:00:00Z"
    assert (usage["to_datetime"], usage["issuing_date"]) == ("2024-03-31T23:59:59Z", "2024-03-31")
    (charge,) = usage["charges_usage"]
    assert (charge["units"], charge["events_count"], charge["amount_cents"]) == ("3.0", 3, 165)
    assert tax["code"]
