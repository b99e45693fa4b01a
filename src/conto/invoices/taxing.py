"""Tax an invoice whose fees are stored: their taxes, its taxes and its totals, written anew (chapter 20 §§5.1-5.3)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, text, update

from conto.core.money import EXACT
from conto.core.taxes import FeeTaxes, Tax, TaxedFee, on_fee, on_invoice
from conto.core.totals import totals
from conto.db.engine import insert_rows, inserted
from conto.db.tables import fees, fees_taxes, invoices, invoices_taxes, minimum_commitments
from conto.invoices.build import dates
from conto.invoices.fee_taxes import TaxLevels, tax_levels
from conto.invoices.queries import fee_rows, lock
from conto.invoices.store import amounts, fee_tax_rows, invoice_tax_rows
from conto.subscriptions.queries import subscriptions_by_id
from conto.work import Work

_CHANGE_FEES = text(
    """
    update fees
    set taxes_rate = changed.taxes_rate,
        taxes_amount_cents = changed.taxes_amount_cents,
        taxes_precise_amount_cents = changed.taxes_precise_amount_cents,
        payment_status = changed.payment_status,
        succeeded_at = changed.succeeded_at,
        updated_at = changed.updated_at
    from json_populate_recordset(null::fees, cast(:fees as json)) changed
    where fees.organization_id = :organization and fees.id = changed.id
    """
)


async def tax(work: Work, invoice: Row[Any], customer: Row[Any]) -> Row[Any]:
    """Choose each fee's taxes by what holds now, write them and the sums with them; the invoice as it is then.

    Its dates become those of an invoice that is issued today. Both rows must be locked; `customer` carries
    what it inherits from its billing entity. Coupons and other credits on it stay as they are.
    """
    rows = await work.rows(fee_rows(work).where(fees.c.invoice_id == invoice.id).order_by(fees.c.position))
    chosen = await _taxes_of(work, customer, rows)
    nets = [EXACT.subtract(Decimal(fee.amount_cents), fee.precise_coupons_amount_cents) for fee in rows]
    taxed = [
        on_fee(net, EXACT.subtract(fee.precise_amount_cents, fee.precise_coupons_amount_cents), taxes)
        for fee, net, taxes in zip(rows, nets, chosen, strict=True)
    ]
    on_all = on_invoice([TaxedFee(net, taxes) for net, taxes in zip(nets, chosen, strict=True)])
    summed = totals(
        [fee.amount_cents for fee in rows],
        on_all.amount_cents,
        progressive_billing_credit_amount_cents=invoice.progressive_billing_credit_amount_cents,
        coupons_amount_cents=invoice.coupons_amount_cents,
        credit_notes_amount_cents=invoice.credit_notes_amount_cents,
        prepaid_credit_amount_cents=invoice.prepaid_credit_amount_cents,
    )
    payment_status = invoice.payment_status if summed.total_amount_cents else "succeeded"

    await _take_taxes_off(work, invoice, rows)
    await _change_fees(work, rows, taxed, payment_status)
    ids = [fee.id for fee in rows]
    await insert_rows(work.connection, fees_taxes, fee_tax_rows(work, invoice.currency, ids, taxed))
    await insert_rows(work.connection, invoices_taxes, invoice_tax_rows(work, invoice.currency, invoice.id, on_all))
    when = dates(customer, work.now)
    await work.execute(
        update(invoices)
        .where(invoices.c.organization_id == work.organization.id, invoices.c.id == invoice.id)
        .values(
            **amounts(summed),
            taxes_rate=on_all.rate,
            payment_status=payment_status,
            issuing_date=when.issuing_date,
            payment_due_date=when.payment_due_date,
            net_payment_term=when.net_payment_term,
            updated_at=work.now,
        )
    )
    return await lock(work, invoice.id)


async def _taxes_of(work: Work, customer: Row[Any], rows: Sequence[Row[Any]]) -> list[tuple[Tax, ...]]:
    """The taxes of each fee: those that it names, else those of the first level that has any."""
    subscribed = await subscriptions_by_id(work, {fee.subscription_id for fee in rows if fee.subscription_id})
    plan_ids = {key: row.plan_id for key, row in subscribed.items()}
    commitments = await _commitments(work, plan_ids.values()) if plan_ids else {}
    levels = await tax_levels(
        work,
        customer,
        add_on_ids=[fee.add_on_id for fee in rows if fee.fee_type == "add_on"],
        charge_ids=[fee.charge_id for fee in rows if fee.charge_id],
        fixed_charge_ids=[fee.fixed_charge_id for fee in rows if fee.fixed_charge_id],
        commitment_ids=commitments.values(),
        plan_ids=plan_ids.values(),
        codes=[code for fee in rows for code in fee.tax_codes or ()],
    )
    return [_taxes_of_fee(fee, plan_ids.get(fee.subscription_id), commitments, levels) for fee in rows]


async def _commitments(work: Work, plan_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The minimum commitments of plans, by plan."""
    rows = await work.rows(
        select(minimum_commitments.c.plan_id, minimum_commitments.c.id).where(
            minimum_commitments.c.organization_id == work.organization.id,
            minimum_commitments.c.plan_id.in_(set(plan_ids)),
        )
    )
    return {row.plan_id: row.id for row in rows}


def _taxes_of_fee(
    fee: Row[Any], plan_id: UUID | None, commitments: Mapping[UUID, UUID], levels: TaxLevels
) -> tuple[Tax, ...]:
    """The taxes of a fee, by what it is for."""
    if plan_id is None:
        return levels.of_add_on(fee.tax_codes or (), fee.add_on_id)
    match fee.fee_type:
        case "charge":
            return levels.of_charge(fee.charge_id, plan_id)
        case "fixed_charge":
            return levels.of_fixed_charge(fee.fixed_charge_id, plan_id)
        case "commitment" if plan_id in commitments:
            return levels.of_commitment(commitments[plan_id], plan_id)
        case _:
            return levels.of_plan(plan_id)


async def _take_taxes_off(work: Work, invoice: Row[Any], rows: Sequence[Row[Any]]) -> None:
    """Remove the taxes that an earlier building of the invoice put on it."""
    ids = [fee.id for fee in rows]
    for table, owned in (
        (fees_taxes, fees_taxes.c.fee_id.in_(ids)),
        (invoices_taxes, invoices_taxes.c.invoice_id == invoice.id),
    ):
        await work.execute(delete(table).where(table.c.organization_id == work.organization.id, owned))


async def _change_fees(work: Work, rows: Sequence[Row[Any]], taxed: Sequence[FeeTaxes], payment_status: str) -> None:
    succeeded_at = work.now if payment_status == "succeeded" else None
    changed = [
        {
            "id": fee.id,
            "taxes_rate": found.rate,
            "taxes_amount_cents": found.amount_cents,
            "taxes_precise_amount_cents": found.precise_amount_cents,
            "payment_status": payment_status,
            "succeeded_at": succeeded_at,
            "updated_at": work.now,
        }
        for fee, found in zip(rows, taxed, strict=True)
    ]
    await work.change(_CHANGE_FEES, **inserted(fees, changed))
