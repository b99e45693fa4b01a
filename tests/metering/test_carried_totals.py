"""Weighted sums of recurring metrics start at the total of the last period that was billed (chapter 30 §4.5)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from conto.metering.carried import Asked, carry, keep
from conto.metering.postgres import aggregate
from conto.metering.store import Aggregate, Bucket, Span, place
from tests.company import Company
from tests.metering.happenings import EVERYTHING, Event, a_metric, a_question, a_span, at, store

WEIGHTED = a_metric("weighted_sum_agg", recurring=True)
MARCH = a_span(date(2023, 3, 5), date(2023, 3, 31), period_days=31)
APRIL = a_span(date(2023, 4, 1), date(2023, 4, 30))
MAY = a_span(date(2023, 5, 1), date(2023, 5, 31))


async def sold(company: Company, external_id: str = "sub_1") -> tuple[UUID, UUID]:
    """The ids of a subscription and of a charge of its plan."""
    metric = await company.metric(aggregation_type="weighted_sum_agg", field_name="value", weighted_interval="seconds")
    charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "properties": {"amount": "1"}}
    plan = await company.plan(charges=[charge])
    customer = await company.customer()
    body = {"external_customer_id": customer["external_id"], "plan_code": plan["code"], "external_id": external_id}
    subscription = (await company.post("/subscriptions", {"subscription": body}))["subscription"]
    return UUID(subscription["lago_id"]), UUID(plan["charges"][0]["lago_id"])


def asked(ids: tuple[UUID, UUID], span: Span, buckets: Any = EVERYTHING) -> Asked:
    return Asked(a_question(WEIGHTED, span, buckets, subscription="sub_1"), *ids)


async def received(company: Company, *events: Event) -> None:
    async with company.works.enter(company.id) as work:
        await store(work, a_question(WEIGHTED, MARCH, subscription="sub_1"), events)


async def used(company: Company, one: Asked, *, billed: bool = False) -> list[Aggregate]:
    """What the period comes to; once it is billed, its totals are kept."""
    async with company.works.enter(company.id) as work:
        (found,) = await aggregate(work, await carry(work, [one]))
        if billed:
            await keep(work, [(one, found)])
        return found


def near(value: str) -> Any:
    """Up to the tenth decimal."""
    return lambda found: abs(found - Decimal(value)) < Decimal("1e-10")


async def test_a_period_starts_at_the_level_of_the_last(company):
    ids = await sold(company)
    await received(
        company,
        Event(at("2023-03-05"), {"value": 2500}),
        Event(at("2023-04-04"), {"value": -2000}),
        Event(at("2023-04-06"), {"value": "-200"}),
    )
    (march,) = await used(company, asked(ids, MARCH), billed=True)
    assert near("2177.4193548387")(march.units)
    assert (march.level, march.count) == (2500, 1)
    (april,) = await used(company, asked(ids, APRIL), billed=True)
    assert near("533.3333333333")(april.units)
    assert (april.level, april.count) == (300, 2)
    (may,) = await used(company, asked(ids, MAY))
    assert (may.units, may.level, may.count) == (300, 300, 0)


async def test_a_late_event_of_a_billed_period_does_not_change_what_is_carried(company):
    ids = await sold(company)
    await received(company, Event(at("2023-03-05"), {"value": 10}))
    await used(company, asked(ids, MARCH), billed=True)
    await received(company, Event(at("2023-03-06"), {"value": 1}))
    await used(company, asked(ids, MARCH), billed=True)
    assert [one.level for one in await used(company, asked(ids, APRIL))] == [10]


async def test_a_group_goes_on_without_events(company):
    ids = await sold(company)
    buckets = (Bucket(UUID(int=7), {"region": frozenset({"eu"})}, group_keys=("team",)), Bucket(None, {}))
    await received(
        company,
        Event(at("2023-03-05"), {"value": 3, "region": "eu", "team": "x"}),
        Event(at("2023-03-05"), {"value": 4, "region": "eu"}),
        Event(at("2023-03-05"), {"value": 5}),
        Event(at("2023-04-01"), {"value": 1, "region": "eu", "team": "y"}),
    )
    await used(company, asked(ids, MARCH, buckets), billed=True)
    april = await used(company, asked(ids, APRIL, buckets))
    found = [(one.bucket.filter_id, dict(one.group), one.units) for one in april]
    europe = UUID(int=7)
    assert found == [(europe, {"team": None}, 4), (europe, {"team": "x"}, 3), (europe, {"team": "y"}, 1), (None, {}, 5)]


async def test_what_is_presented_goes_on_too(company):
    ids = await sold(company)
    buckets = (Bucket(None, {}, presentation_keys=("cloud",)),)
    await received(company, Event(at("2023-03-05"), {"value": 3, "cloud": "aws"}))
    await used(company, asked(ids, MARCH, buckets), billed=True)
    (april,) = await used(company, asked(ids, APRIL, buckets))
    assert april.units == 3
    assert april.presented == (({"cloud": "aws"}, 3),)


async def test_the_first_period_starts_at_nothing(company):
    ids = await sold(company)
    await received(company, Event(at("2023-03-01"), {"value": 10}))
    assert [one.level for one in await used(company, asked(ids, MARCH))] == [0]


async def test_a_subscription_that_replaced_another_starts_at_the_sum_of_all_values(company):
    ids = await sold(company)
    other = await sold(company, "sub_2")
    async with company.works.enter(company.id) as work:
        replaced = "update subscriptions set previous_subscription_id = :old where organization_id = :organization"
        await work.change(text(f"{replaced} and id = :id"), id=ids[0], old=other[0])
    await received(
        company,
        Event(at("2022-03-01"), {"value": 10}),
        Event(at("2023-03-04T23:59:59"), {"value": 1}),
        Event(at("2023-03-04T23:59:59.500"), {"value": 100}),
    )
    assert [one.level for one in await used(company, asked(ids, MARCH))] == [11]
    await used(company, asked(ids, MARCH), billed=True)
    assert [one.level for one in await used(company, asked(ids, APRIL))] == [11]


async def test_other_metrics_carry_nothing(company):
    ids = await sold(company)
    one = replace(asked(ids, MARCH), question=a_question(a_metric("sum_agg", recurring=True), MARCH))
    async with company.works.enter(company.id) as work:
        (question,) = await carry(work, [one])
        assert question is one.question


def test_a_place_is_the_same_whatever_the_order_of_its_keys():
    assert place(None, {"a": "1", "b": None}) == place(None, {"b": None, "a": "1"})
