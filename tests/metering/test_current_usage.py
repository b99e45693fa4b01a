"""Current usage: what the events of a subscription come to by now (chapter 31 §1)."""

from typing import Any

import pytest

from tests.company import Company
from tests.metering.usage import charge, current_usage, happened, path_of, subscribed

GROUPED = {"amount": "10", "pricing_group_keys": ["region", "team"]}


async def test_usage_is_priced_and_taxed_as_on_an_invoice(rehearsal: Company):
    await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, properties={"amount": "0.55"}))
    await happened(rehearsal, subscription, metric, {}, {}, {})

    usage = await current_usage(rehearsal, subscription)

    (found,) = usage.pop("charges_usage")
    assert usage == {
        "from_datetime": "2024-03-05T12:00:00Z",
        "to_datetime": "2024-03-31T23:59:59Z",
        "issuing_date": "2024-03-31",
        "lago_invoice_id": None,
        "currency": "EUR",
        "amount_cents": 165,
        "taxes_amount_cents": 33,
        "total_amount_cents": 198,
    }
    assert (found["units"], found["events_count"], found["amount_cents"]) == ("3.0", 3, 165)
    assert (found["filters"], found["grouped_usage"], found["presentation_breakdowns"]) == ([], [], [])
    assert found["billable_metric"]["code"] == metric["code"]


async def test_taxes_are_left_out_where_they_are_not_wanted(rehearsal: Company):
    await rehearsal.tax(rate=20, applied_to_organization=True)
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric))
    await happened(rehearsal, subscription, metric, {})

    usage = await current_usage(rehearsal, subscription, apply_taxes="false")

    assert (usage["amount_cents"], usage["taxes_amount_cents"], usage["total_amount_cents"]) == (1000, 0, 1000)


@pytest.mark.parametrize(
    ("owners", "expected"),
    [("entity", 50), ("entity customer", 100), ("entity customer plan", 150), ("entity customer plan charge", 200)],
)
async def test_the_taxes_of_the_nearest_owner_apply(rehearsal: Company, owners: str, expected: int):
    rates = {"entity": 5, "customer": 10, "plan": 15, "charge": 20}
    codes: dict[str, list[str]] = {owner: [] for owner in rates}
    for owner in owners.split():
        made = await rehearsal.tax(rate=rates[owner], applied_to_organization=owner == "entity")
        codes[owner] = [made["code"]]
    metric = await rehearsal.metric()
    subscription = await subscribed(
        rehearsal,
        charge(metric, tax_codes=codes["charge"]),
        plan={"tax_codes": codes["plan"]},
        customer={"tax_codes": codes["customer"]},
    )
    await happened(rehearsal, subscription, metric, {})

    assert (await current_usage(rehearsal, subscription))["taxes_amount_cents"] == expected


async def test_each_charge_pays_its_own_taxes_and_all_are_rounded_once(rehearsal: Company):
    taxes = [await rehearsal.tax(rate=rate) for rate in ("0.5", "0.5")]
    metrics = [await rehearsal.metric(name=name) for name in ("b", "A")]
    subscription = await subscribed(
        rehearsal,
        *[
            charge(metric, properties={"amount": "0.5"}, tax_codes=[tax["code"]])
            for metric, tax in zip(metrics, taxes, strict=True)
        ],
    )
    for metric in metrics:
        await happened(rehearsal, subscription, metric, {})

    usage = await current_usage(rehearsal, subscription)

    assert usage["taxes_amount_cents"] == 1  # Each is a quarter of a cent.
    assert [one["billable_metric"]["name"] for one in usage["charges_usage"]] == ["A", "b"]


async def test_every_filter_is_shown_in_its_order_and_what_none_takes_last(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "region", "values": ["us", "eu"]}])
    filters = [
        {"values": {"region": ["eu"]}, "properties": {"amount": "2"}, "invoice_display_name": "Europe"},
        {"values": {"region": ["us"]}, "properties": {"amount": "3"}},
    ]
    subscription = await subscribed(rehearsal, charge(metric, filters=filters, properties={"amount": "1"}))
    await happened(rehearsal, subscription, metric, {"region": "us"}, {"region": "us"}, {"region": "asia"}, {})

    (found,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    assert [
        (one["values"], one["invoice_display_name"], one["units"], one["events_count"], one["amount_cents"])
        for one in found["filters"]
    ] == [
        ({"region": ["eu"]}, "Europe", "0.0", 0, 0),
        ({"region": ["us"]}, None, "2.0", 2, 600),
        (None, None, "2.0", 2, 200),
    ]
    assert (found["units"], found["amount_cents"], found["grouped_usage"]) == ("4.0", 800, [])


async def test_groups_are_shown_apart_and_each_has_its_filters(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "cloud", "values": ["aws"]}])
    aws = {"values": {"cloud": ["aws"]}, "properties": {"amount": "12", "pricing_group_keys": ["country"]}}
    subscription = await subscribed(rehearsal, charge(metric, filters=[aws], properties={"amount": "10"}))
    events = [{"cloud": "aws", "country": "us"}, {"cloud": "aws", "country": "france"}, {"cloud": "aws"}, {}]
    await happened(rehearsal, subscription, metric, *events)

    (found,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    groups = {str(group["grouped_by"].get("country", "-")): group for group in found["grouped_usage"]}
    assert {name: group["amount_cents"] for name, group in groups.items()} == {
        "us": 1200,
        "france": 1200,
        "None": 1200,
        "-": 1000,
    }
    assert [one["values"] for one in groups["us"]["filters"]] == [{"cloud": ["aws"]}]
    assert [one["values"] for one in groups["-"]["filters"]] == [None]
    assert [one["amount_cents"] for one in found["filters"]] == [3600, 1000]


async def test_a_group_without_events_stands_alone_until_there_is_a_real_one(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, properties=GROUPED))

    (before,) = (await current_usage(rehearsal, subscription))["charges_usage"]
    await happened(rehearsal, subscription, metric, {"region": "eu"})
    (after,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    assert [group["grouped_by"] for group in before["grouped_usage"]] == [{"region": None, "team": None}]
    assert [group["grouped_by"] for group in after["grouped_usage"]] == [{"region": "eu", "team": None}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"group[region]": "eu"},
        {"group": '{"region": "eu"}'},
        {"filter_by_group[region]": "eu"},
        {"group[region][]": "eu"},
        {"group": '{"region": ["eu"]}'},
    ],
)
async def test_only_events_of_a_group_count_where_it_is_asked_for(rehearsal: Company, parameters: dict[str, str]):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, properties=GROUPED))
    events = [{"region": "eu", "team": "a"}, {"region": "eu", "team": "b"}, {"region": "us", "team": "a"}]
    await happened(rehearsal, subscription, metric, *events)

    (found,) = (await current_usage(rehearsal, subscription, **parameters))["charges_usage"]

    assert (found["units"], found["amount_cents"]) == ("2.0", 2000)
    assert [group["grouped_by"] for group in found["grouped_usage"]] == [{"team": "a"}, {"team": "b"}]


async def test_several_values_of_a_group_are_asked_for_at_once(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric))
    await happened(rehearsal, subscription, metric, {"region": "eu"}, {"region": "us"}, {"region": "asia"}, {})

    path = path_of(subscription) + "&group[region][]=eu&group[region][]=us"
    (found,) = (await rehearsal.get(path))["customer_usage"]["charges_usage"]

    assert found["units"] == "2.0"


async def test_groups_are_not_told_apart_where_that_is_not_wanted(rehearsal: Company):
    metric = await rehearsal.metric()
    tiers = [
        {"from_value": 0, "to_value": 1, "per_unit_amount": "10", "flat_amount": "0"},
        {"from_value": 2, "to_value": None, "per_unit_amount": "1", "flat_amount": "0"},
    ]
    properties = {"graduated_ranges": tiers, "pricing_group_keys": ["region"]}
    subscription = await subscribed(rehearsal, charge(metric, "graduated", properties=properties))
    await happened(rehearsal, subscription, metric, {"region": "eu"}, {"region": "us"})

    apart = await current_usage(rehearsal, subscription)
    together = await current_usage(rehearsal, subscription, skip_grouping="true")

    assert (apart["amount_cents"], together["amount_cents"]) == (2000, 1100)
    assert together["charges_usage"][0]["grouped_usage"] == []


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, ["A", "b", "c"]),
        ({"charge_code": "on b"}, ["b"]),
        ({"filter_by_charge_code": "on b"}, ["b"]),
        ({"charge_code": "on b", "billable_metric_code": "c"}, ["b"]),
    ],
)
async def test_charges_are_chosen_by_the_first_of_the_parameters(
    rehearsal: Company, parameters: dict[str, str], names: list[str]
):
    charges = [charge(await rehearsal.metric(name=name), code=f"on {name}") for name in ("b", "A", "c")]
    subscription = await subscribed(rehearsal, *charges)

    found = (await current_usage(rehearsal, subscription, **parameters))["charges_usage"]

    assert [one["billable_metric"]["name"] for one in found] == names


async def test_charges_are_chosen_by_their_id_and_by_their_metric(rehearsal: Company):
    metrics = [await rehearsal.metric(name=name) for name in ("b", "a")]
    subscription = await subscribed(
        rehearsal, charge(metrics[0]), charge(metrics[1]), charge(metrics[0], properties={"amount": "1"})
    )
    every = (await current_usage(rehearsal, subscription))["charges_usage"]

    for name in ("billable_metric_code", "filter_by_metric_code"):
        of_metric = await current_usage(rehearsal, subscription, **{name: metrics[0]["code"]})
        assert len(of_metric["charges_usage"]) == 2
    for name in ("charge_id", "filter_by_charge_id"):
        (one,) = (await current_usage(rehearsal, subscription, **{name: every[0]["charge"]["lago_id"]}))[
            "charges_usage"
        ]
        assert one["billable_metric"]["name"] == "a"


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"external_subscription_id": "nobody's"}, 405, "no_active_subscription"),
        ({"external_subscription_id": ""}, 405, "no_active_subscription"),
        ({"charge_code": "unknown"}, 404, "charge_not_found"),
        ({"charge_id": "no id"}, 404, "charge_not_found"),
        ({"billable_metric_code": "unknown"}, 404, "charge_not_found"),
        ({"full_usage": "true"}, 405, "full_usage_not_allowed"),
        ({"full_usage": "true", "charge_code": "seats"}, 405, "full_usage_not_allowed"),
        ({"full_usage": "true", "group[a]": "b"}, 405, "full_usage_not_allowed"),
        ({"full_usage": "true", "charge_code": "unknown"}, 404, "charge_not_found"),
        ({"group": "no json"}, 422, "validation_errors"),
        ({"group": "[]"}, 422, "validation_errors"),
        ({"group[region]": '{"a": 1}'}, 200, None),
        ({"filter_by_presentation": "{}"}, 422, "validation_errors"),
        ({"filter_by_presentation": "[{}]"}, 422, "validation_errors"),
        ({"apply_taxes": "perhaps"}, 422, "validation_errors"),
    ],
)
async def test_what_cannot_be_told_is_refused(rehearsal: Company, parameters: dict[str, str], status: int, code: str):
    seats = await rehearsal.metric(aggregation_type="sum_agg", field_name="seats", recurring=True)
    subscription = await subscribed(rehearsal, charge(seats, prorated=True, code="seats"))

    answer = await rehearsal.get(path_of(subscription, **parameters), status=status)

    assert answer.get("code") == code


async def test_a_subscription_of_another_customer_is_none(rehearsal: Company):
    subscription = await subscribed(rehearsal, charge(await rehearsal.metric()))
    other = await rehearsal.customer()

    path = path_of(subscription | {"external_customer_id": other["external_id"]})
    assert (await rehearsal.get(path, status=405))["code"] == "no_active_subscription"
    path = path_of(subscription | {"external_customer_id": "nobody"}, full_usage="true")
    assert (await rehearsal.get(path, status=404))["code"] == "customer_not_found"


async def test_full_usage_goes_back_to_the_start(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, code="calls"), started="2024-01-10T08:00:00Z")
    january, march = 1_705_000_000, 1_709_500_000
    await happened(rehearsal, subscription, metric, {"timestamp": january}, {"timestamp": march})

    usage = await current_usage(rehearsal, subscription, charge_code="calls")
    full = await current_usage(rehearsal, subscription, charge_code="calls", full_usage="true")

    assert (usage["from_datetime"], usage["amount_cents"]) == ("2024-03-01T00:00:00Z", 1000)
    assert (full["from_datetime"], full["to_datetime"]) == ("2024-01-10T08:00:00Z", "2024-03-31T23:59:59Z")
    assert full["amount_cents"] == 2000


async def test_units_are_broken_down_by_presentation_keys(rehearsal: Company):
    metric = await rehearsal.metric()
    keys = [{"value": "cloud"}, {"value": "team"}]
    subscription = await subscribed(
        rehearsal, charge(metric, properties={"amount": "1", "presentation_group_keys": keys})
    )
    await happened(rehearsal, subscription, metric, {"cloud": "aws", "team": "a"}, {"cloud": "aws"}, {"cloud": "aws"})

    def shown(usage: dict[str, Any]) -> list[tuple[Any, str]]:
        return [(one["presentation_by"], one["units"]) for one in usage["charges_usage"][0]["presentation_breakdowns"]]

    both = [({"cloud": "aws", "team": "a"}, "1.0"), ({"cloud": "aws", "team": None}, "2.0")]
    assert shown(await current_usage(rehearsal, subscription)) == both
    one = await current_usage(rehearsal, subscription, filter_by_presentation='["cloud"]')
    assert shown(one) == [({"cloud": "aws"}, "3.0")]
    assert shown(await current_usage(rehearsal, subscription, filter_by_presentation="[]")) == []


async def test_a_pricing_unit_is_told_beside_the_currency(rehearsal: Company):
    unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
    await rehearsal.post("/pricing_units", {"pricing_unit": unit})
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="value")
    priced = {"code": "credits", "conversion_rate": "0.5"}
    subscription = await subscribed(rehearsal, charge(metric, properties={"amount": "1"}, applied_pricing_unit=priced))

    (before,) = (await current_usage(rehearsal, subscription))["charges_usage"]
    await happened(rehearsal, subscription, metric, {"value": 300})
    (after,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    details = {"amount_cents": 0, "short_name": "CR", "conversion_rate": "0.5"}
    assert (before["amount_cents"], before["pricing_unit_details"]) == (0, details)
    assert (after["amount_cents"], after["pricing_unit_details"]) == (15000, details | {"amount_cents": 30000})


async def test_what_was_billed_in_advance_stays_in_the_amount(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="seats", recurring=True, name="Seats")
    properties = {"amount": "29", "pricing_group_keys": ["team"]}
    subscription = await subscribed(
        rehearsal,
        charge(metric, properties=properties, pay_in_advance=True, prorated=True),
        started="2024-01-01T00:00:00Z",
    )

    async def after(value: int, day: int) -> tuple[str, int]:
        timestamp = 1_709_251_200 + (day - 1) * 86_400
        await happened(rehearsal, subscription, metric, {"seats": value, "team": "a", "timestamp": timestamp})
        (found,) = (await current_usage(rehearsal, subscription))["charges_usage"]
        return found["units"], found["amount_cents"]

    # From the 8th of March on, 24 days of 31 remain.
    assert await after(31, 8) == ("31.0", 69600)
    assert await after(-5, 9) == ("26.0", 69600)
    assert await after(5, 10) == ("31.0", 69600)
    assert await after(31, 31) == ("62.0", 69600 + 2900)


async def test_usage_below_nothing_is_nothing(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="value")
    subscription = await subscribed(rehearsal, charge(metric))
    await happened(rehearsal, subscription, metric, {"value": -5})

    (found,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    assert (found["units"], found["events_count"], found["amount_cents"]) == ("0.0", 1, 0)


async def test_of_a_weighted_sum_the_level_is_told_beside_the_mean(rehearsal: Company):
    metric = await rehearsal.metric(
        aggregation_type="weighted_sum_agg", field_name="value", weighted_interval="seconds"
    )
    subscription = await subscribed(
        rehearsal, charge(metric, properties={"amount": "1"}), started="2024-01-01T00:00:00Z"
    )
    await happened(rehearsal, subscription, metric, {"value": 31, "timestamp": 1_709_596_800})

    (found,) = (await current_usage(rehearsal, subscription))["charges_usage"]

    assert (found["units"], found["total_aggregated_units"], found["amount_cents"]) == ("27.0", "31.0", 2700)


async def test_usage_needs_its_own_permission(rehearsal: Company):
    subscription = await subscribed(rehearsal, charge(await rehearsal.metric()))
    key = {"name": "Few", "permissions": {"customer": ["read"]}}
    made = (await rehearsal.post("/api_keys", {"api_key": key}))["api_key"]
    rehearsal.client.headers["Authorization"] = f"Bearer {made['value']}"

    answer = await rehearsal.get(path_of(subscription), status=403)

    assert answer["code"] == "read_action_not_allowed_for_customer_usage"


async def test_two_calls_without_a_change_give_the_same(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, properties=GROUPED))
    events = [{"region": region, "team": team} for region in ("b", "a", "") for team in ("y", None, "x")]
    await happened(rehearsal, subscription, metric, *events)

    assert await current_usage(rehearsal, subscription) == await current_usage(rehearsal, subscription)
