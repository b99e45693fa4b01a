"""One of everything that an organization can have, and the paths that name it."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from conto.api.endpoint import Endpoint
from conto.api.routing import PARAMETER
from tests.books import listens
from tests.company import Company
from tests.images import data_uri, png
from tests.mailbox import mailbox

Names = dict[str, str]
"""What stands for the parameter after each word of a path: `{"customers": "customer_1"}`."""


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
    mailed = ["invoice.finalized", "payment_receipt.created"]
    settings = {"issue_receipts": True, "email": "accounts@acme.example", "email_settings": mailed}
    await company.put("/organizations", {"organization": settings})
    company.client.headers["Idempotency-Key"] = "first payment"
    payment = (await company.post("/payments", {"payment": paid}))["payment"]
    del company.client.headers["Idempotency-Key"]
    await one_whose_vat_number_is_checked(company, add_on)
    key = (await company.post("/api_keys", {"api_key": {"name": "second"}}))["api_key"]
    (entry, *_) = (await company.get("/security_logs?to_date=2999-01-01"))["security_logs"]
    (receipt,) = (await company.get("/payment_receipts"))["payment_receipts"]
    await company.post(f"/payment_receipts/{receipt['lago_id']}/resend_email", {"to": ["boss@hooli.example"]})
    async with mailbox() as box:
        await replace(company, works=replace(company.works, mailer=box.mailer())).run_jobs("mail", "rehearsal.mail")
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
        "fees": invoice["fees"][0]["lago_id"],
        "payments": payment["lago_id"],
        "payment_methods": str(uuid4()),
        "payment_receipts": receipt["lago_id"],
    }


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
