"""Custom sections of invoices as JSON (chapters 10 §4.3 and 72 §6)."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas.encoding import instant
from conto.schemas.fields import Code, Flag, LongText, Mandatory, Text, TextOrNull, items, text

Details = Annotated[str, text(5000, blank_is_null=True)]
SectionCodes = Annotated[list[Text], items(100)]
"""A selection: the sections are printed in this order. Codes that name none are dropped."""


class InvoiceCustomSectionCreateInput(Struct, kw_only=True, frozen=True):
    """A new section. `display_name` heads it on invoices, the name if there is none."""

    code: Code
    name: Mandatory
    description: LongText | None | UnsetType = UNSET
    display_name: TextOrNull | None | UnsetType = UNSET
    details: Details | None | UnsetType = UNSET


class InvoiceCustomSectionUpdateInput(Struct, kw_only=True, frozen=True):
    """A change of a section: only the keys present."""

    code: Code | UnsetType = UNSET
    name: Mandatory | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    display_name: TextOrNull | None | UnsetType = UNSET
    details: Details | None | UnsetType = UNSET


class InvoiceCustomSectionObject(Struct, kw_only=True, frozen=True):
    """A text that is printed on invoices."""

    lago_id: UUID
    code: str
    name: str
    description: str | None
    display_name: str | None
    details: str | None
    organization_id: UUID


class AppliedSectionObject(Struct, kw_only=True, frozen=True):
    """A section that a subscription has selected."""

    lago_id: UUID
    created_at: str
    invoice_custom_section_id: UUID
    invoice_custom_section: InvoiceCustomSectionObject


class InvoiceAppliedInvoiceCustomSectionObject(Struct, kw_only=True, frozen=True):
    """A section as it was when the invoice was made; `display_name` is what heads it."""

    lago_id: UUID
    lago_invoice_id: UUID
    code: str
    display_name: str
    details: str
    created_at: str


def show_selected_section(link: Any, section: InvoiceCustomSectionObject) -> AppliedSectionObject:
    """A selection, whose row has its own id and creation as `link_id` and `selected_at`."""
    return AppliedSectionObject(
        lago_id=link.link_id,
        created_at=instant(link.selected_at),
        invoice_custom_section_id=section.lago_id,
        invoice_custom_section=section,
    )


def show_custom_section(section: Row[Any]) -> InvoiceCustomSectionObject:
    """The section."""
    return InvoiceCustomSectionObject(
        lago_id=section.id,
        code=section.code,
        name=section.name,
        description=section.description,
        display_name=section.display_name,
        details=section.details,
        organization_id=section.organization_id,
    )


def show_applied_section(section: Row[Any]) -> InvoiceAppliedInvoiceCustomSectionObject:
    """The section's copy on an invoice."""
    return InvoiceAppliedInvoiceCustomSectionObject(
        lago_id=section.id,
        lago_invoice_id=section.invoice_id,
        code=section.code,
        display_name=section.display_name or section.name,
        details=section.details or "",
        created_at=instant(section.created_at),
    )


class InvoiceCustomSectionInput(Struct, kw_only=True, frozen=True):
    """Which custom sections the invoice gets."""

    skip_invoice_custom_sections: Flag | UnsetType = UNSET
    invoice_custom_section_codes: SectionCodes | UnsetType = UNSET
