"""What a year has left behind: its invoices and credit notes as rows, their documents as files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conto.demo.client import Client, money

FOLDER = "havenshop"

INVOICE_HEADS = ("number", "customer", "date", "type", "status", "total", "document")
CREDIT_NOTE_HEADS = ("number", "customer", "date", "of invoice", "left", "total", "document")

NAMED = {
    "fjordull": "a month of a shop in Bergen, in Norwegian",
    "torri": "a month of a shop in Bologna, in Italian",
    "kernoel": "a year of a chain in Graz, with what it lacks to its minimum, in German",
}
"""The customers whose last invoice is named at the end, and what it shows."""


@dataclass(frozen=True, slots=True)
class Books:
    """The organization with its API key, a row for each invoice and credit note, and documents worth a look."""

    organization: dict[str, Any]
    place: Path
    invoices: list[tuple[str, ...]]
    credit_notes: list[tuple[str, ...]]
    named: list[tuple[str, Path]]


def kept_books(client: Client, organization: dict[str, Any], folder: Path) -> Books:
    """Read all invoices and credit notes, and leave their documents in a folder of their own in `folder`."""
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    invoices = sorted(listed(client, "invoices"), key=by_customer)
    notes = listed(client, "credit_notes")[::-1]
    last = {invoice["customer"]["external_id"]: invoice["number"] for invoice in invoices}
    return Books(
        organization=organization,
        place=place,
        invoices=[invoice_row(invoice, kept(client, "invoice", invoice, place)) for invoice in invoices],
        credit_notes=[credit_note_row(note, kept(client, "credit_note", note, place)) for note in notes],
        named=[(what, place / f"{last[code]}.pdf") for code, what in NAMED.items()],
    )


def by_customer(invoice: dict[str, Any]) -> tuple[int, int]:
    """The order of the table: a customer's invoices stand together, in the order of their numbers."""
    return invoice["customer"]["sequential_id"], invoice["sequential_id"] or 0


def kept(client: Client, kind: str, shown: dict[str, Any], place: Path) -> str:
    """Leave the document of an invoice or credit note in the folder; its name there, or nothing for a draft."""
    if shown["file_url"]:
        content = client.file(shown["file_url"])
    elif shown.get("status") == "draft":
        return ""
    else:
        content = client.document(f"/{kind}s/{shown['lago_id']}", kind)
    path = place / f"{shown['number']}.pdf"
    path.write_bytes(content)
    return path.name


def invoice_row(invoice: dict[str, Any], document: str) -> tuple[str, ...]:
    """An invoice as a row of the table."""
    return (
        invoice["number"],
        invoice["customer"]["name"],
        invoice["issuing_date"],
        invoice["invoice_type"],
        standing(invoice),
        money(invoice["total_amount_cents"], invoice["currency"]),
        document,
    )


def credit_note_row(note: dict[str, Any], document: str) -> tuple[str, ...]:
    """A credit note as a row of the table."""
    return (
        note["number"],
        note["customer"]["name"],
        note["issuing_date"],
        note["invoice_number"],
        money(note["balance_amount_cents"], note["currency"]),
        money(note["total_amount_cents"], note["currency"]),
        document,
    )


def standing(invoice: dict[str, Any]) -> str:
    """The invoice's status, or how far a final one is paid."""
    if invoice["status"] != "finalized":
        return invoice["status"]
    if invoice["payment_dispute_lost_at"]:
        return "dispute lost"
    if invoice["payment_status"] == "succeeded":
        return "paid"
    found = ["part paid"] if invoice["total_paid_amount_cents"] else []
    return ", ".join([*found, "overdue"] if invoice["payment_overdue"] else found or ["open"])


def listed(client: Client, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind, page by page."""
    found: list[dict[str, Any]] = []
    page: int | None = 1
    while page:
        answer = client.call("GET", f"/{kind}?per_page=100&page={page}")
        found += answer[kind]
        page = answer["meta"]["next_page"]
    return found
