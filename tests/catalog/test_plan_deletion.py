"""A deleted plan ends its subscriptions in the background, then its code is free (chapter 52 §8)."""

from tests.company import Company

NOON = "2024-03-05T12:00:00Z"


async def subscribed(company: Company, external_id: str, **fields: object) -> None:
    customer = await company.customer()
    body = {"external_customer_id": customer["external_id"], "plan_code": "basic", "external_id": external_id}
    await company.post("/subscriptions", {"subscription": body | fields})


async def status(company: Company, external_id: str) -> str:
    statuses = "&".join(f"status[]={each}" for each in ("active", "pending", "terminated", "canceled"))
    (found,) = (await company.get(f"/subscriptions?external_id={external_id}&{statuses}"))["subscriptions"]
    return found["status"]


async def test_until_its_subscriptions_have_ended_a_plan_is_pending_deletion_and_then_it_is_gone(rehearsal: Company):
    made = await rehearsal.plan(code="basic")
    await subscribed(rehearsal, "one")
    await subscribed(rehearsal, "own", plan_overrides={"amount_cents": 5})
    await subscribed(rehearsal, "later", subscription_at="2024-04-01T00:00:00Z")

    deleted = (await rehearsal.delete("/plans/basic"))["plan"]
    assert deleted["pending_deletion"] is True
    assert (await rehearsal.delete("/plans/basic"))["plan"]["pending_deletion"] is True
    (listed,) = (await rehearsal.get("/plans"))["plans"]
    assert (listed["lago_id"], listed["pending_deletion"]) == (made["lago_id"], True)
    assert await status(rehearsal, "one") == "active"

    await rehearsal.advance(NOON)

    assert (await rehearsal.get("/plans/basic", 404))["code"] == "plan_not_found"
    ended = [await status(rehearsal, each) for each in ("one", "own", "later")]
    assert ended == ["terminated", "terminated", "canceled"]
    own = (await rehearsal.get("/subscriptions/own?status=terminated"))["subscription"]["plan"]
    assert (own["parent_id"], own["pending_deletion"]) == (made["lago_id"], False)
    assert (await rehearsal.plan(code="basic"))["lago_id"] != made["lago_id"]


async def test_a_subscription_made_meanwhile_ends_too(rehearsal: Company):
    await rehearsal.plan(code="basic")
    await subscribed(rehearsal, "one")
    await rehearsal.delete("/plans/basic")
    await subscribed(rehearsal, "two")

    await rehearsal.advance(NOON)

    assert [await status(rehearsal, each) for each in ("one", "two")] == ["terminated", "terminated"]
    await rehearsal.get("/plans/basic", 404)


async def test_a_deletion_is_told_once(rehearsal: Company):
    await rehearsal.plan(code="basic")
    for _ in range(2):
        await rehearsal.delete("/plans/basic")
    await rehearsal.run_jobs("activity")
    logged = (await rehearsal.get("/activity_logs?activity_types[]=plan.deleted"))["activity_logs"]
    assert len(logged) == 1
