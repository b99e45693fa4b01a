"""What a subscription's usage came to in the charges periods that were invoiced (chapter 31 §3)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import ARRAY, Row, Uuid, any_, bindparam, func, select

from conto.catalog.metrics import metric as live_metric
from conto.catalog.priced import PricedCharge, PricedFilter, PricedUnit, priced_charges
from conto.core.money import ZERO
from conto.db.tables import charge_filters, customers, fees, invoice_subscriptions, invoices, subscriptions
from conto.listing import page_of
from conto.metering.show import Line, show_charge_usage
from conto.schemas.encoding import instant
from conto.schemas.invoices import VISIBLE
from conto.schemas.usage import CustomerChargeUsageObject, CustomerUsageObject, PastUsageParameters
from conto.work import ORGANIZATION, Work

CLOSING = ("subscription_periodic", "subscription_terminating", "in_advance_charge_periodic")
"""Why an invoice is made that closes a charges period; others bill a part of it, or only name it."""

_ITS_TAXES = (
    select(func.coalesce(func.sum(fees.c.taxes_amount_cents), 0))
    .where(fees.c.organization_id == invoices.c.organization_id, fees.c.invoice_id == invoices.c.id)
    .correlate(invoices)
    .scalar_subquery()
)
_OF_PERIOD = ("invoice_id", "subscription_id", "charges_from_datetime", "charges_to_datetime")
_OF_INVOICE = ("issuing_date", "currency", "fees_amount_cents")
_PERIODS = (
    select(
        *(invoice_subscriptions.c[name] for name in _OF_PERIOD),
        *(invoices.c[name] for name in _OF_INVOICE),
        _ITS_TAXES.label("fee_taxes_cents"),
    )
    .join(
        invoices,
        (invoices.c.organization_id == invoice_subscriptions.c.organization_id)
        & (invoices.c.id == invoice_subscriptions.c.invoice_id),
    )
    .join(
        subscriptions,
        (subscriptions.c.organization_id == invoice_subscriptions.c.organization_id)
        & (subscriptions.c.id == invoice_subscriptions.c.subscription_id),
    )
    .join(
        customers,
        (customers.c.organization_id == subscriptions.c.organization_id)
        & (customers.c.id == subscriptions.c.customer_id),
    )
    .where(
        invoice_subscriptions.c.charges_from_datetime.is_not(None),
        invoice_subscriptions.c.invoicing_reason.in_(CLOSING),
        invoices.c.status.in_([status for status in VISIBLE if status != "voided"]),
        customers.c.deleted_at.is_(None),
    )
    .order_by(
        invoice_subscriptions.c.charges_from_datetime.desc(),
        invoice_subscriptions.c.created_at.desc(),
        invoice_subscriptions.c.id.desc(),
    )
)
_CHARGE_FEES = (
    select(
        fees,
        charge_filters.c.invoice_display_name.label("own_filter_name"),
        charge_filters.c.created_at.label("filtered_at"),
    )
    .outerjoin(
        charge_filters,
        (charge_filters.c.organization_id == fees.c.organization_id) & (charge_filters.c.id == fees.c.charge_filter_id),
    )
    .where(
        fees.c.organization_id == ORGANIZATION,
        fees.c.invoice_id == any_(bindparam("invoice_ids", type_=ARRAY(Uuid))),
        fees.c.subscription_id == any_(bindparam("subscription_ids", type_=ARRAY(Uuid))),
        fees.c.fee_type == "charge",
    )
    .order_by(fees.c.invoice_id, fees.c.position)
)


@dataclass(frozen=True, slots=True)
class PastUsage:
    """The periods of one page, and how many there are in all."""

    periods: list[CustomerUsageObject]
    total: int


async def past_usage(
    work: Work, external_customer_id: str, parameters: PastUsageParameters, *, offset: int, limit: int
) -> PastUsage:
    """The invoiced periods of all subscriptions with the external id, the latest first; none for an unknown customer.

    Periods on voided invoices are not among them. Amounts of a period are those of its whole invoice.

    Raises:
        NotFound: no metric has the code.
    """
    code = parameters.billable_metric_code or None
    metric_id = (await live_metric(work, code)).id if code else None
    statement = _PERIODS.where(
        invoice_subscriptions.c.organization_id == work.organization.id,
        customers.c.external_id == external_customer_id,
        subscriptions.c.external_id == parameters.external_subscription_id,
    )
    most = None if parameters.periods_count is UNSET else parameters.periods_count
    if most is not None:
        limit = min(limit, max(most - offset, 0))
    found = await page_of(work, statement, offset=offset, limit=limit)
    of_charges = await _charges_usage(work, found.rows, metric_id)
    return PastUsage(
        [_shown(row, of_charges[row.invoice_id, row.subscription_id]) for row in found.rows],
        found.total if most is None else min(found.total, most),
    )


def _shown(row: Row[Any], charges_usage: list[CustomerChargeUsageObject]) -> CustomerUsageObject:
    return CustomerUsageObject(
        from_datetime=instant(row.charges_from_datetime),
        to_datetime=instant(row.charges_to_datetime),
        issuing_date=row.issuing_date.isoformat(),
        lago_invoice_id=row.invoice_id,
        currency=row.currency,
        amount_cents=row.fees_amount_cents,
        taxes_amount_cents=int(row.fee_taxes_cents),
        total_amount_cents=row.fees_amount_cents + int(row.fee_taxes_cents),
        charges_usage=charges_usage,
    )


async def _charges_usage(
    work: Work, periods: Sequence[Row[Any]], metric_id: UUID | None
) -> Mapping[tuple[UUID, UUID], list[CustomerChargeUsageObject]]:
    """The usage of the charges that have a fee, by invoice and subscription, each by the names of their metrics."""
    found: dict[tuple[UUID, UUID], list[CustomerChargeUsageObject]] = defaultdict(list)
    if not periods:
        return found
    rows = await work.rows(
        _CHARGE_FEES,
        invoice_ids=list({row.invoice_id for row in periods}),
        subscription_ids=list({row.subscription_id for row in periods}),
    )
    apart: dict[tuple[UUID, UUID], dict[UUID, list[Row[Any]]]] = defaultdict(lambda: defaultdict(list))
    for fee in rows:
        if metric_id is None or fee.billable_metric_id == metric_id:
            apart[fee.invoice_id, fee.subscription_id][fee.charge_id].append(fee)
    charges = await priced_charges(work, {charge_id for own in apart.values() for charge_id in own})
    for key, own in apart.items():
        by_name = sorted(own.items(), key=lambda each: charges[each[0]].metric.name.casefold())
        found[key] = [_charge_usage(charges[charge_id], of_charge) for charge_id, of_charge in by_name]
    return found


def _charge_usage(charge: PricedCharge, own: Sequence[Row[Any]]) -> CustomerChargeUsageObject:
    """The usage of a charge as its fees tell it; the charge, its filters and its unit may have changed since."""
    lines = [_line(fee) for fee in own]
    billed = replace(
        charge,
        pricing_unit=_unit(own[0]),
        filters=tuple(line.filter for line in lines if line.filter) or charge.filters,
    )
    return show_charge_usage(billed, own[0].currency, lines)


def _line(fee: Row[Any]) -> Line:
    """The bucket and group that a fee is of. What is missing to a minimum is an amount without units."""
    used = fee.true_up_parent_fee_id is None
    return Line(
        filter=_filter(fee),
        group=fee.grouped_by,
        units=fee.units if used else ZERO,
        total_aggregated_units=(fee.units if fee.total_aggregated_units is None else fee.total_aggregated_units)
        if used
        else ZERO,
        events_count=fee.events_count or 0,
        amount_cents=fee.amount_cents,
        pricing_unit_cents=fee.pricing_unit_details and int(fee.pricing_unit_details["amount_cents"]),
        presented=[(each["presentation_by"], Decimal(each["units"])) for each in fee.presentation_breakdowns or ()],
    )


def _filter(fee: Row[Any]) -> PricedFilter | None:
    if fee.charge_filter_id is None:
        return None
    return PricedFilter(
        id=fee.charge_filter_id,
        invoice_display_name=fee.own_filter_name,
        values={key: tuple(values) for key, values in (fee.filters or {}).items()},
        properties={},
        created_at=fee.filtered_at,
    )


def _unit(fee: Row[Any]) -> PricedUnit | None:
    """The pricing unit at the rate of then."""
    details = fee.pricing_unit_details
    return details and PricedUnit(
        id=UUID(details["lago_pricing_unit_id"]),
        code=details["pricing_unit_code"],
        short_name=details["short_name"],
        conversion_rate=Decimal(details["conversion_rate"]),
    )
