"""One of everything that an organization can have, and the paths that name it."""

from dataclasses import replace
from typing import Any

from conto.api.endpoint import Endpoint
from conto.api.routing import PARAMETER
from tests.books import listens
from tests.company import Company
from tests.mailbox import mailbox

Names = dict[str, str]
"""What stands for the parameter after each word of a path: `{"customers": "customer_1"}`."""


async def one_of_everything(company: Company) -> Names:
    """Make an object of every kind, and tables' rows of every kind with them."""
    entity = company.organization.default_billing_entity_code
    tax = await company.tax(applied_to_organization=True)
    await listens(company)
    (endpoint,) = (await company.get("/webhook_endpoints"))["webhook_endpoints"]
    customer = await company.customer(tax_codes=[tax["code"]], metadata=[{"key": "region", "value": "eu"}])
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
    (receipt,) = (await company.get("/payment_receipts"))["payment_receipts"]
    await company.post(f"/payment_receipts/{receipt['lago_id']}/resend_email", {"to": ["boss@hooli.example"]})
    async with mailbox() as box:
        await replace(company, works=replace(company.works, mailer=box.mailer())).run_jobs("mail", "rehearsal.mail")
    return {
        "billing_entities": entity,
        "taxes": tax["code"],
        "webhook_endpoints": endpoint["lago_id"],
        "customers": customer["external_id"],
        "add_ons": add_on["code"],
        "invoices": invoice["lago_id"],
        "fees": invoice["fees"][0]["lago_id"],
        "payments": payment["lago_id"],
        "payment_receipts": receipt["lago_id"],
    }


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
