"""How many statements a renewal takes: as many for much as for little (decision 6)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from conto.customers.queries import customer_by_id
from conto.subscriptions.renew import renew
from tests.company import Company
from tests.metering.usage import charge, happened
from tests.statements import statements_of
from tests.subscriptions.story import epoch

MOST = 15
"""Statements of a renewal with an invoice, from the customer's lock to the commit."""

REGIONS = ["eu", "us", "uk", "jp", "br", "in"]


def tiers(count: int) -> dict[str, Any]:
    """A price that has this many tiers of two units."""
    bounds = [*range(2, 2 * count, 2), None]
    return {
        "graduated_ranges": [
            {"from_value": 2 * number + (number > 0), "to_value": to, "per_unit_amount": "1", "flat_amount": "0"}
            for number, to in enumerate(bounds)
        ]
    }


async def renewed(company: Company, *, tier_count: int, filter_count: int, event_count: int) -> tuple[int, int]:
    """How many statements the renewal of a new customer takes, and how many fees come of it."""
    metric = await company.metric(filters=[{"key": "region", "values": REGIONS}])
    properties = tiers(tier_count)
    filters = [{"values": {"region": [each]}, "properties": properties} for each in REGIONS[:filter_count]]
    priced = charge(metric, "graduated", properties=properties, filters=filters)
    customer, plan = await company.customer(), await company.plan(charges=[priced])
    subscription = await company.subscribe(customer, plan)
    when = {"timestamp": epoch("2024-03-12T00:00:00Z")}
    events = [when | {"region": REGIONS[number % filter_count]} for number in range(event_count)]
    await happened(company, subscription, metric, *events)
    lane = UUID(customer["lago_id"])
    async with company.works.enter(company.id, now=datetime.fromisoformat("2024-04-01T00:00:00Z")) as work:
        with statements_of(work) as run:
            await customer_by_id(work, lane, lock=True)
            await renew(work, lane)
            await work.send()
    (invoice,) = await company.invoices(customer)
    return len(run), len(invoice["fees"])


LITTLE = {"tier_count": 1, "filter_count": 1, "event_count": 1}


@pytest.mark.parametrize(
    ("much", "fees"),
    [
        ({"event_count": 250}, 2),
        ({"tier_count": 9, "event_count": 40}, 2),
        ({"filter_count": 6, "event_count": 6}, 7),
    ],
    ids=["events", "tiers", "filters"],
)
async def test_a_renewal_takes_no_more_statements_for_much_than_for_little(
    rehearsal: Company, much: dict[str, int], fees: int
):
    little = await renewed(rehearsal, **LITTLE)
    assert little[1] == 2
    assert await renewed(rehearsal, **(LITTLE | much)) == (little[0], fees)
    assert little[0] <= MOST
