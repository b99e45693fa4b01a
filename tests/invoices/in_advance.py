"""What stories of charges billed in advance need: a subscriber to them, and events that happen to it."""

from typing import Any

from tests.company import Company


async def seats(company: Company, **fields: Any) -> dict[str, Any]:
    """A charge of 30 for each seat, prorated and in advance, on a metric that counts seats for as long as they last."""
    metric = await company.metric(aggregation_type="unique_count_agg", field_name="seat", recurring=True)
    return standard(metric, amount="30", prorated=True, **fields)


def standard(metric: dict[str, Any], amount: str = "10", **fields: Any) -> dict[str, Any]:
    """A charge in advance of so much a unit of the metric."""
    defaults = {"charge_model": "standard", "pay_in_advance": True, "properties": {"amount": amount}}
    return {"billable_metric_id": metric["lago_id"]} | defaults | fields


async def subscribed(
    company: Company, *charges: dict[str, Any], of: dict[str, Any] | None = None, **fields: Any
) -> str:
    """A subscription to a plan with these charges; its external id. `fields` are the plan's, `of` the customer."""
    plan = await company.plan(charges=list(charges), **fields)
    customer = of or await company.customer()
    return await subscribe(company, customer, plan)


async def subscribe(company: Company, customer: dict[str, Any], plan: dict[str, Any], **fields: Any) -> str:
    """Subscribe the customer to the plan; the external id."""
    defaults = {
        "external_customer_id": customer["external_id"],
        "plan_code": plan["code"],
        "external_id": f"subscription of {customer['external_id']}",
    }
    answer = await company.post("/subscriptions", {"subscription": defaults | fields})
    return answer["subscription"]["external_id"]


async def happens(
    company: Company,
    at: str,
    external_id: str,
    code: str,
    transaction_id: str,
    timestamp: int | None = None,
    **properties: Any,
) -> None:
    """Have an event happen at the instant, or be told of then if it happened before; all that follows is done."""
    await company.advance(at)
    event = {
        "transaction_id": transaction_id,
        "code": code,
        "external_subscription_id": external_id,
        "properties": properties,
    } | ({} if timestamp is None else {"timestamp": timestamp})
    await company.post("/events", {"event": event})
    await company.advance(at)


async def charge_fees(company: Company, external_id: str, query: str = "") -> list[dict[str, Any]]:
    """The fees of a subscription's usage charges, oldest first."""
    path = f"/fees?per_page=100&fee_type=charge&external_subscription_id={external_id}&{query}"
    return (await company.get(path))["fees"]


async def invoices_of(company: Company, external_id: str, query: str = "") -> list[dict[str, Any]]:
    """The customer's invoices, the newest first, each as it answers for itself."""
    found = await company.get(f"/invoices?external_customer_id={external_id}&{query}")
    return [(await company.get(f"/invoices/{each['lago_id']}"))["invoice"] for each in found["invoices"]]


async def pays(company: Company, *fees: dict[str, Any]) -> None:
    """Report that the money for these fees came in."""
    for fee in fees:
        await company.put(f"/fees/{fee['lago_id']}", {"fee": {"payment_status": "succeeded"}})
