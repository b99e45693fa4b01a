"""What one event costs under a charge in advance: its filter, its group and the amounts (chapter 40 §10)."""

from dataclasses import dataclass

from conto.catalog.priced import PricedCharge, PricedFilter
from conto.core.charges import in_advance
from conto.core.charges.fee_amounts import FeeAmounts
from conto.core.charges.price import Price
from conto.core.charges.properties import TARGET_WALLET
from conto.metering.one_event import Happened, add
from conto.metering.store import Group
from conto.metering.usage import ChargePeriod, asked_of_one_event, properties_of
from conto.work import Work


@dataclass(frozen=True, slots=True)
class EventPrice:
    """What the event adds to one charge; `filter` None is the default bucket."""

    charge: PricedCharge
    filter: PricedFilter | None
    group: Group
    amounts: FeeAmounts
    price: Price


async def price_event(work: Work, period: ChargePeriod, event: Happened) -> EventPrice | None:
    """What the event costs in the period that contains it; None where it has no value that the metric could take."""
    addition = await add(work, asked_of_one_event(period), event)
    if addition is None:
        return None
    charge = period.charge
    charge_filter = next((one for one in charge.filters if one.id == addition.bucket.filter_id), None)
    amounts, price = in_advance.fee(
        properties_of(charge, charge_filter),
        addition.usage,
        addition.increment.shown,
        period.currency,
        charge.pricing_unit.conversion_rate if charge.pricing_unit else None,
    )
    return EventPrice(charge, charge_filter, in_advance_group(charge, addition.group), amounts, price)


def in_advance_group(charge: PricedCharge, group: Group) -> Group:
    """The group as the fee shows it: a target wallet only where the event names one (chapter 40 §6.3)."""
    unnamed = charge.accepts_target_wallet and group.get(TARGET_WALLET) is None
    return {key: value for key, value in group.items() if not (unnamed and key == TARGET_WALLET)}
