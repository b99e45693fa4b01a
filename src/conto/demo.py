"""The main job, done through the HTTP API as any client would: from nothing to an invoice as a PDF."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

DOCUMENT_SECONDS = 60


class DemoError(Exception):
    """The demo cannot go on: a call was refused, or not answered; the message says how."""


@dataclass(frozen=True, slots=True)
class Story:
    """The demo's calls, and the names of what they make, new each time."""

    client: httpx.Client
    mark: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; the decoded answer."""
        try:
            answer = self.client.request(method, f"/api/v1{path}", json=body)
        except httpx.HTTPError as error:
            raise DemoError(f"No answer from {self.client.base_url} ({error}): does `conto up` run?") from error
        if answer.status_code != 200:
            raise DemoError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

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
        return self.call("POST", "/customers", {"customer": customer})["customer"]

    def tax(self) -> Any:
        """A tax of 20 %."""
        tax = {"code": f"vat-{self.mark}", "name": "VAT", "rate": "20", "description": "French VAT"}
        return self.call("POST", "/taxes", {"tax": tax})["tax"]

    def add_on(self) -> Any:
        """An add-on to sell."""
        add_on = {
            "code": f"onboarding-{self.mark}",
            "name": "Onboarding",
            "description": "Set-up of your account, import of your data, and a first training.",
            "amount_cents": 150_000,
            "amount_currency": "EUR",
        }
        return self.call("POST", "/add_ons", {"add_on": add_on})["add_on"]

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
        return self.call("POST", "/invoices", {"invoice": invoice})["invoice"]

    def document(self, invoice: Any) -> bytes:
        """The invoice's PDF, once a worker has made it."""
        deadline = time.monotonic() + DOCUMENT_SECONDS
        while time.monotonic() < deadline:
            answer = self.call("POST", f"/invoices/{invoice['lago_id']}/download")
            if answer:
                return self.client.get(answer["invoice"]["file_url"]).raise_for_status().content
            time.sleep(0.1)
        raise DemoError("The PDF has not been made in time: does a worker run?")


def run_demo(url: str, key: str, folder: Path, progress_on: Console, out: Console) -> Path:
    """Do the job, with a progress display, and leave the PDF in `folder`; its path is printed and returned.

    Raises:
        DemoError: the server does not answer, refused a call, or made no document, or `folder` cannot be used.
    """
    if not os.access(folder, os.W_OK):
        raise DemoError(f"The PDF cannot be left in {folder}: it is no folder that can be written to.")
    with (
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=progress_on,
            disable=not progress_on.is_terminal,
        ) as progress,
    ):
        story = Story(client, uuid4().hex[:8])
        task = progress.add_task("customer", total=5)

        def step(name: str, act: Callable[[], Any]) -> Any:
            progress.update(task, description=name)
            done = act()
            progress.advance(task)
            return done

        customer = step("customer", story.customer)
        tax = step("tax", story.tax)
        add_on = step("add-on", story.add_on)
        invoice = step("invoice", lambda: story.invoice(customer, tax, add_on))
        content = step("PDF", lambda: story.document(invoice))
    path = folder / f"{invoice['number']}.pdf"
    path.write_bytes(content)
    total = f"{invoice['total_amount_cents'] // 100}.{invoice['total_amount_cents'] % 100:02d} {invoice['currency']}"
    out.print(f"Invoice {invoice['number']} over {total}, for {customer['name']}:", highlight=False)
    out.print(str(path), soft_wrap=True, highlight=False)
    return path
