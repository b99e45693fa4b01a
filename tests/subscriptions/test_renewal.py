"""Renewals: for which periods, how much, and together with what (chapter 51 §§3-5 and 9)."""

from typing import Any

import pytest

from conto.work import Works
from tests.company import Company
from tests.subscriptions.story import Range, amounts, ranges, reasons, story

S = "2024-01-31T01:00:00Z"
S0 = "2024-01-31T00:00:00Z"
YEAR = (S0, "2025-01-30T23:59:59Z")
FEBRUARY = ("2024-02-29T00:00:00Z", "2024-03-30T23:59:59Z")
FIRST = (S, "2024-02-28T23:59:59Z")
NONE = (None, None)
CHARGES, FIXED = {"bill_charges_monthly": True}, {"bill_fixed_charges_monthly": True}

BILLED: list[tuple[dict[str, Any], str, list[Range], list[int]]] = [
    # plan, billed on, the ranges of subscription, charges and fixed charges, the plan's fees
    ({}, "2024-02-29", [(S0, "2024-02-28T23:59:59Z"), FIRST, FIRST], [1000]),
    ({}, "2024-03-31", [FEBRUARY] * 3, [1000]),
    ({"interval": "yearly"} | CHARGES, "2024-02-29", [(S0, S), FIRST, NONE], []),
    ({"interval": "yearly"} | CHARGES, "2024-03-31", [(S0, S), FEBRUARY, NONE], []),
    ({"interval": "yearly"} | FIXED, "2024-02-29", [(S0, S), NONE, FIRST], []),
    ({"interval": "yearly"} | CHARGES | FIXED, "2024-02-29", [(S0, S), FIRST, FIRST], []),
    ({"interval": "yearly", "pay_in_advance": True} | CHARGES, "2024-01-31", [YEAR, (S, S), (S, S)], [1000]),
    ({"interval": "yearly", "pay_in_advance": True} | CHARGES, "2024-02-29", [YEAR, FIRST, NONE], []),
    (
        {"interval": "semiannual"} | CHARGES,
        "2024-07-31",
        [
            (S0, "2024-07-30T23:59:59Z"),
            ("2024-06-30T00:00:00Z", "2024-07-30T23:59:59Z"),
            (S, "2024-07-30T23:59:59Z"),
        ],
        [1000],
    ),
    (
        {"interval": "yearly"} | FIXED,
        "2025-01-31",
        [YEAR, (S, "2025-01-30T23:59:59Z"), ("2024-12-31T00:00:00Z", "2025-01-30T23:59:59Z")],
        [1000],
    ),
]


@pytest.mark.parametrize(("plan", "day", "expected", "fees"), BILLED)
async def test_what_is_billed_on_a_day_of_an_anniversary_at_the_end_of_january(
    works: Works, plan: dict[str, Any], day: str, expected: list[Range], fees: list[int]
):
    async with story(works, S) as company:
        customer = await company.customer()
        await company.subscribe(customer, await company.plan(**plan), billing_time="anniversary")
        await company.advance(f"{day}T02:00:00Z")
        last = (await company.invoices(customer))[-1]
        assert (ranges(last), amounts([last]), last["issuing_date"]) == (expected, [fees], day)


FIRST_FEES = [
    # interval, start, first day billed, cents of 100.00
    ("monthly", "2022-03-15T00:00:00Z", "2022-04-01", 5484),
    ("weekly", "2022-06-22T00:00:00Z", "2022-06-27", 7143),
    ("yearly", "2022-03-15T00:00:00Z", "2023-01-01", 8000),
    ("quarterly", "2022-03-15T00:00:00Z", "2022-04-01", 1889),
]


@pytest.mark.parametrize(("interval", "start", "day", "cents"), FIRST_FEES)
async def test_a_first_period_is_paid_by_the_day_and_the_next_whole(
    works: Works, interval: str, start: str, day: str, cents: int
):
    async with story(works, start) as company:
        customer = await company.customer()
        await company.subscribe(customer, await company.plan(interval=interval, amount_cents=10000))
        await company.advance(f"{day}T00:00:00Z")
        assert amounts(await company.invoices(customer)) == [[cents]]


@pytest.mark.parametrize(
    ("zone", "before", "at"),
    [
        ("Asia/Kolkata", "2023-02-28T18:29:59Z", "2023-02-28T18:30:00Z"),
        ("America/Bogota", "2023-03-01T04:59:59Z", "2023-03-01T05:00:00Z"),
    ],
)
async def test_a_renewal_is_at_local_midnight(works: Works, zone: str, before: str, at: str):
    async with story(works, "2023-02-10T12:00:00Z") as company:
        customer = await company.customer(timezone=zone)
        await company.subscribe(customer, await company.plan())
        await company.advance(before)
        assert await company.invoices(customer) == []
        await company.advance(at)
        (invoice,) = await company.invoices(customer)
        assert (invoice["created_at"], invoice["issuing_date"]) == (at, "2023-03-01")


async def test_what_renews_together_and_agrees_shares_an_invoice(rehearsal: Company):
    customer = await rehearsal.customer()
    euros, dollars = await rehearsal.plan(amount_cents=3100), await rehearsal.plan(amount_currency="USD")
    advance = await rehearsal.plan(amount_cents=500, pay_in_advance=True, trial_period=20)
    await rehearsal.post("/billing_entities", {"billing_entity": {"code": "other", "name": "Other"}})
    past = {"subscription_at": "2024-03-01T00:00:00Z"}
    await rehearsal.subscribe(customer, euros, name="A", **past)
    await rehearsal.subscribe(customer, euros, name="B", **past)
    await rehearsal.subscribe(customer, advance, name="C", **past)
    await rehearsal.subscribe(customer, dollars, name="D", **past)
    await rehearsal.subscribe(customer, euros, name="E", purchase_order_number="order", **past)
    await rehearsal.subscribe(customer, euros, name="F", consolidate_invoice=False, **past)
    await rehearsal.subscribe(customer, euros, name="G", billing_entity_code="other", **past)
    await rehearsal.advance("2024-03-31T23:59:59Z")
    before = {invoice["lago_id"] for invoice in await rehearsal.invoices(customer)}
    await rehearsal.advance("2024-04-01T00:00:00Z")
    made = [each for each in await rehearsal.invoices(customer) if each["lago_id"] not in before]
    together = sorted("".join(each["name"] for each in invoice["subscriptions"]) for invoice in made)
    assert together == ["ABC", "D", "E", "F", "G"]
    (shared,) = [invoice for invoice in made if len(invoice["subscriptions"]) == 3]
    assert (reasons(shared), amounts([shared])) == (["subscription_periodic"] * 3, [[3100, 3100, 500]])
    (others,) = [invoice for invoice in made if invoice["billing_entity_code"] == "other"]
    assert [each["name"] for each in others["subscriptions"]] == ["G"]
