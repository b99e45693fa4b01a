"""Customers (chapter 10 §4)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.api.v1.invoices import InvoicesAnswer, invoices_answer
from conto.customers.delete import delete_customer
from conto.customers.listing import list_customers
from conto.customers.portal import portal_url
from conto.customers.queries import customer as customer_row
from conto.customers.queries import extended, listed
from conto.customers.upsert import upsert_customer
from conto.schemas.customer_filters import CustomerFilters, refuse_wrong_forms
from conto.schemas.customers import CustomerInput, CustomerObjectExtended, CustomerObjectListed
from conto.schemas.invoice_filters import InvoiceFilters
from conto.schemas.reader import Problems
from conto.work import Work


class CustomerAnswer(Struct, kw_only=True, frozen=True):
    """One customer."""

    customer: CustomerObjectExtended


class CustomersAnswer(Struct, kw_only=True, frozen=True):
    """A page of customers."""

    customers: list[CustomerObjectListed]
    meta: PaginationMeta


class CustomerPortal(Struct, kw_only=True, frozen=True):
    """Where a customer enters its portal."""

    portal_url: str


class CustomerPortalAnswer(Struct, kw_only=True, frozen=True):
    """The link to a customer's portal."""

    customer: CustomerPortal


@post("/customers", resource="customer", envelope="customer")
async def create_customer(work: Work, body: Body[CustomerInput]) -> CustomerAnswer:
    """Create a customer, or change the one that has the external id."""
    problems = Problems()
    return CustomerAnswer(customer=await extended(work, await upsert_customer(work, body.read(problems), problems)))


@get("/customers", resource="customer")
async def find_all_customers(work: Work, query: Query[CustomerFilters], page: Page) -> CustomersAnswer:
    """List customers, newest first."""
    refuse_wrong_forms(query.raw)
    found = await list_customers(work, query.read(), offset=page.offset, limit=page.limit)
    return CustomersAnswer(customers=await listed(work, found.rows), meta=meta(page, found.total))


@get("/customers/{external_customer_id}", resource="customer")
async def find_customer(work: Work, external_customer_id: str) -> CustomerAnswer:
    """Retrieve a customer."""
    return CustomerAnswer(customer=await extended(work, await customer_row(work, external_customer_id)))


@delete("/customers/{external_customer_id}", resource="customer")
async def destroy_customer(work: Work, external_customer_id: str) -> CustomerAnswer:
    """Delete a customer; its documents stay readable."""
    customer = await customer_row(work, external_customer_id, lock=True)
    answer = CustomerAnswer(customer=await extended(work, customer))
    await delete_customer(work, customer)
    return answer


@get("/customers/{external_customer_id}/portal_url", resource="customer")
async def get_customer_portal_url(work: Work, external_customer_id: str) -> CustomerPortalAnswer:
    """Make a link to the customer's portal, valid for twelve hours."""
    customer = await customer_row(work, external_customer_id)
    return CustomerPortalAnswer(customer=CustomerPortal(portal_url=portal_url(work, customer.id)))


@get("/customers/{external_customer_id}/invoices", resource="invoice")
async def find_all_customer_invoices(
    work: Work, external_customer_id: str, query: Query[InvoiceFilters], page: Page
) -> InvoicesAnswer:
    """List a customer's invoices, by issuing date, newest first."""
    customer = await customer_row(work, external_customer_id)
    return await invoices_answer(work, query.read(), page, customer_id=customer.id)
