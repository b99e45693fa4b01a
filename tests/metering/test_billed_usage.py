"""Usage as invoices bill it: all charges of a period asked for together, minimums, and what becomes a fee."""

from datetime import date
from typing import Any
from uuid import UUID

from conto.catalog.priced import priced_plans
from conto.metering.usage import ChargePeriod, Result, billed_usage, kept, minimum_parent, true_up
from tests.company import Company
from tests.metering.happenings import a_span
from tests.metering.usage import charge, happened, subscribed

MARCH = 1_709_251_200
DAY = 86_400


async def billed(
    company: Company, *subscriptions: dict[str, Any], first_on: date = date(2024, 3, 1), upgraded: bool = False
) -> list[list[Result]]:
    """The results of all charges of the subscriptions for March, or its days from the first on."""
    async with company.works.enter(company.id) as work:
        rows = (await company.get("/plans"))["plans"]
        plans = {plan["code"]: UUID(plan["lago_id"]) for plan in rows}
        found = await priced_plans(work, plans.values())
        span = a_span(first_on, date(2024, 3, 31), period_days=31, upgraded=upgraded)
        periods = [
            ChargePeriod(UUID(one["lago_id"]), one["external_id"], priced, "EUR", span)
            for one in subscriptions
            for priced in found[plans[one["plan_code"]]].charges
        ]
        return await billed_usage(work, periods)


async def test_several_charges_of_several_subscriptions_are_asked_for_at_once(rehearsal: Company):
    calls = await rehearsal.metric()
    data = await rehearsal.metric(aggregation_type="sum_agg", field_name="bytes")
    first = await subscribed(rehearsal, charge(calls), charge(data), started="2024-01-01T00:00:00Z")
    second = await subscribed(rehearsal, charge(data), started="2024-01-01T00:00:00Z")
    await happened(rehearsal, first, calls, {"timestamp": MARCH}, {"timestamp": MARCH + 31 * DAY})
    await happened(rehearsal, second, data, {"timestamp": MARCH + DAY, "bytes": 7})

    found = await billed(rehearsal, first, second)

    assert [[result.amounts.amount_cents for result in of_charge] for of_charge in found] == [[1000], [0], [7000]]
    assert [len(kept(of_charge, filled_up=False)) for of_charge in found] == [1, 0, 1]


async def test_what_recurs_in_advance_is_renewed_in_full(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="seats", recurring=True)
    in_arrears, in_advance = charge(metric, prorated=True), charge(metric, prorated=True, pay_in_advance=True)
    subscription = await subscribed(rehearsal, in_arrears, in_advance, started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH + 30 * DAY, "seats": 31})

    [[prorated], [renewed]] = await billed(rehearsal, subscription)

    # Added on the last of 31 days.
    assert (prorated.units, prorated.amounts.amount_cents) == (31, 1000)
    assert (renewed.units, renewed.amounts.amount_cents) == (31, 31000)


async def test_a_minimum_is_filled_up_by_the_days_that_are_billed(rehearsal: Company):
    metric = await rehearsal.metric(filters=[{"key": "region", "values": ["eu"]}])
    eu = {"values": {"region": ["eu"]}, "properties": {"amount": "3"}}
    subscription = await subscribed(
        rehearsal, charge(metric, min_amount_cents=3100, filters=[eu]), started="2024-01-01T00:00:00Z"
    )
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH + 20 * DAY, "region": "eu"})

    [whole] = await billed(rehearsal, subscription)
    [part] = await billed(rehearsal, subscription, first_on=date(2024, 3, 12))
    [upgraded] = await billed(rehearsal, subscription, first_on=date(2024, 3, 12), upgraded=True)

    missing = [fee and fee.amount_cents for fee in (true_up(whole), true_up(part), true_up(upgraded))]
    assert missing == [2800, 1700, 1600]
    # The default bucket has nothing, and is kept for the minimum's sake.
    assert [result.filter is None for result in kept(whole, filled_up=True)] == [False, True]
    assert minimum_parent(whole).filter is None
    assert [result.filter is None for result in kept(whole, filled_up=False)] == [False]


async def test_a_minimum_that_is_reached_adds_nothing(rehearsal: Company):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, charge(metric, min_amount_cents=1000), started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH})

    [results] = await billed(rehearsal, subscription)

    assert true_up(results) is None


async def test_events_worth_nothing_are_kept_on_an_invoice(rehearsal: Company):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="value")
    subscription = await subscribed(rehearsal, charge(metric), started="2024-01-01T00:00:00Z")
    await happened(rehearsal, subscription, metric, {"timestamp": MARCH, "value": 0})

    [results] = await billed(rehearsal, subscription)

    assert [result.events_count for result in kept(results, filled_up=False)] == [1]
