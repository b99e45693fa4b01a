"""Subscriptions are made on a plan; what cannot be is refused (chapter 50 §3)."""

import pytest

from tests.company import Company


@pytest.mark.parametrize("field", ["subscription_at", "ending_at"])
@pytest.mark.parametrize("value", ["9999-12-31T00:00:00Z", "9991-01-01", "2024-01-01 10:00", "soon", "2024-W05-1"])
async def test_an_instant_whose_periods_cannot_be_told_is_refused(company: Company, field: str, value: str):
    plan = {"name": "P", "code": "p", "interval": "monthly", "amount_cents": 1, "amount_currency": "EUR"}
    await company.post("/plans", {"plan": plan | {"pay_in_advance": False}})
    body = {"external_customer_id": "acme", "external_id": "s", "plan_code": "p", field: value}
    refused = await company.post("/subscriptions", {"subscription": body}, 422)
    assert refused["error_details"] == {field: ["invalid_date"]}
    assert (await company.get("/subscriptions?status[]=pending"))["subscriptions"] == []
