"""What a plan's new amount does to a change of plan that waits (chapter 52 §4.1)."""

from uuid import UUID

import pytest
from sqlalchemy import update

from conto.db.tables import subscriptions
from tests.company import Company

NOON = "2024-03-05T12:00:00Z"


async def downgrade_waits(company: Company) -> None:
    """One subscription to `dear`, 50.00 a month, with a change to `cheap`, 30.00, at the end of the period."""
    await company.customer(external_id="acme")
    await company.plan(code="dear", amount_cents=5000)
    await company.plan(code="cheap", amount_cents=3000)
    body = {"external_customer_id": "acme", "plan_code": "dear", "external_id": "s"}
    now = (await company.post("/subscriptions", {"subscription": body}))["subscription"]
    body |= {"plan_code": "cheap", "external_id": "other", "subscription_at": "2024-04-01T00:00:00Z"}
    later = (await company.post("/subscriptions", {"subscription": body}))["subscription"]
    async with company.works.enter(company.id) as work:
        await work.execute(
            update(subscriptions)
            .where(subscriptions.c.organization_id == company.id, subscriptions.c.id == UUID(later["lago_id"]))
            .values(external_id="s", previous_subscription_id=UUID(now["lago_id"]))
        )


async def standing(company: Company) -> dict[str, str]:
    """The status of each subscription, by its plan's code."""
    statuses = "&".join(f"status[]={each}" for each in ("active", "pending", "terminated", "canceled"))
    found = (await company.get(f"/subscriptions?{statuses}"))["subscriptions"]
    return {each["plan_code"]: each["status"] for each in found}


@pytest.mark.parametrize(
    ("code", "amount_cents", "outcome"),
    [
        ("dear", 2000, {"dear": "active", "cheap": "canceled"}),
        ("dear", 3000, {"dear": "active", "cheap": "pending"}),
        ("cheap", 6000, {"dear": "terminated", "cheap": "active"}),
        ("cheap", 5000, {"dear": "terminated", "cheap": "active"}),
        ("cheap", 4999, {"dear": "active", "cheap": "pending"}),
    ],
)
async def test_a_new_amount_drops_a_downgrade_or_makes_it_an_upgrade(
    rehearsal: Company, code: str, amount_cents: int, outcome: dict[str, str]
):
    await downgrade_waits(rehearsal)
    await rehearsal.put(f"/plans/{code}", {"plan": {"amount_cents": amount_cents}})
    assert await standing(rehearsal) == {"dear": "active", "cheap": "pending"}
    await rehearsal.advance(NOON)
    assert await standing(rehearsal) == outcome


async def test_an_amount_taken_back_meanwhile_changes_nothing(rehearsal: Company):
    await downgrade_waits(rehearsal)
    for amount_cents in (6000, 3000):
        await rehearsal.put("/plans/cheap", {"plan": {"amount_cents": amount_cents}})
    await rehearsal.advance(NOON)
    assert await standing(rehearsal) == {"dear": "active", "cheap": "pending"}
