"""The main job, done through the HTTP API as any client would: from nothing to an invoice as a PDF."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from conto.demo.client import Client, money, opened, refuse_unusable
from conto.demo.progress import progress

STEPS = 5


@dataclass(frozen=True, slots=True)
class Story:
    """The demo's calls, and the names of what they make, new each time."""

    client: Client
    mark: str

    def customer(self) -> Any:
        """A customer in Paris."""
        customer = {
            "external_id": f"demo-{self.mark}",
            "name": "Atelier Lumière",
            "legal_name": "Atelier Lumière SARL",
            "email": "comptabilite@atelier-lumiere.example",
            "address_line1": "12 rue des Martyrs",
            "zipcode": "75009",
            "city": "Paris",
            "country": "FR",
            "currency": "EUR",
            "timezone": "Europe/Paris",
            "net_payment_term": 30,
        }
        return self.client.call("POST", "/customers", {"customer": customer})["customer"]

    def tax(self) -> Any:
        """A tax of 20 %."""
        tax = {"code": f"vat-{self.mark}", "name": "VAT", "rate": "20", "description": "French VAT"}
        return self.client.call("POST", "/taxes", {"tax": tax})["tax"]

    def add_on(self) -> Any:
        """An add-on to sell."""
        add_on = {
            "code": f"onboarding-{self.mark}",
            "name": "Onboarding",
            "description": "Set-up of your account, import of your data, and a first training.",
            "amount_cents": 150_000,
            "amount_currency": "EUR",
        }
        return self.client.call("POST", "/add_ons", {"add_on": add_on})["add_on"]

    def invoice(self, customer: Any, tax: Any, add_on: Any) -> Any:
        """A one-off invoice over two fees."""
        fee = {"add_on_code": add_on["code"], "tax_codes": [tax["code"]]}
        hours = {
            "units": "7.5",
            "unit_amount_cents": 12_000,
            "invoice_display_name": "Consulting, by the hour",
            "description": "Migration of your price list, November.",
        }
        invoice = {"external_customer_id": customer["external_id"], "fees": [fee, fee | hours]}
        return self.client.call("POST", "/invoices", {"invoice": invoice})["invoice"]


def run_demo(url: str, key: str, folder: Path, progress_on: Console, out: Console) -> Path:
    """Do the job, with a progress display, and leave the PDF in `folder`; its path is printed and returned.

    Raises:
        DemoError: the server does not answer, refused a call, or made no document, or `folder` cannot be used.
    """
    refuse_unusable(folder)
    with opened(url, key) as client, progress(progress_on, STEPS) as done:
        story = Story(client, uuid4().hex[:8])

        def step(name: str, act: Callable[[], Any]) -> Any:
            with done(name):
                return act()

        customer = step("customer", story.customer)
        tax = step("tax", story.tax)
        add_on = step("add-on", story.add_on)
        invoice = step("invoice", lambda: story.invoice(customer, tax, add_on))
        content = step("PDF", lambda: client.document(f"/invoices/{invoice['lago_id']}", "invoice"))
    path = folder / f"{invoice['number']}.pdf"
    path.write_bytes(content)
    total = money(invoice["total_amount_cents"], invoice["currency"])
    out.print(f"Invoice {invoice['number']} over {total}, for {customer['name']}:", highlight=False)
    out.print(str(path), soft_wrap=True, highlight=False)
    return path
