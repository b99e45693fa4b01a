"""An invoice in its grace period: open to late usage, issued by a call or in time, or deleted (20 §§4, 7.4-7.6)."""

from typing import Any

import pytest

from tests.books import mismatches
from tests.company import Company
from tests.metering.usage import charge, happened
from tests.subscriptions.story import amounts, epoch


async def drafted(company: Company, **billing: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A customer with three days of grace, its subscription with usage, and the metric; 1 April has a draft."""
    metric = await company.metric()
    plan = await company.plan(charges=[charge(metric)])
    settings = {"invoice_grace_period": 3} | billing
    customer = await company.customer(billing_configuration=settings, net_payment_term=5)
    made = await company.subscribe(customer, plan)
    await happened(company, made, metric, {"timestamp": epoch("2024-03-20T00:00:00Z")})
    await company.advance("2024-04-01T06:00:00Z")
    return customer, made, metric


async def test_a_draft_counts_late_events_when_it_is_refreshed_and_when_its_time_is_up(rehearsal: Company):
    customer, made, metric = await drafted(rehearsal)
    (draft,) = await rehearsal.invoices(customer)
    assert (draft["status"], draft["number"][-6:], draft["sequential_id"]) == ("draft", "-DRAFT", None)
    assert (draft["issuing_date"], amounts([draft], "charge")) == ("2024-04-04", [[1000]])
    late = {"timestamp": epoch("2024-03-31T23:59:59Z")}
    await happened(rehearsal, made, metric, late)
    assert amounts(await rehearsal.invoices(customer), "charge") == [[1000]]
    path = f"/invoices/{draft['lago_id']}"
    refreshed = (await rehearsal.call("PUT", f"{path}/refresh"))["invoice"]
    assert (refreshed["status"], amounts([refreshed], "charge"), amounts([refreshed])) == ("draft", [[2000]], [[871]])
    await happened(rehearsal, made, metric, late, {"timestamp": epoch("2024-04-01T00:00:00Z")})
    await rehearsal.advance("2024-04-03T23:59:59Z")
    assert (await rehearsal.get(path))["invoice"]["status"] == "draft"
    await rehearsal.advance("2024-04-04T00:00:00Z")
    (issued,) = await rehearsal.invoices(customer)
    assert (issued["status"], issued["lago_id"], issued["sequential_id"]) == ("finalized", draft["lago_id"], 1)
    assert (amounts([issued], "charge"), issued["created_at"]) == ([[3000]], draft["created_at"])
    assert (issued["issuing_date"], issued["payment_due_date"]) == ("2024-04-04", "2024-04-09")
    assert await mismatches(rehearsal) == []


async def test_a_draft_tells_of_its_subscriptions_in_one_order_however_often_it_is_built(rehearsal: Company):
    plan, customer = await rehearsal.plan(), await rehearsal.customer(invoice_grace_period=3)
    names = [f"of five, {number}" for number in "31524"]
    for name in names:
        await rehearsal.subscribe(customer, plan, external_id=name)
    await rehearsal.advance("2024-04-01T06:00:00Z")
    (draft,) = await rehearsal.invoices(customer)
    for _ in range(3):
        assert [fee["external_subscription_id"] for fee in draft["fees"]] == sorted(names)
        draft = (await rehearsal.call("PUT", f"/invoices/{draft['lago_id']}/refresh"))["invoice"]


async def test_a_draft_that_is_finalized_by_a_call_is_issued_that_day_and_not_again(rehearsal: Company):
    customer, *_ = await drafted(rehearsal)
    (draft,) = await rehearsal.invoices(customer)
    path = f"/invoices/{draft['lago_id']}"
    await rehearsal.advance("2024-04-02T09:00:00Z")
    issued = (await rehearsal.call("PUT", f"{path}/finalize"))["invoice"]
    assert (issued["status"], issued["issuing_date"], issued["payment_due_date"]) == (
        "finalized",
        "2024-04-02",
        "2024-04-07",
    )
    assert (await rehearsal.call("PUT", f"{path}/finalize", None, 404))["code"] == "invoice_not_found"
    assert (await rehearsal.call("DELETE", path, None, 405))["code"] == "not_deletable"
    unchanged = (await rehearsal.call("PUT", f"{path}/refresh"))["invoice"]
    assert (unchanged["status"], unchanged["number"]) == ("finalized", issued["number"])
    await rehearsal.advance("2024-04-10T00:00:00Z")
    (later,) = await rehearsal.invoices(customer)
    assert (later["number"], later["issuing_date"]) == (issued["number"], "2024-04-02")
    assert await mismatches(rehearsal) == []


async def test_a_deleted_draft_is_gone_and_its_period_is_not_billed_again(rehearsal: Company):
    customer, *_ = await drafted(rehearsal)
    (draft,) = await rehearsal.invoices(customer)
    path = f"/invoices/{draft['lago_id']}"
    assert (await rehearsal.delete(path))["invoice"]["status"] == "deleted"
    await rehearsal.get(path, 404)
    await rehearsal.advance("2024-05-05T00:00:00Z")
    (may,) = await rehearsal.invoices(customer)
    assert (amounts([may]), may["issuing_date"], may["sequential_id"]) == ([[1000]], "2024-05-04", 1)
    assert await mismatches(rehearsal) == []


@pytest.mark.parametrize(
    ("anchor", "adjustment", "drafted_on", "issued_on"),
    [
        ("next_period_start", "align_with_finalization_date", "2024-04-04", "2024-04-04"),
        ("next_period_start", "keep_anchor", "2024-04-01", "2024-04-01"),
        ("current_period_end", "align_with_finalization_date", "2024-04-04", "2024-04-04"),
        ("current_period_end", "keep_anchor", "2024-03-31", "2024-03-31"),
    ],
)
async def test_the_issuing_date_follows_the_customers_settings(
    rehearsal: Company, anchor: str, adjustment: str, drafted_on: str, issued_on: str
):
    settings = {
        "subscription_invoice_issuing_date_anchor": anchor,
        "subscription_invoice_issuing_date_adjustment": adjustment,
    }
    customer, *_ = await drafted(rehearsal, **settings)
    (draft,) = await rehearsal.invoices(customer)
    await rehearsal.advance("2024-04-04T00:00:00Z")
    (issued,) = await rehearsal.invoices(customer)
    assert (draft["issuing_date"], issued["issuing_date"], issued["status"]) == (drafted_on, issued_on, "finalized")


async def test_a_draft_keeps_the_fee_in_advance_of_a_subscription_that_ended_later(rehearsal: Company):
    await rehearsal.tax(code="vat")
    settings = {"invoice_grace_period": 10}
    customer = await rehearsal.customer(billing_configuration=settings, tax_codes=["vat"])
    made = await rehearsal.subscribe(customer, await rehearsal.plan(pay_in_advance=True, amount_cents=3100))
    await rehearsal.advance("2024-03-10T12:00:00Z")
    await rehearsal.terminate(made)
    await rehearsal.advance("2024-03-15T00:00:00Z")
    first, _ = await rehearsal.invoices(customer)
    assert (first["status"], amounts([first])) == ("finalized", [[2700]])
    (note,) = (await rehearsal.get("/credit_notes"))["credit_notes"]
    assert note["total_amount_cents"] == 2520
    await rehearsal.advance("2024-03-21T00:00:00Z")
    assert [each["status"] for each in await rehearsal.invoices(customer)] == ["finalized", "finalized"]
    assert await mismatches(rehearsal) == []


async def test_an_invoice_over_nothing_is_skipped_where_the_customer_says_so(rehearsal: Company):
    customer = await rehearsal.customer(finalize_zero_amount_invoice="skip")
    made = await rehearsal.subscribe(customer, await rehearsal.plan(amount_cents=0))
    await rehearsal.advance("2024-04-01T00:00:00Z")
    assert await rehearsal.invoices(customer) == []
    dear = await rehearsal.plan(amount_cents=3000)
    await rehearsal.subscribe(customer, dear, external_id=made["external_id"])
    await rehearsal.advance("2024-05-01T00:00:00Z")
    (invoice,) = await rehearsal.invoices(customer)
    assert (amounts([invoice]), invoice["sequential_id"]) == ([[3000]], 1)
    assert await mismatches(rehearsal) == []
