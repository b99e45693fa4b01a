"""How customers pay at their payment providers (chapter 70 §5)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.pagination import Page, PaginationMeta, meta
from conto.payments import methods
from conto.schemas.payment_methods import PaymentMethodObject
from conto.work import Work


class PaymentMethodAnswer(Struct, kw_only=True, frozen=True):
    """One payment method."""

    payment_method: PaymentMethodObject


class PaymentMethodsAnswer(Struct, kw_only=True, frozen=True):
    """A page of payment methods."""

    payment_methods: list[PaymentMethodObject]
    meta: PaginationMeta


class CheckoutUrl(Struct, kw_only=True, frozen=True):
    """A provider's page on which a customer sets up how it pays."""

    lago_customer_id: str
    external_customer_id: str
    payment_provider: str
    payment_provider_code: str
    checkout_url: str


class CheckoutUrlAnswer(Struct, kw_only=True, frozen=True):
    """Where a customer sets up how it pays."""

    customer: CheckoutUrl


@post("/customers/{external_customer_id}/checkout_url", resource="customer")
async def generate_customer_checkout_url(work: Work, external_customer_id: str) -> CheckoutUrlAnswer:
    """Answer with the address of a page to set up payment on; without a payment provider there is none."""
    return CheckoutUrlAnswer(customer=await methods.checkout_url(work, external_customer_id))


@get("/customers/{external_customer_id}/payment_methods", resource="payment_method")
async def find_all_customers_payment_methods(work: Work, external_customer_id: str, page: Page) -> PaymentMethodsAnswer:
    """List a customer's payment methods, newest first."""
    found = await methods.payment_methods(work, external_customer_id)
    shown = found[page.offset : page.offset + page.limit]
    return PaymentMethodsAnswer(payment_methods=list(shown), meta=meta(page, len(found)))


@put("/customers/{external_customer_id}/payment_methods/{lago_id}/set_as_default", resource="payment_method")
async def set_payment_method_as_default(work: Work, external_customer_id: str, lago_id: str) -> PaymentMethodAnswer:
    """Make a payment method the customer's default."""
    return PaymentMethodAnswer(payment_method=await methods.payment_method(work, external_customer_id))


@delete("/customers/{external_customer_id}/payment_methods/{lago_id}", resource="payment_method")
async def destroy_customer_payment_method(work: Work, external_customer_id: str, lago_id: str) -> PaymentMethodAnswer:
    """Delete a payment method."""
    return PaymentMethodAnswer(payment_method=await methods.payment_method(work, external_customer_id))
