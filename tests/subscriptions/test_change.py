"""A subscription moves to another plan: dearer at once, cheaper when its period ends (50 §§5-6, 51 §§6.3-6.4)."""

from typing import Any

import pytest

from conto.work import Works
from tests.books import listens, webhook_types
from tests.company import Company
from tests.subscriptions.story import amounts, reasons, story


def periods(invoice: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The subscription range of each reason on the invoice."""
    return {
        each["invoicing_reason"]: (each["subscription_from_datetime"], each["subscription_to_datetime"])
        for each in invoice["billing_periods"]
    }


async def credited(company: Company) -> list[int]:
    """The totals of all credit notes, oldest first."""
    notes = (await company.get("/credit_notes"))["credit_notes"]
    return [note["total_amount_cents"] for note in sorted(notes, key=lambda note: note["created_at"])]


async def test_two_upgrades_of_one_day_each_give_back_what_was_paid_for_that_day_on(rehearsal: Company):
    await rehearsal.tax(code="vat", rate=25)
    customer = await rehearsal.customer(tax_codes=["vat"])
    prices = (1000, 1500, 1900)
    first, second, third = [await rehearsal.plan(pay_in_advance=True, amount_cents=each) for each in prices]
    made = await rehearsal.subscribe(customer, first, name="Mine")
    await listens(rehearsal)
    await rehearsal.advance("2024-03-12T12:00:00Z")
    upgraded = await rehearsal.subscribe(customer, second, external_id=made["external_id"])
    assert (upgraded["status"], upgraded["started_at"][:19]) == ("active", "2024-03-12T12:00:00")
    assert (upgraded["name"] or "", upgraded["previous_plan_code"]) == ("", first["code"])
    assert upgraded["subscription_at"] == made["subscription_at"]
    told = [each for each in await webhook_types(rehearsal) if each.startswith("subscription.")]
    assert sorted(told) == ["subscription.started", "subscription.terminated"]
    await rehearsal.advance("2024-03-12T13:00:00Z")
    await rehearsal.subscribe(customer, third, external_id=made["external_id"])
    invoices = await rehearsal.invoices(customer)
    assert amounts(invoices) == [[871], [968], [1226]]
    assert sorted(reasons(invoices[1])) == ["subscription_starting", "subscription_terminating"]
    assert await credited(rehearsal) == [806, 1210]
    assert [invoice["credit_notes_amount_cents"] for invoice in invoices] == [0, 806, 1210]
    await rehearsal.advance("2024-04-01T00:00:00Z")
    assert amounts((await rehearsal.invoices(customer))[3:]) == [[1900]]


async def test_an_upgrade_to_a_longer_plan_is_priced_by_the_whole_of_its_period(works: Works):
    async with story(works, "2023-06-29T00:00:00Z") as company:
        customer, monthly = await company.customer(), await company.plan(pay_in_advance=True)
        yearly = await company.plan(interval="yearly", amount_cents=12000, pay_in_advance=True)
        made = await company.subscribe(customer, monthly, billing_time="anniversary")
        await company.advance("2023-09-28T05:00:00Z")
        await company.subscribe(customer, yearly, external_id=made["external_id"])
        last = (await company.invoices(customer))[-1]
        assert amounts([last]) == [[9016]]
        assert periods(last)["subscription_starting"] == ("2023-09-28T00:00:00Z", "2024-06-28T23:59:59Z")
        (old,) = [each for each in last["billing_periods"] if each["invoicing_reason"] == "subscription_terminating"]
        assert (old["charges_from_datetime"], old["charges_to_datetime"]) == (
            "2023-08-29T00:00:00Z",
            "2023-09-28T05:00:00Z",
        )
        assert await credited(company) == [32]


async def test_an_upgrade_between_plans_in_arrears_leaves_its_day_to_the_new_one(rehearsal: Company):
    customer = await rehearsal.customer()
    cheap, dear = await rehearsal.plan(amount_cents=3100), await rehearsal.plan(amount_cents=6200)
    made = await rehearsal.subscribe(customer, cheap)
    await rehearsal.advance("2024-03-15T08:00:00Z")
    await rehearsal.subscribe(customer, dear, external_id=made["external_id"])
    await rehearsal.advance("2024-04-01T00:00:00Z")
    invoices = await rehearsal.invoices(customer)
    # 10 days of 100, then 17 days of 200: 5 to 14 March, 15 to 31 March.
    assert amounts(invoices) == [[1000], [3400]]
    assert [reasons(invoice) for invoice in invoices] == [["subscription_terminating"], ["subscription_periodic"]]


async def test_an_upgrade_is_billed_even_where_nothing_is_due(rehearsal: Company):
    customer = await rehearsal.customer()
    free, dear = await rehearsal.plan(amount_cents=0, pay_in_advance=True), await rehearsal.plan()
    made = await rehearsal.subscribe(customer, free)
    await rehearsal.advance("2024-03-15T08:00:00Z")
    await rehearsal.subscribe(customer, dear, external_id=made["external_id"])
    last = (await rehearsal.invoices(customer))[-1]
    assert (reasons(last), last["fees"], last["total_amount_cents"]) == (["subscription_terminating"], [], 0)


async def test_an_upgrade_to_another_order_number_is_billed_on_two_invoices(rehearsal: Company):
    customer = await rehearsal.customer()
    cheap, dear = await rehearsal.plan(amount_cents=3100), await rehearsal.plan(amount_cents=6200, pay_in_advance=True)
    made = await rehearsal.subscribe(customer, cheap, purchase_order_number="one")
    await rehearsal.advance("2024-03-15T08:00:00Z")
    await rehearsal.subscribe(customer, dear, external_id=made["external_id"], purchase_order_number="two")
    invoices = await rehearsal.invoices(customer)
    found = [(invoice["purchase_order_number"], reasons(invoice)) for invoice in invoices]
    assert found == [("one", ["subscription_terminating"]), ("two", ["subscription_starting"])]
    assert amounts(invoices) == [[1000], [3400]]


async def test_an_upgrade_gives_nothing_back_where_the_old_subscription_says_skip(rehearsal: Company):
    customer = await rehearsal.customer()
    one, two = [await rehearsal.plan(pay_in_advance=True, amount_cents=each) for each in (3100, 6200)]
    made = await rehearsal.subscribe(customer, one)
    path = f"/subscriptions/{made['external_id']}"
    await rehearsal.put(path, {"subscription": {"on_termination_credit_note": "skip"}})
    await rehearsal.advance("2024-03-15T08:00:00Z")
    await rehearsal.subscribe(customer, two, external_id=made["external_id"])
    assert await credited(rehearsal) == []
    assert (await rehearsal.get(path))["subscription"]["on_termination_credit_note"] is None


async def test_a_downgrade_takes_place_when_the_period_ends(works: Works):
    async with story(works, "2023-07-19T00:00:00Z") as company:
        customer, monthly = await company.customer(), await company.plan(pay_in_advance=True, amount_cents=12900)
        yearly = await company.plan(interval="yearly", amount_cents=118800, pay_in_advance=True)
        made = await company.subscribe(customer, monthly, billing_time="anniversary")
        await company.advance("2023-11-09T10:00:00Z")
        await listens(company)
        answer = await company.subscribe(customer, yearly, external_id=made["external_id"])
        assert (answer["lago_id"], answer["status"]) == (made["lago_id"], "active")
        assert (answer["next_plan_code"], answer["downgrade_plan_date"]) == (yearly["code"], "2023-11-19")
        before = await company.invoices(customer)
        assert amounts(before) == [[12900]] * 4
        assert await webhook_types(company) == ["subscription.updated"]
        await company.advance("2023-11-19T00:00:00Z")
        (switch,) = (await company.invoices(customer))[4:]
        assert amounts([switch]) == [[78875]]
        assert periods(switch)["subscription_starting"] == ("2023-11-19T00:00:00Z", "2024-07-18T23:59:59Z")
        assert await credited(company) == []
        shown = (await company.get(f"/subscriptions/{made['external_id']}"))["subscription"]
        assert (shown["plan_code"], shown["previous_plan_code"]) == (yearly["code"], monthly["code"])
        await company.advance("2024-07-19T00:00:00Z")
        assert amounts((await company.invoices(customer))[5:]) == [[118800]]


@pytest.mark.parametrize("canceled", [False, True])
async def test_a_downgrade_in_arrears_bills_the_whole_old_period_unless_it_is_canceled(
    rehearsal: Company, canceled: bool
):
    customer, dear = await rehearsal.customer(), await rehearsal.plan(amount_cents=3100)
    cheap = await rehearsal.plan(amount_cents=300)
    made = await rehearsal.subscribe(customer, dear, subscription_at="2024-03-01T00:00:00Z")
    await rehearsal.subscribe(customer, cheap, external_id=made["external_id"])
    if canceled:
        await rehearsal.terminate(made, status="pending")
        shown = (await rehearsal.get(f"/subscriptions/{made['external_id']}"))["subscription"]
        assert (shown["next_plan_code"], shown["downgrade_plan_date"]) == (None, None)
    await rehearsal.advance("2024-05-01T00:00:00Z")
    assert amounts(await rehearsal.invoices(customer)) == [[3100], [3100 if canceled else 300]]


async def test_an_upgrade_or_an_end_cancels_a_downgrade_that_waits(rehearsal: Company):
    customer = await rehearsal.customer()
    cheap, middle, dear = [await rehearsal.plan(amount_cents=each) for each in (100, 3100, 6200)]
    made = await rehearsal.subscribe(customer, middle)
    name = {"external_id": made["external_id"]}
    await rehearsal.subscribe(customer, cheap, **name)
    await rehearsal.subscribe(customer, dear, **name)
    await rehearsal.subscribe(customer, cheap, **name)
    await rehearsal.terminate(made)
    listed = (await rehearsal.get("/subscriptions?status[]=canceled"))["subscriptions"]
    assert [each["plan_code"] for each in listed] == [cheap["code"]] * 2
    await rehearsal.advance("2024-05-02T00:00:00Z")
    assert (await rehearsal.get("/subscriptions"))["subscriptions"] == []
