"""How usage came to its amount is told so that a reader can compute it again."""

from dataclasses import dataclass
from itertools import count, product
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges.combinations import Combination, problems
from tests.company import Company
from tests.metering.draws import examples
from tests.metering.usage import charge, current_usage, explanation, happened, subscribed
from tests.rebuilding import rebuilt, rebuilt_amount

MARCH = 1_709_251_200
DAY = 86_400
TIERS = [
    {"from_value": 0, "to_value": 3, "flat_amount": "1", "per_unit_amount": "0.07", "rate": "2.5"},
    {"from_value": 4, "to_value": 20, "flat_amount": "0.333", "per_unit_amount": "0.5", "rate": "1"},
    {"from_value": 21, "to_value": None, "flat_amount": "0", "per_unit_amount": "0.01", "rate": "0.05"},
]
PRICED = [{key: value for key, value in tier.items() if key != "rate"} for tier in TIERS]
RATED = [{key: value for key, value in tier.items() if key != "per_unit_amount"} for tier in TIERS]
PROPERTIES: dict[str, list[dict[str, Any]]] = {
    "standard": [{"amount": "0.333"}, {"amount": "12"}],
    "package": [{"amount": "5.5", "package_size": 3, "free_units": 2}],
    "graduated": [{"graduated_ranges": PRICED}],
    "volume": [{"volume_ranges": PRICED}],
    "graduated_percentage": [{"graduated_percentage_ranges": RATED}],
    "percentage": [
        {"rate": "1.3"},
        {"rate": "1.3", "fixed_amount": "0.5", "free_units_per_events": 2},
        {"rate": "10", "fixed_amount": "0.5", "free_units_per_total_aggregation": "7"},
        {"rate": "10", "free_units_per_events": 3, "free_units_per_total_aggregation": "7"},
        {"rate": "5", "fixed_amount": "0.1", "per_transaction_min_amount": "0.2", "per_transaction_max_amount": "0.9"},
        {"rate": "5", "free_units_per_total_aggregation": "4.5", "per_transaction_min_amount": "0.2"},
    ],
    "dynamic": [{}],
}
KINDS = ["count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg"]
VALUES = [1, 2, "3.25", 10, 0, -2, 4.5, "abc", None, ""]

_numbers = count(1)


@dataclass(frozen=True)
class Drawn:
    """A metric and a charge on it, and what happens."""

    metric: dict[str, Any]
    charge: dict[str, Any]
    events: list[dict[str, Any]]


def happenings(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Events from February to April, most in March."""
    values = ["a", "b", "c", None] if kind == "unique_count_agg" else VALUES
    one = st.fixed_dictionaries(
        {
            "timestamp": st.integers(-10, 35).map(lambda day: MARCH + day * DAY + 3600),
            "value": st.sampled_from(values),
        },
        optional={
            "operation_type": st.sampled_from(["add", "remove"]),
            "region": st.sampled_from(["eu", "us", "asia"]),
            "team": st.sampled_from(["x", "y"]),
            "precise_total_amount_cents": st.sampled_from(["12.5", "0.333", "-3"]),
        },
    )
    return st.lists(one, max_size=12)


COMBINATIONS = [
    Combination(model, kind, recurring, pay_in_advance, prorated)
    for model, kind in product(PROPERTIES, KINDS)
    for recurring, pay_in_advance, prorated in product((False, True), repeat=3)
    if not (recurring and kind not in ("sum_agg", "unique_count_agg", "weighted_sum_agg"))
    if not problems(Combination(model, kind, recurring, pay_in_advance, prorated))
]


def stories(combination: Combination) -> st.SearchStrategy[Drawn]:
    """Metrics and charges of the combination, and what happens to them."""
    kind, properties = combination.aggregation_type, st.sampled_from(PROPERTIES[combination.charge_model or ""])
    of_kind = {} if kind == "count_agg" else {"field_name": "value"}
    weighted = {"weighted_interval": "seconds"} if kind == "weighted_sum_agg" else {}

    def drawn(own: Any, filtered: Any, grouped: Any, unit: Any, rounding: Any, events: Any) -> Drawn:
        filters = [{"values": {"region": ["eu"]}, "properties": filtered}] if filtered is not None else []
        listed = [{"key": "region", "values": ["eu", "us"]}]
        metric = {"aggregation_type": kind, "recurring": combination.recurring, "filters": listed}
        fields = {
            "charge_model": combination.charge_model,
            "pay_in_advance": combination.pay_in_advance,
            "prorated": combination.prorated,
        }
        return Drawn(
            metric | of_kind | weighted | rounding,
            fields | unit | {"properties": own | grouped, "filters": filters},
            events,
        )

    return st.builds(
        drawn,
        properties,
        st.none() | properties,
        st.sampled_from([{}, {"pricing_group_keys": ["team"]}]),
        st.sampled_from([{}, {"applied_pricing_unit": {"code": "credits", "conversion_rate": "0.3"}}]),
        st.sampled_from([{}, {}, {"rounding_function": "ceil", "rounding_precision": 0}]),
        happenings(kind),
    )


@pytest.mark.parametrize("model", [*PROPERTIES, "prorated", "in advance"])
@examples(12)
@given(data=st.data())
async def test_every_amount_can_be_computed_again_from_its_lines(rehearsal: Company, model: str, data: st.DataObject):
    fits = {"prorated": attrgetter("prorated"), "in advance": attrgetter("pay_in_advance")}.get(model)
    of_model = [one for one in COMBINATIONS if (fits(one) if fits else one.charge_model == model)]
    story = data.draw(st.sampled_from(of_model).flatmap(stories))
    number = next(_numbers)
    if not (await rehearsal.get("/pricing_units"))["pricing_units"]:
        unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
        await rehearsal.post("/pricing_units", {"pricing_unit": unit})
    metric = await rehearsal.metric(**story.metric)
    on_plan = story.charge | {"billable_metric_id": metric["lago_id"], "code": "explained"}
    started = "2024-02-20T10:00:00Z" if number % 2 else "2024-03-03T10:00:00Z"
    subscription = await subscribed(rehearsal, on_plan, started=started)
    await happened(rehearsal, subscription, metric, *story.events)

    explained = await explanation(rehearsal, subscription, "explained")

    (shown,) = (await current_usage(rehearsal, subscription))["charges_usage"]
    assert rebuilt_amount(explained) == explained["amount_cents"] == shown["amount_cents"]
    known = [explained["events"]["counted"], explained["events"]["carried"], *explained["events"]["ignored"]]
    assert sum(one["count"] for one in known) == len(story.events)


async def test_events_that_do_not_count_are_told_with_the_reason(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="value")
    subscription = await subscribed(rehearsal, charge(metric, code="sum"), started="2024-03-02T00:00:00Z")
    events = [
        {"value": 4, "region": "eu", "timestamp": MARCH + 4 * DAY},
        {"value": 3, "region": "us", "timestamp": MARCH + 4 * DAY},
        {"value": "many", "region": "eu", "timestamp": MARCH + 3 * DAY},
        {"region": "eu", "timestamp": MARCH + 3 * DAY},
        {"value": 1, "region": "eu", "timestamp": MARCH},
        {"value": 1, "region": "eu", "timestamp": MARCH + 31 * DAY},
    ]
    await happened(rehearsal, subscription, metric, *events)

    every = (await explanation(rehearsal, subscription, "sum"))["events"]
    of_group = await explanation(rehearsal, subscription, "sum", **{"group[region]": "eu"})

    assert (every["counted"]["count"], len(every["counted"]["transaction_ids"])) == (2, 2)
    assert [(one["reason"], one["count"]) for one in every["ignored"]] == [
        ("before_period", 1),
        ("after_period", 1),
        ("no_usable_value", 2),
    ]
    assert of_group["events"]["counted"]["count"] == 1
    assert [(one["reason"], one["count"]) for one in of_group["events"]["ignored"]][-1] == ("other_group", 1)
    assert of_group["amount_cents"] == 4000


async def test_earlier_events_of_a_recurring_metric_are_carried(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="seats", recurring=True)
    subscription = await subscribed(rehearsal, charge(metric, code="seats"), started="2024-03-02T00:00:00Z")
    await happened(
        rehearsal,
        subscription,
        metric,
        {"seats": 4, "timestamp": MARCH - 100 * DAY},
        {"seats": 1, "timestamp": MARCH + 2 * DAY},
    )

    explained = await explanation(rehearsal, subscription, "seats")

    assert (explained["events"]["counted"]["count"], explained["events"]["carried"]["count"]) == (1, 1)
    assert explained["results"][0]["units"] == "5.0"


async def test_only_some_of_many_transaction_ids_are_told(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, code="calls"))
    await happened(rehearsal, subscription, metric, *[{}] * 25)

    counted = (await explanation(rehearsal, subscription, "calls"))["events"]["counted"]

    assert (counted["count"], len(counted["transaction_ids"])) == (25, 10)


async def test_a_past_period_is_explained_by_a_date_in_it(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, code="calls"), started="2024-01-10T08:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH - 20 * DAY}, {"timestamp": MARCH + DAY})

    past = await explanation(rehearsal, subscription, "calls", date="2024-02-11")
    first = await explanation(rehearsal, subscription, "calls", date="2020-01-01")

    assert (past["from_datetime"], past["to_datetime"]) == ("2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z")
    assert (past["events"]["counted"]["count"], past["amount_cents"]) == (1, 1000)
    assert first["from_datetime"] == "2024-01-10T08:00:00Z"


async def test_the_arithmetic_is_written_line_by_line(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="value")
    properties = {"amount": "100", "package_size": 10, "free_units": 10}
    subscription = await subscribed(rehearsal, charge(metric, "package", properties=properties, code="packed"))
    await happened(rehearsal, subscription, metric, {"value": 121})

    (result,) = (await explanation(rehearsal, subscription, "packed"))["results"]

    assert result["calculation"][:2] == [
        {
            "name": "paid_units",
            "formula": "max(units - free_units, 0)",
            "values": {"units": "121.0", "free_units": "10.0"},
            "result": "111.0",
            "rounding": None,
            "note": "Free units are not paid.",
        },
        {
            "name": "packages",
            "formula": "ceil(paid_units / package_size)",
            "values": {"paid_units": "111.0", "package_size": "10.0"},
            "result": "12.0",
            "rounding": "up to whole packages",
            "note": "A package is paid in full from its first fraction.",
        },
    ]
    assert rebuilt(result["calculation"])["amount"] == 1200


async def test_what_is_not_there_cannot_be_explained(rehearsal: Company):
    subscription = await subscribed(rehearsal, charge(await rehearsal.metric(), code="calls"))

    path = f"/subscriptions/{subscription['external_id']}/usage_explanation"
    assert (await rehearsal.get(f"{path}?charge_code=other", status=404))["code"] == "charge_not_found"
    missing = await rehearsal.get(path, status=422)
    assert missing["error_details"] == {"charge_code": ["value_is_mandatory"]}
    unknown = await rehearsal.get("/subscriptions/nobody/usage_explanation?charge_code=calls", status=404)
    assert unknown["code"] == "subscription_not_found"
