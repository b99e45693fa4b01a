"""What one event would cost in advance; nothing of it is stored (chapter 31 §6)."""

from typing import Any

import pytest

from tests.company import Company
from tests.metering.usage import charge, current_usage, happened, subscribed


async def estimated(
    company: Company, subscription: dict[str, Any], metric: dict[str, Any], properties: Any = None, **event: Any
) -> list[dict[str, Any]]:
    """The fees that the event would make."""
    body = {"code": metric["code"], "external_subscription_id": subscription["external_id"], "properties": properties}
    return (await company.post("/events/estimate_fees", {"event": body | event}))["fees"]


async def instantly(
    company: Company, subscription: dict[str, Any], metric: dict[str, Any], properties: Any = None, **event: Any
) -> list[dict[str, Any]]:
    """The fees that the event alone would make."""
    body = {"code": metric["code"], "external_subscription_id": subscription["external_id"], "properties": properties}
    return (await company.post("/events/estimate_instant_fees", {"event": body | event}))["fees"]


def in_advance(metric: dict[str, Any], model: str = "standard", /, **fields: Any) -> dict[str, Any]:
    """A charge in advance on the metric."""
    return charge(metric, model, pay_in_advance=True, **fields)


async def a_sum(company: Company, **fields: Any) -> dict[str, Any]:
    """A metric that adds up values."""
    return await company.metric(aggregation_type="sum_agg", field_name="value", **fields)


async def test_an_event_is_priced_on_top_of_those_before_it_and_taxed(rehearsal: Company):
    tax = await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await a_sum(rehearsal)
    tiers = [
        {"from_value": 0, "to_value": 5, "per_unit_amount": "0.02", "flat_amount": "0.01"},
        {"from_value": 6, "to_value": None, "per_unit_amount": "0.01", "flat_amount": "0.01"},
    ]
    subscription = await subscribed(rehearsal, in_advance(metric, "graduated", properties={"graduated_ranges": tiers}))
    await happened(rehearsal, subscription, metric, {"value": 3}, {"value": 1})

    (fee,) = await estimated(rehearsal, subscription, metric, {"value": 2}, transaction_id="thought of")

    assert (fee["amount_cents"], fee["taxes_amount_cents"], fee["total_amount_cents"]) == (4, 1, 5)
    assert (fee["units"], fee["events_count"], fee["pay_in_advance"]) == ("2.0", 1, True)
    assert (fee["lago_id"], fee["lago_invoice_id"], fee["created_at"]) == (None, None, None)
    assert (fee["event_transaction_id"], fee["payment_status"]) == ("thought of", "pending")
    assert (fee["from_date"], fee["to_date"]) == ("2024-03-05T12:00:00+00:00", "2024-03-31T23:59:59+00:00")
    assert (fee["item"]["type"], fee["item"]["code"]) == ("charge", metric["code"])
    (applied,) = fee["applied_taxes"]
    assert (applied["tax_code"], applied["amount_cents"], applied["lago_id"]) == (tax["code"], 1, None)


async def test_an_estimate_stores_nothing(rehearsal: Company):
    metric = await a_sum(rehearsal)
    subscription = await subscribed(rehearsal, in_advance(metric))

    first = await estimated(rehearsal, subscription, metric, {"value": 4})

    assert await estimated(rehearsal, subscription, metric, {"value": 4}, transaction_id="x") == [
        {**first[0], "event_transaction_id": "x"}
    ]
    assert (await current_usage(rehearsal, subscription))["amount_cents"] == 0
    assert (await rehearsal.get("/events"))["events"] == []
    assert (await rehearsal.get("/fees"))["fees"] == []


async def test_an_estimate_looks_at_its_own_filter_and_group(rehearsal: Company):
    metric = await rehearsal.metric(
        aggregation_type="sum_agg", field_name="value", filters=[{"key": "region", "values": ["eu", "us"]}]
    )
    properties = {"amount": "100", "package_size": 10, "free_units": 0, "pricing_group_keys": ["team"]}
    eu = {"values": {"region": ["eu"]}, "properties": properties, "invoice_display_name": "Europe"}
    subscription = await subscribed(rehearsal, in_advance(metric, "package", filters=[eu], properties=properties))
    await happened(rehearsal, subscription, metric, {"region": "eu", "team": "a", "value": 5})

    async def cost(region: str, team: str) -> int:
        (fee,) = await estimated(rehearsal, subscription, metric, {"region": region, "team": team, "value": 5})
        return fee["amount_cents"]

    assert [await cost("eu", "a"), await cost("eu", "b"), await cost("us", "a")] == [0, 10000, 10000]
    (fee,) = await estimated(rehearsal, subscription, metric, {"region": "eu", "team": "a", "value": 1})
    assert fee["item"]["filters"] == {"region": ["eu"]}
    assert (fee["item"]["filter_invoice_display_name"], fee["item"]["grouped_by"]) == ("Europe", {"team": "a"})


async def test_each_charge_on_the_metric_has_its_fee(rehearsal: Company):
    metric = await a_sum(rehearsal)
    charges = [in_advance(metric), in_advance(metric, properties={"amount": "3"}), charge(metric)]
    subscription = await subscribed(rehearsal, *charges)

    fees = await estimated(rehearsal, subscription, metric, {"value": 2})

    assert sorted(fee["amount_cents"] for fee in fees) == [600, 2000]


async def test_an_event_without_a_value_would_cost_nothing(rehearsal: Company):
    metric = await a_sum(rehearsal)
    subscription = await subscribed(rehearsal, in_advance(metric))

    (fee,) = await estimated(rehearsal, subscription, metric, {"other": 2})

    assert (fee["amount_cents"], fee["units"], fee["events_count"]) == (0, "0.0", 1)


async def test_an_expression_computes_the_value(rehearsal: Company):
    metric = await a_sum(rehearsal, expression="event.properties.a * 2")
    subscription = await subscribed(rehearsal, in_advance(metric))

    (fee,) = await estimated(rehearsal, subscription, metric, {"a": 3})

    assert (fee["amount_cents"], fee["units"]) == (6000, "6.0")


async def test_a_pricing_unit_is_told_on_the_fee(rehearsal: Company):
    unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
    await rehearsal.post("/pricing_units", {"pricing_unit": unit})
    metric = await a_sum(rehearsal)
    priced = {"code": "credits", "conversion_rate": "0.5"}
    subscription = await subscribed(rehearsal, in_advance(metric, applied_pricing_unit=priced))

    (fee,) = await estimated(rehearsal, subscription, metric, {"value": 3})

    assert (fee["amount_cents"], fee["pricing_unit_details"]["amount_cents"]) == (1500, 3000)
    assert (fee["pricing_unit_details"]["short_name"], fee["pricing_unit_details"]["conversion_rate"]) == ("CR", "0.5")


@pytest.mark.parametrize(
    ("event", "status", "details"),
    [
        ({"external_subscription_id": "nobody's", "timestamp": "never"}, 404, "subscription_not_found"),
        ({"external_subscription_id": None}, 404, "subscription_not_found"),
        ({"timestamp": "never", "code": "unknown"}, 422, {"timestamp": ["invalid_format"]}),
        ({"code": "unknown"}, 404, "billable_metric_not_found"),
        ({"code": None}, 404, "billable_metric_not_found"),
        ({"properties": {"value": "many"}}, 422, {"properties": ["value_is_not_valid_number"]}),
        ({"properties": {}}, 422, "expression_evaluation_failed: Variable: a not found"),
    ],
)
async def test_what_cannot_be_estimated_is_refused(
    rehearsal: Company, event: dict[str, Any], status: int, details: object
):
    metric = await a_sum(rehearsal, expression="event.properties.a * 2")
    subscription = await subscribed(rehearsal, in_advance(metric))

    body = {"code": metric["code"], "external_subscription_id": subscription["external_id"]} | event
    answer = await rehearsal.post("/events/estimate_fees", {"event": body}, status=status)

    assert details in (answer.get("error_details"), answer["code"])


async def test_a_charge_in_arrears_has_no_estimate(rehearsal: Company):
    metric = await a_sum(rehearsal)
    subscription = await subscribed(rehearsal, charge(metric))

    body = {"event": {"code": metric["code"], "external_subscription_id": subscription["external_id"]}}
    for path in ("/events/estimate_fees", "/events/estimate_instant_fees"):
        answer = await rehearsal.post(path, body, status=422)
        assert answer["error_details"] == {"code": ["does_not_match_an_instant_charge"]}


@pytest.mark.parametrize(
    ("model", "properties", "value", "amount", "units"),
    [
        ("standard", {"amount": "10"}, 500, "500000.0", "500.0"),
        ("standard", {"amount": "10"}, -5, "0.0", "0.0"),
        ("standard", {"amount": "0.333"}, "1.5", "50.0", "1.5"),
        ("percentage", {"rate": "0.1"}, 400, "40.0", "400.0"),
        ("percentage", {"rate": "1", "free_units_per_events": 3, "fixed_amount": "1"}, 100, "200.0", "100.0"),
        ("percentage", {"rate": "1", "per_transaction_min_amount": "5"}, 100, "500.0", "100.0"),
        ("percentage", {"rate": "1", "per_transaction_max_amount": "0.5"}, 100, "50.0", "100.0"),
        ("standard", {"amount": "10"}, None, "0.0", "0.0"),
    ],
)
async def test_an_instant_estimate_looks_at_the_event_alone(
    rehearsal: Company, model: str, properties: dict[str, Any], value: Any, amount: str, units: str
):
    await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await a_sum(rehearsal)
    subscription = await subscribed(rehearsal, in_advance(metric, model, properties=properties))
    await happened(rehearsal, subscription, metric, {"value": 1000})

    (fee,) = await instantly(rehearsal, subscription, metric, {"value": value} if value is not None else {})

    assert (fee["amount_cents"], fee["total_amount_cents"], fee["units"]) == (amount, amount, units)
    assert (fee["taxes_amount_cents"], fee["taxes_rate"], fee["payment_status"]) == (0, 0, "pending")
    assert "applied_taxes" not in fee


async def test_an_instant_estimate_of_a_count_is_of_one_and_takes_filters(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "region", "values": ["eu"]}])
    eu = {"values": {"region": ["eu"]}, "properties": {"amount": "2"}}
    subscription = await subscribed(rehearsal, in_advance(metric, filters=[eu]))

    (of_filter,) = await instantly(rehearsal, subscription, metric, {"region": "eu"}, transaction_id="one")
    (of_charge,) = await instantly(rehearsal, subscription, metric, {})

    assert (of_filter["amount_cents"], of_filter["event_transaction_id"]) == ("200.0", "one")
    assert of_filter["item"]["filters"] == {"region": ["eu"]}
    assert (of_charge["amount_cents"], of_charge["lago_charge_filter_id"]) == ("1000.0", None)
    assert of_charge["event_transaction_id"]


async def test_a_metric_rounds_the_units_of_instant_estimates(rehearsal: Company):
    metric = await a_sum(rehearsal, rounding_function="ceil", rounding_precision=0)
    subscription = await subscribed(rehearsal, in_advance(metric))

    (fee,) = await instantly(rehearsal, subscription, metric, {"value": "1.2"})

    assert (fee["units"], fee["amount_cents"]) == ("2.0", "2000.0")


async def test_an_expression_that_fails_leaves_the_event_of_an_instant_estimate_as_it_is(rehearsal: Company):
    metric = await a_sum(rehearsal, expression="event.properties.a * 2")
    subscription = await subscribed(rehearsal, in_advance(metric))

    (computed,) = await instantly(rehearsal, subscription, metric, {"a": 2, "value": 1})
    (as_given,) = await instantly(rehearsal, subscription, metric, {"value": 1})

    assert (computed["units"], as_given["units"]) == ("4.0", "1.0")


async def test_instant_estimates_of_a_batch_come_by_subscription(rehearsal: Company):
    metric, other = await a_sum(rehearsal), await rehearsal.metric()
    first = await subscribed(rehearsal, in_advance(metric))
    second = await subscribed(rehearsal, in_advance(metric))

    def event(subscription: dict[str, Any], number: int, code: str) -> dict[str, Any]:
        return {
            "code": code,
            "external_subscription_id": subscription["external_id"],
            "transaction_id": f"event {number}",
            "properties": {"value": number},
        }

    events = [
        event(first, 1, metric["code"]),
        event(second, 2, metric["code"]),
        event(first, 3, metric["code"]),
        event(first, 4, other["code"]),
    ]
    fees = (await rehearsal.post("/events/batch_estimate_instant_fees", {"events": events}))["fees"]
    enveloped = {"events": [{"event": one} for one in events]}

    assert (await rehearsal.post("/events/batch_estimate_instant_fees", enveloped))["fees"] == fees
    assert [(fee["event_transaction_id"], fee["units"]) for fee in fees] == [
        ("event 1", "1.0"),
        ("event 3", "3.0"),
        ("event 2", "2.0"),
    ]


@pytest.mark.parametrize(
    ("events", "status", "details"),
    [
        (None, 422, {"events": ["no_events"]}),
        ([], 422, {"events": ["no_events"]}),
        ("three", 422, {"events": ["no_events"]}),
        ([{"code": "c", "external_subscription_id": "unknown"}], 404, None),
        ([{"code": "c", "external_subscription_id": "unknown"}] * 101, 422, {"events": ["too_many_events"]}),
        ([{}], 404, None),
    ],
)
async def test_a_batch_that_cannot_be_estimated_is_refused(
    rehearsal: Company, events: object, status: int, details: object
):
    body = {} if events is None else {"events": events}
    answer = await rehearsal.post("/events/batch_estimate_instant_fees", body, status=status)
    assert answer.get("error_details") == details


async def test_estimates_need_the_permission_to_send_events(rehearsal: Company):
    key = {"name": "Few", "permissions": {"event": ["read"]}}
    made = (await rehearsal.post("/api_keys", {"api_key": key}))["api_key"]
    rehearsal.client.headers["Authorization"] = f"Bearer {made['value']}"

    for path in ("estimate_fees", "estimate_instant_fees", "batch_estimate_instant_fees"):
        answer = await rehearsal.post(f"/events/{path}", {"event": {"code": "x"}, "events": [{}]}, status=403)
        assert answer["code"] == "write_action_not_allowed_for_event"
