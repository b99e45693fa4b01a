"""A subscription ends, by a call or on its day, and what is left of it is billed or given back (50 §11, 51 §§6.5-8)."""

from typing import Any

import pytest

from conto.work import Works
from tests.books import listens, webhook_types
from tests.company import Company
from tests.subscriptions.story import amounts, ranges, reasons, story

ENDS = [
    # zone, billing time, start, ending_at, the fee, the issuing date
    ("Europe/Paris", "calendar", "2023-09-05T00:00:00Z", "2023-09-06T00:00:00Z", 67, "2023-09-06"),
    ("America/Bogota", "calendar", "2023-09-05T00:00:00Z", "2023-09-06T00:00:00Z", 67, "2023-09-05"),
    ("Europe/Paris", "anniversary", "2023-09-05T00:00:00Z", "2023-10-05T00:00:00Z", 1000, "2023-10-05"),
]


@pytest.mark.parametrize(("zone", "billing_time", "start", "ending_at", "cents", "issuing_date"), ENDS)
async def test_an_end_is_when_its_local_day_begins_and_bills_what_the_renewal_would_have(
    works: Works, zone: str, billing_time: str, start: str, ending_at: str, cents: int, issuing_date: str
):
    async with story(works, start) as company:
        customer, plan = await company.customer(timezone=zone), await company.plan()
        made = await company.subscribe(customer, plan, billing_time=billing_time, ending_at=ending_at)
        await company.advance("2023-11-20T00:00:00Z")
        invoices = await company.invoices(customer)
        assert amounts(invoices) == [[cents]]
        assert (reasons(invoices[0]), invoices[0]["issuing_date"]) == (["subscription_terminating"], issuing_date)
        listed = (await company.get("/subscriptions?status[]=terminated"))["subscriptions"]
        assert [each["lago_id"] for each in listed] == [made["lago_id"]]
        assert listed[0]["terminated_at"] == invoices[0]["created_at"]


async def test_an_end_on_the_billing_day_of_a_plan_in_advance_bills_no_more_and_gives_nothing_back(works: Works):
    async with story(works, "2023-09-05T00:00:00Z") as company:
        customer = await company.customer(timezone="Europe/Paris")
        plan = await company.plan(pay_in_advance=True)
        end = {"billing_time": "anniversary", "ending_at": "2023-10-05T00:00:00Z"}
        await company.subscribe(customer, plan, **end)
        await company.advance("2023-10-06T00:00:00Z")
        first, last = await company.invoices(customer)
        assert (amounts([first, last]), last["total_amount_cents"]) == ([[1000], []], 0)
        assert (await company.get("/credit_notes"))["credit_notes"] == []


async def test_an_end_within_a_period_paid_in_advance_gives_back_the_days_after_it(works: Works):
    async with story(works, "2022-10-01T00:00:00Z") as company:
        customer, plan = await company.customer(), await company.plan(amount_cents=3100, pay_in_advance=True)
        await company.subscribe(customer, plan, ending_at="2022-10-15T10:00:00Z")
        await company.advance("2022-10-20T00:00:00Z")
        (note,) = (await company.get("/credit_notes"))["credit_notes"]
        assert (note["credit_amount_cents"], note["reason"]) == (1600, "order_cancellation")


@pytest.mark.parametrize(
    ("billed_before", "at", "cents"),
    [([], "2024-03-05T17:00:00Z", 32), ([871], "2024-04-01T09:00:00Z", 33), ([871], "2024-04-10T09:00:00Z", 333)],
)
async def test_a_call_ends_a_plan_in_arrears_with_the_days_since_the_last_renewal(
    rehearsal: Company, billed_before: list[int], at: str, cents: int
):
    customer = await rehearsal.customer()
    made = await rehearsal.subscribe(customer, await rehearsal.plan())
    await rehearsal.advance(at)
    ended = await rehearsal.terminate(made, on_termination_credit_note="credit")
    assert (ended["status"], ended["terminated_at"], ended["on_termination_credit_note"]) == ("terminated", at, None)
    assert amounts(await rehearsal.invoices(customer)) == [*([each] for each in billed_before), [cents]]
    await rehearsal.advance("2024-06-15T00:00:00Z")
    assert len(await rehearsal.invoices(customer)) == len(billed_before) + 1


async def test_the_last_period_starts_where_a_short_month_has_it(works: Works):
    async with story(works, "2021-03-31T00:00:00Z") as company:
        customer, plan = await company.customer(), await company.plan()
        made = await company.subscribe(customer, plan, billing_time="anniversary")
        await company.advance("2022-03-29T10:00:00Z")
        await company.terminate(made)
        last = (await company.invoices(customer))[-1]
        assert ranges(last)[0][0] == "2022-02-28T00:00:00Z"
        # 30 of its 31 days: 28 February to 30 March.
        assert amounts([last]) == [[968]]


CREDITS = [
    # zone, billing time, amount, tax, start, end, credited with tax
    ("UTC", "calendar", 10000, 20, "2025-02-08T00:00:00Z", "2025-02-21T12:00:00Z", (2500, 500, 3000)),
    ("UTC", "calendar", 10000, 20, "2025-02-08T00:00:00Z", "2025-02-08T12:00:00Z", (7143, 1429, 8572)),
    ("Asia/Tokyo", "calendar", 5000, 20, "2023-02-08T00:00:00Z", "2023-02-08T01:00:00Z", (3571, 714, 4285)),
    ("America/Los_Angeles", "calendar", 5000, 20, "2023-02-08T00:00:00Z", "2023-02-08T01:00:00Z", (3750, 750, 4500)),
    ("UTC", "anniversary", 5000, 20, "2023-02-08T00:00:00Z", "2023-02-08T01:00:00Z", (4821, 964, 5785)),
    ("UTC", "calendar", 3100, 20, "2022-10-01T00:00:00Z", "2022-10-15T10:00:00Z", (1600, 320, 1920)),
    ("America/Los_Angeles", "calendar", 3100, 20, "2022-10-01T07:00:00Z", "2022-10-15T01:00:00Z", (1700, 340, 2040)),
    ("UTC", "anniversary", 999, 0, "2023-01-30T00:00:00Z", "2023-03-14T00:00:00Z", (500, 0, 500)),
]


@pytest.mark.parametrize(("zone", "billing_time", "amount", "tax", "start", "end", "credited"), CREDITS)
async def test_what_was_paid_in_advance_and_not_used_is_given_back(
    works: Works, zone: str, billing_time: str, amount: int, tax: int, start: str, end: str, credited: tuple[int, ...]
):
    async with story(works, start) as company:
        await company.tax(code="vat", rate=tax)
        customer = await company.customer(timezone=zone, tax_codes=["vat"])
        plan = await company.plan(amount_cents=amount, pay_in_advance=True)
        made = await company.subscribe(customer, plan, billing_time=billing_time)
        await company.advance(end)
        await company.terminate(made)
        (note,) = (await company.get("/credit_notes"))["credit_notes"]
        figures = ("sub_total_excluding_taxes", "taxes", "total")
        assert tuple(note[f"{figure}_amount_cents"] for figure in figures) == credited
        assert note["credit_amount_cents"] == credited[-1]
        last = (await company.invoices(customer))[-1]
        assert (reasons(last), amounts([last]), last["total_amount_cents"]) == (["subscription_terminating"], [[]], 0)


async def paid_in_advance(company: Company, paid_cents: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A subscription over 100.00 in advance for February 2025, from the 8th, on an invoice with 20 % of tax."""
    await company.tax(code="vat")
    customer = await company.customer(tax_codes=["vat"])
    made = await company.subscribe(customer, await company.plan(amount_cents=10000, pay_in_advance=True))
    (invoice,) = await company.invoices(customer)
    assert invoice["total_amount_cents"] == 9000
    if paid_cents:
        await company.paid(invoice, paid_cents)
    return customer, made


@pytest.mark.parametrize(
    ("option", "paid_cents", "parts"),
    [
        ("refund", 7500, (1500, 1500, 0)),
        ("refund", 0, (3000, 0, 0)),
        ("offset", 7500, (0, 1500, 1500)),
        ("offset", 0, (0, 0, 3000)),
        ("credit", 9000, (3000, 0, 0)),
    ],
)
async def test_of_what_was_paid_the_unused_part_is_refunded_and_the_rest_credited_or_offset(
    works: Works, option: str, paid_cents: int, parts: tuple[int, int, int]
):
    async with story(works, "2025-02-08T00:00:00Z") as company:
        customer, made = await paid_in_advance(company, paid_cents)
        await company.advance("2025-02-21T12:00:00Z")
        ended = await company.terminate(made, on_termination_credit_note=option)
        assert ended["on_termination_credit_note"] == option
        (note,) = (await company.get("/credit_notes"))["credit_notes"]
        assert (note["credit_amount_cents"], note["refund_amount_cents"], note["offset_amount_cents"]) == parts
        first = (await company.invoices(customer))[0]
        assert first["total_due_amount_cents"] == 9000 - paid_cents - parts[2]


async def test_skipped_there_is_no_credit_note_and_no_last_invoice(works: Works):
    async with story(works, "2025-02-08T00:00:00Z") as company:
        customer, made = await paid_in_advance(company, 0)
        await company.put(
            f"/subscriptions/{made['external_id']}", {"subscription": {"on_termination_credit_note": "skip"}}
        )
        ended = await company.terminate(made, on_termination_invoice="skip", on_termination_credit_note="")
        assert (ended["on_termination_invoice"], ended["on_termination_credit_note"]) == ("skip", "skip")
        assert len(await company.invoices(customer)) == 1
        assert (await company.get("/credit_notes"))["credit_notes"] == []


async def test_a_credit_note_of_an_end_is_used_by_the_last_invoice(works: Works):
    async with story(works, "2022-10-01T00:00:00Z") as company:
        add_on = await company.add_on()
        fixed = {"add_on_code": add_on["code"], "charge_model": "standard", "units": 1, "properties": {"amount": "20"}}
        plan = await company.plan(amount_cents=3100, pay_in_advance=True, fixed_charges=[fixed])
        customer = await company.customer()
        made = await company.subscribe(customer, plan)
        await company.advance("2022-10-15T10:00:00Z")
        await company.terminate(made)
        last = (await company.invoices(customer))[-1]
        assert amounts([last], "fixed_charge") == [[2000]]
        assert (last["credit_notes_amount_cents"], last["total_amount_cents"]) == (1600, 400)


async def test_wrong_options_leave_the_subscription_as_it_is(rehearsal: Company):
    customer = await rehearsal.customer()
    made = await rehearsal.subscribe(customer, await rehearsal.plan())
    path = f"/subscriptions/{made['external_id']}"
    for field in ("on_termination_credit_note", "on_termination_invoice"):
        refused = await rehearsal.call("DELETE", f"{path}?{field}=perhaps", None, 422)
        assert refused["error_details"] == {field: ["invalid_value"]}
    assert (await rehearsal.get(path))["subscription"]["status"] == "active"
    await rehearsal.terminate(made)
    assert (await rehearsal.call("DELETE", path, None, 404))["code"] == "subscription_not_found"


async def test_a_pending_subscription_is_canceled_only_where_that_is_asked(rehearsal: Company):
    await listens(rehearsal)
    customer = await rehearsal.customer()
    later = {"subscription_at": "2024-03-20T00:00:00Z", "ending_at": "2024-12-20T00:00:00Z"}
    made = await rehearsal.subscribe(customer, await rehearsal.plan(pay_in_advance=True), **later)
    path = f"/subscriptions/{made['external_id']}"
    assert (await rehearsal.call("DELETE", path, None, 404))["code"] == "subscription_not_found"
    canceled = (await rehearsal.call("DELETE", f"{path}?status=pending"))["subscription"]
    assert (canceled["status"], canceled["canceled_at"]) == ("canceled", "2024-03-05T12:00:00Z")
    told = [each for each in await webhook_types(rehearsal) if each.startswith("subscription.")]
    assert told == ["subscription.terminated"]
    await rehearsal.advance("2024-12-21T00:00:00Z")
    assert await rehearsal.invoices(customer) == []


async def test_an_end_is_announced_45_and_15_days_before(rehearsal: Company):
    await listens(rehearsal)
    customer = await rehearsal.customer()
    await rehearsal.subscribe(customer, await rehearsal.plan(), ending_at="2024-06-01T10:00:00Z")

    async def alerts(day: str) -> int:
        await rehearsal.advance(f"{day}T00:00:00Z")
        return (await webhook_types(rehearsal)).count("subscription.termination_alert")

    days = ("2024-04-16", "2024-04-17", "2024-05-16", "2024-05-17", "2024-06-02")
    assert [await alerts(day) for day in days] == [0, 1, 1, 2, 2]
