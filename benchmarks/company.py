"""What is sold to whom in a benchmark, set up through the API."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks.house import ADMIN_KEY
from benchmarks.http import Connection, prepared


@dataclass(frozen=True, slots=True)
class Company:
    """A live organization, its customers' external ids, the codes of its add-ons and taxes."""

    id: UUID
    key: str
    customers: list[str]
    add_ons: list[str]
    taxes: list[str]

    def invoice(self, customer: str, *, fees: int) -> dict[str, Any]:
        """The input of an invoice of that many fees, each with all taxes."""
        lines = [
            {
                "add_on_code": self.add_ons[place % len(self.add_ons)],
                "units": f"{place + 1}.5",
                "unit_amount_cents": 1200 + place,
                "description": "Work on site, as agreed.",
                "tax_codes": self.taxes,
            }
            for place in range(fees)
        ]
        return {"invoice": {"external_customer_id": customer, "fees": lines}}

    def creations(self, customers: int, *, fees: int) -> list[bytes]:
        """Requests that create an invoice, one for each of the first so many customers."""
        return [
            prepared("POST", "/api/v1/invoices", key=self.key, body=self.invoice(customer, fees=fees))
            for customer in self.customers[:customers]
        ]


async def found_company(
    api: Connection, *, customers: int, taxes: int, webhook_url: str | None = None, add_ons: int = 3
) -> Company:
    """A new organization with what it needs to bill."""
    made = await api.call("POST", "/admin/organizations", key=ADMIN_KEY, body={"organization": {"name": "Benchmark"}})
    key = made["organization"]["api_key"]
    company = Company(
        UUID(made["organization"]["lago_id"]),
        key,
        [f"customer-{place}" for place in range(customers)],
        [f"add-on-{place}" for place in range(add_ons)],
        [f"tax-{place}" for place in range(taxes)],
    )
    for code in company.taxes:
        await api.call("POST", "/api/v1/taxes", key=key, body={"tax": {"code": code, "name": code, "rate": "10"}})
    for code in company.add_ons:
        add_on = {"code": code, "name": code, "amount_cents": 1000, "amount_currency": "EUR"}
        await api.call("POST", "/api/v1/add_ons", key=key, body={"add_on": add_on})
    for external_id in company.customers:
        await api.call("POST", "/api/v1/customers", key=key, body={"customer": customer(external_id)})
    if webhook_url:
        endpoint = {"webhook_url": webhook_url, "signature_algo": "hmac"}
        await api.call("POST", "/api/v1/webhook_endpoints", key=key, body={"webhook_endpoint": endpoint})
    return company


def customer(external_id: str) -> dict[str, Any]:
    """The input of a customer with an address and metadata."""
    return {
        "external_id": external_id,
        "name": f"Customer {external_id}",
        "email": "accounts@customer.example",
        "address_line1": "12 rue des Martyrs",
        "zipcode": "75009",
        "city": "Paris",
        "country": "FR",
        "currency": "EUR",
        "timezone": "Europe/Paris",
        "net_payment_term": 30,
        "metadata": [{"key": "contract", "value": "C-2024-9", "display_in_invoice": True}],
    }
