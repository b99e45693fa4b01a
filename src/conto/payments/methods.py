"""Customers' payment methods. Providers make them (chapter 70 §5.3), and none can be set up yet, so there are none."""

from typing import NoReturn

from msgspec import UnsetType

from conto.customers.queries import customer
from conto.errors import Invalid, NotFound
from conto.schemas.payment_methods import PaymentMethodInput
from conto.schemas.reader import Problems
from conto.work import Work


async def payment_methods(work: Work, external_customer_id: str) -> list[NoReturn]:
    """The customer's payment methods, newest first.

    Raises:
        NotFound: there is no such customer.
    """
    await customer(work, external_customer_id)
    return []


async def payment_method(work: Work, external_customer_id: str) -> NoReturn:
    """One of the customer's payment methods.

    Raises:
        NotFound: there is no such customer, or it has no such method.
    """
    await customer(work, external_customer_id)
    raise NotFound("payment_method")


async def checkout_url(work: Work, external_customer_id: str) -> NoReturn:
    """A page on which the customer sets up how it pays, at the provider that it is linked to.

    Raises:
        NotFound: there is no such customer.
        Invalid: it is linked to no provider.
    """
    await customer(work, external_customer_id)
    raise Invalid({"base": ["no_linked_payment_provider"]})


def refuse_wrong_method(data: PaymentMethodInput | None | UnsetType, problems: Problems) -> None:
    """A method that is named is manual without an id, or the provider's; ids are not known before providers are."""
    if not data:
        return
    kind = data.payment_method_type or None
    if kind not in (None, "provider", "manual") or data.payment_method_id:
        problems.add("payment_method", "invalid_payment_method")
