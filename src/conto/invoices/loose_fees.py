"""Fees on no invoice, as renewals make them of charges in advance that are not invoiceable (chapter 41 §5.4)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from conto.invoices.billed import Billed
from conto.invoices.build import LooseFee
from conto.invoices.charge_fees import renewal_fees, renewed_loose_charges
from conto.invoices.fee_taxes import tax_levels
from conto.invoices.store import store_loose
from conto.work import Work


async def renew_loose_fees(work: Work, customer: Row[Any], billed: Sequence[Billed]) -> None:
    """Make the fees of what is still active, at its whole price for the period that begins, taxed at once.

    There is one for each filter and group, be it over nothing. The customer's row carries what it inherits.
    """
    renewed = await renewed_loose_charges(work, billed)
    if not renewed:
        return
    levels = await tax_levels(
        work,
        customer,
        charge_ids=[found.charge.id for found in renewed],
        plan_ids=[found.one.plan.id for found in renewed],
    )
    loose = [
        LooseFee(fee, customer.id, found.one.subscription.issuer_id, found.one.plan.amount_currency)
        for found in renewed
        for fee in renewal_fees(found, levels)
    ]
    await store_loose(work, loose)
