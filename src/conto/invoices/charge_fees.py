"""Fees of usage charges on subscription invoices, and on renewals in advance (chapters 41 §§4, 5.4 and 40 §§2, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from conto.catalog.priced import PricedCharge, PricedFilter, PricedUnit
from conto.core.charges.fee_amounts import FeeAmounts
from conto.core.charges.filters import display_name
from conto.core.charges.price import NO_DETAILS, Details
from conto.core.charges.properties import presentation_keys
from conto.core.days import local_day
from conto.core.numerals import decimal_text
from conto.core.periods.ranges import Occasion, Period, charges_period
from conto.invoices.billed import Billed
from conto.invoices.build import FeeDraft
from conto.invoices.fee_taxes import TaxLevels
from conto.metering.store import Group
from conto.metering.usage import ChargePeriod, Result, billed_usage, kept, span_of, true_up, units_by
from conto.work import Work

SETTLING = frozenset(set(Occasion) - {Occasion.START, Occasion.IN_ADVANCE, Occasion.PROGRESSIVE})
"""The occasions on which usage is billed."""
RENEWING = frozenset({Occasion.RENEWAL, Occasion.DOWNGRADE})
"""The occasions on which what is still active is billed in advance for the period that begins."""


@dataclass(frozen=True, slots=True)
class BilledCharge:
    """A charge's usage on an invoice: what it comes to, and whose it is."""

    one: Billed
    charge: PricedCharge
    results: Sequence[Result]


async def billed_charges(work: Work, billed: Sequence[Billed]) -> list[BilledCharge]:
    """The usage of all subscriptions on an invoice, priced; one question to the event store a charge."""
    return await _with_usage(
        work, [(one, charge) for one in billed for charge in _settled(one) if _is_due(one, charge)]
    )


async def renewed_loose_charges(work: Work, billed: Sequence[Billed]) -> list[BilledCharge]:
    """What is still active of charges in advance that no invoice is to show, as it is billed for the coming period."""
    due = [(one, charge) for one in billed for charge in _settled(one) if _is_renewed(one, charge)]
    return await _with_usage(work, [(one, charge) for one, charge in due if not charge.invoiceable])


async def _with_usage(work: Work, due: Sequence[tuple[Billed, PricedCharge]]) -> list[BilledCharge]:
    periods = [
        ChargePeriod(
            subscription_id=one.subscription.id,
            external_subscription_id=one.subscription.external_id,
            charge=charge,
            currency=one.plan.amount_currency,
            span=span_of(one.periods.charges, upgraded=one.upgraded),
        )
        for one, charge in due
        if one.periods.charges is not None
    ]
    found = await billed_usage(work, periods) if periods else []
    return [BilledCharge(one, charge, results) for (one, charge), results in zip(due, found, strict=True)]


def _settled(one: Billed) -> Sequence[PricedCharge]:
    """All charges where this invoice is to bill usage, none where it is not."""
    period = one.periods.charges
    if one.side.occasion not in SETTLING or period is None or period.is_empty:
        return ()
    return one.plan.charges


def _is_renewed(one: Billed, charge: PricedCharge) -> bool:
    """Whether what is still active of the charge is billed for the period that begins."""
    return charge.pay_in_advance and charge.metric.recurring and one.side.occasion in RENEWING


def _is_due(one: Billed, charge: PricedCharge) -> bool:
    """Whether this invoice bills the charge."""
    if charge.pay_in_advance:
        return charge.invoiceable and _is_renewed(one, charge)
    goes_on = one.upgraded and charge.metric.recurring and not charge.prorated
    return not (goes_on and charge.metric.id in one.next_metric_ids)


def renewal_fees(found: BilledCharge, levels: TaxLevels) -> list[FeeDraft]:
    """The fees of a charge that is renewed apart from invoices: one for each filter and group, be it over nothing."""
    return [_fee(found.one, result, levels) for result in found.results]


def charge_fees(found: BilledCharge, levels: TaxLevels) -> list[FeeDraft]:
    """The charge's fees: one for each filter and group that has anything, and what is missing to its minimum."""
    one, charge = found.one, found.charge
    filling = None if charge.pay_in_advance else true_up(found.results)
    fees = [_fee(one, result, levels) for result in kept(found.results, filled_up=filling is not None)]
    if filling is not None:
        fees.append(_true_up_fee(one, charge, filling, fees[0], levels))
    return fees


def _fee(one: Billed, result: Result, levels: TaxLevels) -> FeeDraft:
    start, end = dates_of(one, result.charge)
    return FeeDraft(
        **fields_of_charge(one.subscription.id, one.plan.id, result.charge, result.amounts, levels),
        **fields_of_filter(result.filter),
        # What a renewal bills on an invoice is told apart from what came event by event.
        pay_in_advance=result.charge.pay_in_advance and not result.charge.invoiceable,
        grouped_by=dict(result.group),
        events_count=result.events_count,
        total_aggregated_units=result.total_aggregated_units,
        amount_details=result.price.details,
        presentation_breakdowns=_breakdowns(result),
        from_at=start,
        to_at=end,
    )


def _true_up_fee(
    one: Billed, charge: PricedCharge, amounts: FeeAmounts, parent: FeeDraft, levels: TaxLevels
) -> FeeDraft:
    return FeeDraft(
        **fields_of_charge(one.subscription.id, one.plan.id, charge, amounts, levels),
        true_up_parent_fee_id=parent.id,
        events_count=0,
        total_aggregated_units=amounts.units,
        amount_details=NO_DETAILS,
        from_at=parent.from_at,
        to_at=parent.to_at,
    )


def fields_of_charge(
    subscription_id: UUID, plan_id: UUID, charge: PricedCharge, amounts: FeeAmounts, levels: TaxLevels
) -> dict[str, Any]:
    """What all fees of a charge have in common."""
    return {
        "fee_type": "charge",
        "subscription_id": subscription_id,
        "billable_metric_id": charge.metric.id,
        "charge_id": charge.id,
        "item_code": charge.metric.code,
        "item_name": charge.metric.name,
        "item_description": charge.metric.description,
        "invoice_display_name": charge.display_name,
        "invoiceable": charge.invoiceable,
        "units": amounts.units,
        "precise_unit_amount_cents": amounts.precise_unit_amount_cents,
        "precise_amount_cents": amounts.precise_amount_cents,
        "amount_cents": amounts.amount_cents,
        "pricing_unit_details": pricing_unit_details(charge.pricing_unit, amounts),
        "taxes": levels.of_charge(charge.id, plan_id),
    }


def fields_of_filter(found: PricedFilter | None) -> dict[str, Any]:
    """What fees say of the filter that they are priced by; nothing for the default bucket."""
    if found is None:
        return {}
    return {
        "charge_filter_id": found.id,
        "filters": {key: list(values) for key, values in found.values.items()},
        "filter_invoice_display_name": display_name(found.values, found.invoice_display_name),
    }


def dates_of(one: Billed, charge: PricedCharge) -> tuple[datetime, datetime]:
    """What a charge's fee covers: the period that ends, or in advance the whole days of the one that begins."""
    period = one.periods.charges
    assert period is not None
    if not charge.pay_in_advance:
        return period.from_datetime, period.to_datetime
    return whole_days(charges_period(one.schedule, one.at, one.subscription.started_at))


def whole_days(period: Period) -> tuple[datetime, datetime]:
    """The period's days as such fees tell them that are made in advance without an invoice: from UTC midnight on."""
    first, last = (local_day(each, period.timezone) for each in (period.from_datetime, period.to_datetime))
    return datetime.combine(first, time(), UTC), datetime.combine(last, time(23, 59, 59), UTC)


def pricing_unit_details(unit: PricedUnit | None, amounts: FeeAmounts) -> Details | None:
    """The fee in its charge's pricing unit, as it is shown (chapter 40 §9)."""
    found = amounts.pricing_unit
    if unit is None or found is None:
        return None
    return {
        "lago_pricing_unit_id": str(unit.id),
        "pricing_unit_code": unit.code,
        "short_name": unit.short_name,
        "amount_cents": found.amount_cents,
        "precise_amount_cents": decimal_text(found.precise_amount_cents),
        "unit_amount_cents": found.unit_amount_cents,
        "precise_unit_amount": decimal_text(found.precise_unit_amount),
        "conversion_rate": decimal_text(found.conversion_rate),
    }


def _breakdowns(result: Result) -> list[Mapping[str, Any]] | None:
    """The units by the presentation keys that invoices show, None where there are none."""
    keys = [key.value for key in presentation_keys(result.charge.properties) if key.display_in_invoice]
    if not keys:
        return None
    shown: list[tuple[Group, Any]] = [
        ({key: value for key, value in group.items() if key in keys}, units)
        for group, units in result.aggregate.presented
    ]
    return [{"presentation_by": dict(group), "units": decimal_text(units)} for group, units in units_by(shown)]


def by_subscription(charges: Sequence[BilledCharge]) -> Mapping[UUID, list[BilledCharge]]:
    """The charges of each subscription, in their order."""
    found: dict[UUID, list[BilledCharge]] = {}
    for charge in charges:
        found.setdefault(charge.one.subscription.id, []).append(charge)
    return found
