"""Issue a one-off invoice: add-ons at their price or another, taxed and final at once (chapter 20 §7.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import Row, update

from conto.catalog.add_ons import add_ons_by_code
from conto.core.money import MOST_CENTS, product, to_cents
from conto.customers.queries import customer as customer_row
from conto.db.tables import customers
from conto.errors import NotFound
from conto.invoices.build import FeeDraft, InvoiceDraft, dates
from conto.invoices.custom_sections import sections_of_invoice
from conto.invoices.fee_taxes import TaxLevels, tax_levels
from conto.invoices.finalize import awaits_taxes, finish
from conto.invoices.store import store
from conto.organizations.queries import billing_entity
from conto.payments.methods import refuse_wrong_method
from conto.schemas.invoices import OneOffFeeInput, OneOffInput
from conto.schemas.reader import Problems
from conto.schemas.rules import Refused, instant
from conto.work import Work

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What a fee covers: both ends are instants, and the creation's own where none are given."""

    start: datetime
    end: datetime


async def create_one_off(work: Work, data: OneOffInput, problems: Problems) -> UUID:
    """Issue an invoice over the fees; the id of what was made. Nothing is stored on failure.

    `problems` holds what the reader of the input found; it is told after what names nothing.

    Raises:
        NotFound: the customer, an add-on or the billing entity; or there are no fees.
        Invalid: the input, its currency, boundaries, payment method or amounts are not as they must be.
    """
    if not data.external_customer_id:
        raise NotFound("customer")
    customer = await customer_row(work, data.external_customer_id, lock=True)
    if not data.fees:
        raise NotFound("fees")
    add_ons = await _add_ons(work, data.fees)
    refuse_wrong_method(data.payment_method, problems)
    if "payment_method" in problems:
        # Told with what was found before, ahead of what is looked up after it.
        problems.raise_if_any()
    issuer_id = await _issuer(work, data, customer)
    currency = data.currency or customer.currency
    if not currency:
        problems.add("currency", "value_is_mandatory")
    boundaries = [_boundaries(fee, work.now, problems) for fee in data.fees]
    problems.raise_if_any()
    assert currency

    levels = await tax_levels(
        work,
        customer,
        add_on_ids=[add_on.id for add_on in add_ons.values()],
        codes=[code for fee in data.fees for code in fee.tax_codes or ()],
    )
    drafts = [
        _draft(fee, add_ons[str(fee.add_on_code)], covered, levels, problems)
        for fee, covered in zip(data.fees, boundaries, strict=True)
    ]
    if sum(draft.amount_cents for draft in drafts) > MOST_CENTS:
        problems.add("fees", "value_is_out_of_range")
    problems.raise_if_any()

    if customer.currency is None:
        await _take_currency(work, customer.id, currency)
    draft = InvoiceDraft(
        invoice_type="one_off",
        customer=customer,
        billing_entity_id=issuer_id,
        currency=currency,
        purchase_order_number=data.purchase_order_number or None,
        skip_psp=data.skip_psp is True,
        taxes_pending=awaits_taxes("one_off", customer),
        fees=drafts,
        dates=dates(customer, work.now),
        custom_sections=await sections_of_invoice(work, customer, data.invoice_custom_section),
    )
    stored = await store(work, draft)
    await finish(work, stored, customer, event_type="invoice.one_off_created")
    return stored.id


async def _add_ons(work: Work, fees: Sequence[OneOffFeeInput]) -> dict[str, Row[Any]]:
    """The add-ons of the fees, by code; every code must name one."""
    codes = {fee.add_on_code or "" for fee in fees}
    found = await add_ons_by_code(work, codes)
    if len(found) != len(codes):
        raise NotFound("add_on")
    return found


async def _issuer(work: Work, data: OneOffInput, customer: Row[Any]) -> UUID:
    """The billing entity that issues the invoice: the one named, else the customer's."""
    if data.billing_entity_code:
        return (await billing_entity(work, data.billing_entity_code)).id
    return customer.billing_entity_id


def _boundaries(fee: OneOffFeeInput, now: datetime, problems: Problems) -> Boundaries:
    """Both ends or none, each with a time of day, and in order."""
    start, end = fee.from_datetime or None, fee.to_datetime or None
    if start is None and end is None:
        return Boundaries(now, now)
    try:
        covered = Boundaries(_instant_with_time(start), _instant_with_time(end))
    except Refused:
        covered = None
    if covered is None or covered.start > covered.end:
        problems.add("boundaries", "values_are_invalid")
        return Boundaries(now, now)
    return covered


def _instant_with_time(text: str | None) -> datetime:
    if text is None or len(text) <= len("2024-01-01"):
        raise Refused("values_are_invalid")
    return instant(text)


def _draft(
    fee: OneOffFeeInput, add_on: Row[Any], covered: Boundaries, levels: TaxLevels, problems: Problems
) -> FeeDraft:
    """The fee with its amount: unit price times units, rounded once."""
    unit_amount_cents = _given_or(fee.unit_amount_cents, add_on.amount_cents)
    units = _given_or(fee.units, ONE)
    codes = fee.tax_codes or []
    precise = product(Decimal(unit_amount_cents), units)
    if precise > MOST_CENTS:
        problems.add("units", "value_is_out_of_range")
        precise = Decimal(0)
    return FeeDraft(
        fee_type="add_on",
        add_on_id=add_on.id,
        item_code=add_on.code,
        item_name=add_on.name,
        item_description=add_on.description,
        invoice_display_name=fee.invoice_display_name or add_on.invoice_display_name or add_on.name,
        description=_given_or(fee.description, add_on.description),
        units=units,
        precise_unit_amount_cents=Decimal(unit_amount_cents),
        precise_amount_cents=precise,
        amount_cents=to_cents(precise),
        from_at=covered.start,
        to_at=covered.end,
        tax_codes=tuple(codes),
        taxes=levels.of_add_on(codes, add_on.id),
    )


def _given_or(value: Any, default: Any) -> Any:
    return default if value is UNSET or value is None else value


async def _take_currency(work: Work, customer_id: UUID, currency: str) -> None:
    """A customer without a currency takes that of the first thing that needs one."""
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer_id)
        .values(currency=currency)
    )
