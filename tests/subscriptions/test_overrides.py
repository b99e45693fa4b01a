"""Overrides and changes of the plan that happen at once leave one copy that is whole (chapter 52 §7)."""

import asyncio
from typing import Any

from conto.schemas.plans import PlanOverridesInput
from conto.schemas.reader import read
from conto.subscriptions.overrides import lock_subscription, override_plan
from tests.company import Company


async def subscribed(company: Company) -> dict[str, Any]:
    """A plan with a charge and a fixed charge, and a subscription `s` to it; the plan."""
    metric = await company.metric()
    await company.add_on(code="seats")
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "code": "calls"}
    fixed = {"add_on_code": "seats", "code": "seats", "charge_model": "standard", "units": 2}
    plan = await company.plan(code="basic", charges=[charge], fixed_charges=[fixed])
    body = {"external_customer_id": "acme", "external_id": "s", "plan_code": "basic"}
    await company.post("/subscriptions", {"subscription": body})
    return plan


async def override(company: Company, **overrides: Any) -> None:
    """Change the subscription's plan, as an update of the subscription does."""
    async with company.works.enter(company.id) as work:
        held = await lock_subscription(work, "s", ("active",))
        await override_plan(work, held, read(PlanOverridesInput, overrides))


async def own_plan(company: Company) -> dict[str, Any]:
    return (await company.get("/subscriptions/s"))["subscription"]["plan"]


async def test_two_overrides_at_once_make_one_copy(company: Company):
    plan = await subscribed(company)
    await asyncio.gather(
        company.put("/subscriptions/s/charges/calls", {"charge": {"invoice_display_name": "Calls"}}),
        company.put("/subscriptions/s/fixed_charges/seats", {"fixed_charge": {"invoice_display_name": "Seats"}}),
    )
    own = await own_plan(company)
    assert own["parent_id"] == plan["lago_id"]
    assert own["charges"][0]["invoice_display_name"] == "Calls"
    assert own["fixed_charges"][0]["invoice_display_name"] == "Seats"


async def test_a_copy_made_while_the_plan_changes_is_not_left_behind(company: Company):
    await subscribed(company)
    changed = {"charge_model": "standard", "properties": {"amount": "7"}, "cascade_updates": True}
    await asyncio.gather(
        company.put("/subscriptions/s/charges/calls", {"charge": {"invoice_display_name": "Calls"}}),
        company.put("/plans/basic/charges/calls", {"charge": changed}),
    )
    assert (await own_plan(company))["charges"][0]["properties"] == {"amount": "7"}


async def test_what_a_copy_is_given_later_changes_it_in_place(company: Company):
    plan = await subscribed(company)
    await override(company, amount_cents=7)
    first = await own_plan(company)
    await override(company, amount_cents=8, name="Own", amount_currency="USD", minimum_commitment={"amount_cents": 3})
    second = await own_plan(company)
    assert (second["lago_id"], second["amount_cents"], second["name"]) == (first["lago_id"], 8, "Own")
    assert (second["amount_currency"], second["minimum_commitment"]["amount_cents"]) == ("EUR", 3)
    own_fixed = first["fixed_charges"][0]["lago_id"]
    await override(company, fixed_charges=[{"id": own_fixed, "units": 9}])
    assert [each["units"] for each in (await own_plan(company))["fixed_charges"]] == [9]
    await override(company, charges=[])
    assert (await own_plan(company))["charges"] == []
    assert len((await company.get("/plans/basic"))["plan"]["charges"]) == len(plan["charges"])
