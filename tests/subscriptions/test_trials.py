"""A trial: nothing is paid for the plan before its exact end (chapters 50 §9, 51 §5.4)."""

import pytest

from conto.work import Works
from tests.books import listens, webhook_types
from tests.company import Company
from tests.subscriptions.story import amounts, reasons, story

TRIALS = [
    # zone, trial, amount, start, billed at, cents, reason
    ("UTC", 10, 5000000, "2024-03-05T12:12:00Z", "2024-03-15T12:12:00Z", 2741935, "subscription_starting"),
    ("UTC", 45, 5000000, "2024-03-05T12:12:00Z", "2024-04-19T12:12:00Z", 2000000, "subscription_starting"),
    ("Asia/Tokyo", 10, 5000000, "2024-03-22T18:12:00Z", "2024-04-01T18:12:00Z", 4833333, "subscription_starting"),
    ("Europe/Paris", 10, 5000000, "2024-03-22T01:12:00Z", "2024-03-31T22:00:00Z", 5000000, "subscription_periodic"),
]


@pytest.mark.parametrize(("zone", "trial", "cents_a_month", "start", "billed_at", "cents", "reason"), TRIALS)
async def test_after_its_trial_a_plan_in_advance_is_billed_for_the_rest_of_the_period(
    works: Works, zone: str, trial: int, cents_a_month: int, start: str, billed_at: str, cents: int, reason: str
):
    async with story(works, start) as company:
        customer = await company.customer(timezone=zone)
        plan = await company.plan(pay_in_advance=True, amount_cents=cents_a_month, trial_period=trial)
        made = await company.subscribe(customer, plan)
        assert await company.invoices(customer) == []
        await company.advance("2024-04-25T00:00:00Z")
        first = next(each for each in await company.invoices(customer) if each["total_amount_cents"])
        assert (amounts([first]), reasons(first), first["created_at"]) == ([[cents]], [reason], billed_at)
        shown = (await company.get(f"/subscriptions/{made['external_id']}"))["subscription"]
        assert shown["trial_ended_at"][:10] == ("2024-04-01" if zone == "Europe/Paris" else billed_at[:10])


@pytest.mark.parametrize(
    ("interval", "cents", "start", "trial", "expected"),
    [("weekly", 100, "2022-06-20T00:01:00Z", 3, 57), ("monthly", 100, "2022-03-15T00:00:00Z", 3, 45)],
)
async def test_in_arrears_the_days_of_the_trial_are_taken_off(
    works: Works, interval: str, cents: int, start: str, trial: int, expected: int
):
    async with story(works, start) as company:
        await listens(company)
        plan = await company.plan(interval=interval, amount_cents=cents, trial_period=trial)
        customer = await company.customer()
        await company.subscribe(customer, plan)
        await company.advance(f"{start[:8]}24T00:00:00Z")
        assert (await webhook_types(company)).count("subscription.trial_ended") == 1
        assert await company.invoices(customer) == []
        await company.advance("2022-06-27T00:00:00Z" if interval == "weekly" else "2022-04-01T00:00:00Z")
        assert amounts(await company.invoices(customer)) == [[expected]]


async def test_made_again_under_its_external_id_it_has_no_second_trial(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True, trial_period=5)
    made = await rehearsal.subscribe(customer, plan)
    await rehearsal.advance("2024-03-07T12:00:00Z")
    await rehearsal.terminate(made)
    await rehearsal.subscribe(customer, plan, external_id=made["external_id"])
    await rehearsal.advance("2024-03-31T00:00:00Z")
    invoices = await rehearsal.invoices(customer)
    # 22 of 31 days, from 10 March.
    assert amounts(invoices) == [[], [710]]


async def test_an_end_within_a_trial_bills_no_fee(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(trial_period=10)
    made = await rehearsal.subscribe(customer, plan)
    await rehearsal.advance("2024-03-08T12:00:00Z")
    await rehearsal.terminate(made)
    assert [invoice["total_amount_cents"] for invoice in await rehearsal.invoices(customer)] == [0]
    await rehearsal.advance("2024-04-20T12:00:00Z")
    assert len(await rehearsal.invoices(customer)) == 1
