"""Create, change, delete and read the custom sections of invoices (chapter 72 §6)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Row, Select, delete, insert, select, update

from conto.changes import given
from conto.db.tables import billing_entities_custom_sections, customers_custom_sections, invoice_custom_sections
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.listing import Found, page_of
from conto.schemas.custom_sections import InvoiceCustomSectionCreateInput, InvoiceCustomSectionUpdateInput
from conto.work import Work

SELECTIONS = (billing_entities_custom_sections, customers_custom_sections)


def live(work: Work) -> Select[Any]:
    """The organization's sections that are not deleted."""
    return select(invoice_custom_sections).where(
        invoice_custom_sections.c.organization_id == work.organization.id,
        invoice_custom_sections.c.deleted_at.is_(None),
    )


async def custom_section(work: Work, code: str) -> Row[Any]:
    """The live section with this code.

    Raises:
        NotFound: there is none.
    """
    found = await _by_code(work, code)
    if found is None:
        raise NotFound("invoice_custom_section")
    return found


async def list_custom_sections(work: Work, *, offset: int, limit: int) -> Found:
    """Live sections, newest first."""
    statement = live(work).order_by(invoice_custom_sections.c.created_at.desc(), invoice_custom_sections.c.id)
    return await page_of(work, statement, offset=offset, limit=limit)


async def create_custom_section(work: Work, data: InvoiceCustomSectionCreateInput) -> Row[Any]:
    """Create a section. It is printed where it is selected.

    Raises:
        Invalid: the code is taken.
    """
    await refuse_taken_code(work, data.code)
    values = {"description": None, "display_name": None, "details": None} | given(data)
    own = {"organization_id": work.organization.id, "id": new_id(), "created_at": work.now, "updated_at": work.now}
    return await work.one(insert(invoice_custom_sections).values(values | own).returning(invoice_custom_sections))


async def update_custom_section(work: Work, found: Row[Any], data: InvoiceCustomSectionUpdateInput) -> Row[Any]:
    """Change what is given. Invoices that were made keep their copies.

    Raises:
        NotFound: it has been deleted meanwhile.
        Invalid: the new code is another section's.
    """
    if data.code is not UNSET and data.code != found.code:
        await refuse_taken_code(work, data.code)
    return await _change(work, found, given(data) | {"updated_at": work.now})


async def delete_custom_section(work: Work, found: Row[Any]) -> None:
    """Delete a section: its code becomes free, and it is taken out of every selection. Invoices keep their copies.

    Raises:
        NotFound: it has been deleted meanwhile.
    """
    await _change(work, found, {"deleted_at": work.now})
    for links in SELECTIONS:
        await work.execute(
            delete(links).where(
                links.c.organization_id == work.organization.id, links.c.invoice_custom_section_id == found.id
            )
        )


async def refuse_taken_code(work: Work, code: str) -> None:
    """Codes are unique among the organization's live sections."""
    if await _by_code(work, code):
        raise Invalid({"code": ["value_already_exist"]})


async def _by_code(work: Work, code: str) -> Row[Any] | None:
    return await work.first(live(work).where(invoice_custom_sections.c.code == code))


async def _change(work: Work, found: Row[Any], values: dict[str, Any]) -> Row[Any]:
    changed = await work.first(
        update(invoice_custom_sections)
        .where(
            invoice_custom_sections.c.organization_id == work.organization.id,
            invoice_custom_sections.c.id == found.id,
            invoice_custom_sections.c.deleted_at.is_(None),
        )
        .values(values)
        .returning(invoice_custom_sections)
    )
    if changed is None:
        raise NotFound("invoice_custom_section")
    return changed
