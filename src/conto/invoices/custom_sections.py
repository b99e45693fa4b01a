"""The custom sections of a new invoice: what its call says, what it bills, its customer (chapter 72 §6)."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy import Row

from conto.catalog.selected_sections import sections_by_code, sections_for_billing, sections_of_customer
from conto.core.custom_sections import Choice, Section, applicable
from conto.schemas.custom_sections import InvoiceCustomSectionInput
from conto.work import Work


async def sections_of_invoice(
    work: Work,
    customer: Row[Any],
    asked: InvoiceCustomSectionInput | None | UnsetType,
    billed: Sequence[Choice[Section]] = (),
) -> tuple[Section, ...]:
    """The sections that an invoice gets, as it copies them.

    `customer` is its row with what it inherits; `billed` is what each subscription or wallet on the invoice has
    chosen, of which one-off invoices have none.
    """
    call = await _choice(work, asked)
    if call.skips or call.sections is not None:
        return applicable(call, billed, ())
    return applicable(call, billed, _copies(await sections_of_customer(work, customer)))


async def sections_of_subscriptions(work: Work, customer: Row[Any], rows: Sequence[Row[Any]]) -> tuple[Section, ...]:
    """The sections that an invoice over the subscriptions, whose rows these are, gets, as it copies them."""
    selected, of_customer = await sections_for_billing(work, customer, [row.id for row in rows])
    billed = [
        Choice(skips=row.skip_invoice_custom_sections, sections=_copies(selected.get(row.id, ())) or None)
        for row in rows
    ]
    nothing_asked: Choice[Section] = Choice()
    return applicable(nothing_asked, billed, _copies(of_customer))


async def _choice(work: Work, asked: InvoiceCustomSectionInput | None | UnsetType) -> Choice[Section]:
    """What the call says: codes of sections say exactly those, even if they name none."""
    if not asked:
        return Choice()
    if asked.skip_invoice_custom_sections is True:
        return Choice(skips=True)
    if asked.invoice_custom_section_codes is UNSET:
        return Choice()
    return Choice(sections=_copies(await sections_by_code(work, asked.invoice_custom_section_codes)))


def _copies(rows: Iterable[Row[Any]]) -> tuple[Section, ...]:
    return tuple(
        Section(id=row.id, code=row.code, name=row.name, display_name=row.display_name, details=row.details)
        for row in rows
    )
