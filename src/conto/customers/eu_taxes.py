"""Which EU tax a customer has: decided when it is made, and when what it depends on changes (chapter 10 §5.3)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from conto.catalog.applied_taxes import replace_taxes, taxes_by_code
from conto.catalog.eu_taxes import generate
from conto.core.eu_taxes import Basis, Number, after_check, before_check
from conto.customers import vat_checks
from conto.customers.vat_numbers import VatNumber, parsed
from conto.db.tables import customers, customers_taxes, taxes
from conto.work import Work

DEPENDED_ON = ("tax_identification_number", "zipcode", "country", "billing_entity_id")


async def follow(work: Work, before: Row[Any] | None, customer: Row[Any], codes: Sequence[str] | None) -> None:
    """Bring the customer's EU tax up to date after it was made or changed; `codes` are the taxes given with that.

    `before` is the row as it was, None for a new customer, `customer` as it is, with what it carries of its
    billing entity; it must be locked.
    """
    moved = before is not None and before.billing_entity_id != customer.billing_entity_id
    if moved and codes is None:
        await _take_off_generated(work, customer.id)
    if not customer.entity_eu_tax_management:
        await vat_checks.stop(work, customer)
    elif await _is_to_be_decided(work, before, customer, codes):
        await _decide(work, customer, codes or ())
    elif codes is not None and not customer.eu_tax_decided:
        await _mark_decided(work, customer.id)


async def apply_answer(work: Work, customer: Row[Any], number: VatNumber, *, valid: bool) -> None:
    """Make the tax that follows from VIES' answer the customer's only one."""
    code = after_check(customer.country, customer.zipcode, number.country, customer.entity_country, valid=valid)
    await _assign(work, customer.id, code)


async def _is_to_be_decided(
    work: Work, before: Row[Any] | None, customer: Row[Any], codes: Sequence[str] | None
) -> bool:
    """Whether the tax depends on something that changed.

    A customer older than its entity's EU VAT management, without taxes, has its tax decided at its next
    change. Taxes chosen by hand are not replaced by a change of something else.
    """
    if before is None or any(getattr(before, name) != getattr(customer, name) for name in DEPENDED_ON):
        return True
    if customer.eu_tax_decided or codes is not None:
        return False
    owned = select(customers_taxes.c.id).where(
        customers_taxes.c.organization_id == work.organization.id, customers_taxes.c.customer_id == customer.id
    )
    return await work.first(owned.limit(1)) is None


async def _decide(work: Work, customer: Row[Any], codes: Sequence[str]) -> None:
    text = customer.tax_identification_number
    number = parsed(text) if text else None
    form = Number.WELL_FORMED if number else Number.MALFORMED if text else Number.NONE
    decision = before_check(customer.country, customer.zipcode, form, customer.entity_country)
    if decision.code is None:
        assert number is not None
        await vat_checks.begin(work, customer.id, number.text)
        await _mark_decided(work, customer.id)
        return
    await vat_checks.stop(work, customer)
    await _mark_decided(work, customer.id)
    if form is Number.MALFORMED and decision.basis is Basis.COUNTRY:
        # A check that has failed: its result is the only tax, whatever was given beside.
        await _assign(work, customer.id, decision.code)
        await vat_checks.refuse(work, customer.id, text)
    else:
        await _assign(work, customer.id, decision.code, codes)


async def _assign(work: Work, customer_id: UUID, code: str, beside: Sequence[str] = ()) -> None:
    """Make the tax with the code, and those beside it, all that the customer has.

    One that was deleted is made again.
    """
    if code not in await taxes_by_code(work, {code}):
        await generate(work)
    await replace_taxes(work, customers_taxes, "customer_id", customer_id, [*beside, code])


async def _take_off_generated(work: Work, customer_id: UUID) -> None:
    generated = select(taxes.c.id).where(taxes.c.organization_id == work.organization.id, taxes.c.auto_generated)
    await work.execute(
        delete(customers_taxes).where(
            customers_taxes.c.organization_id == work.organization.id,
            customers_taxes.c.customer_id == customer_id,
            customers_taxes.c.tax_id.in_(generated),
        )
    )


async def _mark_decided(work: Work, customer_id: UUID) -> None:
    await work.execute(
        update(customers)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == customer_id)
        .values(eu_tax_decided=True)
    )
