"""Billable metrics and pricing units (chapters 30 §1 and 40 §9)."""

import pytest

METRIC = {"name": "Calls", "code": "calls", "aggregation_type": "sum_agg", "field_name": "amount"}


async def test_a_metric_is_answered_as_it_was_given_and_read_without_counters(company):
    filters = [{"key": "region", "values": ["us", "eu", "us"]}, {"key": "cloud", "values": ["aws"]}]
    made = await company.metric(**METRIC, recurring=True, rounding_function="ceil", filters=filters)
    assert made["filters"] == [{"key": "cloud", "values": ["aws"]}, {"key": "region", "values": ["eu", "us"]}]
    assert (made["recurring"], made["field_name"], made["plans_count"]) == (True, "amount", 0)
    read = (await company.get("/billable_metrics/calls"))["billable_metric"]
    counters = {"active_subscriptions_count": 0, "draft_invoices_count": 0, "plans_count": 0}
    assert read | counters == made
    listed = await company.get("/billable_metrics")
    assert listed["billable_metrics"] == [made]
    assert listed["meta"]["total_count"] == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "", "code": None}, {"name": ["value_is_mandatory"], "code": ["value_is_mandatory"]}),
        ({"aggregation_type": "none_agg"}, {"aggregation_type": ["value_is_invalid"]}),
        ({"aggregation_type": None}, {"aggregation_type": ["value_is_invalid"]}),
        ({"field_name": None}, {"field_name": ["value_is_mandatory"]}),
        (
            {"aggregation_type": "max_agg", "recurring": True},
            {"recurring": ["not_compatible_with_aggregation_type"]},
        ),
        ({"aggregation_type": "weighted_sum_agg"}, {"weighted_interval": ["value_is_invalid"]}),
        ({"expression": "1+"}, {"expression": ["invalid_expression"]}),
        ({"filters": [{"key": "region", "values": []}]}, {"values": ["value_is_mandatory"]}),
        ({"filters": [{"key": "", "values": ["eu"]}]}, {"key": ["value_is_mandatory"]}),
    ],
)
async def test_what_is_wrong_with_a_metric_is_told(company, fields, wrong):
    refused = await company.post("/billable_metrics", {"billable_metric": METRIC | fields}, 422)
    assert refused["error_details"] == wrong
    assert (await company.get("/billable_metrics"))["billable_metrics"] == []


async def test_a_code_is_unique_among_live_metrics(company):
    made = await company.metric(**METRIC)
    refused = await company.post("/billable_metrics", {"billable_metric": METRIC}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
    await company.delete("/billable_metrics/calls")
    await company.get("/billable_metrics/calls", 404)
    assert (await company.metric(**METRIC))["lago_id"] != made["lago_id"]


async def test_custom_aggregations_are_switched_off(company):
    refused = await company.post(
        "/billable_metrics", {"billable_metric": METRIC | {"aggregation_type": "custom_agg"}}, 403
    )
    assert refused["code"] == "feature_unavailable"


async def test_counting_has_no_field(company):
    await company.metric(**METRIC)
    changed = await company.put("/billable_metrics/calls", {"billable_metric": {"aggregation_type": "count_agg"}})
    assert changed["billable_metric"]["field_name"] is None


async def test_a_metric_in_use_changes_little(rehearsal):
    metric = await rehearsal.metric(**METRIC)
    plan = await rehearsal.plan(charges=[{"billable_metric_id": metric["lago_id"], "charge_model": "standard"}])
    change = {"name": "New", "code": "other", "aggregation_type": "max_agg", "recurring": "what"}
    changed = (await rehearsal.put("/billable_metrics/calls", {"billable_metric": change}))["billable_metric"]
    assert changed == metric | {"name": "New"}
    await rehearsal.delete(f"/plans/{plan['code']}")
    await rehearsal.advance("2024-03-05T12:00:00Z")
    changed = (await rehearsal.put("/billable_metrics/calls", {"billable_metric": {"code": "other"}}))[
        "billable_metric"
    ]
    assert changed["code"] == "other"


async def test_a_metric_goes_with_its_charges(company):
    metric = await company.metric(**METRIC)
    plan = await company.plan(charges=[{"billable_metric_id": metric["lago_id"], "charge_model": "standard"}])
    assert (await company.delete("/billable_metrics/calls"))["billable_metric"]["lago_id"] == metric["lago_id"]
    assert (await company.get(f"/plans/{plan['code']}"))["plan"]["charges"] == []


async def test_values_taken_away_leave_the_filters_of_charges(company):
    filters = [{"key": "region", "values": ["us", "eu"]}, {"key": "cloud", "values": ["aws", "gcp"]}]
    metric = await company.metric(**METRIC, filters=filters)
    values = [
        {"region": ["us", "eu"]},
        {"region": ["eu"]},
        {"region": ["eu"], "cloud": ["aws"]},
        {"region": ["__ALL_FILTER_VALUES__"], "cloud": ["gcp"]},
    ]
    charge = {
        "billable_metric_id": metric["lago_id"],
        "charge_model": "standard",
        "filters": [{"values": each, "properties": {"amount": "1"}} for each in values],
    }
    await company.plan(code="plan", charges=[charge])

    async def left(filters: list[dict]) -> list[dict]:
        await company.put("/billable_metrics/calls", {"billable_metric": {"filters": filters}})
        (charge,) = (await company.get("/plans/plan"))["plan"]["charges"]
        return [each["values"] for each in charge["filters"]]

    assert await left([{"key": "region", "values": ["us"]}, filters[1]]) == [
        {"region": ["us"]},
        {"cloud": ["aws"]},
        {"region": ["__ALL_FILTER_VALUES__"], "cloud": ["gcp"]},
    ]
    assert await left([filters[1]]) == [{"cloud": ["aws"]}, {"cloud": ["gcp"]}]
    assert await left([]) == []


@pytest.mark.parametrize(
    ("expression", "properties", "value"),
    [
        ("round(event.properties.value * event.properties.units)", {"value": "10.4", "units": 2}, "21.0"),
        ("concat(event.properties.b, '-', 'suffix')", {"b": "test"}, "test-suffix"),
    ],
)
async def test_an_expression_can_be_tried(company, expression, properties, value):
    body = {"expression": expression, "event": {"code": "calls", "timestamp": 1234, "properties": properties}}
    answer = await company.post("/billable_metrics/evaluate_expression", body)
    assert answer == {"expression_result": {"value": value}}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"event": {}}, {"expression": ["value_is_mandatory"]}),
        ({"expression": "1+", "event": None}, {"expression": ["invalid_expression"]}),
        ({"expression": "event.properties.a", "event": {"properties": {}}}, {"event": ["invalid_event"]}),
        ({"expression": "1"}, {"event": ["invalid_event"]}),
    ],
)
async def test_what_an_expression_fails_for_is_told(company, body, wrong):
    refused = await company.post("/billable_metrics/evaluate_expression", body, 422)
    assert refused["error_details"] == wrong


async def test_a_pricing_unit_keeps_its_code(company):
    body = {"code": "credits", "name": "Credits", "short_name": "CR"}
    made = (await company.post("/pricing_units", {"pricing_unit": body}))["pricing_unit"]
    assert made == body | {"lago_id": made["lago_id"], "description": None, "created_at": made["created_at"]}
    change = {"code": "other", "name": "New", "description": "x"}
    changed = (await company.put("/pricing_units/credits", {"pricing_unit": change}))["pricing_unit"]
    assert changed == made | {"name": "New", "description": "x"}
    assert (await company.get("/pricing_units"))["pricing_units"] == [changed]
    refused = await company.post("/pricing_units", {"pricing_unit": body | {"short_name": "LONG"}}, 422)
    assert refused["error_details"] == {"short_name": ["value_is_too_long"]}
    refused = await company.post("/pricing_units", {"pricing_unit": body}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
