"""How customers and documents are numbered (chapters 10 §4.1 and 20 §3)."""

from datetime import date


def padded(number: int) -> str:
    """A sequence number with at least three digits."""
    return f"{number:03d}"


def default_prefix(name: str, identifier: str) -> str:
    """The prefix of documents where none is given: three letters of the name, four characters of the id."""
    return f"{name[:3]}-{identifier[-4:]}".upper()


def customer_slug(prefix: str, sequential_id: int) -> str:
    """The customer's short name, formed once from the organization's prefix at creation."""
    return f"{prefix}-{padded(sequential_id)}"


def receipt_number(customer_slug: str, sequential_id: int) -> str:
    """The number of a customer's n-th payment receipt (chapter 70 §8)."""
    return f"{customer_slug}-RCPT-{sequential_id:06d}"


def credit_note_number(invoice_number: str, sequential_id: int) -> str:
    """The number of an invoice's n-th credit note (chapter 61 §1)."""
    return f"{invoice_number}-CN{padded(sequential_id)}"


def draft_number(prefix: str) -> str:
    """What stands in place of a number until the invoice is final."""
    return f"{prefix}-DRAFT"


def number_per_customer(prefix: str, customer_sequential_id: int, sequential_id: int) -> str:
    """The number of a customer's n-th invoice from a billing entity."""
    return f"{prefix}-{padded(customer_sequential_id)}-{padded(sequential_id)}"


def number_per_billing_entity(prefix: str, finalized_on: date, sequential_id: int) -> str:
    """The number of a billing entity's m-th invoice; the month is that of its finalization, in the entity's zone."""
    return f"{prefix}-{finalized_on:%Y%m}-{padded(sequential_id)}"
