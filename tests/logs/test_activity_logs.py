"""What happens to objects is logged with the action, and read with its filters (chapter 72 §3.1)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from conto import pruning
from conto.db.tables import activity_logs, agenda
from conto.emissions import Resource
from conto.ids import new_id
from conto.logs.activities import cut
from conto.test_clock import advance
from conto.webhooks.payloads import payload_of
from conto.work import Retention, Work
from tests.books import counted, listens, webhook_types
from tests.company import Company


async def activities(company: Company, query: str = "") -> list[dict[str, Any]]:
    """The organization's activities, the latest first, with their objects."""
    await company.run_jobs()
    return (await company.get(f"/activity_logs{query}"))["activity_logs"]


async def types(company: Company, query: str = "") -> list[str]:
    return [activity["activity_type"] for activity in await activities(company, query)]


async def issued(company: Company, **fields: Any) -> dict[str, Any]:
    customer, add_on = await company.customer(**fields), await company.add_on()
    return await company.invoice(customer, {"add_on_code": add_on["code"]})


async def test_an_activity_shows_the_object_as_the_api_does_after_the_action(company: Company):
    made = await company.customer(external_id="hooli", name="Hooli", metadata=[{"key": "region", "value": "eu"}])
    (activity,) = await activities(company)
    found = (await company.get("/customers/hooli"))["customer"]
    assert activity["activity_object"] == found
    assert {name: value for name, value in activity.items() if name not in ("activity_id", "activity_object")} == {
        "activity_type": "customer.created",
        "activity_source": "api",
        "activity_object_changes": {},
        "user_email": None,
        "resource_id": made["lago_id"],
        "resource_type": "Customer",
        "external_customer_id": "hooli",
        "external_subscription_id": None,
        "logged_at": made["created_at"],
        "created_at": made["created_at"],
    }
    assert await company.get(f"/activity_logs/{activity['activity_id']}") == {"activity_log": activity}


async def test_an_invoice_is_shown_with_its_number_and_fees_though_numbers_are_given_last(company: Company):
    invoice = await issued(company)
    (activity,) = await activities(company, "?activity_types[]=invoice.one_off_created")
    assert activity["activity_object"]["number"] == invoice["number"]
    assert [fee["lago_id"] for fee in activity["activity_object"]["fees"]] == [invoice["fees"][0]["lago_id"]]
    assert activity["external_customer_id"] == invoice["customer"]["external_id"]


async def test_an_activity_is_listed_at_once_and_its_object_follows(company: Company):
    await company.customer()
    (early,) = (await company.get("/activity_logs"))["activity_logs"]
    assert early["activity_object"] is None
    (later,) = await activities(company)
    assert later["activity_id"] == early["activity_id"]
    assert later["activity_object"] is not None


async def test_an_update_tells_what_it_changed_from_what_to_what(company: Company):
    await company.tax(code="vat")
    await company.section(code="terms")
    await company.customer(external_id="hooli", name="Hooli", net_payment_term=30)
    changed = {
        "name": "Hooli XYZ",
        "net_payment_term": 30,
        "tax_codes": ["vat"],
        "invoice_custom_section_codes": ["terms"],
        "metadata": [{"key": "region", "value": "eu"}],
        "shipping_address": {"city": "Paris"},
    }
    await company.customer(external_id="hooli", **changed)
    activity = (await activities(company))[0]
    assert activity["activity_type"] == "customer.updated"
    assert activity["activity_object_changes"] == {
        "name": ["Hooli", "Hooli XYZ"],
        "tax_codes": [[], ["vat"]],
        "invoice_custom_section_codes": [[], ["terms"]],
        "metadata": [{}, {"region": "eu"}],
        "shipping_city": [None, "Paris"],
    }
    assert activity["activity_object"]["name"] == "Hooli XYZ"


async def test_an_update_that_changes_nothing_is_told_but_is_no_activity(company: Company):
    await listens(company)
    await company.customer(external_id="hooli", name="Hooli")
    await company.customer(external_id="hooli", name="Hooli")
    assert await webhook_types(company) == ["customer.created", "customer.updated"]
    assert await types(company) == ["customer.created"]


async def test_a_deleted_customer_is_shown_as_it_was(company: Company):
    customer = await company.customer()
    await company.delete(f"/customers/{customer['external_id']}")
    activity = (await activities(company))[0]
    assert (activity["activity_type"], activity["resource_id"]) == ("customer.deleted", customer["lago_id"])
    assert activity["activity_object"]["external_id"] == customer["external_id"]


async def test_billing_entities_are_logged_in_the_plural_and_told_to_nobody(company: Company):
    await listens(company)
    created = await company.post("/billing_entities", {"billing_entity": {"code": "fr", "name": "France"}})
    await company.tax(code="vat")
    update = {"email": "billing@hooli.example", "tax_codes": ["vat"]}
    await company.put("/billing_entities/fr", {"billing_entity": update})
    await company.put("/organizations", {"organization": {"net_payment_term": 14, "slug": None}})
    await company.put("/organizations", {"organization": {"net_payment_term": 14}})
    of_organization, updated, first = await activities(company)
    assert (first["activity_type"], first["resource_type"]) == ("billing_entities.created", "BillingEntity")
    assert first["resource_id"] == created["billing_entity"]["lago_id"]
    assert updated["activity_type"] == "billing_entities.updated"
    assert updated["activity_object_changes"] == {
        "email": [None, "billing@hooli.example"],
        "tax_codes": [[], ["vat"]],
    }
    assert updated["activity_object"] == (await company.get("/billing_entities/fr"))["billing_entity"]
    assert of_organization["activity_object_changes"] == {"net_payment_term": [0, 14]}
    assert await webhook_types(company) == []


async def test_a_payment_is_logged_on_its_invoice(company: Company):
    invoice = await issued(company)
    body = {"invoice_id": invoice["lago_id"], "amount_cents": 10000, "reference": "transfer"}
    payment = (await company.post("/payments", {"payment": body}))["payment"]
    found = await activities(company, f"?resource_ids[]={invoice['lago_id']}")
    status, recorded = (one for one in found if "payment" in one["activity_type"])
    assert (recorded["activity_type"], recorded["resource_type"]) == ("payment.recorded", "Invoice")
    assert recorded["activity_object"] == payment
    assert recorded["external_customer_id"] == invoice["customer"]["external_id"]
    assert status["activity_type"] == "invoice.payment_status_updated"
    assert status["activity_object_changes"] == {"payment_status": ["pending", "succeeded"]}


async def test_who_acted_is_told_from_what_fell_due(rehearsal: Company):
    customer = await rehearsal.customer(net_payment_term=10)
    add_on = await rehearsal.add_on()
    await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    await rehearsal.advance("2024-03-20T00:00:00Z")
    found = [(one["activity_type"], one["activity_source"], one["logged_at"]) for one in await activities(rehearsal)]
    assert [one for one in found if one[0] != "invoice.generated"] == [
        ("invoice.payment_overdue", "system", "2024-03-16T00:00:00Z"),
        ("invoice.one_off_created", "api", "2024-03-05T12:00:00Z"),
        ("customer.created", "api", "2024-03-05T12:00:00Z"),
    ]


async def test_an_action_that_is_refused_or_fails_leaves_no_activity(company: Company, databases):
    customer, add_on = await company.customer(), await company.add_on()
    before = await counted(databases, company)
    fees = [{"add_on_code": add_on["code"]}, {"add_on_code": "nothing"}]
    body = {"invoice": {"external_customer_id": customer["external_id"], "fees": fees}}
    await company.post("/invoices", body, 404)

    async def act_and_fail() -> None:
        async with company.works.enter(company.id) as work:
            work.emit("customer.deleted", new_id())
            await work.send()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act_and_fail()
    assert await counted(databases, company) == before


async def test_of_many_calls_at_once_each_leaves_its_activity(company: Company):
    customer, add_on = await company.customer(), await company.add_on()
    invoices = await asyncio.gather(*(company.invoice(customer, {"add_on_code": add_on["code"]}) for _ in range(12)))
    found = await activities(company, "?activity_types[]=invoice.one_off_created")
    assert {one["resource_id"] for one in found} == {invoice["lago_id"] for invoice in invoices}
    assert {one["activity_object"]["number"] for one in found} == {invoice["number"] for invoice in invoices}


async def test_activities_are_filtered(company: Company):
    await company.customer(external_id="hooli")
    invoice = await issued(company, external_id="pied piper")
    generated = "invoice.generated"
    for query, wanted in (
        (f"?activity_types[]=customer.created&activity_types[]={generated}", [generated] + ["customer.created"] * 2),
        ("?activity_sources[]=system", [generated]),
        ("?activity_sources[]=front", []),
        ("?external_customer_id=hooli", ["customer.created"]),
        ("?external_customer_id=pied%20piper", [generated, "invoice.one_off_created", "customer.created"]),
        ("?external_subscription_id=none", []),
        (f"?resource_ids[]={invoice['lago_id']}", [generated, "invoice.one_off_created"]),
        (f"?resource_ids[]={uuid4()}", []),
        ("?resource_types[]=Customer", ["customer.created"] * 2),
        ("?user_emails[]=someone@hooli.example", []),
        ("?per_page=1&page=2", ["invoice.one_off_created"]),
    ):
        assert await types(company, query) == wanted, query


async def test_activities_are_filtered_by_day_and_by_instant(rehearsal: Company):
    await rehearsal.customer()
    await rehearsal.advance("2024-03-06T12:00:00Z")
    await rehearsal.customer()
    for query, many in (
        ("from_date=2024-03-05", 2),
        ("from_date=2024-03-06", 1),
        ("from_date=2024-03-06T12:00:00Z", 1),
        ("from_date=2024-03-06T12:00:01Z", 0),
        ("to_date=2024-03-05", 1),
        ("to_date=2024-03-06", 2),
        ("to_date=2024-03-05T12:00:00Z", 1),
        ("to_date=2024-03-05T11:59:59Z", 0),
        ("from_date=2024-03-06&to_date=2024-03-06", 1),
    ):
        assert len(await types(rehearsal, f"?{query}")) == many, query


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("from_date=yesterday", {"from_date": ["invalid_date"]}),
        ("to_date=2024-13-01", {"to_date": ["invalid_date"]}),
        ("activity_sources[]=robot", {"activity_sources": ["value_is_invalid"]}),
        ("resource_ids[]=1", {"resource_ids": ["value_is_invalid"]}),
    ],
)
async def test_filters_that_cannot_be_read_are_refused(company: Company, query: str, details: dict[str, Any]):
    assert (await company.get(f"/activity_logs?{query}", 422))["error_details"] == details


async def test_an_unknown_activity_is_not_found(company: Company):
    for unknown in (str(uuid4()), "nothing"):
        assert (await company.get(f"/activity_logs/{unknown}", 404))["code"] == "activity_log_not_found"


async def test_activities_older_than_a_year_are_neither_shown_nor_kept(rehearsal: Company, databases):
    await rehearsal.customer()
    (activity,) = await activities(rehearsal)
    await rehearsal.advance("2024-09-01T00:00:00Z")
    await rehearsal.customer()
    await rehearsal.run_jobs()
    await rehearsal.advance("2025-03-05T11:59:59Z")
    assert len(await types(rehearsal)) == 2
    await rehearsal.advance("2025-03-05T12:00:00Z")
    assert len(await types(rehearsal)) == 1
    await rehearsal.get(f"/activity_logs/{activity['activity_id']}", 404)
    assert (await counted(databases, rehearsal))["activity_logs"] == 2
    await rehearsal.advance("2025-03-06T01:00:00Z")
    assert (await counted(databases, rehearsal))["activity_logs"] == 1
    await rehearsal.advance("2025-10-01T00:00:00Z")
    assert (await counted(databases, rehearsal))["activity_logs"] == 0


async def test_many_old_activities_are_deleted_in_parts(rehearsal: Company, databases, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    for _ in range(5):
        await rehearsal.customer()
    await rehearsal.run_jobs()
    await rehearsal.advance("2026-01-01T00:00:00Z")
    assert (await counted(databases, rehearsal))["activity_logs"] == 0


async def test_a_shorter_retention_holds_from_the_next_night(rehearsal: Company, databases):
    await rehearsal.customer()
    await rehearsal.run_jobs()
    works = replace(rehearsal.works, retention=Retention(activity_logs=timedelta(days=1)))
    await rehearsal.advance("2024-04-01T12:00:00Z")
    async with works.enter(rehearsal.id) as work:
        work.emit("customer.deleted", await only_customer(work))
    await Company.run_jobs(replace(rehearsal, works=works))
    async with works.enter(rehearsal.id) as work:
        due = (await work.one(select(agenda.c.due_at).where(agenda.c.kind == "logs.prune_activities"))).due_at
    assert due.isoformat() == "2024-04-02T01:00:00+00:00"
    await advance(works, rehearsal.id, due)
    assert (await counted(databases, rehearsal))["activity_logs"] == 1


async def only_customer(work: Work) -> Any:
    return (await work.one(select(activity_logs.c.resource_id))).resource_id


@payload_of("quote_version")
async def quote_version(work: Work, object_id: Any, webhook_type: str) -> dict[str, Any]:
    """An object of these tests alone, with more than is shown."""
    return {"lago_id": object_id, "customer": {"external_id": "hooli"}}


async def test_what_is_about_a_part_is_logged_on_the_whole(company: Company):
    part, whole = new_id(), new_id()
    async with company.works.enter(company.id) as work:
        work.emit("quote.version_created", part, on=Resource("Quote", whole))
        with pytest.raises(AssertionError):
            work.emit("quote.version_created", part)
        with pytest.raises(AssertionError):
            work.emit("nothing.happened", part)
    (activity,) = await activities(company)
    assert (activity["resource_type"], activity["resource_id"]) == ("Quote", str(whole))
    assert activity["activity_object"]["lago_id"] == str(part)
    assert activity["external_customer_id"] == "hooli"


async def test_an_object_that_is_gone_leaves_its_activity_without_one(company: Company):
    async with company.works.enter(company.id) as work:
        work.emit("invoice.voided", new_id())
    (activity,) = await activities(company)
    assert (activity["activity_type"], activity["activity_object"]) == ("invoice.voided", None)


async def test_an_invoice_with_many_fees_is_shown_without_them(company: Company):
    customer, add_on = await company.customer(), await company.add_on()
    few, many = ([{"add_on_code": add_on["code"]}] * number for number in (25, 26))
    invoices = [await company.invoice(customer, *fees) for fees in (few, many)]
    found = await activities(company, "?activity_types[]=invoice.one_off_created")
    shown = {one["resource_id"]: one["activity_object"] for one in found}
    assert len(shown[invoices[0]["lago_id"]]["fees"]) == 25
    assert "fees" not in shown[invoices[1]["lago_id"]]
    assert shown[invoices[1]["lago_id"]]["fees_amount_cents"] == 260_000


@pytest.mark.parametrize(
    ("charges", "shown"),
    [
        ([{"filters": []}] * 50, True),
        ([{"filters": []}] * 51, False),
        ([{"filters": [{}] * 50}] * 2, True),
        ([{"filters": [{}] * 50}, {"filters": [{}] * 51}], False),
    ],
)
def test_a_plan_with_many_charges_or_filters_is_shown_without_charges(charges: list[Any], shown: bool):
    assert ("charges" in cut("plan", {"code": "plan", "charges": charges})) is shown
