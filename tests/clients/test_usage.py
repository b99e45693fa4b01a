"""The published Python client meters usage and reads what it comes to, and the explanation says the same."""

from fractions import Fraction
from typing import Any

import pytest
from lago_python_client import Client
from lago_python_client.models import (
    BatchEvent,
    BillableMetric,
    BillableMetricFilter,
    BillableMetricFilters,
    Charge,
    ChargeFilter,
    ChargeFilters,
    Charges,
    Customer,
    Event,
    Plan,
    Subscription,
)

from tests.rebuilding import rebuilt_amount
from tests.servers import RunningServer

pytestmark = pytest.mark.clients

TIERS = [
    {"from_value": 0, "to_value": 1000, "per_unit_amount": "0.05", "flat_amount": "1"},
    {"from_value": 1001, "to_value": None, "per_unit_amount": "0.013", "flat_amount": "2.5"},
]


@pytest.fixture
def client(server: RunningServer, key: str) -> Client:
    """The client, as its users make it."""
    return Client(api_key=key, api_url=server.url)


def subscribe(client: Client) -> None:
    """A customer on a plan that prices the bytes of each team, those of one region by a price of its own."""
    client.customers.create(Customer(external_id="acme", currency="EUR"))
    regions = BillableMetricFilters(__root__=[BillableMetricFilter(key="region", values=["eu", "us"])])
    metric = client.billable_metrics.create(
        BillableMetric(name="Bytes", code="bytes", aggregation_type="sum_agg", field_name="bytes", filters=regions)
    )
    eu = ChargeFilter(values={"region": ["eu"]}, properties={"graduated_ranges": TIERS})
    charge = Charge(
        billable_metric_id=metric.lago_id,
        code="transfer",
        charge_model="graduated",
        properties={"graduated_ranges": TIERS, "pricing_group_keys": ["team"]},
        filters=ChargeFilters(__root__=[eu]),
    )
    client.plans.create(
        Plan(
            name="Metered",
            code="metered",
            interval="monthly",
            amount_cents=0,
            amount_currency="EUR",
            pay_in_advance=False,
            charges=Charges(__root__=[charge]),
        )
    )
    client.subscriptions.create(
        Subscription(external_customer_id="acme", plan_code="metered", external_id="metered usage")
    )


def send(client: Client, numbers: range) -> None:
    """A batch of events, whose numbers say what they are."""
    events = [
        Event(
            transaction_id=f"event {number}",
            external_subscription_id="metered usage",
            code="bytes",
            properties={
                "bytes": f"{number % 7}.25",
                "region": ("eu", "us", "asia")[number % 3],
                "team": "ab"[number % 2],
            },
        )
        for number in numbers
    ]
    client.events.batch_create(BatchEvent(events=events))


def test_a_thousand_events_come_to_what_the_explanation_says(server: RunningServer, client: Client, key: str) -> None:
    subscribe(client)
    for start in range(0, 1000, 100):
        send(client, range(start, start + 100))

    usage = client.customers.current_usage("acme", "metered usage")
    answer = server.call("GET", "/api/v1/subscriptions/metered%20usage/usage_explanation?charge_code=transfer", key=key)

    explained: dict[str, Any] = answer.json()["usage_explanation"]
    (charge,) = usage.charges_usage
    assert charge.events_count == explained["events"]["counted"]["count"] == 1000
    assert rebuilt_amount(explained) == explained["amount_cents"] == charge.amount_cents == usage.amount_cents
    units = sum(Fraction(result["units"]) for result in explained["results"])
    assert units == Fraction(charge.units) == sum(number % 7 + Fraction(1, 4) for number in range(1000))
    assert [len(charge.filters), len(charge.grouped_usage)] == [2, 3]

    projected = client.customers.projected_usage("acme", "metered usage")
    assert projected.amount_cents == usage.amount_cents
    of_team = client.customers.current_usage("acme", "metered usage", group={"team": "a"})
    assert Fraction(of_team.charges_usage[0].units) < units
