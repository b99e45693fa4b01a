"""Projected usage: what a period will come to if it goes on as it began (chapter 31 §2)."""

from typing import Any

import pytest

from tests.company import Company
from tests.metering.usage import charge, happened, path_of, subscribed

MARCH = 1_709_251_200
DAY = 86_400


async def projected(company: Company, subscription: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """The subscription's projected usage."""
    return (await company.get(path_of(subscription, "projected_usage", **parameters)))["customer_projected_usage"]


async def test_usage_goes_on_as_it_began(rehearsal: Company):
    await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric), started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, *[{"timestamp": MARCH + DAY}] * 5)

    usage = await projected(rehearsal, subscription)

    # The fifth of 31 days counts as a whole one.
    (found,) = usage["charges_usage"]
    assert (found["units"], found["projected_units"]) == ("5.0", "31.0")
    assert (found["amount_cents"], found["projected_amount_cents"]) == (5000, 31000)
    assert (usage["amount_cents"], usage["projected_amount_cents"], usage["taxes_amount_cents"]) == (5000, 31000, 1000)
    assert (usage["total_amount_cents"], "code" in found["charge"]) == (6000, False)
    assert "total_aggregated_units" not in found


@pytest.mark.parametrize(
    ("model", "properties", "amount", "at_the_end"),
    [
        ("package", {"amount": "1", "package_size": 10, "free_units": 1}, 100, 300),
        ("percentage", {"rate": "50", "fixed_amount": "1"}, 750, 4650),
        (
            "graduated",
            {
                "graduated_ranges": [
                    {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "0"},
                    {"from_value": 11, "to_value": None, "per_unit_amount": "2", "flat_amount": "5"},
                ]
            },
            500,
            1000 + 2100 * 2 + 500,
        ),
    ],
)
async def test_each_model_is_projected_in_its_way(
    rehearsal: Company, model: str, properties: dict[str, Any], amount: int, at_the_end: int
):
    metric = await rehearsal.metric()
    on_plan = charge(metric, model, properties=properties)
    subscription = await subscribed(rehearsal, on_plan, started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, *[{"timestamp": MARCH + DAY}] * 5)

    (found,) = (await projected(rehearsal, subscription))["charges_usage"]

    assert (found["amount_cents"], found["projected_amount_cents"]) == (amount, at_the_end)


async def test_every_filter_and_group_is_projected_by_itself(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "cloud", "values": ["aws"]}])
    aws = {"values": {"cloud": ["aws"]}, "properties": {"amount": "20", "pricing_group_keys": ["team"]}}
    keys = {"amount": "1", "presentation_group_keys": [{"value": "team"}]}
    subscription = await subscribed(
        rehearsal, charge(metric, filters=[aws], properties=keys), started="2024-01-01T00:00:00Z"
    )
    at = {"timestamp": MARCH + DAY}
    await happened(rehearsal, subscription, metric, at | {"cloud": "aws", "team": "a"}, at | {"team": "a"}, at)

    usage = await projected(rehearsal, subscription)

    (found,) = usage["charges_usage"]
    assert [(one["values"], one["projected_units"], one["projected_amount_cents"]) for one in found["filters"]] == [
        ({"cloud": ["aws"]}, "6.2", 12400),
        ({}, "12.4", 1240),
    ]
    assert found["projected_amount_cents"] == usage["projected_amount_cents"] == 13640
    assert [(one["grouped_by"], one["projected_amount_cents"]) for one in found["grouped_usage"]] == [
        ({}, 1240),
        ({"team": "a"}, 12400),
    ]
    assert [one["units"] for one in found["filters"][1]["projected_presentation_breakdowns"]] == ["6.2", "6.2"]


async def test_what_recurs_is_not_projected(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="seats", recurring=True)
    subscription = await subscribed(rehearsal, charge(metric), started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"seats": 5, "timestamp": MARCH + DAY})

    (found,) = (await projected(rehearsal, subscription))["charges_usage"]

    assert (found["projected_units"], found["projected_amount_cents"]) == ("5.0", 5000)


async def test_a_pricing_unit_is_projected_with_its_currency(rehearsal: Company):
    unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
    await rehearsal.post("/pricing_units", {"pricing_unit": unit})
    metric = await rehearsal.metric()
    on_plan = charge(metric, applied_pricing_unit={"code": "credits", "conversion_rate": "0.5"})
    subscription = await subscribed(rehearsal, on_plan, started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, *[{"timestamp": MARCH + DAY}] * 5)

    (found,) = (await projected(rehearsal, subscription))["charges_usage"]

    assert found["projected_amount_cents"] == 15500
    assert found["pricing_unit_details"] == {
        "amount_cents": 5000,
        "projected_amount_cents": 31000,
        "short_name": "CR",
        "conversion_rate": "0.5",
    }


async def test_only_an_active_subscription_is_projected(rehearsal: Company):
    subscription = await subscribed(rehearsal, charge(await rehearsal.metric()))
    path = path_of(subscription | {"external_id": "another"}, "projected_usage")
    assert (await rehearsal.get(path, status=405))["code"] == "no_active_subscription"
    path = path_of(subscription | {"external_customer_id": "nobody"}, "projected_usage")
    assert (await rehearsal.get(path, status=404))["code"] == "customer_not_found"
