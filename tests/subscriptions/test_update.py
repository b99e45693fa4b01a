"""What a call may change of a subscription, by its status (chapter 50 §4)."""

from typing import Any

import pytest

from tests.books import listens, webhook_types
from tests.company import Company
from tests.subscriptions.story import amounts, reasons

LATER = "2024-03-20T00:00:00Z"


async def changed(company: Company, subscription: dict[str, Any], status: int = 200, **fields: Any) -> Any:
    """The subscription after the change, or the refusal."""
    path = f"/subscriptions/{subscription['external_id']}"
    answer = await company.put(path, {"subscription": fields}, status)
    return answer["subscription"] if status == 200 else answer


async def test_an_active_subscription_takes_what_is_given_and_keeps_the_rest(rehearsal: Company):
    await listens(rehearsal)
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    made = await rehearsal.subscribe(customer, plan, name="First", purchase_order_number="one")
    fields = {"name": "Second", "ending_at": "2024-09-01T00:00:00Z", "on_termination_credit_note": "refund"}
    after = await changed(rehearsal, made, **fields)
    assert {name: after[name] for name in fields} == fields
    assert after["purchase_order_number"] == "one"
    # An active one has started: another start is read, and changes nothing.
    moved = await changed(rehearsal, made, subscription_at=LATER, purchase_order_number=" ")
    assert (moved["subscription_at"], moved["status"]) == (made["subscription_at"], "active")
    assert (moved["purchase_order_number"], moved["name"]) == (None, "Second")
    assert (await webhook_types(rehearsal)).count("subscription.updated") == 2


async def test_an_end_that_is_moved_or_removed_is_the_one_that_counts(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan()
    made = await rehearsal.subscribe(customer, plan, ending_at="2024-04-10T00:00:00Z")
    await changed(rehearsal, made, ending_at="2024-03-25T00:00:00Z")
    other = await rehearsal.subscribe(customer, plan, ending_at="2024-03-25T00:00:00Z", consolidate_invoice=False)
    await changed(rehearsal, other, ending_at=None)
    await rehearsal.advance("2024-04-20T00:00:00Z")
    listed = (await rehearsal.get("/subscriptions?status[]=active&status[]=terminated"))["subscriptions"]
    ends = {each["lago_id"]: (each["status"], each["terminated_at"]) for each in listed}
    assert ends[made["lago_id"]] == ("terminated", "2024-03-25T00:00:00Z")
    assert ends[other["lago_id"]] == ("active", None)
    assert sorted(amounts(await rehearsal.invoices(customer))) == [[677], [871]]


async def test_an_end_put_on_the_next_billing_day_takes_the_renewals_place(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan()
    made = await rehearsal.subscribe(customer, plan)
    await changed(rehearsal, made, ending_at="2024-04-01T00:00:00Z")
    await rehearsal.advance("2024-05-02T00:00:00Z")
    (invoice,) = await rehearsal.invoices(customer)
    assert (reasons(invoice), amounts([invoice])) == (["subscription_terminating"], [[871]])


@pytest.mark.parametrize(
    ("subscription_at", "status", "fees", "told"),
    [
        ("2024-03-22T00:00:00Z", "pending", [], []),
        ("2024-03-05T09:00:00Z", "active", [[871]], ["subscription.started", "subscription.updated"]),
        ("2024-03-01T00:00:00Z", "active", [], ["subscription.started", "subscription.updated"]),
    ],
)
async def test_the_start_of_a_pending_one_moves(
    rehearsal: Company, subscription_at: str, status: str, fees: list[list[int]], told: list[str]
):
    await listens(rehearsal)
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    made = await rehearsal.subscribe(customer, plan, subscription_at=LATER)
    after = await changed(rehearsal, made, subscription_at=subscription_at)
    assert (after["status"], after["subscription_at"]) == (status, subscription_at)
    assert amounts(await rehearsal.invoices(customer)) == fees
    assert [each for each in await webhook_types(rehearsal) if each.startswith("subscription.")] == told
    await rehearsal.advance("2024-03-21T00:00:00Z")
    shown = (await rehearsal.get(f"/subscriptions/{made['external_id']}?status={status}"))["subscription"]
    assert shown["status"] == status
    await rehearsal.advance("2024-03-22T00:00:00Z")
    # 10 of 31 days where it starts on the 22nd.
    assert amounts(await rehearsal.invoices(customer)) == (fees if status == "active" else [[323]])


async def test_the_order_number_of_one_that_is_over_stays(rehearsal: Company):
    customer = await rehearsal.customer()
    made = await rehearsal.subscribe(customer, await rehearsal.plan(), purchase_order_number="one")
    await rehearsal.terminate(made)
    assert (await changed(rehearsal, made, purchase_order_number=" one "))["status"] == "terminated"
    refused = await changed(rehearsal, made, 405, purchase_order_number="two")
    assert refused["code"] == "purchase_order_number_not_editable"


async def test_which_subscription_is_meant(rehearsal: Company):
    customer = await rehearsal.customer()
    dear, cheap = await rehearsal.plan(), await rehearsal.plan(amount_cents=10)
    made = await rehearsal.subscribe(customer, dear)
    await rehearsal.subscribe(customer, cheap, external_id=made["external_id"])
    assert (await changed(rehearsal, made, name="Running"))["lago_id"] == made["lago_id"]
    path = f"/subscriptions/{made['external_id']}?status=pending"
    waiting = (await rehearsal.put(path, {"subscription": {"name": "Waiting"}}))["subscription"]
    assert (waiting["status"], waiting["plan_code"], waiting["name"]) == ("pending", cheap["code"], "Waiting")
    assert (await rehearsal.put("/subscriptions/none", {"subscription": {"name": "N"}}, 404))[
        "code"
    ] == "subscription_not_found"


async def test_the_status_of_the_one_that_is_meant_may_stand_beside_the_envelope(rehearsal: Company):
    dear, cheap = await rehearsal.plan(amount_cents=5000), await rehearsal.plan(amount_cents=100)
    customer = await rehearsal.customer()
    asked = {"external_customer_id": customer["external_id"], "external_id": "lineage"}
    for plan in (dear, cheap):
        await rehearsal.post("/subscriptions", {"subscription": asked | {"plan_code": plan["code"]}})
    body = {"status": "pending", "subscription": {"name": "To come"}}
    after = (await rehearsal.put("/subscriptions/lineage", body))["subscription"]
    assert (after["status"], after["name"], after["plan_code"]) == ("pending", "To come", cheap["code"])
    assert (await rehearsal.get("/subscriptions/lineage"))["subscription"]["name"] is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("ending_at", "2024-03-05T23:00:00Z", "invalid_date"),
        ("ending_at", "soon", "invalid_date"),
        ("on_termination_credit_note", "perhaps", "invalid_value"),
        ("on_termination_invoice", "perhaps", "invalid_value"),
        ("purchase_order_number", "x" * 256, "value_is_too_long"),
    ],
)
async def test_what_is_refused_changes_nothing(rehearsal: Company, field: str, value: str, code: str):
    made = await rehearsal.subscribe(await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True))
    refused = await changed(rehearsal, made, 422, **{"name": "New", field: value})
    assert refused["error_details"] == {field: [code]}
    shown = (await rehearsal.get(f"/subscriptions/{made['external_id']}"))["subscription"]
    assert (shown["name"], shown[field]) == (made["name"], made[field])
