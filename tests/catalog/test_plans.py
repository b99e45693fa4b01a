"""Plans with all that is on them (chapters 52 and 53)."""

import asyncio

import pytest

PLAN = {
    "name": "Basic",
    "code": "basic",
    "interval": "yearly",
    "amount_cents": 1000,
    "amount_currency": "EUR",
    "pay_in_advance": True,
}


async def test_a_plan_is_answered_with_all_that_is_on_it(company):
    await company.tax(code="vat")
    add_on = await company.add_on(code="seats")
    metric = await company.metric(code="storage", filters=[{"key": "region", "values": ["us", "eu"]}])
    unit = {"code": "credits", "name": "Credits", "short_name": "CR"}
    await company.post("/pricing_units", {"pricing_unit": unit})
    charge = {
        "billable_metric_id": metric["lago_id"],
        "charge_model": "standard",
        "properties": {"amount": "1.50", "grouped_by": ["team"], "other": 1},
        "min_amount_cents": 50,
        "tax_codes": ["vat"],
        "applied_pricing_unit": {"code": "credits", "conversion_rate": "0.5"},
        "filters": [
            {"values": {"region": ["us"]}, "properties": {"amount": "2"}, "invoice_display_name": "States"},
            {"values": {"region": ["eu"]}},
        ],
    }
    made = await company.plan(
        **PLAN | {"trial_period": 7.5, "metadata": {"team": "a"}, "tax_codes": ["vat"]},
        charges=[charge, {"billable_metric_id": metric["lago_id"], "charge_model": "package"}],
        fixed_charges=[{"add_on_code": "seats", "charge_model": "standard", "units": 10, "tax_codes": ["vat"]}],
        minimum_commitment={"amount_cents": 500, "tax_codes": ["vat"]},
        usage_thresholds=[{"amount_cents": 300, "threshold_display_name": "First"}],
    )
    assert made == (await company.get("/plans/basic"))["plan"]
    assert (made["trial_period"], made["metadata"], made["entitlements"]) == (7.5, {"team": "a"}, [])
    assert (made["bill_charges_monthly"], made["pending_deletion"], made["parent_id"]) == (False, False, None)
    first, second = made["charges"]
    assert first["properties"] == {"amount": "1.50", "pricing_group_keys": ["team"], "grouped_by": ["team"]}
    assert first["applied_pricing_unit"] == {"code": "credits", "conversion_rate": "0.5"}
    assert [each["values"] for each in first["filters"]] == [{"region": ["us"]}, {"region": ["eu"]}]
    assert first["filters"][1]["properties"] == {"amount": "0"}
    assert (first["code"], second["code"]) == ("storage", "storage_2")
    assert second["properties"] == {"package_size": 1, "amount": "0", "free_units": 0}
    (fixed,) = made["fixed_charges"]
    assert (fixed["code"], fixed["units"], fixed["lago_add_on_id"]) == ("seats", 10, add_on["lago_id"])
    assert made["minimum_commitment"]["amount_cents"] == 500
    assert [each["amount_cents"] for each in made["usage_thresholds"]] == [300]
    own = [made, first, fixed, made["minimum_commitment"]]
    assert [[tax["code"] for tax in each["taxes"]] for each in own] == [["vat"]] * 4
    (listed,) = (await company.get("/plans"))["plans"]
    assert listed == {name: value for name, value in made.items() if name != "fixed_charges"}


async def test_what_is_missing_is_told_at_once(company):
    refused = await company.post("/plans", {"plan": {"description": "x"}}, 422)
    assert refused["error_details"] == {
        "name": ["value_is_mandatory"],
        "code": ["value_is_mandatory"],
        "interval": ["value_is_invalid"],
        "amount_cents": ["value_is_mandatory"],
        "amount_currency": ["value_is_invalid"],
        "pay_in_advance": ["value_is_invalid"],
    }


async def test_what_is_not_there_comes_before_what_is_wrong(company):
    unknown = "11111111-1111-4111-8111-111111111111"
    body = {"charges": [{"billable_metric_id": unknown, "charge_model": "standard"}]}
    assert (await company.post("/plans", {"plan": body}, 404))["code"] == "billable_metrics_not_found"
    body = {"fixed_charges": [{"add_on_code": "none", "charge_model": "standard"}]}
    assert (await company.post("/plans", {"plan": body}, 404))["code"] == "add_ons_not_found"
    assert (await company.post("/plans", {"plan": PLAN | {"tax_codes": ["none"]}}, 404))["code"] == "tax_not_found"
    assert (await company.get("/plans"))["plans"] == []


@pytest.mark.parametrize(
    ("charge", "wrong"),
    [
        (
            {"charge_model": None},
            {"charge_model": ["value_is_mandatory", "value_is_invalid"]},
        ),
        ({"charge_model": "none"}, {"charge_model": ["value_is_invalid"]}),
        ({"charge_model": "dynamic"}, {"charge_model": ["invalid_aggregation_type_or_charge_model"]}),
        (
            {"charge_model": "volume", "pay_in_advance": True},
            {"pay_in_advance": ["invalid_aggregation_type_or_charge_model"]},
        ),
        ({"prorated": True}, {"prorated": ["invalid_billable_metric_or_charge_model"]}),
        ({"invoiceable": False}, {"invoiceable": ["must_be_true_unless_pay_in_advance"]}),
        (
            {"regroup_paid_fees": "invoice"},
            {"regroup_paid_fees": ["only_compatible_with_pay_in_advance_and_non_invoiceable"]},
        ),
        ({"min_amount_cents": -1}, {"min_amount_cents": ["value_is_out_of_range"]}),
        ({"properties": {"amount": 1}}, {"properties": ["invalid_amount"]}),
        ({"filters": [{"properties": {}}]}, {"values": ["value_is_mandatory"]}),
        ({"filters": [{"values": {"region": ["mars"]}}]}, {"values": ["value_is_invalid"]}),
        (
            {"filters": [{"values": {"planet": ["mars"]}}]},
            {"billable_metric_filter": ["relation_must_exist"], "values": ["value_is_invalid"]},
        ),
        (
            {"applied_pricing_unit": {"code": "none", "conversion_rate": "1"}},
            {"pricing_unit": ["relation_must_exist"]},
        ),
    ],
)
async def test_what_is_wrong_with_a_charge_is_told_under_its_fields(company, charge, wrong):
    metric = await company.metric(filters=[{"key": "region", "values": ["us"]}])
    body = PLAN | {"charges": [{"billable_metric_id": metric["lago_id"], "charge_model": "standard"} | charge]}
    refused = await company.post("/plans", {"plan": body}, 422)
    assert refused["error_details"] == wrong
    assert (await company.get("/plans"))["plans"] == []


@pytest.mark.parametrize(
    ("charge", "wrong"),
    [
        ({"charge_model": "package"}, {"charge_model": ["value_is_invalid"]}),
        ({"units": -1}, {"units": ["value_is_out_of_range"]}),
        ({"charge_model": "volume", "pay_in_advance": True}, {"pay_in_advance": ["invalid_charge_model"]}),
        (
            {"charge_model": "graduated", "pay_in_advance": True, "prorated": True},
            {"prorated": ["invalid_charge_model"]},
        ),
        ({"properties": {"amount": "x"}}, {"properties": ["invalid_amount"]}),
    ],
)
async def test_what_is_wrong_with_a_fixed_charge_is_told_under_its_fields(company, charge, wrong):
    add_on = await company.add_on()
    body = PLAN | {"fixed_charges": [{"add_on_id": add_on["lago_id"], "charge_model": "standard"} | charge]}
    assert (await company.post("/plans", {"plan": body}, 422))["error_details"] == wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"minimum_commitment": {"amount_cents": 0}}, {"amount_cents": ["value_is_out_of_range"]}),
        ({"minimum_commitment": {"invoice_display_name": "x"}}, {"amount_cents": ["value_is_mandatory"]}),
        ({"usage_thresholds": [{"recurring": True}]}, {"usage_thresholds": ["missing_amount_cents"]}),
        (
            {"usage_thresholds": [{"amount_cents": 1}, {"amount_cents": 1}]},
            {"usage_thresholds": ["duplicated_values"]},
        ),
        (
            {"usage_thresholds": [{"amount_cents": 1, "recurring": True}, {"amount_cents": 2, "recurring": True}]},
            {"usage_thresholds": ["multiple_recurring_thresholds"]},
        ),
        ({"usage_thresholds": [{"amount_cents": 0}]}, {"amount_cents": ["value_is_out_of_range"]}),
        ({"metadata": {str(key): "x" for key in range(51)}}, {"value": ["cannot have more than 50 keys"]}),
    ],
)
async def test_what_is_wrong_with_other_parts_is_told(company, fields, wrong):
    assert (await company.post("/plans", {"plan": PLAN | fields}, 422))["error_details"] == wrong
    assert (await company.get("/plans"))["plans"] == []


async def test_lists_of_charges_are_complete(company):
    metric, add_on = await company.metric(code="calls"), await company.add_on(code="seats")
    new = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "invoice_display_name": "Calls"}
    new_fixed = {"add_on_id": add_on["lago_id"], "charge_model": "standard", "units": "2"}
    made = await company.plan(**PLAN, charges=[new, new], fixed_charges=[new_fixed, new_fixed])
    kept, kept_fixed = made["charges"][1]["lago_id"], made["fixed_charges"][1]["lago_id"]
    body = {
        "charges": [{"id": kept, "charge_model": "standard", "properties": {"amount": "3"}}, new],
        "fixed_charges": [{"id": kept_fixed, "charge_model": "standard", "units": 5}],
    }
    changed = (await company.put("/plans/basic", {"plan": body}))["plan"]
    assert [(each["code"], each["properties"]["amount"]) for each in changed["charges"]] == [
        ("calls_2", "3"),
        ("calls", "0"),
    ]
    assert changed["charges"][0]["lago_id"] == kept
    assert changed["charges"][0]["invoice_display_name"] is None
    assert [(each["lago_id"], each["units"]) for each in changed["fixed_charges"]] == [(kept_fixed, 5)]
    untouched = (await company.put("/plans/basic", {"plan": {"name": "New"}}))["plan"]
    assert untouched == changed | {"name": "New"}
    emptied = (await company.put("/plans/basic", {"plan": {"charges": [], "fixed_charges": []}}))["plan"]
    assert (emptied["charges"], emptied["fixed_charges"]) == ([], [])


async def test_other_parts_are_replaced_changed_and_removed(company):
    await company.tax(code="vat")
    parts = {"tax_codes": ["vat"], "usage_thresholds": [{"amount_cents": 1}], "metadata": {"a": "b"}}
    made = await company.plan(**PLAN, **parts, minimum_commitment={"amount_cents": 5, "tax_codes": ["vat"]})
    body = {
        "tax_codes": [],
        "usage_thresholds": [{"amount_cents": 1}, {"amount_cents": 2}],
        "metadata": {},
        "minimum_commitment": {"invoice_display_name": "Least"},
    }
    changed = (await company.put("/plans/basic", {"plan": body}))["plan"]
    assert (changed["taxes"], changed["metadata"]) == ([], {})
    assert [each["amount_cents"] for each in changed["usage_thresholds"]] == [1, 2]
    assert changed["usage_thresholds"][0]["lago_id"] != made["usage_thresholds"][0]["lago_id"]
    assert changed["minimum_commitment"]["amount_cents"] == 5
    assert [tax["code"] for tax in changed["minimum_commitment"]["taxes"]] == ["vat"]
    removed = (await company.put("/plans/basic", {"plan": {"minimum_commitment": {}, "usage_thresholds": []}}))["plan"]
    assert "minimum_commitment" not in removed
    assert removed["usage_thresholds"] == removed["applicable_usage_thresholds"] == []


async def test_with_a_subscription_little_of_a_plan_changes(company):
    metric, add_on = await company.metric(), await company.add_on()
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "min_amount_cents": 7}
    fixed = {"add_on_id": add_on["lago_id"], "charge_model": "standard", "units": 1}
    made = await company.plan(**PLAN, charges=[charge], fixed_charges=[fixed])
    customer = await company.customer()
    subscription = {"external_customer_id": customer["external_id"], "plan_code": "basic", "external_id": "one"}
    await company.post("/subscriptions", {"subscription": subscription})
    own = {"id": made["charges"][0]["lago_id"], "charge_model": "package", "properties": {"amount": "4"}}
    own_fixed = {"id": made["fixed_charges"][0]["lago_id"], "charge_model": "standard", "units": 3}
    body = {
        "code": "other",
        "interval": "weekly",
        "amount_cents": 2000,
        "charges": [own],
        "fixed_charges": [own_fixed],
    }
    changed = (await company.put("/plans/basic", {"plan": body}))["plan"]
    assert (changed["code"], changed["interval"], changed["amount_cents"]) == ("basic", "yearly", 2000)
    (charge,) = changed["charges"]
    assert (charge["charge_model"], charge["properties"], charge["min_amount_cents"]) == (
        "standard",
        {"amount": "4"},
        7,
    )
    assert changed["fixed_charges"][0]["units"] == 3


async def test_metadata_has_calls_of_its_own(company):
    await company.plan(**PLAN)
    path = "/plans/basic/metadata"
    refused = await company.delete(f"{path}/a", 404)
    assert refused["code"] == "metadata_not_found"
    assert await company.call("PATCH", path, {"metadata": {}}) == {"metadata": None}
    assert await company.post(path, {"metadata": {"a": "1", "b": None}}) == {"metadata": {"a": "1", "b": None}}
    assert await company.post(path, {}) == {"metadata": {"a": "1", "b": None}}
    assert await company.call("PATCH", path, {"metadata": {"a": "2"}}) == {"metadata": {"a": "2", "b": None}}
    assert await company.delete(f"{path}/a") == {"metadata": {"b": None}}
    assert await company.post(path, {"metadata": {}}) == {"metadata": {}}
    assert await company.delete(path) == {"metadata": None}
    assert "metadata" not in (await company.get("/plans/basic"))["plan"]


async def test_charges_have_calls_of_their_own(company):
    await company.tax(code="vat")
    metric = await company.metric()
    await company.plan(**PLAN)
    path = "/plans/basic/charges"
    body = {"billable_metric_id": metric["lago_id"], "charge_model": "standard"}
    refused = await company.post(path, {"charge": body}, 422)
    assert refused["error_details"] == {"code": ["value_is_mandatory"]}
    refused = await company.post(path, {"charge": {"code": "x", "charge_model": "standard"}}, 404)
    assert refused["code"] == "billable_metric_not_found"
    made = (await company.post(path, {"charge": body | {"code": "one"}}))["charge"]
    other = (await company.post(path, {"charge": body | {"code": "other"}}))["charge"]
    refused = await company.post(path, {"charge": body | {"code": "one"}}, 422)
    assert refused["error_details"] == {"code": ["value_already_exist"]}
    assert (await company.get(path))["charges"] == [other, made]
    change = {"charge_model": "percentage", "properties": {"rate": "1"}, "code": "new", "tax_codes": ["vat"]}
    changed = (await company.put(f"{path}/one", {"charge": change}))["charge"]
    assert (changed["code"], changed["charge_model"], changed["properties"]) == ("new", "percentage", {"rate": "1"})
    assert changed == (await company.get(f"{path}/new"))["charge"]
    refused = await company.put(f"{path}/new", {"charge": {"properties": {"rate": "1"}}}, 422)
    assert refused["error_details"]["charge_model"] == ["value_is_mandatory", "value_is_invalid"]
    assert (await company.delete(f"{path}/new"))["charge"] == changed
    assert (await company.get(f"{path}/new", 404))["code"] == "charge_not_found"


async def test_filters_have_calls_of_their_own(company):
    metric = await company.metric(filters=[{"key": "region", "values": ["us", "eu"]}])
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "code": "one"}
    await company.plan(**PLAN, charges=[charge])
    path = "/plans/basic/charges/one/filters"
    body = {"values": {"region": ["us"]}, "properties": {"amount": "1"}, "invoice_display_name": "States"}
    made = (await company.post(path, {"filter": body}))["filter"]
    assert made == body | {"lago_id": made["lago_id"], "charge_code": "one"}
    refused = await company.post(path, {"filter": {"properties": {"amount": "1"}}}, 422)
    assert refused["error_details"] == {"values": ["value_is_mandatory"]}
    own = f"{path}/{made['lago_id']}"
    change = {"properties": {"amount": "2"}, "values": {"region": ["eu"]}}
    changed = (await company.put(own, {"filter": change}))["filter"]
    assert changed == made | {"properties": {"amount": "2"}}
    assert (await company.get(path))["filters"] == [changed]
    assert (await company.delete(own))["filter"] == changed
    assert (await company.get(own, 404))["code"] == "charge_filter_not_found"


async def test_fixed_charges_have_calls_of_their_own(company):
    add_on = await company.add_on(code="seats")
    await company.plan(**PLAN)
    path = "/plans/basic/fixed_charges"
    refused = await company.post(path, {"fixed_charge": {"code": "x", "add_on_code": "none"}}, 404)
    assert refused["code"] == "add_on_not_found"
    body = {"code": "seats", "add_on_id": add_on["lago_id"], "charge_model": "standard", "units": "1.5"}
    made = (await company.post(path, {"fixed_charge": body}))["fixed_charge"]
    assert made["units"] == 1.5
    change = {"charge_model": "graduated", "invoice_display_name": "Seats"}
    changed = (await company.put(f"{path}/seats", {"fixed_charge": change}))["fixed_charge"]
    assert (changed["units"], changed["charge_model"]) == (1.5, "graduated")
    assert (await company.get(path))["fixed_charges"] == [changed]
    await company.delete("/add_ons/seats")
    assert (await company.get(f"{path}/seats", 404))["code"] == "fixed_charge_not_found"


async def test_a_tax_that_is_deleted_is_on_nothing_any_more(company):
    await company.tax(code="vat")
    await company.plan(**PLAN, tax_codes=["vat"], minimum_commitment={"amount_cents": 5, "tax_codes": ["vat"]})
    await company.delete("/taxes/vat")
    plan = (await company.get("/plans/basic"))["plan"]
    assert plan["taxes"] == plan["minimum_commitment"]["taxes"] == []


async def test_of_two_plans_with_one_code_at_once_one_is_made(company):
    calls = [company.client.post("/api/v1/plans", json={"plan": PLAN}) for _ in range(2)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200, 422]
