"""The ledger: every movement of customer money is a transfer between two accounts, written once.

A transfer is written in the transaction of the action that moves the money, and never changed. What
invoices say they are owed must equal what their transfers say; `conto.verification` compares the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.db.engine import insert_rows
from conto.db.tables import ledger_transfers
from conto.ids import new_id
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Account:
    """An account: of one object (`subject_id`), or of the whole organization, which keeps no balance."""

    name: str
    subject_id: UUID | None = None


REVENUE = Account("revenue")
TAXES = Account("taxes")


def receivable(invoice_id: UUID) -> Account:
    """What is owed for an invoice."""
    return Account("invoice", invoice_id)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that moves from the credited to the debited account, in minor units."""

    kind: str
    debit: Account
    credit: Account
    amount_cents: int
    currency: str
    customer_id: UUID
    invoice_id: UUID | None

    def __post_init__(self) -> None:
        assert self.amount_cents > 0
        assert self.debit != self.credit


CASH = Account("cash")


def payment_received(payment: Row[Any]) -> Transfer:
    """Money that came in for an invoice: so much less is owed for it."""
    return Transfer(
        "payment_received",
        CASH,
        receivable(payment.invoice_id),
        payment.amount_cents,
        payment.currency,
        payment.customer_id,
        payment.invoice_id,
    )


def _invoice_parts(invoice: Row[Any]) -> list[tuple[Account, int]]:
    parts = [
        (REVENUE, invoice.sub_total_excluding_taxes_amount_cents),
        (TAXES, invoice.taxes_amount_cents),
    ]
    return [(account, amount) for account, amount in parts if amount > 0]


def invoice_issued(invoice: Row[Any]) -> list[Transfer]:
    """A final invoice: its customer owes the subtotal to revenue and the taxes to the state."""
    owed = receivable(invoice.id)
    return [
        Transfer("invoice_issued", owed, account, amount, invoice.currency, invoice.customer_id, invoice.id)
        for account, amount in _invoice_parts(invoice)
    ]


def invoice_voided(invoice: Row[Any]) -> list[Transfer]:
    """A voided invoice: what it said was owed is owed no longer."""
    owed = receivable(invoice.id)
    return [
        Transfer("invoice_voided", account, owed, amount, invoice.currency, invoice.customer_id, invoice.id)
        for account, amount in _invoice_parts(invoice)
    ]


async def post(work: Work, transfers: Iterable[Transfer]) -> None:
    """Write the transfers in the transaction of the action."""
    await insert_rows(
        work.connection,
        ledger_transfers,
        [
            {
                "organization_id": work.organization.id,
                "id": new_id(),
                "customer_id": transfer.customer_id,
                "invoice_id": transfer.invoice_id,
                "kind": transfer.kind,
                "debit_account": transfer.debit.name,
                "debit_subject_id": transfer.debit.subject_id,
                "credit_account": transfer.credit.name,
                "credit_subject_id": transfer.credit.subject_id,
                "currency": transfer.currency,
                "amount_cents": transfer.amount_cents,
                "posted_at": work.now,
            }
            for transfer in transfers
        ],
    )
