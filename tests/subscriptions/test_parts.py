"""What comes with a subscription is checked, stored and shown (chapter 50 §§3, 7, 10 and 12)."""

from typing import Any

import pytest

from tests.company import Company


async def subscribe(company: Company, status: int = 200, **fields: Any) -> Any:
    """A subscription to the plan `basic`, which is made where there is none, or the answer that refuses it."""
    if not (await company.get("/plans"))["plans"]:
        await company.plan(code="basic", usage_thresholds=[{"amount_cents": 900}])
    body = {"external_customer_id": "acme", "external_id": "s", "plan_code": "basic"} | fields
    answer = await company.post("/subscriptions", {"subscription": body}, status)
    return answer["subscription"] if status == 200 else answer


def amounts(subscription: dict[str, Any]) -> list[int]:
    return [each["amount_cents"] for each in subscription["applicable_usage_thresholds"]]


async def test_a_subscription_is_shown_with_its_plan_and_lists_show_it_without(company: Company):
    made = await subscribe(company)
    (plan,) = (await company.get("/plans"))["plans"]
    assert made["plan"]["lago_id"] == plan["lago_id"]
    assert (made["entitlements"], made["applied_invoice_custom_sections"], amounts(made)) == ([], [], [900])
    assert (await company.get("/subscriptions/s"))["subscription"] == made
    (listed,) = (await company.get("/subscriptions"))["subscriptions"]
    assert listed.keys() == made.keys() - {
        "plan",
        "entitlements",
        "applied_invoice_custom_sections",
        "applicable_usage_thresholds",
    }


async def test_thresholds_of_its_own_come_before_those_of_its_plan(company: Company):
    own = [{"amount_cents": 100, "recurring": True}, {"amount_cents": 300, "threshold_display_name": "First"}]
    made = await subscribe(company, usage_thresholds=own)
    assert made["applicable_usage_thresholds"] == [
        {"amount_cents": 300, "threshold_display_name": "First", "recurring": False},
        {"amount_cents": 100, "threshold_display_name": None, "recurring": True},
    ]
    assert amounts(await subscribe(company, usage_thresholds=[{"amount_cents": 7}])) == [7]
    assert amounts(await subscribe(company)) == [7]
    assert amounts(await subscribe(company, usage_thresholds=[])) == [900]


async def test_those_of_a_copy_of_the_plan_come_before_the_plans(company: Company):
    made = await subscribe(company, plan_overrides={"usage_thresholds": [{"amount_cents": 5}]})
    assert amounts(made) == [5]


async def test_with_progressive_billing_off_no_threshold_holds(company: Company):
    assert amounts(await subscribe(company, progressive_billing_disabled=True)) == []


async def test_its_sections_are_those_selected_or_none(company: Company):
    section = await company.section(code="terms")
    chosen = {"invoice_custom_section_codes": ["none", "terms"]}
    made = await subscribe(company, invoice_custom_section=chosen)
    (applied,) = made["applied_invoice_custom_sections"]
    assert (applied["invoice_custom_section_id"], applied["invoice_custom_section"]) == (section["lago_id"], section)
    skipped = await subscribe(company, invoice_custom_section={"skip_invoice_custom_sections": True})
    assert skipped["applied_invoice_custom_sections"] == []


async def test_it_can_be_paid_by_hand(company: Company):
    made = await subscribe(company, payment_method={"payment_method_type": "manual"})
    assert made["payment_method"] == {"payment_method_type": "manual", "payment_method_id": None}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"payment_method": {"payment_method_type": "cash"}}, {"payment_method": ["invalid_payment_method"]}),
        ({"payment_method": {"payment_method_id": "x"}}, {"payment_method": ["invalid_payment_method"]}),
        ({"usage_thresholds": [{}]}, {"usage_thresholds": ["missing_amount_cents"]}),
        ({"usage_thresholds": [{"amount_cents": 0}]}, {"amount_cents": ["value_is_out_of_range"]}),
        (
            {
                "usage_thresholds": [{"amount_cents": 1}],
                "plan_overrides": {"usage_thresholds": [{"amount_cents": 1}]},
            },
            {
                "plan_overrides.usage_thresholds": ["incompatible_params"],
                "usage_thresholds": ["incompatible_params"],
            },
        ),
        ({"activation_rules": "payment"}, {"activation_rules": ["invalid_format"]}),
        ({"activation_rules": [{"type": "luck"}]}, {"activation_rules": ["invalid_type"]}),
        ({"activation_rules": [{"type": "payment"}] * 2}, {"activation_rules": ["duplicated_type"]}),
        (
            {"activation_rules": [{"type": "payment", "timeout_hours": -1}]},
            {
                "timeout_hours": ["value_must_be_positive_or_zero"],
                "customer": ["no_linked_payment_provider"],
            },
        ),
        (
            {"activation_rules": [{"type": "payment"}], "payment_method": {"payment_method_type": "manual"}},
            {"customer": ["manual_payment_method_invalid_for_payment_activation_rules"]},
        ),
        (
            {"activation_rules": [{"type": "payment"}], "payment_method": {"payment_method_type": "provider"}},
            {"customer": ["no_default_payment_method"]},
        ),
        ({"plan_overrides": {"amount_cents": -1}}, {"amount_cents": ["value_is_out_of_range"]}),
        ({"plan_overrides": {"amount_currency": "XXX"}}, {"amount_currency": ["value_is_invalid"]}),
        ({"plan_overrides": {"minimum_commitment": {"amount_cents": 0}}}, {"amount_cents": ["value_is_out_of_range"]}),
    ],
)
async def test_what_is_wrong_is_told_under_its_field(company: Company, fields: dict[str, Any], wrong: dict[str, Any]):
    refused = await subscribe(company, 422, **fields)
    assert refused["error_details"] == wrong
    assert (await company.get("/subscriptions"))["subscriptions"] == []
    assert (await company.get("/customers"))["customers"] == []


async def test_an_unknown_tax_in_overrides_is_not_found(company: Company):
    refused = await subscribe(company, 404, plan_overrides={"tax_codes": ["none"]})
    assert refused["code"] == "tax_not_found"


async def test_no_card_is_authorized_beforehand(company: Company):
    await company.plan(code="basic")
    body = {"external_customer_id": "acme", "external_id": "s", "plan_code": "basic"}
    authorization = {"amount_cents": 1, "amount_currency": "EUR"}
    refused = await company.post("/subscriptions", {"subscription": body, "authorization": authorization}, 403)
    assert refused["code"] == "feature_not_available"
