"""The ledger: every movement of customer money is a transfer between two accounts, written once.

A transfer is written in the transaction of the action that moves the money, and never changed. What
invoices say they are owed must equal what their transfers say; `conto.verification` compares the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

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


def credit_balance(note_id: UUID) -> Account:
    """What a credit note still has for its customer's later invoices."""
    return Account("credit_note", note_id)


REFUNDS = Account("refunds")
"""What was promised to be sent back, and is not yet."""


def credit_note_issued(note: Row[Any]) -> list[Transfer]:
    """A final credit note: what its invoice brought to revenue and taxes goes to its balance, refunds and the invoice.

    What it sets off is no longer owed for its invoice.
    """
    taxes = min(note.taxes_amount_cents, note.total_amount_cents)
    parts = _matched(
        [(REVENUE, note.total_amount_cents - taxes), (TAXES, taxes)],
        [
            (credit_balance(note.id), note.credit_amount_cents),
            (REFUNDS, note.refund_amount_cents),
            (receivable(note.invoice_id), note.offset_amount_cents),
        ],
    )
    return [_of_note("credit_note_issued", note, *part) for part in parts]


def _matched(
    debits: list[tuple[Account, int]], credits: list[tuple[Account, int]]
) -> list[tuple[Account, Account, int]]:
    """The transfers that take these amounts from the one side to the other, the first from the first."""
    assert sum(amount for _, amount in debits) == sum(amount for _, amount in credits)
    found: list[tuple[Account, Account, int]] = []
    left = dict(debits)
    for credit, owed in credits:
        for debit in left:
            amount = min(left[debit], owed)
            if amount:
                found.append((debit, credit, amount))
                left[debit], owed = left[debit] - amount, owed - amount
    return found


def credit_note_voided(note: Row[Any]) -> list[Transfer]:
    """A credit note whose balance is given up: it is revenue again."""
    return [_of_note("credit_note_voided", note, credit_balance(note.id), REVENUE, note.balance_amount_cents)]


def refund_settled(note: Row[Any]) -> list[Transfer]:
    """The refund of a credit note was sent; none where it has no such part."""
    return _refund("refund_settled", note, REFUNDS, CASH)


def refund_reopened(note: Row[Any]) -> list[Transfer]:
    """The refund of a credit note that was said to be sent was not, after all."""
    return _refund("refund_reopened", note, CASH, REFUNDS)


def _refund(kind: str, note: Row[Any], debit: Account, credit: Account) -> list[Transfer]:
    return [_of_note(kind, note, debit, credit, note.refund_amount_cents)] if note.refund_amount_cents else []


def _of_note(kind: str, note: Row[Any], debit: Account, credit: Account, amount_cents: int) -> Transfer:
    return Transfer(kind, debit, credit, amount_cents, note.currency, note.customer_id, note.invoice_id)


def credit_applied(note_id: UUID, amount_cents: int, *, to: Row[Any]) -> Transfer:
    """What an invoice used of a credit note's balance: so much less is owed for it."""
    return Transfer(
        "credit_applied", credit_balance(note_id), receivable(to.id), amount_cents, to.currency, to.customer_id, to.id
    )


def credit_given_back(note_id: UUID, amount_cents: int, *, by: Row[Any]) -> Transfer:
    """What an invoice that was given up had used of a credit note's balance."""
    return Transfer(
        "credit_given_back",
        receivable(by.id),
        credit_balance(note_id),
        amount_cents,
        by.currency,
        by.customer_id,
        by.id,
    )


def post(work: Work, transfers: Iterable[Transfer]) -> None:
    """Have the transfers written in the transaction of the action, with the other effects of the unit of work."""
    work.transfers.extend(
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
    )
