"""What falls due is billed once, whoever does it, however late, and whatever else is done at the time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from conto import agenda
from conto.clock import system_now
from conto.invoices.subscription_invoice import FINALIZATION
from conto.subscriptions.ending import ENDING
from conto.subscriptions.renewal_dates import RENEWAL
from conto.subscriptions.trials import TRIAL_END
from conto.work import Works
from tests.books import counted, mismatches, run
from tests.company import Company, eventually, open_company
from tests.databases import Databases
from tests.metering.usage import charge, happened
from tests.subscriptions.story import alike, amounts, due_entries, epoch, goes_live, reasons
from tests.workers import working

START = "2024-03-05T12:00:00Z"
END = "2024-03-27T00:00:00Z"


async def books(company: Company, customers: list[dict[str, Any]]) -> Any:
    """All invoices and credit notes of the customers, oldest first, without what differs by itself."""
    notes = (await company.get("/credit_notes?per_page=100"))["credit_notes"]
    notes.sort(key=lambda note: (note["issuing_date"], note["number"]))
    return [[alike(invoice) for invoice in await company.invoices(each)] for each in customers], alike(notes)


async def sells(company: Company) -> list[dict[str, Any]]:
    """Two customers, each with usage on a plan in arrears and with one in advance, which both end."""
    await company.put("/organizations", {"organization": {"document_number_prefix": "SAME"}})
    tax, metric = await company.tax(code="vat"), await company.metric(code="calls")
    weekly = {"interval": "weekly", "tax_codes": [tax["code"]]}
    usage = await company.plan(code="usage", name="Usage", charges=[charge(metric)], **weekly)
    paid = {"name": "Advance", "pay_in_advance": True, "amount_cents": 7000, "trial_period": 3}
    advance = await company.plan(code="advance", **paid, **weekly)
    customers = []
    for number in range(2):
        customer = await company.customer(external_id=f"customer {number}")
        used = await company.subscribe(customer, usage, external_id=f"used {number}", ending_at=END)
        await company.subscribe(customer, advance, external_id=f"paid {number}", ending_at=END)
        days = [{"timestamp": epoch(f"2024-03-{day}T10:00:00Z")} for day in ("06", "12", "12", "20")]
        await happened(company, used, metric, *days)
        customers.append(customer)
    return customers


async def test_three_weeks_that_were_missed_are_billed_once_by_four_workers_and_as_in_time(
    works: Works, databases: Databases
):
    async with open_company(works, START) as company:
        customers = await sells(company)
        await company.advance("2024-04-10T00:00:00Z")
        expected, notes = await books(company, customers)
        assert await mismatches(company) == []
        await company.leave()
    assert len(notes) == 2
    assert all(len(invoices) == 6 for invoices in expected)
    async with open_company(works, START) as company:
        customers = await sells(company)
        await goes_live(databases, company)
        async with working(works, databases, count=4):
            await eventually(lambda: _nothing_due(databases, company))
        assert await books(company, customers) == (expected, notes)
        assert await mismatches(company) == []
        await company.leave()


async def again(company: Company, kind: str, subject: dict[str, Any], lane: dict[str, Any]) -> None:
    """Have an entry of the kind handled once more, now."""
    async with company.works.enter(company.id) as work:
        await agenda.put(work, kind, UUID(subject["lago_id"]), lane=UUID(lane["lago_id"]), due_at=work.now)
        now = work.now.isoformat()
    await company.advance(now)


async def test_a_second_run_of_anything_due_changes_nothing(rehearsal: Company, databases: Databases):
    customer = await rehearsal.customer(billing_configuration={"invoice_grace_period": 2})
    plan = await rehearsal.plan(pay_in_advance=True, trial_period=5)
    subscription = await rehearsal.subscribe(customer, plan, ending_at="2024-04-20T00:00:00Z")
    days = {TRIAL_END: "2024-03-11", RENEWAL: "2024-04-01", FINALIZATION: "2024-04-03", ENDING: "2024-04-20"}
    for kind, day in days.items():
        await rehearsal.advance(f"{day}T12:00:00Z")
        before, told = await counted(databases, rehearsal), await rehearsal.invoices(customer)
        subject = {RENEWAL: customer, FINALIZATION: told[-1]}.get(kind, subscription)
        await again(rehearsal, kind, subject, customer)
        assert await counted(databases, rehearsal) == before, kind
        assert alike(await rehearsal.invoices(customer)) == alike(told), kind
    assert len(told) == 3
    assert await mismatches(rehearsal) == []


async def test_a_period_that_was_billed_is_refused_by_the_database(rehearsal: Company, databases: Databases):
    customer = await rehearsal.customer()
    subscription = await rehearsal.subscribe(customer, await rehearsal.plan())
    kept = "select renewed_on, renewal_at from subscriptions where id = :id"
    (before,) = await run(databases, kept, id=subscription["lago_id"])
    await rehearsal.advance("2024-04-01T00:00:00Z")
    put_back = "update subscriptions set renewed_on = :renewed_on, renewal_at = :renewal_at where id = :id"
    await run(databases, put_back, id=subscription["lago_id"], **before._asdict())
    rows = await counted(databases, rehearsal)
    with capture_logs():
        await again(rehearsal, RENEWAL, customer, customer)
    (entry,) = [each for each in await due_entries(databases, rehearsal) if each.error]
    assert "renewal" in entry.error
    assert await counted(databases, rehearsal) == rows
    assert amounts(await rehearsal.invoices(customer)) == [[871]]


@pytest.mark.parametrize("act", ["terminate", "upgrade"])
async def test_a_call_and_the_agenda_at_once_bill_what_they_would_one_after_the_other(
    works: Works, databases: Databases, act: str
):
    ten_days_ago = (system_now() - timedelta(days=10)).isoformat()
    async with open_company(works, ten_days_ago) as company:
        weekly = {"interval": "weekly", "amount_cents": 700}
        plan, dearer = await company.plan(**weekly), await company.plan(interval="weekly", amount_cents=1400)
        customers = [await company.customer() for _ in range(6)]
        made = [await company.subscribe(each, plan, billing_time="anniversary") for each in customers]
        await goes_live(databases, company)

        async def ends(number: int) -> None:
            if act == "terminate":
                await company.terminate(made[number])
            else:
                await company.subscribe(customers[number], dearer, external_id=made[number]["external_id"])

        # Before the agenda, at the same time, and after it.
        await asyncio.gather(*(ends(number) for number in range(2)))
        async with working(works, databases, count=2):
            await asyncio.gather(*(ends(number) for number in range(2, 5)))
            await eventually(lambda: _nothing_due(databases, company))
            await asyncio.gather(*(ends(number) for number in range(5, 6)))
        for customer in customers:
            renewal, last = await company.invoices(customer)
            assert (reasons(renewal), amounts([renewal])) == (["subscription_periodic"], [[700]])
            assert reasons(last) == ["subscription_terminating"]
            (before,), (after,) = renewal["billing_periods"], last["billing_periods"]
            assert before["charges_to_datetime"] < after["charges_from_datetime"]
            # Days 7 to 10 of the anniversary weeks; the last of them is the new plan's.
            assert amounts([last]) == [[400 if act == "terminate" else 300]]
        assert await mismatches(company) == []
        await company.leave()


async def _nothing_due(databases: Databases, company: Company) -> bool:
    return not await due_entries(databases, company)
