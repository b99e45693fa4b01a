"""Build an invoice from its fees: taxes, totals, rows (chapter 20 §§4-5). It is not final yet, and has no number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Table, select

from conto.core.custom_sections import Section
from conto.core.days import local_day
from conto.core.money import MOST_CENTS, ZERO
from conto.core.taxes import FeeTaxes, InvoiceTaxes, Tax, TaxedFee, on_fee, on_invoice
from conto.core.totals import Totals, totals
from conto.db.engine import inserted, insertion
from conto.db.tables import (
    applied_invoice_custom_sections,
    billing_entities,
    fees,
    fees_taxes,
    invoices,
    invoices_taxes,
)
from conto.errors import Invalid
from conto.ids import new_id
from conto.invoices.queries import OF_ENTITY
from conto.work import Work

VERSION = 4
"""The version of the rules that invoices are made by; there is no other here."""


@dataclass(frozen=True, slots=True)
class FeeDraft:
    """A fee before it is stored. Precise amounts are in minor units, unrounded.

    `tax_codes` are those that the fee itself names, kept so that it can be taxed anew.
    """

    fee_type: str
    add_on_id: UUID | None
    item_code: str
    item_name: str
    item_description: str | None
    invoice_display_name: str
    description: str | None
    units: Decimal
    precise_unit_amount_cents: Decimal
    precise_amount_cents: Decimal
    amount_cents: int
    from_at: datetime
    to_at: datetime
    tax_codes: tuple[str, ...]
    taxes: tuple[Tax, ...]

    def __post_init__(self) -> None:
        assert self.units >= 0
        assert self.amount_cents >= 0
        assert self.from_at <= self.to_at


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice before it is stored; `customer` carries what it inherits from its billing entity.

    While its `taxes_pending` it has neither taxes nor totals.
    """

    invoice_type: str
    customer: Row[Any]
    billing_entity_id: UUID
    currency: str
    purchase_order_number: str | None
    skip_psp: bool
    taxes_pending: bool
    fees: Sequence[FeeDraft]
    custom_sections: Sequence[Section] = ()

    def taxes_of(self, fee: FeeDraft) -> tuple[Tax, ...]:
        """The taxes that one of the fees has by now."""
        return () if self.taxes_pending else fee.taxes


@dataclass(frozen=True, slots=True)
class Dates:
    """An invoice's days, in the customer's time zone, and its term in days."""

    issuing_date: date
    payment_due_date: date
    net_payment_term: int


def dates(customer: Row[Any], now: datetime) -> Dates:
    """The dates of an invoice that is issued on the day of `now`, as all but subscription invoices are."""
    term = customer.entity_net_payment_term if customer.net_payment_term is None else customer.net_payment_term
    today = local_day(now, customer.timezone or customer.entity_timezone)
    return Dates(today, today + timedelta(days=term), term)


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(table.c.keys())


def _storing() -> Select[Any]:
    """The statement that inserts an invoice with all that is on it, and gives its row as reads of it do."""
    stored = insertion(invoices, _columns(invoices)).returning(invoices).cte("stored_invoice")
    parts = [
        insertion(table, _columns(table)).cte(f"stored_{table.name}")
        for table in (fees, fees_taxes, invoices_taxes, applied_invoice_custom_sections)
    ]
    issuer = (billing_entities.c.organization_id == stored.c.organization_id) & (
        billing_entities.c.id == stored.c.billing_entity_id
    )
    return select(stored, *OF_ENTITY).join(billing_entities, issuer).add_cte(*parts)


_STORE = _storing()


async def store(work: Work, draft: InvoiceDraft) -> Row[Any]:
    """Tax the fees, sum the invoice up and insert all its rows, in one statement; its row, as reads of it give it.

    Raises:
        Invalid: with its taxes the invoice comes to more than a document may.
    """
    fee_taxes = [on_fee(Decimal(fee.amount_cents), fee.precise_amount_cents, draft.taxes_of(fee)) for fee in draft.fees]
    invoice_taxes = on_invoice([TaxedFee(Decimal(fee.amount_cents), draft.taxes_of(fee)) for fee in draft.fees])
    summed = totals([fee.amount_cents for fee in draft.fees], invoice_taxes.amount_cents)
    if summed.total_amount_cents > MOST_CENTS or (draft.taxes_pending and _likely_total(draft) > MOST_CENTS):
        raise Invalid({"fees": ["value_is_out_of_range"]})
    invoice = _invoice_row(work, draft, summed, invoice_taxes)
    fee_ids = [new_id() for _ in draft.fees]
    rows = {
        invoices: [invoice],
        fees: [
            _fee_row(work, draft, invoice, fee_id, place, fee, taxed)
            for place, (fee_id, fee, taxed) in enumerate(zip(fee_ids, draft.fees, fee_taxes, strict=True))
        ],
        fees_taxes: fee_tax_rows(work, draft.currency, fee_ids, fee_taxes),
        invoices_taxes: invoice_tax_rows(work, draft.currency, invoice["id"], invoice_taxes),
        applied_invoice_custom_sections: _section_rows(work, draft, invoice["id"]),
    }
    values: dict[str, Any] = {}
    for table, found in rows.items():
        values |= inserted(table, found)
    return await work.one(_STORE, **values)


def _likely_total(draft: InvoiceDraft) -> int:
    """What an invoice that waits for its taxes would come to with those that it would have now."""
    taxed = on_invoice([TaxedFee(Decimal(fee.amount_cents), fee.taxes) for fee in draft.fees])
    return totals([fee.amount_cents for fee in draft.fees], taxed.amount_cents).total_amount_cents


def _invoice_row(work: Work, draft: InvoiceDraft, summed: Totals, taxed: InvoiceTaxes) -> dict[str, Any]:
    when = dates(draft.customer, work.now)
    return {
        "organization_id": work.organization.id,
        "id": new_id(),
        "customer_id": draft.customer.id,
        "billing_entity_id": draft.billing_entity_id,
        "invoice_type": draft.invoice_type,
        "status": "generating",
        "payment_status": "pending" if draft.taxes_pending or summed.total_amount_cents else "succeeded",
        "payment_overdue": False,
        "number": "",
        "purchase_order_number": draft.purchase_order_number,
        "currency": draft.currency,
        "issuing_date": when.issuing_date,
        "payment_due_date": when.payment_due_date,
        "net_payment_term": when.net_payment_term,
        **amounts(summed),
        **(NO_TOTALS if draft.taxes_pending else {}),
        "total_paid_amount_cents": 0,
        "total_refunded_amount_cents": 0,
        "total_offsetted_credit_note_amount_cents": 0,
        "taxes_rate": taxed.rate,
        "version_number": VERSION,
        "self_billed": draft.customer.account_type == "partner",
        "skip_psp": draft.skip_psp,
        "created_at": work.now,
        "updated_at": work.now,
    }


NO_TOTALS = {"sub_total_including_taxes_amount_cents": 0, "total_amount_cents": 0}


def amounts(summed: Totals) -> dict[str, int]:
    """The columns of an invoice that hold its sums."""
    return {
        "fees_amount_cents": summed.fees_amount_cents,
        "progressive_billing_credit_amount_cents": summed.progressive_billing_credit_amount_cents,
        "coupons_amount_cents": summed.coupons_amount_cents,
        "sub_total_excluding_taxes_amount_cents": summed.sub_total_excluding_taxes_amount_cents,
        "taxes_amount_cents": summed.taxes_amount_cents,
        "sub_total_including_taxes_amount_cents": summed.sub_total_including_taxes_amount_cents,
        "credit_notes_amount_cents": summed.credit_notes_amount_cents,
        "prepaid_credit_amount_cents": summed.prepaid_credit_amount_cents,
        "total_amount_cents": summed.total_amount_cents,
    }


def _fee_row(
    work: Work, draft: InvoiceDraft, invoice: dict[str, Any], fee_id: UUID, place: int, fee: FeeDraft, taxed: FeeTaxes
) -> dict[str, Any]:
    return {
        "organization_id": work.organization.id,
        "id": fee_id,
        "invoice_id": invoice["id"],
        "customer_id": draft.customer.id,
        "billing_entity_id": draft.billing_entity_id,
        "add_on_id": fee.add_on_id,
        "fee_type": fee.fee_type,
        "position": place,
        "item_code": fee.item_code,
        "item_name": fee.item_name,
        "item_description": fee.item_description,
        "invoice_display_name": fee.invoice_display_name,
        "description": fee.description,
        "units": fee.units,
        "precise_unit_amount_cents": fee.precise_unit_amount_cents,
        "amount_cents": fee.amount_cents,
        "precise_amount_cents": fee.precise_amount_cents,
        "currency": draft.currency,
        "precise_coupons_amount_cents": ZERO,
        "taxes_rate": taxed.rate,
        "taxes_amount_cents": taxed.amount_cents,
        "taxes_precise_amount_cents": taxed.precise_amount_cents,
        "payment_status": invoice["payment_status"],
        "succeeded_at": work.now if invoice["payment_status"] == "succeeded" else None,
        "from_at": fee.from_at,
        "to_at": fee.to_at,
        "tax_codes": list(fee.tax_codes) or None,
        "created_at": work.now,
        "updated_at": work.now,
    }


def fee_tax_rows(
    work: Work, currency: str, fee_ids: Sequence[UUID], fee_taxes: Sequence[FeeTaxes]
) -> list[dict[str, Any]]:
    """The rows of the taxes on each fee."""
    return [
        _applied_tax(work, currency, applied.tax, place)
        | {
            "fee_id": fee_id,
            "amount_cents": applied.amount_cents,
            "precise_amount_cents": applied.precise_amount_cents,
        }
        for fee_id, taxed in zip(fee_ids, fee_taxes, strict=True)
        for place, applied in enumerate(taxed.applied)
    ]


def invoice_tax_rows(work: Work, currency: str, invoice_id: UUID, taxed: InvoiceTaxes) -> list[dict[str, Any]]:
    """The rows of the taxes on an invoice."""
    return [
        _applied_tax(work, currency, applied.tax, place)
        | {
            "invoice_id": invoice_id,
            "amount_cents": applied.amount_cents,
            "fees_amount_cents": applied.base_cents,
        }
        for place, applied in enumerate(taxed.applied)
    ]


def _section_rows(work: Work, draft: InvoiceDraft, invoice_id: UUID) -> list[dict[str, Any]]:
    """Copies of the custom sections: later changes of them do not reach the invoice."""
    return [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "invoice_id": invoice_id,
            "position": place,
            "code": section.code,
            "name": section.name,
            "display_name": section.display_name,
            "details": section.details,
            "created_at": work.now,
        }
        for place, section in enumerate(draft.custom_sections)
    ]


def _applied_tax(work: Work, currency: str, tax: Tax, place: int) -> dict[str, Any]:
    return {
        "organization_id": work.organization.id,
        "id": new_id(),
        "tax_id": tax.id,
        "position": place,
        "tax_code": tax.code,
        "tax_name": tax.name,
        "tax_description": tax.description,
        "tax_rate": tax.rate,
        "currency": currency,
        "created_at": work.now,
    }
