"""Store an invoice with all that is on it: taxes, totals, rows (chapter 20 §5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Table, Uuid, any_, bindparam, delete, literal, select, update

from conto.core.money import MOST_CENTS, ZERO
from conto.core.taxes import FeeTaxes, InvoiceTaxes, Tax, TaxedFee, on_fee, on_invoice
from conto.core.totals import Totals, totals
from conto.db.engine import inserted, insertion
from conto.db.tables import (
    applied_invoice_custom_sections,
    billing_entities,
    fees,
    fees_taxes,
    invoice_subscriptions,
    invoices,
    invoices_taxes,
)
from conto.errors import Invalid
from conto.ids import new_id
from conto.invoices.build import FeeDraft, InvoiceDraft, LooseFee
from conto.invoices.queries import OF_ENTITY
from conto.work import ORGANIZATION, Work

VERSION = 4
"""The version of the rules that invoices are made by; there is no other here."""


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(table.c.keys())


PARTS = (fees, fees_taxes, invoices_taxes, applied_invoice_custom_sections, invoice_subscriptions)
"""The tables that hold what is on an invoice."""


def _storing() -> Select[Any]:
    """The statement that inserts an invoice with all that is on it, and gives its row as reads of it do."""
    stored = insertion(invoices, _columns(invoices)).returning(invoices).cte("stored_invoice")
    parts = [insertion(table, _columns(table)).cte(f"stored_{table.name}") for table in PARTS]
    issuer = (billing_entities.c.organization_id == stored.c.organization_id) & (
        billing_entities.c.id == stored.c.billing_entity_id
    )
    return select(stored, *OF_ENTITY).join(billing_entities, issuer).add_cte(*parts)


_STORE = _storing()


def _replacing() -> Select[Any]:
    """The statement that puts all anew that is on an invoice, whose old parts were taken off."""
    parts = [insertion(table, _columns(table)).cte(f"stored_{table.name}") for table in PARTS]
    return select(literal(1)).add_cte(*parts)


_REPLACE = _replacing()


def _storing_loose() -> Select[Any]:
    """The statement that inserts fees that are on no invoice, with their taxes."""
    parts = [insertion(table, _columns(table)).cte(f"stored_{table.name}") for table in (fees, fees_taxes)]
    return select(literal(1)).add_cte(*parts)


_STORE_LOOSE = _storing_loose()


def _taking_off() -> Select[Any]:
    """The statement that takes all off an invoice but its fees."""
    parts = [
        delete(table).where(table.c.organization_id == ORGANIZATION, table.c.invoice_id == bindparam("invoice"))
        for table in PARTS
        if table not in (fees, fees_taxes)
    ]
    return select(literal(1)).add_cte(*(part.cte(f"without_part_{place}") for place, part in enumerate(parts)))


def _removing() -> Select[Any]:
    """The statement that removes fees with their taxes."""
    chosen = bindparam("ids", type_=ARRAY(Uuid))
    taxes = delete(fees_taxes).where(fees_taxes.c.organization_id == ORGANIZATION, fees_taxes.c.fee_id == any_(chosen))
    own = delete(fees).where(fees.c.organization_id == ORGANIZATION, fees.c.id == any_(chosen))
    return select(literal(1)).add_cte(taxes.cte("without_taxes"), own.cte("without_fees"))


_TAKE_PARTS_OFF = _taking_off()
_REMOVE = _removing()
_OLD_FEES = select(fees).where(fees.c.organization_id == ORGANIZATION, fees.c.invoice_id == bindparam("invoice"))
_CHANGE = update(invoices).where(invoices.c.organization_id == ORGANIZATION, invoices.c.id == bindparam("invoice"))


async def store(work: Work, draft: InvoiceDraft) -> Row[Any]:
    """Tax the fees, sum the invoice up and insert all its rows, in one statement; its row, as reads of it give it.

    Raises:
        Invalid: with its taxes the invoice comes to more than a document may.
    """
    return await work.one(_STORE, **_parameters(_rows(work, draft, new_id(), work.now)))


async def store_paid(work: Work, draft: InvoiceDraft, amounts_cents: Sequence[int], taxes: InvoiceTaxes) -> Row[Any]:
    """Insert an invoice that was paid before it is made, over fees of these amounts that are stored already.

    Its taxes are given; the fees stay where they are, for who calls this to put them on the invoice.

    Raises:
        Invalid: it comes to more than a document may.
    """
    invoice_id, summed = new_id(), totals(amounts_cents, taxes.amount_cents)
    if summed.total_amount_cents > MOST_CENTS:
        raise Invalid({"fees": ["value_is_out_of_range"]})
    paid = {"payment_status": "succeeded", "total_paid_amount_cents": summed.total_amount_cents}
    invoice = _invoice_row(work, draft, invoice_id, summed, taxes) | paid | {"created_at": work.now}
    rows = {table: list[dict[str, Any]]() for table in PARTS} | {
        invoices: [invoice],
        invoices_taxes: invoice_tax_rows(work, draft.currency, invoice_id, taxes),
        applied_invoice_custom_sections: _section_rows(work, draft, invoice_id),
        invoice_subscriptions: _period_rows(work, draft, invoice_id),
    }
    return await work.one(_STORE, **_parameters(rows))


async def store_loose(work: Work, loose: Sequence[LooseFee]) -> None:
    """Store fees that are on no invoice, each taxed by itself, and tell of each (chapter 41 §5.3)."""
    if not loose:
        return
    taxed = [on_fee(Decimal(one.fee.amount_cents), one.fee.precise_amount_cents, one.fee.taxes) for one in loose]
    rows = {
        fees: [_loose_fee_row(work, one, found) for one, found in zip(loose, taxed, strict=True)],
        fees_taxes: [
            row
            for one, found in zip(loose, taxed, strict=True)
            for row in fee_tax_rows(work, one.currency, [one.fee.id], [found])
        ],
    }
    await work.rows(_STORE_LOOSE, **_parameters(rows))
    for one in loose:
        work.emit("fee.created", one.fee.id)


async def replace(work: Work, invoice: Row[Any], draft: InvoiceDraft) -> Sequence[Row[Any]]:
    """Tax the fees, sum up, and write anew all that is on a draft; its id, creation and number stay.

    The fees that it had are still there, for what refers to them; `remove` takes the returned ones off.

    Raises:
        Invalid: with its taxes the invoice comes to more than a document may.
    """
    rows = _rows(work, draft, invoice.id, invoice.created_at)
    (row,) = rows.pop(invoices)
    if draft.taxes_pending:
        row |= totals_without_taxes(row["sub_total_excluding_taxes_amount_cents"])
    old = await work.rows(_OLD_FEES, invoice=invoice.id)
    await work.rows(_TAKE_PARTS_OFF, invoice=invoice.id)
    await work.change(_CHANGE, invoice=invoice.id, **{name: row[name] for name in REPLACED})
    await work.rows(_REPLACE, **_parameters(rows))
    return old


async def remove(work: Work, old: Sequence[Row[Any]]) -> None:
    """Remove fees whose place others took."""
    if old:
        await work.rows(_REMOVE, ids=[fee.id for fee in old])


def _parameters(rows: Mapping[Table, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for table, found in rows.items():
        values |= inserted(table, found)
    return values


def _rows(work: Work, draft: InvoiceDraft, invoice_id: UUID, created_at: datetime) -> dict[Table, list[dict[str, Any]]]:
    """The rows of the invoice and of all that is on it."""
    fee_taxes = [on_fee(Decimal(fee.amount_cents), fee.precise_amount_cents, draft.taxes_of(fee)) for fee in draft.fees]
    invoice_taxes = on_invoice([TaxedFee(Decimal(fee.amount_cents), draft.taxes_of(fee)) for fee in draft.fees])
    summed = totals([fee.amount_cents for fee in draft.fees], invoice_taxes.amount_cents)
    if summed.total_amount_cents > MOST_CENTS or (draft.taxes_pending and _likely_total(draft) > MOST_CENTS):
        raise Invalid({"fees": ["value_is_out_of_range"]})
    invoice = _invoice_row(work, draft, invoice_id, summed, invoice_taxes) | {"created_at": created_at}
    return {
        invoices: [invoice],
        fees: [
            _fee_row(work, draft, invoice, place, fee, taxed)
            for place, (fee, taxed) in enumerate(zip(draft.fees, fee_taxes, strict=True))
        ],
        fees_taxes: fee_tax_rows(work, draft.currency, [fee.id for fee in draft.fees], fee_taxes),
        invoices_taxes: invoice_tax_rows(work, draft.currency, invoice_id, invoice_taxes),
        applied_invoice_custom_sections: _section_rows(work, draft, invoice_id),
        invoice_subscriptions: _period_rows(work, draft, invoice_id),
    }


def _likely_total(draft: InvoiceDraft) -> int:
    """What an invoice that waits for its taxes would come to with those that it would have now."""
    taxed = on_invoice([TaxedFee(Decimal(fee.amount_cents), fee.taxes) for fee in draft.fees])
    return totals([fee.amount_cents for fee in draft.fees], taxed.amount_cents).total_amount_cents


def _invoice_row(
    work: Work, draft: InvoiceDraft, invoice_id: UUID, summed: Totals, taxed: InvoiceTaxes
) -> dict[str, Any]:
    when = draft.dates
    return {
        "organization_id": work.organization.id,
        "id": invoice_id,
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
        "updated_at": work.now,
    }


REPLACED = (
    "payment_status",
    "issuing_date",
    "payment_due_date",
    "net_payment_term",
    "fees_amount_cents",
    "progressive_billing_credit_amount_cents",
    "coupons_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "taxes_amount_cents",
    "sub_total_including_taxes_amount_cents",
    "credit_notes_amount_cents",
    "prepaid_credit_amount_cents",
    "total_amount_cents",
    "taxes_rate",
    "updated_at",
)
"""The columns of a draft that change when it is built anew."""

NO_TOTALS = {"sub_total_including_taxes_amount_cents": 0, "total_amount_cents": 0}
"""Of an invoice that is to be issued and waits for its taxes."""


def totals_without_taxes(sub_total_cents: int) -> dict[str, int]:
    """The totals of a draft whose taxes are not known yet."""
    return dict.fromkeys(NO_TOTALS, sub_total_cents)


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


SAME = (
    "id fee_type add_on_id subscription_id billable_metric_id charge_id charge_filter_id fixed_charge_id"
    " true_up_parent_fee_id item_code item_name item_description invoice_display_name description filters"
    " filter_invoice_display_name grouped_by pay_in_advance invoiceable event_transaction_id events_count units"
    " total_aggregated_units amount_details pricing_unit_details presentation_breakdowns precise_unit_amount_cents"
    " amount_cents precise_amount_cents from_at to_at"
).split()
"""What a fee's row takes from its draft as it is."""


def _fee_row(
    work: Work, draft: InvoiceDraft, invoice: dict[str, Any], place: int, fee: FeeDraft, taxed: FeeTaxes
) -> dict[str, Any]:
    return _fee_fields(work, fee, taxed) | {
        "invoice_id": invoice["id"],
        "customer_id": draft.customer.id,
        "billing_entity_id": draft.billing_entity_id,
        "position": place,
        "currency": draft.currency,
        "payment_status": invoice["payment_status"],
        "succeeded_at": work.now if invoice["payment_status"] == "succeeded" else None,
        "created_at": invoice["created_at"],
    }


def _loose_fee_row(work: Work, loose: LooseFee, taxed: FeeTaxes) -> dict[str, Any]:
    return _fee_fields(work, loose.fee, taxed) | {
        "customer_id": loose.customer_id,
        "billing_entity_id": loose.billing_entity_id,
        "position": 0,
        "currency": loose.currency,
        "payment_status": "pending",
        "created_at": work.now,
    }


def _fee_fields(work: Work, fee: FeeDraft, taxed: FeeTaxes) -> dict[str, Any]:
    """What a fee's row has of its own, on an invoice or on none."""
    return {name: getattr(fee, name) for name in SAME} | {
        "organization_id": work.organization.id,
        "precise_coupons_amount_cents": ZERO,
        "taxes_rate": taxed.rate,
        "taxes_amount_cents": taxed.amount_cents,
        "taxes_precise_amount_cents": taxed.precise_amount_cents,
        "tax_codes": list(fee.tax_codes) or None,
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


def _period_rows(work: Work, draft: InvoiceDraft, invoice_id: UUID) -> list[dict[str, Any]]:
    """What the invoice bills of each subscription."""
    return [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "invoice_id": invoice_id,
            "subscription_id": one.subscription_id,
            "invoicing_reason": one.invoicing_reason,
            "occasion": one.occasion,
            "billed_at": one.billed_at,
            "billed_on": one.billed_on,
            "timezone": one.timezone,
            "subscription_from_datetime": one.subscription[0],
            "subscription_to_datetime": one.subscription[1],
            "charges_from_datetime": one.charges and one.charges[0],
            "charges_to_datetime": one.charges and one.charges[1],
            "fixed_charges_from_datetime": one.fixed_charges and one.fixed_charges[0],
            "fixed_charges_to_datetime": one.fixed_charges and one.fixed_charges[1],
            "created_at": work.now,
        }
        for one in draft.subscriptions
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
