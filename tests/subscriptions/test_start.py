"""A subscription starts, and its start is billed where it is to be (chapters 50 §§3.3-3.5, 51 §6.1 and §7)."""

import pytest

from conto.work import Works
from tests.books import listens, webhook_types
from tests.company import Company
from tests.subscriptions.story import amounts, ranges, reasons, story


async def test_a_plan_in_advance_is_billed_on_its_start_for_the_rest_of_the_period(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    await listens(rehearsal)
    made = await rehearsal.subscribe(customer, plan)
    assert (made["status"], made["started_at"][:19]) == ("active", "2024-03-05T12:00:00")
    (invoice,) = await rehearsal.invoices(customer)
    assert (amounts([invoice]), reasons(invoice)) == ([[871]], ["subscription_starting"])
    start = "2024-03-05T12:00:00Z"
    assert ranges(invoice) == [("2024-03-05T00:00:00Z", "2024-03-31T23:59:59Z"), (start, start), (start, start)]
    assert (invoice["issuing_date"], invoice["status"]) == ("2024-03-05", "finalized")
    assert [each for each in await webhook_types(rehearsal) if each != "customer.updated"] == [
        "subscription.started",
        "invoice.created",
    ]


async def test_a_plan_in_arrears_is_not_billed_on_its_start(rehearsal: Company):
    customer = await rehearsal.customer()
    await rehearsal.subscribe(customer, await rehearsal.plan())
    assert await rehearsal.invoices(customer) == []


@pytest.mark.parametrize("subscription_at", ["2024-03-05T00:00:00Z", "2024-03-05T23:00:00Z"])
async def test_a_start_at_another_hour_of_today_is_exactly_then(rehearsal: Company, subscription_at: str):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    made = await rehearsal.subscribe(customer, plan, subscription_at=subscription_at)
    assert (made["status"], made["started_at"][:19] + "Z") == ("active", subscription_at)
    assert amounts(await rehearsal.invoices(customer)) == [[871]]


async def test_a_start_on_a_later_day_comes_with_the_local_midnight(works: Works):
    async with story(works, "2023-08-24T00:07:00Z") as company:
        await listens(company)
        customer = await company.customer(timezone="America/Bogota")
        plan = await company.plan(pay_in_advance=True)
        made = await company.subscribe(customer, plan, subscription_at="2023-08-25T10:00:00Z")
        assert (made["status"], made["started_at"]) == ("pending", None)
        assert "subscription.started" not in await webhook_types(company)
        await company.advance("2023-08-25T04:59:59Z")
        assert await company.invoices(customer) == []
        await company.advance("2023-08-25T05:00:00Z")
        shown = (await company.get(f"/subscriptions/{made['external_id']}"))["subscription"]
        assert (shown["status"], shown["started_at"][:19]) == ("active", "2023-08-25T05:00:00")
        assert shown["subscription_at"] == "2023-08-25T10:00:00Z"
        # 7 of the 31 days of August.
        assert amounts(await company.invoices(customer)) == [[226]]
        assert (await webhook_types(company)).count("subscription.started") == 1


async def test_a_start_in_the_past_is_not_billed_and_its_first_fee_in_advance_is_the_next_renewals(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    made = await rehearsal.subscribe(customer, plan, subscription_at="2024-02-20T00:00:00Z")
    assert (made["status"], made["started_at"][:19]) == ("active", "2024-02-20T00:00:00")
    assert await rehearsal.invoices(customer) == []
    await rehearsal.advance("2024-04-01T00:00:00Z")
    (invoice,) = await rehearsal.invoices(customer)
    assert (amounts([invoice]), reasons(invoice)) == ([[1000]], ["subscription_periodic"])
    assert ranges(invoice)[1] == ("2024-03-01T00:00:00Z", "2024-03-31T23:59:59Z")


@pytest.mark.parametrize(
    ("subscription_at", "cents", "since"),
    [
        # 11 of the 31 days of March, since it did not start before them; else the whole price.
        ("2024-03-02T00:00:00Z", 968, "2024-03-02T00:00:00Z"),
        ("2024-02-20T10:00:00Z", 1000, "2024-03-01T00:00:00Z"),
        ("2023-01-01T00:00:00Z", 1000, "2024-03-01T00:00:00Z"),
    ],
)
async def test_a_start_in_the_past_in_arrears_is_billed_from_it_if_it_lies_in_the_period(
    rehearsal: Company, subscription_at: str, cents: int, since: str
):
    customer, plan = await rehearsal.customer(), await rehearsal.plan()
    await rehearsal.subscribe(customer, plan, subscription_at=subscription_at)
    await rehearsal.advance("2024-04-01T00:00:00Z")
    invoices = await rehearsal.invoices(customer)
    assert amounts(invoices) == [[cents]]
    assert ranges(invoices[0])[0][0] == since


async def test_a_start_in_the_past_on_a_billing_day_is_renewed_at_once(works: Works):
    async with story(works, "2024-03-15T09:00:00Z") as company:
        metric = await company.metric()
        charge = {"billable_metric_id": metric["lago_id"], "charge_model": "standard", "properties": {"amount": "1"}}
        plan = await company.plan(pay_in_advance=True, charges=[charge])
        customer = await company.customer()
        started = {"subscription_at": "2024-01-15T00:00:00Z", "billing_time": "anniversary"}
        await company.subscribe(customer, plan, **started)
        await company.advance("2024-03-15T09:00:00Z")
        (invoice,) = await company.invoices(customer)
        assert (amounts([invoice]), reasons(invoice)) == ([[1000]], ["subscription_periodic"])
        assert ranges(invoice)[:2] == [
            ("2024-03-15T00:00:00Z", "2024-04-14T23:59:59Z"),
            ("2024-02-15T00:00:00Z", "2024-03-14T23:59:59Z"),
        ]
        assert invoice["issuing_date"] == "2024-03-15"
        await company.advance("2024-04-14T23:00:00Z")
        assert len(await company.invoices(customer)) == 1


@pytest.mark.parametrize(
    ("on_termination_invoice", "started_at"),
    [("generate", "2026-03-13T00:00:00"), ("skip", "2025-03-15T00:00:00")],
)
async def test_made_again_in_the_past_it_starts_where_the_last_invoice_ended(
    works: Works, on_termination_invoice: str, started_at: str
):
    async with story(works, "2025-03-15T00:00:00Z") as company:
        customer, plan = await company.customer(), await company.plan()
        first = await company.subscribe(customer, plan, billing_time="anniversary")
        await company.advance("2026-03-13T00:00:00Z")
        await company.terminate(first, on_termination_invoice=on_termination_invoice)
        again = {"subscription_at": "2025-03-15T00:00:00Z", "billing_time": "anniversary"}
        await company.advance("2026-03-13T01:00:00Z")
        second = await company.subscribe(customer, plan, external_id=first["external_id"], **again)
        assert second["lago_id"] != first["lago_id"]
        assert (second["started_at"][:19], second["subscription_at"]) == (started_at, "2025-03-15T00:00:00Z")
        before = len(await company.invoices(customer))
        await company.advance("2026-03-15T00:00:00Z")
        (invoice,) = (await company.invoices(customer))[before:]
        assert ranges(invoice)[0][1] == "2026-03-14T23:59:59Z"


async def test_posting_the_same_plan_again_changes_and_bills_nothing(rehearsal: Company):
    customer, plan = await rehearsal.customer(), await rehearsal.plan(pay_in_advance=True)
    made = await rehearsal.subscribe(customer, plan, name="First")
    again = await rehearsal.subscribe(customer, plan, external_id=made["external_id"], name="Second")
    assert (again["lago_id"], again["name"]) == (made["lago_id"], "First")
    assert len(await rehearsal.invoices(customer)) == 1


async def test_a_future_start_takes_another_plan_in_either_direction_and_is_billed_by_it(rehearsal: Company):
    customer, dear = await rehearsal.customer(), await rehearsal.plan(amount_cents=5000, pay_in_advance=True)
    cheap = await rehearsal.plan(amount_cents=310, pay_in_advance=True)
    made = await rehearsal.subscribe(customer, dear, name="Mine", subscription_at="2024-03-22T00:00:00Z")
    moved = await rehearsal.subscribe(customer, cheap, external_id=made["external_id"])
    assert (moved["lago_id"], moved["plan_code"], moved["name"]) == (made["lago_id"], cheap["code"], "Mine")
    await rehearsal.advance("2024-03-22T00:00:00Z")
    assert amounts(await rehearsal.invoices(customer)) == [[100]]


async def test_an_external_id_is_one_customers_while_its_subscription_runs(rehearsal: Company):
    one, other, plan = await rehearsal.customer(), await rehearsal.customer(), await rehearsal.plan()
    made = await rehearsal.subscribe(one, plan)
    refused = await rehearsal.subscribe(other, plan, 422, external_id=made["external_id"])
    assert refused["error_details"] == {"external_id": ["value_already_exist"]}
    await rehearsal.terminate(made)
    assert (await rehearsal.subscribe(other, plan, external_id=made["external_id"]))["status"] == "active"


async def test_a_future_start_waits_while_another_runs_under_its_external_id(rehearsal: Company):
    one, other, plan = await rehearsal.customer(), await rehearsal.customer(), await rehearsal.plan()
    later = await rehearsal.subscribe(one, plan, external_id="same", subscription_at="2024-03-10T00:00:00Z")
    running = await rehearsal.subscribe(other, plan, external_id="same")
    await rehearsal.advance("2024-03-12T06:00:00Z")
    listed = (await rehearsal.get("/subscriptions?status[]=pending"))["subscriptions"]
    assert [each["lago_id"] for each in listed] == [later["lago_id"]]
    assert running["lago_id"] == (await rehearsal.get("/subscriptions/same"))["subscription"]["lago_id"]
    await rehearsal.terminate(running)
    await rehearsal.advance("2024-03-14T00:00:00Z")
    shown = (await rehearsal.get("/subscriptions/same"))["subscription"]
    assert (shown["lago_id"], shown["status"]) == (later["lago_id"], "active")


async def test_fixed_charges_in_advance_alone_are_billed_on_the_start_of_a_plan_in_arrears(rehearsal: Company):
    add_on = await rehearsal.add_on()
    fixed = {"add_on_code": add_on["code"], "charge_model": "standard", "units": 2, "pay_in_advance": True}
    plan = await rehearsal.plan(fixed_charges=[fixed | {"properties": {"amount": "10"}}])
    customer = await rehearsal.customer()
    await rehearsal.subscribe(customer, plan)
    (invoice,) = await rehearsal.invoices(customer)
    assert (amounts([invoice]), amounts([invoice], "fixed_charge")) == ([[]], [[2000]])
    assert reasons(invoice) == ["in_advance_charge"]
    assert [fee["from_date"] for fee in invoice["fees"]] == ["2024-03-05T12:00:00+00:00"]


async def test_what_a_start_refuses_leaves_nothing_behind(rehearsal: Company):
    plan = await rehearsal.plan()
    body = {"external_customer_id": "new", "external_id": "s", "plan_code": plan["code"], "billing_time": "lunar"}
    await rehearsal.post("/subscriptions", {"subscription": body}, 422)
    await rehearsal.get("/customers/new", 404)
    await rehearsal.post("/subscriptions", {"subscription": body | {"plan_code": "none"}}, 404)
    await rehearsal.post("/subscriptions", {"subscription": body | {"billing_time": None}})
    assert (await rehearsal.get("/customers/new"))["customer"]["currency"] == "EUR"
