"""Who gets a document by mail: unasked, where the billing entity wants that, or asked for (chapter 70 §8.1)."""

from typing import Any

from sqlalchemy import Row

from conto.errors import NotAllowed
from conto.mails.letters import split
from conto.mails.outbox import Recipients
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.schemas.rules import is_email

INVOICES = "invoice.finalized"
RECEIPTS = "payment_receipt.created"
CREDIT_NOTES = "credit_note.created"


def unasked(entity: Row[Any], customer_email: str | None, setting: str) -> Recipients | None:
    """Who gets the document without being asked; None where nobody does.

    `setting` is the word among the billing entity's `email_settings` that switches this kind of mail on.
    """
    to = split(customer_email or "")
    return Recipients(to) if to and entity.email and setting in entity.email_settings else None


def asked_for(
    entity: Row[Any], customer_email: str | None, setting: str, data: ResendEmailInput, problems: Problems
) -> Recipients:
    """Who gets the document again. `problems` holds what the reader of the input found.

    Raises:
        NotAllowed: the billing entity does not mail documents of this kind.
        Invalid: it has no e-mail, nobody would get the mail, or addresses are none.
    """
    if setting not in entity.email_settings:
        raise NotAllowed("email_settings_disabled")
    if not entity.email:
        problems.add("billing_entity", "must have email configured")
    found = {name: [one for one in getattr(data, name) or () if one] for name in ("to", "cc", "bcc")}
    if not found["to"] and "to" not in problems:
        found["to"] = split(customer_email or "")
        if not found["to"]:
            problems.add("to", "must have at least one recipient")
    for name, addresses in found.items():
        if wrong := [one for one in addresses if not is_email(one)]:
            problems.add(name, f"invalid email format: {', '.join(wrong)}")
    problems.raise_if_any()
    return Recipients(found["to"], found["cc"], found["bcc"])
