"""Custom sections of invoices (chapter 72 §6)."""

from msgspec import Struct

from conto.api.endpoint import delete, get, post, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.catalog import custom_sections
from conto.schemas.custom_sections import (
    InvoiceCustomSectionCreateInput,
    InvoiceCustomSectionObject,
    InvoiceCustomSectionUpdateInput,
    show_custom_section,
)
from conto.work import Work

RESOURCE = "invoice_custom_section"


class InvoiceCustomSectionAnswer(Struct, kw_only=True, frozen=True):
    """One section."""

    invoice_custom_section: InvoiceCustomSectionObject


class InvoiceCustomSectionsAnswer(Struct, kw_only=True, frozen=True):
    """A page of sections."""

    invoice_custom_sections: list[InvoiceCustomSectionObject]
    meta: PaginationMeta


@post("/invoice_custom_sections", resource=RESOURCE, envelope=RESOURCE)
async def create_invoice_custom_section(
    work: Work, body: Body[InvoiceCustomSectionCreateInput]
) -> InvoiceCustomSectionAnswer:
    """Create a text to print on invoices."""
    created = await custom_sections.create_custom_section(work, body.read())
    return InvoiceCustomSectionAnswer(invoice_custom_section=show_custom_section(created))


@get("/invoice_custom_sections", resource=RESOURCE)
async def find_all_invoice_custom_sections(work: Work, page: Page) -> InvoiceCustomSectionsAnswer:
    """List the custom sections, newest first."""
    found = await custom_sections.list_custom_sections(work, offset=page.offset, limit=page.limit)
    return InvoiceCustomSectionsAnswer(
        invoice_custom_sections=[show_custom_section(section) for section in found.rows], meta=meta(page, found.total)
    )


@get("/invoice_custom_sections/{code+}", resource=RESOURCE)
async def find_invoice_custom_section(work: Work, code: str) -> InvoiceCustomSectionAnswer:
    """Retrieve a custom section."""
    found = await custom_sections.custom_section(work, code)
    return InvoiceCustomSectionAnswer(invoice_custom_section=show_custom_section(found))


@put("/invoice_custom_sections/{code+}", resource=RESOURCE, envelope=RESOURCE)
async def update_invoice_custom_section(
    work: Work, code: str, body: Body[InvoiceCustomSectionUpdateInput]
) -> InvoiceCustomSectionAnswer:
    """Update a custom section. Invoices that were made keep their copies of it."""
    found = await custom_sections.custom_section(work, code)
    changed = await custom_sections.update_custom_section(work, found, body.read())
    return InvoiceCustomSectionAnswer(invoice_custom_section=show_custom_section(changed))


@delete("/invoice_custom_sections/{code+}", resource=RESOURCE)
async def destroy_invoice_custom_section(work: Work, code: str) -> InvoiceCustomSectionAnswer:
    """Delete a custom section: it is taken out of every selection."""
    found = await custom_sections.custom_section(work, code)
    await custom_sections.delete_custom_section(work, found)
    return InvoiceCustomSectionAnswer(invoice_custom_section=show_custom_section(found))
