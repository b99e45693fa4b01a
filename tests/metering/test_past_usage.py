"""Past usage tells of each charges period that was invoiced what its charge fees say."""

from decimal import Decimal
from typing import Any

from tests.company import Company
from tests.metering.usage import charge, happened, path_of, subscribed

MARCH = 1_709_251_200
DAY = 86_400


async def past(company: Company, subscription: dict[str, Any], **parameters: Any) -> list[dict[str, Any]]:
    """The invoiced periods of the subscription."""
    return (await company.get(path_of(subscription, "past_usage", **parameters)))["usage_periods"]


async def test_each_invoiced_period_is_told_latest_first(rehearsal: Company):
    await rehearsal.tax(applied_to_organization=True)
    calls = await rehearsal.metric()
    subscription = await subscribed(
        rehearsal, charge(calls), plan={"amount_cents": 500}, started="2024-03-01T00:00:00Z"
    )
    await happened(rehearsal, subscription, calls, {"timestamp": MARCH}, {"timestamp": MARCH + 30 * DAY})
    await happened(rehearsal, subscription, calls, {"timestamp": MARCH + 31 * DAY})
    assert await past(rehearsal, subscription) == []
    await rehearsal.advance("2024-05-02T00:00:00Z")

    april, march = await past(rehearsal, subscription)

    invoices = {one["issuing_date"]: one for one in (await rehearsal.get("/invoices"))["invoices"]}
    invoice = invoices["2024-04-01"]
    assert march | {"charges_usage": []} == {
        "from_datetime": "2024-03-01T00:00:00Z",
        "to_datetime": "2024-03-31T23:59:59Z",
        "issuing_date": "2024-04-01",
        "lago_invoice_id": invoice["lago_id"],
        "currency": "EUR",
        # Two calls at 10 and the subscription fee of 5, at 20 %.
        "amount_cents": 2500,
        "taxes_amount_cents": 500,
        "total_amount_cents": 3000,
        "charges_usage": [],
    }
    (usage,) = march["charges_usage"]
    assert (usage["units"], usage["events_count"], usage["amount_cents"]) == ("2.0", 2, 2000)
    assert usage["billable_metric"]["code"] == calls["code"]
    assert (usage["filters"], usage["grouped_usage"]) == ([], [])
    assert (april["from_datetime"], april["amount_cents"]) == ("2024-04-01T00:00:00Z", 1500)


async def test_only_so_many_periods_are_told(rehearsal: Company):
    subscription = await subscribed(rehearsal, charge(await rehearsal.metric()), started="2024-03-01T00:00:00Z")
    await rehearsal.advance("2024-06-02T00:00:00Z")

    asked = path_of(subscription, "past_usage", periods_count=2, per_page=1, page=2)
    second = await rehearsal.get(asked)
    beyond = await rehearsal.get(path_of(subscription, "past_usage", periods_count=2, per_page=1, page=3))

    assert [one["from_datetime"] for one in second["usage_periods"]] == ["2024-04-01T00:00:00Z"]
    assert (second["meta"]["total_count"], second["meta"]["total_pages"]) == (2, 2)
    assert beyond["usage_periods"] == []
    assert len(await past(rehearsal, subscription)) == 3


async def test_filters_and_groups_are_those_that_have_a_fee(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "cloud", "values": ["aws", "gcp"]}])
    filters = [
        {"values": {"cloud": [cloud]}, "properties": {"amount": amount}, "invoice_display_name": cloud.upper()}
        for cloud, amount in (("aws", "20"), ("gcp", "30"))
    ]
    subscription = await subscribed(
        rehearsal,
        charge(metric, filters=filters, properties={"amount": "10", "pricing_group_keys": ["team"]}),
        started="2024-03-01T00:00:00Z",
    )
    await happened(
        rehearsal,
        subscription,
        metric,
        {"timestamp": MARCH, "cloud": "aws", "team": "a"},
        {"timestamp": MARCH, "team": "a"},
        {"timestamp": MARCH, "team": "b"},
    )
    await rehearsal.advance("2024-04-02T00:00:00Z")

    ((usage,),) = [period["charges_usage"] for period in await past(rehearsal, subscription)]

    told = [(one["invoice_display_name"], one["values"], one["units"]) for one in usage["filters"]]
    assert told == [("AWS", {"cloud": ["aws"]}, "1.0"), (None, None, "2.0")]
    assert [(one["grouped_by"], one["amount_cents"]) for one in usage["grouped_usage"]] == [
        ({}, 2000),
        ({"team": "a"}, 1000),
        ({"team": "b"}, 1000),
    ]


async def test_what_a_charge_was_is_told_after_it_was_deleted(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "cloud", "values": ["aws"]}])
    filters = [{"values": {"cloud": ["aws"]}, "properties": {"amount": "20"}}]
    subscription = await subscribed(rehearsal, charge(metric, filters=filters), started="2024-03-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH, "cloud": "aws"})
    await rehearsal.advance("2024-04-02T00:00:00Z")
    before = await past(rehearsal, subscription)

    code = before[0]["charges_usage"][0]["charge"]["code"]
    await rehearsal.delete(f"/plans/{subscription['plan_code']}/charges/{code}")

    assert before[0]["charges_usage"][0]["amount_cents"] == 2000
    assert await past(rehearsal, subscription) == before


async def test_only_the_metric_asked_for_is_told_beside_the_amounts_of_the_invoice(rehearsal: Company):
    calls, data = await rehearsal.metric(), await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(calls), charge(data), started="2024-03-01T00:00:00Z")
    await happened(rehearsal, subscription, calls, {"timestamp": MARCH})
    await happened(rehearsal, subscription, data, {"timestamp": MARCH})
    await rehearsal.advance("2024-04-02T00:00:00Z")

    (period,) = await past(rehearsal, subscription, billable_metric_code=data["code"])
    unknown = await rehearsal.get(path_of(subscription, "past_usage", billable_metric_code="gone"), status=404)

    assert [one["billable_metric"]["code"] for one in period["charges_usage"]] == [data["code"]]
    assert period["amount_cents"] == 2000
    assert unknown["code"] == "billable_metric_not_found"


async def test_what_fills_up_a_minimum_is_an_amount_without_units(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, min_amount_cents=5000), started="2024-03-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH})
    await rehearsal.advance("2024-04-02T00:00:00Z")

    ((usage,),) = [period["charges_usage"] for period in await past(rehearsal, subscription)]

    assert (usage["units"], usage["events_count"], usage["amount_cents"]) == ("1.0", 1, 5000)


async def test_a_pricing_unit_is_told_at_the_rate_of_then(rehearsal: Company):
    unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
    await rehearsal.post("/pricing_units", {"pricing_unit": unit})
    metric = await rehearsal.metric()
    applied = {"code": "credits", "conversion_rate": "0.5"}
    subscription = await subscribed(
        rehearsal, charge(metric, applied_pricing_unit=applied), started="2024-03-01T00:00:00Z"
    )
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH})
    await rehearsal.advance("2024-04-02T00:00:00Z")

    ((usage,),) = [period["charges_usage"] for period in await past(rehearsal, subscription)]

    details = usage["pricing_unit_details"]
    assert usage["amount_cents"] == 500
    assert (details["amount_cents"], details["short_name"]) == (1000, "CR")
    assert Decimal(details["conversion_rate"]) == Decimal("0.5")


async def test_an_upgrade_leaves_the_periods_of_both_subscriptions(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric), started="2024-03-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH})
    dearer = await rehearsal.plan(amount_cents=10000, charges=[charge(metric)])
    body = {
        "external_customer_id": subscription["external_customer_id"],
        "plan_code": dearer["code"],
        "external_id": subscription["external_id"],
    }
    await rehearsal.post("/subscriptions", {"subscription": body})
    await rehearsal.advance("2024-04-02T00:00:00Z")

    periods = await past(rehearsal, subscription)

    assert [(one["from_datetime"], one["to_datetime"]) for one in periods] == [
        ("2024-03-05T12:00:00Z", "2024-03-31T23:59:59Z"),
        ("2024-03-01T00:00:00Z", "2024-03-05T12:00:00Z"),
    ]
    assert [[one["units"] for one in period["charges_usage"]] for period in periods] == [[], ["1.0"]]


async def test_a_voided_invoice_tells_of_no_period(rehearsal: Company):
    subscription = await subscribed(
        rehearsal, charge(await rehearsal.metric()), plan={"amount_cents": 500}, started="2024-03-01T00:00:00Z"
    )
    await rehearsal.advance("2024-04-02T00:00:00Z")
    (period,) = await past(rehearsal, subscription)

    await rehearsal.post(f"/invoices/{period['lago_invoice_id']}/void")

    assert await past(rehearsal, subscription) == []


async def test_the_unknown_have_no_past_and_the_unnamed_are_asked_for(rehearsal: Company):
    customer = await rehearsal.customer()
    path = f"/customers/{customer['external_id']}/past_usage"

    missing = await rehearsal.get(path, status=422)

    assert missing["error_details"] == {"external_subscription_id": ["value_is_mandatory"]}
    assert (await rehearsal.get(f"{path}?external_subscription_id=none"))["usage_periods"] == []
    nobody = await rehearsal.get("/customers/nobody/past_usage?external_subscription_id=none")
    assert (nobody["usage_periods"], nobody["meta"]["total_count"]) == ([], 0)
