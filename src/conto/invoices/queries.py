"""Reads of invoices that several use cases share. Only visible invoices are found (chapter 20 §2.1)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, Select, select

from conto.clock import system_now
from conto.customers.queries import embedded
from conto.db.tables import billing_entities, customers, fees, fees_taxes, invoices, invoices_taxes
from conto.errors import NotFound
from conto.schemas.fees import FeeObject, show_fee
from conto.schemas.invoices import VISIBLE, InvoiceObject, InvoiceObjectExtended, show_invoice, show_invoice_extended
from conto.work import Work


def with_entity(work: Work) -> Select[Any]:
    """Invoices of the organization, each with its billing entity's code."""
    return (
        select(invoices, billing_entities.c.code.label("billing_entity_code"))
        .join(
            billing_entities,
            (billing_entities.c.organization_id == invoices.c.organization_id)
            & (billing_entities.c.id == invoices.c.billing_entity_id),
        )
        .where(invoices.c.organization_id == work.organization.id)
    )


async def invoice(work: Work, invoice_id: UUID) -> Row[Any]:
    """The visible invoice with this id.

    Raises:
        NotFound: there is none.
    """
    found = await work.first(with_entity(work).where(invoices.c.id == invoice_id, invoices.c.status.in_(VISIBLE)))
    if found is None:
        raise NotFound("invoice")
    return found


async def lock(work: Work, invoice_id: UUID) -> Row[Any]:
    """The visible invoice, with its customer's row and its own locked, in that order, for a billing action.

    Raises:
        NotFound: there is none.
    """
    owner = (
        select(invoices.c.customer_id)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice_id)
        .scalar_subquery()
    )
    await work.execute(
        select(customers.c.id)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == owner)
        .with_for_update(key_share=True)
    )
    found = await work.first(
        with_entity(work)
        .where(invoices.c.id == invoice_id, invoices.c.status.in_(VISIBLE))
        .with_for_update(key_share=True, of=invoices)
    )
    if found is None:
        raise NotFound("invoice")
    return found


async def applied_taxes_of(work: Work, invoice_ids: Iterable[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The taxes on each invoice, in the order in which its fees brought them."""
    rows = await work.rows(
        select(invoices_taxes)
        .where(
            invoices_taxes.c.organization_id == work.organization.id,
            invoices_taxes.c.invoice_id.in_(list(invoice_ids)),
        )
        .order_by(invoices_taxes.c.invoice_id, invoices_taxes.c.position)
    )
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.invoice_id].append(row)
    return found


def fee_rows(work: Work) -> Select[Any]:
    """Fees of the organization, each with its customer's external id and whether its invoice is self-billed."""
    return (
        select(fees, customers.c.external_id.label("external_customer_id"), invoices.c.self_billed)
        .join(
            customers,
            (customers.c.organization_id == fees.c.organization_id) & (customers.c.id == fees.c.customer_id),
        )
        .join(
            invoices,
            (invoices.c.organization_id == fees.c.organization_id) & (invoices.c.id == fees.c.invoice_id),
        )
        .where(fees.c.organization_id == work.organization.id)
    )


async def fees_of(work: Work, invoice_id: UUID) -> list[FeeObject]:
    """The invoice's fees in order of creation, without their applied taxes."""
    rows = await work.rows(fee_rows(work).where(fees.c.invoice_id == invoice_id).order_by(fees.c.position))
    return [show_fee(row) for row in rows]


async def fees_with_taxes(work: Work, rows: Sequence[Row[Any]]) -> list[FeeObject]:
    """Fees as they answer for themselves, with the taxes on each."""
    taxes = await work.rows(
        select(fees_taxes)
        .where(fees_taxes.c.organization_id == work.organization.id, fees_taxes.c.fee_id.in_([row.id for row in rows]))
        .order_by(fees_taxes.c.fee_id, fees_taxes.c.position)
    )
    by_fee: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for tax in taxes:
        by_fee[tax.fee_id].append(tax)
    return [show_fee(row, by_fee[row.id]) for row in rows]


async def listed(work: Work, rows: Sequence[Row[Any]]) -> list[InvoiceObject]:
    """Invoices as lists show them."""
    if not rows:
        return []
    customers_by_id = await embedded(work, {row.customer_id for row in rows})
    taxes = await applied_taxes_of(work, [row.id for row in rows])
    now = system_now()
    return [show_invoice(row, customers_by_id[row.customer_id], taxes[row.id], work.files, now) for row in rows]


async def extended(work: Work, row: Row[Any], *, with_fees: bool = True) -> InvoiceObjectExtended:
    """An invoice as it answers for itself, with or without its fees."""
    customer = (await embedded(work, [row.customer_id]))[row.customer_id]
    taxes = (await applied_taxes_of(work, [row.id]))[row.id]
    fee_objects = await fees_of(work, row.id) if with_fees else UNSET
    return show_invoice_extended(row, customer, taxes, fee_objects, work.files, system_now())


async def extended_by_id(work: Work, invoice_id: UUID) -> InvoiceObjectExtended:
    """An invoice as it answers for itself, whatever its state: the answer to the call that made it."""
    row = await work.one(with_entity(work).where(invoices.c.id == invoice_id))
    return await extended(work, row)
