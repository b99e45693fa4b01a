"""Invoices (chapter 20 §7)."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.errors import NotFound
from conto.ids import as_id
from conto.invoices import collect, disputes, document, drafts, mail, queries
from conto.invoices.listing import list_invoices
from conto.invoices.one_off import create_one_off
from conto.invoices.update import update_invoice as change_invoice
from conto.invoices.void import void
from conto.schemas.invoice_filters import InvoiceFilters
from conto.schemas.invoices import (
    InvoiceObject,
    InvoiceObjectExtended,
    InvoiceUpdateInput,
    OneOffInput,
    PaymentUrl,
    RetryPaymentInput,
    SalesforceInput,
    VoidInput,
)
from conto.schemas.mails import ResendEmailInput
from conto.schemas.reader import Problems
from conto.work import Work


class InvoiceAnswer(Struct, kw_only=True, frozen=True):
    """One invoice with all that is on it."""

    invoice: InvoiceObjectExtended


class InvoiceDocumentAnswer(Struct, kw_only=True, frozen=True):
    """One invoice whose document is there."""

    invoice: InvoiceObject


class PaymentUrlAnswer(Struct, kw_only=True, frozen=True):
    """Where an invoice can be paid."""

    invoice_payment_details: PaymentUrl


class InvoicesAnswer(Struct, kw_only=True, frozen=True):
    """A page of invoices."""

    invoices: list[InvoiceObject]
    meta: PaginationMeta


async def invoices_answer(
    work: Work, filters: InvoiceFilters, page: Page, *, customer_id: UUID | None = None
) -> InvoicesAnswer:
    """A page of the list of invoices, for the whole organization or one customer."""
    found = await list_invoices(work, filters, offset=page.offset, limit=page.limit, customer_id=customer_id)
    return InvoicesAnswer(invoices=await queries.listed(work, found.rows), meta=meta(page, found.total))


@post("/invoices", resource="invoice", envelope="invoice", repeatable=True)
async def create_invoice(work: Work, body: Body[OneOffInput]) -> InvoiceAnswer:
    """Issue a one-off invoice."""
    problems = Problems()
    created = await create_one_off(work, body.read(problems), problems)
    return InvoiceAnswer(invoice=await queries.extended_in_any_state(work, created))


@get("/invoices", resource="invoice")
async def find_all_invoices(work: Work, query: Query[InvoiceFilters], page: Page) -> InvoicesAnswer:
    """List invoices, by issuing date, newest first."""
    return await invoices_answer(work, query.read(), page)


@get("/invoices/{lago_id}", resource="invoice")
async def find_invoice(work: Work, lago_id: str) -> InvoiceAnswer:
    """Retrieve an invoice."""
    return InvoiceAnswer(invoice=await queries.extended(work, as_id(lago_id, "invoice")))


@put("/invoices/{lago_id}", resource="invoice", envelope="invoice")
async def update_invoice(work: Work, lago_id: str, body: Body[InvoiceUpdateInput]) -> InvoiceAnswer:
    """Change an invoice's payment status, or its metadata."""
    invoice_id, problems = as_id(lago_id, "invoice"), Problems()
    await change_invoice(work, invoice_id, body.read(problems), problems)
    return InvoiceAnswer(invoice=await queries.extended(work, invoice_id))


@delete("/invoices/{lago_id}", resource="invoice")
async def destroy_invoice(work: Work, lago_id: str) -> InvoiceAnswer:
    """Delete a draft."""
    invoice_id = as_id(lago_id, "invoice")
    await drafts.delete(work, invoice_id)
    return InvoiceAnswer(invoice=await queries.extended_in_any_state(work, invoice_id))


@put("/invoices/{lago_id}/refresh", resource="invoice")
async def refresh_invoice(work: Work, lago_id: str) -> InvoiceAnswer:
    """Build a draft anew from what it bills."""
    invoice_id = as_id(lago_id, "invoice")
    await drafts.refresh(work, invoice_id)
    return InvoiceAnswer(invoice=await queries.extended(work, invoice_id))


@put("/invoices/{lago_id}/finalize", resource="invoice")
async def finalize_invoice(work: Work, lago_id: str) -> InvoiceAnswer:
    """Issue a draft now."""
    invoice_id = as_id(lago_id, "invoice")
    await drafts.finalize(work, invoice_id)
    return InvoiceAnswer(invoice=await queries.extended_in_any_state(work, invoice_id))


@post("/invoices/{lago_id}/retry", resource="invoice")
async def retry_invoice(work: Work, lago_id: str) -> InvoiceAnswer:
    """Ask for the taxes of a failed invoice again."""
    invoice_id = as_id(lago_id, "invoice")
    await drafts.retry(work, invoice_id)
    return InvoiceAnswer(invoice=await queries.extended(work, invoice_id))


@put("/invoices/{lago_id}/sync_salesforce_id", resource="invoice")
async def sync_invoice_salesforce_id(work: Work, lago_id: str, body: Body[SalesforceInput]) -> InvoiceAnswer:
    """Note what the invoice is called at Salesforce, which has to be linked for that."""
    await queries.invoice(work, as_id(lago_id, "invoice"))
    body.read()
    raise NotFound("integration")


@post("/invoices/{lago_id}/lose_dispute", resource="invoice")
@put("/invoices/{lago_id}/lose_dispute", resource="invoice")
async def lose_dispute(work: Work, lago_id: str) -> InvoiceAnswer:
    """Record that a payment dispute about the invoice was lost."""
    invoice_id = as_id(lago_id, "invoice")
    await disputes.lose_dispute(work, invoice_id)
    return InvoiceAnswer(invoice=await queries.extended(work, invoice_id))


@post("/invoices/{lago_id}/retry_payment", resource="invoice", optional_body=True)
async def retry_payment(work: Work, lago_id: str, body: Body[RetryPaymentInput]) -> None:
    """Try to collect the invoice again."""
    body.read()
    await collect.retry_payment(work, as_id(lago_id, "invoice"))


@post("/invoices/{lago_id}/payment_url", resource="invoice")
async def invoice_payment_url(work: Work, lago_id: str) -> PaymentUrlAnswer:
    """Answer with the address of a page to pay the invoice on; without a payment provider there is none."""
    return PaymentUrlAnswer(invoice_payment_details=await collect.payment_url(work, as_id(lago_id, "invoice")))


@post("/invoices/{lago_id}/void", resource="invoice", optional_body=True)
async def void_invoice(work: Work, lago_id: str, body: Body[VoidInput]) -> InvoiceAnswer:
    """Void a finalized invoice."""
    found = await queries.invoice(work, as_id(lago_id, "invoice"))
    await void(work, found, body.read())
    return InvoiceAnswer(invoice=await queries.extended(work, found.id))


@post("/invoices/{lago_id}/download", resource="invoice")
async def download_invoice(work: Work, lago_id: str) -> InvoiceDocumentAnswer | None:
    """Answer with the invoice and the address of its PDF; nothing where the PDF has still to be made."""
    found = await _finalized(work, lago_id)
    return await _document(work, found, found.file_path)


@post("/invoices/{lago_id}/download_pdf", resource="invoice")
async def download_invoice_pdf(work: Work, lago_id: str) -> InvoiceDocumentAnswer | None:
    """Answer with the invoice and the address of its PDF; nothing where the PDF has still to be made."""
    found = await _finalized(work, lago_id)
    return await _document(work, found, found.file_path)


@post("/invoices/{lago_id}/download_xml", resource="invoice")
async def download_invoice_xml(work: Work, lago_id: str) -> InvoiceDocumentAnswer | None:
    """Answer with the invoice and the address of its e-invoice; nothing where the file has still to be made."""
    found = await _finalized(work, lago_id)
    return await _document(work, found, found.xml_path)


async def _finalized(work: Work, lago_id: str) -> Row[Any]:
    found = await queries.invoice(work, as_id(lago_id, "invoice"))
    if found.status != "finalized":
        raise NotFound("invoice")
    return found


async def _document(work: Work, found: Row[Any], path: str | None) -> InvoiceDocumentAnswer | None:
    if path is None:
        document.ask_for(work, found.id)
        return None
    return InvoiceDocumentAnswer(invoice=(await queries.listed(work, [found]))[0])


@post("/invoices/{lago_id}/resend_email", resource="invoice")
async def resend_invoice_email(work: Work, lago_id: str, body: Body[ResendEmailInput]) -> None:
    """Mail an invoice again."""
    problems = Problems()
    await mail.resend(work, as_id(lago_id, "invoice"), body.read(problems), problems)
