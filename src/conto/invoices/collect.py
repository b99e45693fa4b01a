"""Collect an invoice through a payment provider, as far as its customer has one (chapter 70 §§4.4-4.5)."""

from typing import NoReturn
from uuid import UUID

from conto.errors import Invalid, NotAllowed
from conto.invoices.queries import invoice, lock
from conto.work import Work

NOT_COLLECTED = ("draft", "voided", "pending", "failed")


async def retry_payment(work: Work, invoice_id: UUID) -> None:
    """Try to collect the invoice again. Without a provider that fails, and the webhook tells of it.

    Raises:
        NotFound: no visible invoice has this id.
        NotAllowed: there is nothing to collect.
    """
    found = await lock(work, invoice_id)
    if found.status in NOT_COLLECTED or found.payment_status == "succeeded":
        raise NotAllowed("invalid_status")
    work.emit("invoice.payment_failure", found.id)


async def payment_url(work: Work, invoice_id: UUID) -> NoReturn:
    """A hosted page to pay the invoice on needs a provider, and no customer can have one yet.

    Raises:
        NotFound: no visible invoice has this id.
        Invalid: the customer has no payment provider.
    """
    await invoice(work, invoice_id)
    raise Invalid({"base": ["no_linked_payment_provider"]})
