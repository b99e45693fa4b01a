"""Payments (chapter 70 §2)."""

from msgspec import Struct

from conto.api.endpoint import get, post
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.customers.queries import customer as customer_row
from conto.ids import as_id
from conto.payments.queries import list_payments, payment
from conto.payments.record import record_payment
from conto.schemas.payments import PaymentFilters, PaymentInput, PaymentObject, show_payment
from conto.schemas.reader import Problems
from conto.work import Work


class PaymentAnswer(Struct, kw_only=True, frozen=True):
    """One payment."""

    payment: PaymentObject


class PaymentsAnswer(Struct, kw_only=True, frozen=True):
    """A page of payments."""

    payments: list[PaymentObject]
    meta: PaginationMeta


@post("/payments", resource="payment", envelope="payment", repeatable=True)
async def create_payment(work: Work, body: Body[PaymentInput]) -> PaymentAnswer:
    """Record a payment of an invoice that was made outside."""
    problems = Problems()
    recorded = await record_payment(work, body.read(problems), problems)
    return PaymentAnswer(payment=show_payment(await payment(work, recorded)))


@get("/payments", resource="payment")
async def find_all_payments(work: Work, query: Query[PaymentFilters], page: Page) -> PaymentsAnswer:
    """List payments, newest first."""
    found = await list_payments(work, query.read(), offset=page.offset, limit=page.limit)
    return PaymentsAnswer(payments=[show_payment(row) for row in found.rows], meta=meta(page, found.total))


@get("/payments/{lago_id}", resource="payment")
async def find_payment(work: Work, lago_id: str) -> PaymentAnswer:
    """Retrieve a payment."""
    return PaymentAnswer(payment=show_payment(await payment(work, as_id(lago_id, "payment"))))


@get("/customers/{external_customer_id}/payments", resource="payment")
async def find_all_customer_payments(
    work: Work, external_customer_id: str, query: Query[PaymentFilters], page: Page
) -> PaymentsAnswer:
    """List a customer's payments, newest first."""
    customer = await customer_row(work, external_customer_id)
    found = await list_payments(work, query.read(), offset=page.offset, limit=page.limit, customer_id=customer.id)
    return PaymentsAnswer(payments=[show_payment(row) for row in found.rows], meta=meta(page, found.total))
