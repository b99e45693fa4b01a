"""Each event under a charge in advance makes its fee at once, with an invoice or without (chapter 41 §5)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from conto import agenda
from conto.agenda import Lane, Outcome
from conto.clock import system_now
from conto.customers.queries import customer_by_id
from conto.db.tables import unpriced_events
from conto.invoices.in_advance import PRICING, note_for_pricing, price_events
from conto.metering.stream import follow_events
from tests.books import listens, mismatches, webhook_types
from tests.company import Company, eventually
from tests.invoices.in_advance import (
    charge_fees,
    happens,
    invoices_of,
    seats,
    standard,
    subscribe,
    subscribed,
)
from tests.statements import statements_of
from tests.workers import working

NOON = "2024-03-10T12:00:00Z"


def seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).astimezone(UTC).timestamp())


def of_event(fees: list[dict[str, Any]], transaction_id: str) -> dict[str, Any]:
    (found,) = [fee for fee in fees if fee["event_transaction_id"] == transaction_id]
    return found


async def test_an_event_is_invoiced_by_itself_whatever_the_grace_period(rehearsal):
    await listens(rehearsal)
    tax = await rehearsal.tax()
    customer = await rehearsal.customer(
        tax_codes=[tax["code"]],
        timezone="Asia/Tokyo",
        net_payment_term=5,
        billing_configuration={"invoice_grace_period": 3},
    )
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, standard(metric), of=customer)

    await happens(rehearsal, "2024-03-10T20:00:00Z", subscription, metric["code"], "call 1")

    (invoice,) = await invoices_of(rehearsal, customer["external_id"])
    assert (invoice["invoice_type"], invoice["status"], invoice["payment_status"]) == (
        "subscription",
        "finalized",
        "pending",
    )
    assert (invoice["issuing_date"], invoice["payment_due_date"]) == ("2024-03-11", "2024-03-16")
    assert (invoice["fees_amount_cents"], invoice["taxes_amount_cents"], invoice["total_amount_cents"]) == (
        1000,
        200,
        1200,
    )
    (fee,) = invoice["fees"]
    assert (fee["pay_in_advance"], fee["invoiceable"], fee["events_count"], fee["units"]) == (True, True, 1, "1.0")
    assert (fee["from_date"], fee["to_date"]) == ("2024-03-05T12:00:00+00:00", "2024-03-31T14:59:59+00:00")
    (period,) = invoice["billing_periods"]
    assert period["invoicing_reason"] == "in_advance_charge"
    assert period["charges_from_datetime"] == period["charges_to_datetime"] == "2024-03-05T12:00:00Z"
    assert {"fee.created", "invoice.created"} < set(await webhook_types(rehearsal))
    assert await mismatches(rehearsal) == []


async def test_a_fee_that_is_not_invoiceable_is_on_no_invoice_and_taxed_at_once(rehearsal):
    await listens(rehearsal)
    tax = await rehearsal.tax()
    customer = await rehearsal.customer(tax_codes=[tax["code"]], timezone="America/New_York")
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, standard(metric, invoiceable=False), of=customer)

    await happens(rehearsal, NOON, subscription, metric["code"], "call 1")

    (fee,) = await charge_fees(rehearsal, subscription)
    assert (fee["lago_invoice_id"], fee["amount_cents"], fee["taxes_amount_cents"]) == (None, 1000, 200)
    assert [one["tax_code"] for one in fee["applied_taxes"]] == [tax["code"]]
    assert (fee["payment_status"], fee["invoiceable"], fee["event_transaction_id"]) == ("pending", False, "call 1")
    assert (fee["from_date"], fee["to_date"]) == ("2024-03-05T00:00:00+00:00", "2024-03-31T23:59:59+00:00")
    assert fee["created_at"] == NOON
    assert await invoices_of(rehearsal, customer["external_id"]) == []
    assert (await webhook_types(rehearsal)).count("fee.created") == 1


async def test_an_event_of_nothing_makes_a_fee_and_an_invoice_by_the_zero_rule(rehearsal):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="amount")
    for rule, statuses in (("finalize", ["finalized"]), ("skip", [])):
        customer = await rehearsal.customer(finalize_zero_amount_invoice=rule)
        subscription = await subscribed(rehearsal, standard(metric), of=customer)
        await happens(rehearsal, NOON, subscription, metric["code"], f"taken back, {rule}", amount=-4)
        (fee,) = await charge_fees(rehearsal, subscription)
        assert (fee["amount_cents"], fee["units"], fee["payment_status"]) == (0, "0.0", "succeeded")
        assert [each["status"] for each in await invoices_of(rehearsal, customer["external_id"])] == statuses


async def test_each_charge_on_the_metric_makes_a_fee_in_the_filter_and_group_of_the_event(rehearsal):
    metric = await rehearsal.metric(filters=[{"key": "region", "values": ["us", "eu"]}])
    in_europe = {
        "values": {"region": ["eu"]},
        "invoice_display_name": "Europe",
        "properties": {"amount": "3", "pricing_group_keys": ["team", "user"]},
    }
    subscription = await subscribed(
        rehearsal,
        standard(metric, invoiceable=False, filters=[in_europe]),
        standard(metric, amount="5", code="second"),
        standard(metric, code="in_arrears", pay_in_advance=False),
    )

    await happens(rehearsal, NOON, subscription, metric["code"], "call 1", region="eu", team="a")

    first, second = sorted(await charge_fees(rehearsal, subscription), key=lambda fee: fee["amount_cents"])
    assert (first["amount_cents"], first["item"]["grouped_by"]) == (300, {"team": "a", "user": None})
    assert first["item"]["filters"] == {"region": ["eu"]}
    assert first["item"]["filter_invoice_display_name"] == "Europe"
    assert (second["amount_cents"], second["item"]["grouped_by"]) == (500, {})
    assert (second["lago_charge_filter_id"], second["lago_invoice_id"] is None) == (None, False)


async def test_a_late_event_is_priced_in_its_own_period_and_one_outside_the_subscription_never(rehearsal):
    metric = await rehearsal.metric(aggregation_type="sum_agg", field_name="amount")
    prices = {"graduated_ranges": [
        {"from_value": 0, "to_value": 5, "per_unit_amount": "1", "flat_amount": "0"},
        {"from_value": 6, "to_value": None, "per_unit_amount": "2", "flat_amount": "0"},
    ]}  # fmt: skip
    charge = standard(metric, invoiceable=False, charge_model="graduated", properties=prices)
    subscription = await subscribed(rehearsal, charge)
    at = "2024-04-10T12:00:00Z"
    await happens(rehearsal, at, subscription, metric["code"], "april", amount=5)

    await happens(rehearsal, at, subscription, metric["code"], "march", seconds("2024-03-20T00:00:00Z"), amount=6)
    await happens(rehearsal, at, subscription, metric["code"], "before", seconds("2024-03-05T11:00:00Z"), amount=6)
    await happens(rehearsal, at, subscription, metric["code"], "no amount")

    fees = await charge_fees(rehearsal, subscription)
    assert {fee["event_transaction_id"]: fee["amount_cents"] for fee in fees} == {"april": 500, "march": 700}
    assert of_event(fees, "march")["to_date"] == "2024-03-31T23:59:59+00:00"


async def test_an_event_belongs_to_the_subscription_that_ran_when_it_happened(rehearsal):
    metric = await rehearsal.metric()
    customer = await rehearsal.customer()
    subscription = await subscribed(rehearsal, standard(metric, invoiceable=False), of=customer)
    dearer = await rehearsal.plan(amount_cents=2000, charges=[standard(metric, amount="7", invoiceable=False)])
    await rehearsal.advance(NOON)
    await subscribe(rehearsal, customer, dearer)
    later = "2024-03-12T12:00:00Z"

    await happens(rehearsal, later, subscription, metric["code"], "new")
    await happens(rehearsal, later, subscription, metric["code"], "old", seconds("2024-03-10T11:00:00Z"))
    await rehearsal.delete(f"/subscriptions/{subscription}")
    await happens(rehearsal, later, subscription, metric["code"], "late", seconds("2024-03-11T11:00:00Z"))
    await happens(rehearsal, "2024-03-13T00:00:00Z", subscription, metric["code"], "after the end")

    fees = await charge_fees(rehearsal, subscription)
    assert {fee["event_transaction_id"]: fee["amount_cents"] for fee in fees} == {"new": 700, "old": 1000, "late": 700}


async def test_an_event_is_priced_once_however_often_it_is_noted(rehearsal):
    metric = await rehearsal.metric()
    customer = await rehearsal.customer()
    charges = (standard(metric, invoiceable=False), standard(metric, code="second"))
    subscription = await subscribed(rehearsal, *charges, of=customer)
    await happens(rehearsal, NOON, subscription, metric["code"], "call 1")
    (loose,) = [fee for fee in await charge_fees(rehearsal, subscription) if fee["lago_invoice_id"] is None]
    await rehearsal.delete(f"/fees/{loose['lago_id']}")

    async with rehearsal.works.enter(rehearsal.id) as work:
        subscription_id = UUID(loose["lago_subscription_id"])
        noted = {"id": uuid4(), "subscription_id": subscription_id, "transaction_id": "call 1", "received": 1}
        made = {"organization_id": rehearsal.id, "created_at": work.now}
        await work.execute(insert(unpriced_events).values(noted | made))
        await agenda.put(work, PRICING, subscription_id, lane=UUID(customer["lago_id"]), due_at=work.now)
    await rehearsal.advance(NOON)

    (fee,) = await charge_fees(rehearsal, subscription)
    assert fee["lago_invoice_id"] is not None
    assert len(await invoices_of(rehearsal, customer["external_id"])) == 1


async def test_more_events_than_are_priced_at_once_are_all_priced(rehearsal):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, standard(metric, invoiceable=False))
    for batch in ("a", "b"):
        events = [
            {"transaction_id": f"{batch}{number}", "code": metric["code"], "external_subscription_id": subscription}
            for number in range(30)
        ]
        await rehearsal.post("/events/batch", {"events": events})
    await rehearsal.advance(NOON)
    assert len(await charge_fees(rehearsal, subscription)) == 60


async def test_a_worker_prices_the_events_of_a_live_organization(works, databases, company):
    metric = await company.metric()
    customer = await company.customer()
    charges = (standard(metric, invoiceable=False), standard(metric, code="second"))
    subscription = await subscribed(company, *charges, of=customer)
    event = {"transaction_id": "call 1", "code": metric["code"], "external_subscription_id": subscription}

    async with working(works, databases):
        await company.post("/events", {"event": event})

        async def priced() -> bool:
            return len(await charge_fees(company, subscription)) == 2

        await eventually(priced)
    assert len(await invoices_of(company, customer["external_id"])) == 1


async def test_a_pricing_that_is_broken_off_is_done_again(works, company):
    metric = await company.metric()
    customer = await company.customer()
    subscription = await subscribed(company, standard(metric), of=customer)
    event = {"transaction_id": "call 1", "code": metric["code"], "external_subscription_id": subscription}
    await company.post("/events", {"event": event})
    lane = UUID(customer["lago_id"])

    async def noted() -> UUID | None:
        await follow_events(works)
        async with works.enter(company.id) as work:
            row = await work.first(
                text("select subject_id from agenda where organization_id = :organization and kind = :kind"),
                kind=PRICING,
            )
            return row and row.subject_id

    subscription_id = await eventually(noted)
    with pytest.raises(ConnectionResetError):
        async with works.enter(company.id) as work:
            await customer_by_id(work, lane, lock=True)
            await price_events(work, subscription_id)
            raise ConnectionResetError
    assert await charge_fees(company, subscription) == []

    outcomes = [await agenda.run_next(works, company.id, lane, Lane.CUSTOMER, system_now()) for _ in range(2)]
    assert outcomes == [Outcome.LAST, Outcome.NOTHING]
    assert len(await charge_fees(company, subscription)) == 1


async def test_noting_many_events_takes_no_more_statements_than_noting_one(rehearsal):
    metric = await rehearsal.metric()
    subscription = await subscribed(rehearsal, standard(metric, invoiceable=False))
    events = [
        {"transaction_id": f"call {number}", "code": metric["code"], "external_subscription_id": subscription}
        for number in range(20)
    ]
    await rehearsal.post("/events/batch", {"events": events})
    async with rehearsal.works.enter(rehearsal.id) as work:
        stored = text("select * from events where organization_id = :organization")
        rows = await work.rows(stored, organization=work.organization.id)
    assert await statements_for(rehearsal, rows[:1]) == await statements_for(rehearsal, rows) == 3


async def statements_for(company: Company, rows: Any) -> int:
    """How many statements it takes to note these events."""
    async with company.works.enter(company.id) as work:
        with statements_of(work) as run:
            await note_for_pricing(work, rows)
            await work.put_entries()
    return len(run)


async def test_events_without_a_charge_in_advance_leave_nothing_behind(rehearsal):
    metric, other = await rehearsal.metric(), await rehearsal.metric()
    subscription = await subscribed(
        rehearsal, standard(metric, pay_in_advance=False), standard(other, code="other", invoiceable=False)
    )
    event = {"transaction_id": "call 1", "code": metric["code"], "external_subscription_id": subscription}
    await rehearsal.post("/events", {"event": event})
    async with rehearsal.works.enter(rehearsal.id) as work:
        found = await work.rows(
            text("select 1 from agenda where organization_id = :organization and kind = :kind"), kind=PRICING
        )
        assert not found


async def test_seats_are_renewed_whole_without_an_invoice_and_only_while_the_subscription_goes_on(rehearsal):
    await rehearsal.advance("2024-06-01T00:00:00Z")
    charge = await seats(rehearsal, invoiceable=False)
    code = (await rehearsal.get("/billable_metrics"))["billable_metrics"][0]["code"]
    customer = await rehearsal.customer(billing_configuration={"invoice_grace_period": 3})
    subscription = await subscribed(rehearsal, charge, of=customer, pay_in_advance=True)
    for day in range(11, 16):
        await happens(rehearsal, f"2024-06-{day}T10:00:00Z", subscription, code, f"seat {day}", seat=str(day))
    fees = await charge_fees(rehearsal, subscription)
    assert [fee["amount_cents"] for fee in fees] == [2000, 1900, 1800, 1700, 1600]

    await rehearsal.advance("2024-07-20T00:00:00Z")
    (renewed,) = (await charge_fees(rehearsal, subscription))[5:]
    assert (renewed["amount_cents"], renewed["units"], renewed["event_transaction_id"]) == (15000, "5.0", None)
    assert (renewed["pay_in_advance"], renewed["payment_status"], renewed["lago_invoice_id"]) == (True, "pending", None)
    assert (renewed["from_date"], renewed["to_date"]) == ("2024-07-01T00:00:00+00:00", "2024-07-31T23:59:59+00:00")
    assert renewed["created_at"] == "2024-07-01T00:00:00Z"
    for seat in ("16", "17"):
        await happens(rehearsal, "2024-07-20T00:00:00Z", subscription, code, f"seat {seat}", seat=seat)
    await rehearsal.advance("2024-08-15T00:00:00Z")
    assert [fee["amount_cents"] for fee in (await charge_fees(rehearsal, subscription))[8:]] == [21000]

    await rehearsal.delete(f"/subscriptions/{subscription}")
    await rehearsal.advance("2024-09-10T00:00:00Z")
    assert len(await charge_fees(rehearsal, subscription)) == 9


async def test_a_renewal_without_an_invoice_is_told_of_though_nothing_is_active(rehearsal):
    subscription = await subscribed(rehearsal, await seats(rehearsal, invoiceable=False))
    await listens(rehearsal)
    await rehearsal.advance("2024-04-01T00:10:00Z")
    (fee,) = await charge_fees(rehearsal, subscription)
    assert (fee["amount_cents"], fee["units"], fee["payment_status"]) == (0, "0.0", "pending")
    assert "fee.created" in await webhook_types(rehearsal)


async def test_an_invoiceable_charge_is_renewed_on_the_renewal_invoice(rehearsal):
    charge = await seats(rehearsal)
    code = (await rehearsal.get("/billable_metrics"))["billable_metrics"][0]["code"]
    customer = await rehearsal.customer()
    subscription = await subscribed(rehearsal, charge, of=customer)
    await happens(rehearsal, "2024-03-17T10:00:00Z", subscription, code, "seat", seat="1")
    await rehearsal.advance("2024-04-01T00:10:00Z")

    renewal, first = await invoices_of(rehearsal, customer["external_id"])
    assert [fee["amount_cents"] for fee in first["fees"]] == [1452]
    (fee,) = [fee for fee in renewal["fees"] if fee["item"]["type"] == "charge"]
    assert (fee["amount_cents"], fee["pay_in_advance"], fee["units"]) == (3000, False, "1.0")
    assert (fee["from_date"], fee["to_date"]) == ("2024-04-01T00:00:00+00:00", "2024-04-30T23:59:59+00:00")


async def test_seats_paid_on_the_old_plan_last_until_the_renewal_after_an_upgrade(rehearsal):
    charge = await seats(rehearsal, invoiceable=False)
    metric = (await rehearsal.get("/billable_metrics"))["billable_metrics"][0]
    customer = await rehearsal.customer()
    subscription = await subscribed(rehearsal, charge, of=customer)
    dearer = await rehearsal.plan(amount_cents=2000, charges=[charge | {"properties": {"amount": "50"}}])
    await happens(rehearsal, NOON, subscription, metric["code"], "seat", seat="1")
    await subscribe(rehearsal, customer, dearer)
    assert len(await charge_fees(rehearsal, subscription)) == 1
    await rehearsal.advance("2024-04-01T00:10:00Z")
    assert [fee["amount_cents"] for fee in (await charge_fees(rehearsal, subscription))[1:]] == [5000]


async def test_fees_without_an_invoice_count_towards_a_commitment_in_every_zone(rehearsal):
    metric = await rehearsal.metric()
    for zone in ("America/Los_Angeles", "Pacific/Auckland"):
        customer = await rehearsal.customer(timezone=zone)
        charges = (standard(metric, invoiceable=False), standard(metric, code="second"))
        subscription = await subscribed(rehearsal, *charges, of=customer, minimum_commitment={"amount_cents": 31000})
        now = (await rehearsal.get(f"/subscriptions/{subscription}"))["subscription"]["started_at"]
        await happens(rehearsal, now, subscription, metric["code"], f"call in {zone}")
    await rehearsal.advance("2024-04-01T10:00:00Z")
    for customer in (await rehearsal.get("/customers"))["customers"]:
        renewal = (await invoices_of(rehearsal, customer["external_id"]))[0]
        amounts = {fee["item"]["type"]: fee["amount_cents"] for fee in renewal["fees"]}
        days = {"America/Los_Angeles": 27, "Pacific/Auckland": 26}[customer["timezone"]]
        assert amounts["commitment"] == days * 1000 - amounts["subscription"] - 2000
