"""Wrong events are told of each hour, in one webhook, where an endpoint wants to know (chapter 30 §3.2)."""

import json
from typing import Any

from sqlalchemy import select

from conto.db.tables import agenda, webhooks
from conto.metering.errors import KIND
from conto.webhooks import payloads
from tests.books import listens
from tests.company import Company


async def take_in(company: Company, **events: dict[str, Any]) -> None:
    """Events by transaction id, with the fields given."""
    batch = [{"transaction_id": key, "external_subscription_id": "sub_1"} | given for key, given in events.items()]
    await company.post("/events/batch", {"events": batch})


async def told(company: Company, webhook_type: str) -> list[Any]:
    """The objects of the organization's webhooks of this type, in order."""
    async with company.works.enter(company.id) as work:
        rows = await work.rows(
            select(webhooks)
            .where(webhooks.c.organization_id == company.id, webhooks.c.webhook_type == webhook_type)
            .order_by(webhooks.c.created_at)
        )
        bodies = [json.loads(row.payload or await payloads.body(work, row)) for row in rows]
        return [body[body["object_type"]] for body in bodies]


async def entries(company: Company) -> int:
    async with company.works.enter(company.id) as work:
        statement = select(agenda.c.id).where(agenda.c.organization_id == company.id, agenda.c.kind == KIND)
        return len(await work.rows(statement))


async def test_what_is_wrong_with_an_hours_events_is_told_at_five_past(rehearsal: Company):
    await listens(rehearsal)
    await rehearsal.metric(code="calls", filters=[{"key": "region", "values": ["us", "eu"]}])
    await rehearsal.metric(code="storage", aggregation_type="sum_agg", field_name="gb")
    await take_in(
        rehearsal,
        good={"code": "calls", "properties": {"region": "us"}},
        unknown={"code": "nothing"},
        absent={"code": "storage"},
        wordy={"code": "storage", "properties": {"gb": "many"}},
        mars={"code": "calls", "properties": {"region": "mars"}},
    )
    assert await entries(rehearsal) == 1
    await rehearsal.advance("2024-03-05T13:04:59Z")
    assert await told(rehearsal, "events.errors") == []
    await take_in(rehearsal, later={"code": "nothing"})

    await rehearsal.advance("2024-03-05T13:05:00Z")

    assert await told(rehearsal, "events.errors") == [
        {
            "invalid_code": ["unknown"],
            "missing_aggregation_property": ["absent", "wordy"],
            "missing_group_key": [],
            "invalid_filter_values": ["mars"],
        }
    ]
    await rehearsal.advance("2024-03-05T14:05:00Z")
    assert [each["invalid_code"] for each in await told(rehearsal, "events.errors")] == [["unknown"], ["later"]]
    assert await entries(rehearsal) == 0


async def test_an_event_whose_metric_came_within_the_hour_is_not_told_of(rehearsal: Company):
    await listens(rehearsal)
    await take_in(rehearsal, early={"code": "calls"})
    await rehearsal.metric(code="calls")
    await rehearsal.advance("2024-03-05T14:00:00Z")
    assert await told(rehearsal, "events.errors") == []


async def test_without_an_endpoint_nothing_is_noted(rehearsal: Company):
    await take_in(rehearsal, unknown={"code": "nothing"})
    assert await entries(rehearsal) == 0


async def test_an_event_for_a_wallet_that_is_not_there_is_told_of_at_once(rehearsal: Company):
    await listens(rehearsal)
    metric = await rehearsal.metric(code="calls")
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "accepts_target_wallet": True}
    await rehearsal.plan(code="basic", charges=[charge])
    body = {"external_customer_id": "acme", "external_id": "sub_1", "plan_code": "basic"}
    await rehearsal.post("/subscriptions", {"subscription": body})
    await take_in(
        rehearsal,
        plain={"code": "calls"},
        aimed={"code": "calls", "properties": {"target_wallet_code": "savings"}},
    )
    (error,) = await told(rehearsal, "event.error")
    assert (error["status"], error["error"]) == (422, "Unprocessable entity")
    assert json.loads(error["message"]) == {"target_wallet_code": ["target_wallet_code_not_found"]}
    assert error["event"]["transaction_id"] == "aimed"
