"""One of everything that an organization can have, and the paths that name it."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from conto.api.endpoint import Endpoint
from conto.api.routing import PARAMETER
from conto.credits.notes.apply import apply
from conto.db.tables import (
    carried_totals,
    event_reports,
    fixed_charge_overrides,
    fixed_charge_units,
    unpriced_events,
    wrong_events,
)
from conto.invoices.queries import lock
from tests.books import listens
from tests.company import Company
from tests.images import data_uri, png
from tests.mailbox import mailbox

Names = dict[str, str]
"""What stands for the parameter after each word of a path: `{"customers": "customer_1"}`."""


ASKED_WITH = {
    "security_logs": "to_date=2999-01-01",
    "current_usage": "external_subscription_id={subscriptions}",
    "projected_usage": "external_subscription_id={subscriptions}",
    "past_usage": "external_subscription_id={subscriptions}",
    "usage_explanation": "charge_code={charges}",
}
"""What some calls must be asked with, by the last word of their path."""


async def one_of_everything(company: Company) -> Names:
    """Make an object of every kind, and tables' rows of every kind with them."""
    entity = company.organization.default_billing_entity_code
    tax = await company.tax(applied_to_organization=True)
    await listens(company)
    (endpoint,) = (await company.get("/webhook_endpoints"))["webhook_endpoints"]
    section = await company.section(details="Pay within 30 days.")
    settings = {"invoice_custom_section_codes": [section["code"]], "logo": data_uri(png(2, 1))}
    await company.put(f"/billing_entities/{entity}", {"billing_entity": settings})
    customer = await company.customer(
        tax_codes=[tax["code"]],
        metadata=[{"key": "region", "value": "eu"}],
        invoice_custom_section_codes=[section["code"]],
    )
    add_on = await company.add_on(tax_codes=[tax["code"]])
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    metadata = [{"key": "team", "value": "sales"}]
    await company.put(f"/invoices/{invoice['lago_id']}", {"invoice": {"metadata": metadata}})
    paid = {"invoice_id": invoice["lago_id"], "amount_cents": 1, "reference": "transfer"}
    mailed = ["invoice.finalized", "credit_note.created", "payment_receipt.created"]
    settings = {"issue_receipts": True, "email": "accounts@acme.example", "email_settings": mailed}
    await company.put("/organizations", {"organization": settings})
    company.client.headers["Idempotency-Key"] = "first payment"
    payment = (await company.post("/payments", {"payment": paid}))["payment"]
    del company.client.headers["Idempotency-Key"]
    note = await one_that_is_used(company, invoice)
    await one_whose_vat_number_is_checked(company, add_on)
    sold = await one_plan_with_everything(company, tax, add_on, customer, section)
    await one_that_is_billed(company, customer)
    key = (await company.post("/api_keys", {"api_key": {"name": "second"}}))["api_key"]
    (entry, *_) = (await company.get("/security_logs?to_date=2999-01-01"))["security_logs"]
    (receipt,) = (await company.get("/payment_receipts"))["payment_receipts"]
    await company.post(f"/payment_receipts/{receipt['lago_id']}/resend_email", {"to": ["boss@hooli.example"]})
    async with mailbox() as box:
        await replace(company, works=replace(company.works, mailer=box.mailer())).run_jobs("mail", "rehearsal.mail")
    event = {"transaction_id": f"event of {company.id}", "code": "calls", "external_subscription_id": "sub_1"}
    await company.post("/events", {"event": event})
    await one_wrong_event(company)
    await company.write_api_logs()
    activity = (await company.get("/activity_logs"))["activity_logs"][0]
    call = (await company.get("/api_logs"))["api_logs"][0]
    return {
        "activity_logs": activity["activity_id"],
        "api_logs": call["request_id"],
        "billing_entities": entity,
        "taxes": tax["code"],
        "invoice_custom_sections": section["code"],
        "api_keys": key["lago_id"],
        "security_logs": entry["log_id"],
        "webhook_endpoints": endpoint["lago_id"],
        "customers": customer["external_id"],
        "add_ons": add_on["code"],
        "invoices": invoice["lago_id"],
        "credit_notes": note["lago_id"],
        "fees": invoice["fees"][0]["lago_id"],
        "payments": payment["lago_id"],
        "events": event["transaction_id"],
        "payment_methods": str(uuid4()),
        "payment_receipts": receipt["lago_id"],
    } | sold


async def one_plan_with_everything(
    company: Company, tax: dict[str, Any], add_on: dict[str, Any], customer: dict[str, Any], section: dict[str, Any]
) -> Names:
    """A plan with all that can be on one, and the customer's subscription to it, which has units of its own."""
    unit = {"code": f"unit_{add_on['code']}", "name": "Credits", "short_name": "CR"}
    unit = (await company.post("/pricing_units", {"pricing_unit": unit}))["pricing_unit"]
    metric = await company.metric(filters=[{"key": "region", "values": ["us", "eu"]}])
    charge = {
        "billable_metric_id": metric["lago_id"],
        "charge_model": "standard",
        "properties": {"amount": "1"},
        "tax_codes": [tax["code"]],
        "applied_pricing_unit": {"code": unit["code"], "conversion_rate": "0.5"},
        "filters": [{"values": {"region": ["us"]}, "properties": {"amount": "2"}}],
    }
    fixed = {"add_on_code": add_on["code"], "charge_model": "standard", "units": 2, "tax_codes": [tax["code"]]}
    plan = await company.plan(
        tax_codes=[tax["code"]],
        charges=[charge],
        fixed_charges=[fixed],
        minimum_commitment={"amount_cents": 500, "tax_codes": [tax["code"]]},
        usage_thresholds=[{"amount_cents": 1000}],
        metadata={"team": "sales"},
    )
    subscribed = {
        "external_customer_id": customer["external_id"],
        "plan_code": plan["code"],
        "external_id": f"subscription_{plan['code']}",
        "invoice_custom_section": {"invoice_custom_section_codes": [section["code"]]},
        "usage_thresholds": [{"amount_cents": 100}],
    }
    subscription = (await company.post("/subscriptions", {"subscription": subscribed}))["subscription"]
    await own_units(company, subscription["lago_id"], plan["fixed_charges"][0]["lago_id"])
    await carried_on(company, subscription["lago_id"], plan["charges"][0]["lago_id"])
    await one_unpriced_event(company, subscription["lago_id"])
    return {
        "pricing_units": unit["code"],
        "billable_metrics": metric["code"],
        "plans": plan["code"],
        "charges": plan["charges"][0]["code"],
        "filters": plan["charges"][0]["filters"][0]["lago_id"],
        "fixed_charges": plan["fixed_charges"][0]["code"],
        "metadata": "team",
        "subscriptions": subscription["external_id"],
    }


async def one_that_is_billed(company: Company, customer: dict[str, Any]) -> None:
    """A subscription that is billed on its start, so that an invoice is for it."""
    await company.subscribe(customer, await company.plan(pay_in_advance=True))


async def own_units(company: Company, subscription_id: str, fixed_charge_id: str) -> None:
    """What a subscription alone has: units of a fixed charge with an instruction of them."""
    values = {"id": uuid4(), "subscription_id": UUID(subscription_id), "fixed_charge_id": UUID(fixed_charge_id)}
    async with company.works.enter(company.id) as work:
        own = values | {"organization_id": company.id, "units": 3}
        made = {"created_at": work.now, "updated_at": work.now}
        await work.execute(insert(fixed_charge_overrides).values(own | made))
        await work.execute(insert(fixed_charge_units).values(own | {"effective_at": work.now, "given_at": work.now}))


async def one_unpriced_event(company: Company, subscription_id: str) -> None:
    """An event that a charge in advance is yet to price, as the follower leaves it."""
    async with company.works.enter(company.id) as work:
        noted = {"id": uuid4(), "subscription_id": UUID(subscription_id), "transaction_id": "priced soon"}
        made = {"organization_id": company.id, "received": 1, "created_at": work.now}
        await work.execute(insert(unpriced_events).values(noted | made))


async def one_wrong_event(company: Company) -> None:
    """A note of an event that cannot count, and a report of another, as the follower and the agenda leave them."""
    async with company.works.enter(company.id) as work:
        own = {"organization_id": company.id, "id": uuid4()}
        noted = {"event_id": uuid4(), "transaction_id": "lost", "problem": "invalid_code", "received_at": work.now}
        await work.execute(insert(wrong_events).values(own | noted))
        told = {"errors": {"invalid_code": ["gone"]}, "created_at": work.now}
        await work.execute(insert(event_reports).values(own | told))


async def one_that_is_used(company: Company, invoice: dict[str, Any]) -> dict[str, Any]:
    """A credit note on the invoice, of which another invoice of the customer uses a part."""
    note = await company.credit_note(invoice, 100, credit_amount_cents=120, metadata={"team": "sales"})
    other = await company.invoice(invoice["customer"], {"add_on_code": invoice["fees"][0]["item"]["code"]})
    async with company.works.enter(company.id) as work:
        await apply(work, await lock(work, UUID(other["lago_id"])))
    return note


async def carried_on(company: Company, subscription_id: str, charge_id: str) -> None:
    """The totals of a charge at the end of a billed period."""
    kept = {"id": uuid4(), "subscription_id": UUID(subscription_id), "charge_id": UUID(charge_id), "totals": []}
    async with company.works.enter(company.id) as work:
        made = {"organization_id": company.id, "to_datetime": work.now, "created_at": work.now}
        await work.execute(insert(carried_totals).values(kept | made))


async def one_whose_vat_number_is_checked(company: Company, add_on: dict[str, Any]) -> None:
    """A customer in Italy of a seller in France, with an invoice that waits for VIES, where nobody answers."""
    seller = {"code": "france", "name": "France", "country": "FR", "eu_tax_management": True}
    await company.post("/billing_entities", {"billing_entity": seller})
    customer = await company.customer(
        billing_entity_code="france", country="IT", tax_identification_number="IT00743110157"
    )
    await company.invoice(customer, {"add_on_code": add_on["code"]})


def path_of(endpoint: Endpoint, names: Names) -> str:
    """The endpoint's path with the names in place of its parameters.

    Raises:
        KeyError: the path names something that there is none of here.
    """
    parts: list[str] = []
    for part in endpoint.path.removeprefix("/api/v1").split("/"):
        parts.append(names[parts[-1]] if PARAMETER.fullmatch(part) else part)
    return "/".join(parts)


def enveloped(endpoint: Endpoint, fields: dict[str, Any]) -> Any:
    """The fields as the body of a call to the endpoint; None where it takes none."""
    if endpoint.body is None:
        return None
    return {endpoint.body.envelope: fields} if endpoint.body.envelope else fields


def query_of(path: str, names: Names) -> str:
    """The query string that a path must be asked with, its question mark included; nothing for most."""
    asked = ASKED_WITH.get(path.rpartition("/")[2])
    return f"?{asked.format(**names)}" if asked else ""
