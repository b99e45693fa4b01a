"""Fees paid without an invoice are put on one, when their period is over or their subscription ends (chapter 41 §6)."""

from dataclasses import replace
from typing import Any

from tests.books import listens, mismatches, transfers, webhook_types
from tests.company import Company, open_company
from tests.invoices.in_advance import charge_fees, happens, invoices_of, pays, seats, standard, subscribe, subscribed
from tests.mailbox import EMAIL_SETTINGS

PAID = "invoice_type=advance_charges"


async def subscriber(company: Company, **fields: Any) -> tuple[dict[str, Any], str, str]:
    """A customer that subscribes to seats whose paid fees are regrouped, the subscription, and the metric's code."""
    charge = await seats(company, invoiceable=False, regroup_paid_fees="invoice")
    charge |= {"properties": {"amount": "30.12"}}
    code = (await company.get("/billable_metrics"))["billable_metrics"][0]["code"]
    customer = await company.customer(**fields)
    return customer, await subscribed(company, charge, of=customer), code


async def test_paid_fees_wait_for_the_end_of_their_period_and_their_taxes_are_added_up(rehearsal):
    await listens(rehearsal)
    tax = await rehearsal.tax()
    await rehearsal.advance("2024-06-01T00:00:00Z")
    grace = {"invoice_grace_period": 3}
    customer, subscription, code = await subscriber(
        rehearsal, tax_codes=[tax["code"]], billing_configuration=grace, email="accounts@hooli.example"
    )
    for day in range(11, 16):
        await happens(rehearsal, f"2024-06-{day}T10:00:00Z", subscription, code, f"seat {day}", seat=str(day))
    await rehearsal.advance("2024-06-20T10:00:00Z")
    fees = await charge_fees(rehearsal, subscription)
    assert [fee["amount_cents"] for fee in fees] == [2008, 1908, 1807, 1707, 1606]
    await pays(rehearsal, *fees[:3])
    assert await invoices_of(rehearsal, customer["external_id"], PAID) == []

    await rehearsal.advance("2024-07-10T10:00:00Z")
    (july,) = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert (july["fees_amount_cents"], len(july["fees"])) == (5723, 3)
    fees = await charge_fees(rehearsal, subscription)
    loose = [fee for fee in fees if fee["lago_invoice_id"] is None]
    assert [fee["amount_cents"] for fee in loose] == [1707, 1606, 15060]
    await pays(rehearsal, *loose)

    await rehearsal.advance("2024-08-01T00:10:00Z")
    august, _ = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert august["fees_amount_cents"] == august["sub_total_excluding_taxes_amount_cents"] == 18373
    assert (august["taxes_amount_cents"], august["total_amount_cents"]) == (3674, 22047)
    (applied,) = august["applied_taxes"]
    assert (applied["amount_cents"], applied["fees_amount_cents"], applied["tax_code"]) == (3674, 18373, tax["code"])
    assert (august["status"], august["payment_status"], august["issuing_date"]) == (
        "finalized",
        "succeeded",
        "2024-08-01",
    )
    assert {fee["payment_status"] for fee in august["fees"]} == {"succeeded"}
    (period,) = august["billing_periods"]
    assert period["invoicing_reason"] == "in_advance_charge_periodic"
    assert (period["subscription_from_datetime"], period["charges_to_datetime"]) == (
        "2024-07-01T00:00:00Z",
        "2024-07-31T23:59:59Z",
    )
    assert await mismatches(rehearsal) == []


async def test_the_invoice_is_born_paid(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat", seat="1")
    await pays(rehearsal, *await charge_fees(rehearsal, subscription))
    await listens(rehearsal)
    await rehearsal.delete(f"/subscriptions/{subscription}")

    (invoice,) = await invoices_of(rehearsal, customer["external_id"], PAID)
    (payment,) = (await rehearsal.get(f"/payments?invoice_id={invoice['lago_id']}"))["payments"]
    assert (payment["amount_cents"], payment["type"]) == (invoice["total_amount_cents"], "manual")
    assert invoice["total_paid_amount_cents"] == invoice["total_amount_cents"] == 1555
    moves = [move for move in await transfers(rehearsal) if move[3] == 1555]
    assert sorted(move[0] for move in moves) == ["invoice_issued", "payment_received"]
    assert (await webhook_types(rehearsal)).count("invoice.created") == 2
    assert await mismatches(rehearsal) == []


async def test_the_invoice_has_a_document_and_is_not_mailed(works, box):
    async with open_company(replace(works, mailer=box.mailer()), "2024-03-05T12:00:00Z") as company:
        await company.put(
            "/organizations", {"organization": EMAIL_SETTINGS["organization"] | {"issue_receipts": False}}
        )
        customer, subscription, code = await subscriber(company, email="accounts@hooli.example")
        await happens(company, "2024-03-16T12:00:00Z", subscription, code, "seat", seat="1")
        await pays(company, *await charge_fees(company, subscription))
        await company.delete(f"/subscriptions/{subscription}")
        await company.run_jobs()

        invoices = {each["invoice_type"]: each for each in await invoices_of(company, customer["external_id"])}
        assert all(each["file_url"] for each in invoices.values())
        (mail,) = box.received
        assert list(mail.files) == [f"{invoices['subscription']['number']}.pdf"]
        assert invoices.keys() == {"subscription", "advance_charges"}
        await company.leave()


async def test_what_ends_takes_all_that_was_paid_up_to_its_instant(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat", seat="1")
    (fee,) = await charge_fees(rehearsal, subscription)
    await pays(rehearsal, fee)
    await rehearsal.advance("2024-03-20T08:00:00Z")
    await rehearsal.delete(f"/subscriptions/{subscription}")

    (invoice,) = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert [each["lago_id"] for each in invoice["fees"]] == [fee["lago_id"]]
    assert invoice["fees"][0]["to_date"] == fee["to_date"] == "2024-03-31T23:59:59+00:00"
    (period,) = invoice["billing_periods"]
    assert (period["charges_from_datetime"], period["charges_to_datetime"]) == (
        "2024-03-05T12:00:00Z",
        "2024-03-20T08:00:00Z",
    )


async def test_a_fee_paid_after_the_end_is_never_put_on_an_invoice(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat", seat="1")
    await rehearsal.delete(f"/subscriptions/{subscription}")
    await pays(rehearsal, *await charge_fees(rehearsal, subscription))
    await rehearsal.advance("2024-06-01T00:10:00Z")
    assert await invoices_of(rehearsal, customer["external_id"], PAID) == []


async def test_the_end_of_a_fees_period_is_that_of_the_customers_days(rehearsal):
    for zone, renewal in (("Pacific/Auckland", "2024-03-31T11:00:00Z"), ("America/New_York", "2024-04-01T04:00:00Z")):
        customer, subscription, code = await subscriber(rehearsal, timezone=zone)
        now = "2024-03-16T12:00:00Z" if zone == "Pacific/Auckland" else "2024-03-31T12:00:00Z"
        await happens(rehearsal, now, subscription, code, f"seat in {zone}", seat="1")
        await pays(rehearsal, *await charge_fees(rehearsal, subscription))
        await rehearsal.advance(renewal)
        assert len(await invoices_of(rehearsal, customer["external_id"], PAID)) == 1


async def test_without_a_charge_that_regroups_nothing_is_and_with_one_all_is(rehearsal):
    metric, other = await rehearsal.metric(), await rehearsal.metric()
    kept_apart = standard(metric, invoiceable=False)
    regrouped = standard(other, code="regrouped", invoiceable=False, regroup_paid_fees="invoice")
    for charges, count in (([kept_apart], 0), ([kept_apart, regrouped], 1)):
        customer = await rehearsal.customer()
        subscription = await subscribed(rehearsal, *charges, of=customer)
        await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, metric["code"], f"of {count}")
        await pays(rehearsal, *await charge_fees(rehearsal, subscription))
        await rehearsal.delete(f"/subscriptions/{subscription}")
        assert len(await invoices_of(rehearsal, customer["external_id"], PAID)) == count


async def test_fees_of_different_purchase_orders_are_on_different_invoices(rehearsal):
    metric = await rehearsal.metric()
    charge = standard(metric, invoiceable=False, regroup_paid_fees="invoice")
    customer = await rehearsal.customer()
    plan = await rehearsal.plan(charges=[charge])
    ids = [
        await subscribe(rehearsal, customer, plan, external_id=order, purchase_order_number=order)
        for order in ("first", "second", "second too")
    ]
    await rehearsal.put(f"/subscriptions/{ids[2]}", {"subscription": {"purchase_order_number": "second"}})
    for external_id in ids:
        await happens(rehearsal, "2024-03-16T12:00:00Z", external_id, metric["code"], f"call of {external_id}")
        await pays(rehearsal, *await charge_fees(rehearsal, external_id))
    await rehearsal.advance("2024-04-01T00:10:00Z")

    found = await invoices_of(rehearsal, customer["external_id"], PAID)
    told = {invoice["purchase_order_number"]: len(invoice["billing_periods"]) for invoice in found}
    assert (told, len(found)) == ({"first": 1, "second": 2}, 2)


async def test_fees_of_the_plan_that_was_replaced_go_with_its_end_and_later_ones_with_the_renewal(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    metric = (await rehearsal.get("/billable_metrics"))["billable_metrics"][0]
    dearer = await rehearsal.plan(amount_cents=2000, charges=[standard(metric, amount="50", invoiceable=False)])
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat 1", seat="1")
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat 2", seat="2")
    first, second = await charge_fees(rehearsal, subscription)
    await pays(rehearsal, first)
    await subscribe(rehearsal, customer, dearer)
    (upgrade,) = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert [fee["lago_id"] for fee in upgrade["fees"]] == [first["lago_id"]]

    await pays(rehearsal, second)
    await rehearsal.advance("2024-04-01T00:10:00Z")
    renewal, _ = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert [fee["lago_id"] for fee in renewal["fees"]] == [second["lago_id"]]
    (period,) = renewal["billing_periods"]
    assert period["charges_from_datetime"] == "2024-03-16T12:00:00Z"
    assert period["lago_subscription_id"] == first["lago_subscription_id"]


async def test_a_deleted_fee_and_one_that_was_given_back_stay_off(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    for seat in ("1", "2", "3"):
        await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, f"seat {seat}", seat=seat)
    fees = await charge_fees(rehearsal, subscription)
    await pays(rehearsal, *fees)
    await rehearsal.delete(f"/fees/{fees[0]['lago_id']}")
    await rehearsal.put(f"/fees/{fees[1]['lago_id']}", {"fee": {"payment_status": "refunded"}})
    await rehearsal.delete(f"/subscriptions/{subscription}")
    (invoice,) = await invoices_of(rehearsal, customer["external_id"], PAID)
    assert [fee["lago_id"] for fee in invoice["fees"]] == [fees[2]["lago_id"]]
    assert (await rehearsal.delete(f"/fees/{fees[2]['lago_id']}", 405))["code"] == "invoiced_fee"
    found = {fee["lago_id"]: fee for fee in await charge_fees(rehearsal, subscription)}
    assert found.keys() == {fees[1]["lago_id"], fees[2]["lago_id"]}


async def test_fees_are_found_by_subscription_metric_and_event(rehearsal):
    customer, subscription, code = await subscriber(rehearsal)
    other = await rehearsal.metric()
    another = await subscribed(rehearsal, standard(other, invoiceable=False))
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat 1", seat="1")
    await happens(rehearsal, "2024-03-16T12:00:00Z", subscription, code, "seat 2", seat="2")
    await happens(rehearsal, "2024-03-16T12:00:00Z", another, other["code"], "call")

    async def events(query: str) -> set[str]:
        return {fee["event_transaction_id"] for fee in (await rehearsal.get(f"/fees?{query}"))["fees"]}

    assert await events(f"external_subscription_id={subscription}") == {"seat 1", "seat 2"}
    assert await events(f"external_customer_id={customer['external_id']}") == {"seat 1", "seat 2"}
    assert await events(f"billable_metric_code={other['code']}") == {"call"}
    assert await events("event_transaction_id=seat 2") == {"seat 2"}
    assert await events(f"event_transaction_id=call&external_subscription_id={subscription}") == set()
