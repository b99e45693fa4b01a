"""Customers and payment providers, of which none can be set up yet (chapter 70 §5)."""

from uuid import uuid4

import pytest


async def configured(company, **fields):
    answer = await company.customer(external_id="c", billing_configuration=fields)
    return [answer["billing_configuration"][name] for name in ("payment_provider", "payment_provider_code")]


async def test_a_new_customer_without_a_link_has_no_provider(company):
    assert await configured(company, payment_provider="stripe", payment_provider_code="main") == [None, None]


async def test_a_change_sets_the_provider_and_keeps_its_code_until_it_has_none(company):
    await company.customer(external_id="c")
    assert await configured(company, payment_provider_code="main") == [None, None]
    assert await configured(company, payment_provider="stripe", payment_provider_code="main") == ["stripe", "main"]
    assert await configured(company, document_locale="fr") == ["stripe", "main"]
    assert await configured(company, payment_provider="adyen") == ["adyen", "main"]
    assert await configured(company, payment_provider_code="other") == ["adyen", "other"]
    assert await configured(company, payment_provider="paypal") == [None, None]
    await configured(company, payment_provider="stripe", payment_provider_code="main")
    assert await configured(company, payment_provider=None) == [None, None]


@pytest.mark.parametrize("asked", [{"sync_with_provider": True}, {"provider_customer_id": "cus_1"}])
async def test_a_link_needs_a_provider_that_is_set_up(company, asked):
    body = {"external_id": "c", "billing_configuration": {"payment_provider": "stripe"} | asked}
    refused = await company.post("/customers", {"customer": body}, 422)
    assert refused["error_details"] == {"base": ["payment_provider_not_found"]}
    await company.get("/customers/c", 404)


@pytest.mark.parametrize(
    ("methods", "code"),
    [
        (["card"], None),
        (["link", "card"], None),
        (["customer_balance"], None),
        (["link"], "value_is_invalid"),
        (["cash"], "value_is_invalid"),
        (["customer_balance", "card"], "customer_balance cannot be combined with other payment methods"),
    ],
)
async def test_stripes_payment_methods_must_go_together(company, methods, code):
    configuration = {"payment_provider": "stripe", "provider_payment_methods": methods}
    body = {"customer": {"external_id": "c", "billing_configuration": configuration}}
    answer = await company.post("/customers", body, 422 if code else 200)
    assert answer.get("error_details") == ({"provider_payment_methods": [code]} if code else None)


async def test_there_is_no_page_to_set_up_payment_on_without_a_provider(company):
    await company.customer(external_id="c")
    refused = await company.post("/customers/c/checkout_url", status=422)
    assert refused["error_details"] == {"base": ["no_linked_payment_provider"]}
    assert (await company.post("/customers/nobody/checkout_url", status=404))["code"] == "customer_not_found"


async def test_a_customer_without_a_provider_has_no_payment_methods(company):
    await company.customer(external_id="c")
    listed = await company.get("/customers/c/payment_methods")
    assert listed["payment_methods"] == []
    assert listed["meta"] == {
        "current_page": 0,
        "next_page": None,
        "prev_page": None,
        "total_pages": 0,
        "total_count": 0,
    }
    for method, rest in (("PUT", f"/{uuid4()}/set_as_default"), ("DELETE", f"/{uuid4()}")):
        for customer, code in (("c", "payment_method_not_found"), ("nobody", "customer_not_found")):
            answer = await company.call(method, f"/customers/{customer}/payment_methods{rest}", status=404)
            assert answer["code"] == code
    assert (await company.get("/customers/nobody/payment_methods", 404))["code"] == "customer_not_found"
