"""Subscriptions whose invoices wait for their taxes: billed in time, issued once VIES has answered (20 §§2.1, 7.5)."""

from typing import Any

import pytest

from tests.books import mismatches, webhook_types
from tests.company import Company
from tests.invoices.test_pending import ITALIAN, NOON, answered, seller
from tests.metering.usage import charge, happened
from tests.subscriptions.story import alike, amounts, epoch
from tests.vies import vies

LATER = "2024-04-03T10:00:00Z"


async def with_usage(company: Company, **fields: Any) -> dict[str, Any]:
    """The customer's subscription to a plan in arrears, with usage in March."""
    metric = await company.metric()
    plan = await company.plan(name="Basic", charges=[charge(metric)])
    subscription = await company.subscribe({"external_id": "c"}, plan, **fields)
    await happened(company, subscription, metric, {"timestamp": epoch("2024-03-12T00:00:00Z")})
    return subscription


async def statuses(company: Company) -> list[str]:
    """Of the customer's invoices, oldest first."""
    return [each["status"] for each in await company.invoices({"external_id": "c"})]


def taxes(invoice: dict[str, Any]) -> list[str]:
    return [each["tax_code"] for each in invoice["applied_taxes"]]


async def test_a_renewal_waits_for_its_taxes_and_is_issued_on_the_day_of_the_answer(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await with_usage(company)
        await company.advance("2024-04-01T00:00:00Z")
        (waiting,) = await company.invoices({"external_id": "c"})
        assert (waiting["status"], waiting["number"][-6:], waiting["total_amount_cents"]) == ("pending", "-DRAFT", 0)
        assert (waiting["fees_amount_cents"], amounts([waiting], "charge")) == (1871, [[1000]])
        assert "invoice.created" not in await webhook_types(company)
        path = f"/invoices/{waiting['lago_id']}"
        assert (await company.post(f"{path}/retry", None, 405))["code"] == "invalid_status"
        assert alike(await company.put(f"{path}/refresh", None)) == alike({"invoice": waiting})

        await company.advance(LATER)
        await answered(company, service, LATER)
        (issued,) = await company.invoices({"external_id": "c"})
        assert (issued["status"], issued["issuing_date"], taxes(issued)) == (
            "finalized",
            "2024-04-03",
            ["lago_eu_reverse_charge"],
        )
        assert (issued["total_amount_cents"], issued["billing_periods"]) == (1871, waiting["billing_periods"])
        assert issued["error_details"] == []
        assert (await webhook_types(company)).count("invoice.created") == 1
        await company.advance("2024-05-01T00:00:00Z")
        assert await statuses(company) == ["finalized", "finalized"]
        assert await mismatches(company) == []


async def test_a_draft_is_not_issued_by_a_call_and_waits_on_when_its_grace_is_over(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await company.customer(external_id="c", billing_configuration={"invoice_grace_period": 1})
        await with_usage(company)
        await company.advance("2024-04-01T00:00:00Z")
        (draft,) = await company.invoices({"external_id": "c"})
        refused = await company.put(f"/invoices/{draft['lago_id']}/finalize", None, 403)
        assert refused["code"] == "cannot_finalize_with_pending_taxes"
        assert "invoice.ready_to_finalize" not in await webhook_types(company)
        await company.advance("2024-04-02T00:00:00Z")
        assert await statuses(company) == ["pending"]
        await company.advance(LATER)
        await answered(company, service, LATER)
        (issued,) = await company.invoices({"external_id": "c"})
        assert (issued["status"], issued["lago_id"], taxes(issued)) == (
            "finalized",
            draft["lago_id"],
            ["lago_eu_reverse_charge"],
        )


async def test_a_draft_is_ready_to_be_issued_once_its_taxes_are_known(works):
    async with vies() as service, seller(works, service) as company:
        await company.customer(external_id="c", billing_configuration={"invoice_grace_period": 5})
        await with_usage(company)
        await company.advance("2024-04-01T00:00:00Z")
        await company.advance(LATER)
        await answered(company, service, LATER)
        (draft,) = await company.invoices({"external_id": "c"})
        assert (draft["status"], taxes(draft), draft["taxes_amount_cents"]) == ("draft", ["lago_eu_it_standard"], 412)
        assert (await webhook_types(company)).count("invoice.ready_to_finalize") == 1
        assert draft["total_amount_cents"] == 2283
        issued = (await company.put(f"/invoices/{draft['lago_id']}/finalize", None))["invoice"]
        assert (issued["status"], issued["total_amount_cents"]) == ("finalized", 2283)


async def paid_in_advance(company: Company, **fields: Any) -> dict[str, Any]:
    """The customer's subscription to a plan in advance of 31 EUR, whose first invoice waits for its taxes."""
    plan = await company.plan(name="Advance", pay_in_advance=True, amount_cents=3100)
    subscription = await company.subscribe({"external_id": "c"}, plan, external_id="s", **fields)
    await company.advance(NOON)
    assert await statuses(company) == ["pending"]
    return subscription


async def test_a_call_does_not_end_what_was_paid_in_advance_before_its_taxes_are_known(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        subscription = await paid_in_advance(company)
        refused = await company.delete("/subscriptions/s", 405)
        assert refused["code"] == "cannot_terminate_with_pending_taxes"
        assert (await company.get("/subscriptions/s"))["subscription"]["status"] == "active"
        await answered(company, service)
        assert (await company.terminate(subscription))["status"] == "terminated"


@pytest.mark.parametrize("way", ["in time", "upgrade", "plan", "customer"])
async def test_what_ends_otherwise_meanwhile_is_given_back_with_its_taxes_once_they_are_known(works, way):
    async with vies() as service, seller(works, service) as company:
        fields = {"ending_at": "2024-03-15T00:00:00Z"} if way == "in time" else {}
        subscription = await paid_in_advance(company, **fields)
        await company.advance("2024-03-15T00:00:00Z")
        if way == "upgrade":
            dearer = await company.plan(amount_cents=5000)
            await company.subscribe({"external_id": "c"}, dearer, external_id="s")
        elif way == "plan":
            await company.delete(f"/plans/{subscription['plan_code']}")
        elif way == "customer":
            await company.delete("/customers/c")
        await company.advance("2024-03-15T00:00:00Z")
        of_customer = "/credit_notes?external_customer_id=c"
        assert (await company.get(of_customer))["credit_notes"] == []

        await company.advance("2024-03-20T00:00:00Z")
        await answered(company, service, "2024-03-20T00:00:00Z")
        (note,) = (await company.get(of_customer))["credit_notes"]
        days = 17 if way == "upgrade" else 16
        assert note["sub_total_excluding_taxes_amount_cents"] == days * 100
        assert note["total_amount_cents"] == days * 122
        listed = (await company.get("/invoices?external_customer_id=c"))["invoices"]
        assert {each["status"] for each in listed} == {"finalized"}
        assert note["number"].startswith(min(each["number"] for each in listed))
        assert await mismatches(company) == []
