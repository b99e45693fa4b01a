"""What the company of the demo's year does: each act is one or a few calls of the API."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conto.demo import usage
from conto.demo.client import Client
from conto.demo.company import (
    ADD_ONS,
    CUSTOMERS,
    IMPORT,
    METRICS,
    OPENS,
    ORGANIZATION,
    PLANS,
    TAXES,
    Customer,
    abroad,
    cents_abroad,
)

MOST_EVENTS = 100

NAMED = {customer.code: customer for customer in CUSTOMERS}


@dataclass(slots=True)
class Company:
    """The company's calls, and what it remembers between them."""

    client: Client
    plans: dict[str, Any] = field(default_factory=dict)
    told_until: datetime = OPENS
    gone: set[str] = field(default_factory=set)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API."""
        return self.client.call(method, path, body)

    def advance(self, instant: datetime) -> None:
        """Let the time pass until the instant, with all that falls due on the way."""
        self.call("POST", "/test_clock/advance", {"test_clock": {"frozen_time": iso(instant)}})

    def opening(self) -> None:
        """The company says who it is and what it sells."""
        self.call("PUT", "/organizations", {"organization": ORGANIZATION})
        for tax in TAXES:
            self.call("POST", "/taxes", {"tax": tax})
        for add_on in ADD_ONS:
            self.call("POST", "/add_ons", {"add_on": add_on})
        metrics = {
            metric["code"]: self.call("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]
            for metric in METRICS
        }
        for plan in PLANS:
            charges = [
                {"billable_metric_id": metrics[charge["metric"]]["lago_id"]}
                | {key: value for key, value in charge.items() if key != "metric"}
                for charge in plan["charges"]
            ]
            body = plan | {"amount_currency": "EUR", "charges": charges}
            self.plans[plan["code"]] = self.call("POST", "/plans", {"plan": body})["plan"]

    def customer_comes(self, customer: Customer) -> None:
        """A customer is made and subscribes."""
        self.call("POST", "/customers", {"customer": as_customer(customer)})
        subscription: dict[str, Any] = {
            "external_id": customer.code,
            "external_customer_id": customer.code,
            "plan_code": customer.plan,
            "billing_time": customer.billing_time,
        }
        if customer.currency != "EUR":
            subscription["plan_overrides"] = priced_in(self.plans[customer.plan], customer.currency)
        self.call("POST", "/subscriptions", {"subscription": subscription})

    def usage_is_told(self, until: datetime) -> None:
        """All shops report what happened since they last did."""
        events = [
            event
            for customer in CUSTOMERS
            if customer.code not in self.gone
            for event in usage.reported(customer, self.told_until, until)
        ]
        self.told_until = until
        self.tell(events)

    def order_is_told_late(self, customer: Customer, month: datetime) -> None:
        """A shop reports an order of the month before, whose invoice is still a draft."""
        self.tell([usage.late_order(customer, month)])

    def tell(self, events: list[dict[str, Any]]) -> None:
        """Send events, so many at a time."""
        shown = [event | {"timestamp": int(event["timestamp"].timestamp())} for event in events]
        for first in range(0, len(shown), MOST_EVENTS):
            self.call("POST", "/events/batch", {"events": shown[first : first + MOST_EVENTS]})

    def customers_pay(self, who: str) -> None:
        """Those who pay at this time pay what is due; of invoices that were paid in part, no more."""
        path = "/invoices?status=finalized&payment_status=pending&per_page=100"
        for invoice in self.call("GET", path)["invoices"]:
            pays = NAMED[invoice["customer"]["external_id"]].pays
            due = invoice["total_due_amount_cents"]
            if pays == who and due and not invoice["total_paid_amount_cents"]:
                amount = due // 2 if pays == "half" else due
                payment = {"invoice_id": invoice["lago_id"], "amount_cents": amount, "reference": invoice["number"]}
                self.call("POST", "/payments", {"payment": payment})

    def plan_is_changed(self, customer: Customer, plan: str) -> None:
        """A customer goes to a dearer plan at once, or to a cheaper one when its month ends."""
        body = {"external_id": customer.code, "external_customer_id": customer.code, "plan_code": plan}
        self.call("POST", "/subscriptions", {"subscription": body})

    def customer_goes(self, customer: Customer, now: datetime) -> None:
        """A customer tells its last usage and ends its subscription: what is left of its month is credited."""
        self.usage_is_told(now)
        self.call("DELETE", f"/subscriptions/{customer.code}")
        self.gone.add(customer.code)

    def work_is_billed(self, customer: Customer, units: str) -> dict[str, Any]:
        """The import of a catalogue is billed by itself."""
        amount = cents_abroad(IMPORT["amount_cents"], customer.currency)
        fee = {"add_on_code": IMPORT["code"], "units": units, "unit_amount_cents": amount}
        body = {"external_customer_id": customer.code, "fees": [fee]}
        return self.call("POST", "/invoices", {"invoice": body})["invoice"]

    def work_is_billed_wrongly(self, customer: Customer) -> None:
        """The import is billed ten times too high: the invoice is voided, and another issued."""
        wrong = self.work_is_billed(customer, "20")
        self.call("POST", f"/invoices/{wrong['lago_id']}/void")
        self.work_is_billed(customer, "2")

    def dispute_is_lost(self, customer: Customer) -> None:
        """The bank takes the customer's side on its oldest invoice, which is not claimed any more."""
        path = f"/invoices?external_customer_id={customer.code}&status=finalized&per_page=100"
        oldest = min(self.call("GET", path)["invoices"], key=lambda invoice: invoice["sequential_id"])
        self.call("POST", f"/invoices/{oldest['lago_id']}/lose_dispute")


def as_customer(customer: Customer) -> dict[str, Any]:
    """The customer as the API takes it."""
    return {
        "external_id": customer.code,
        "name": customer.name,
        "email": f"accounts@{customer.code}.example",
        "address_line1": customer.street,
        "zipcode": customer.zipcode,
        "city": customer.city,
        "country": customer.country,
        "timezone": customer.timezone,
        "currency": customer.currency,
        "billing_configuration": {"document_locale": customer.locale},
        # The company's own tax is what its billing entity has, for whom no other is named.
        "tax_codes": [] if customer.tax == TAXES[0]["code"] else [customer.tax],
    }


def priced_in(plan: dict[str, Any], currency: str) -> dict[str, Any]:
    """The plan's prices in another currency, as overrides of a subscription."""
    overrides: dict[str, Any] = {
        "amount_cents": cents_abroad(plan["amount_cents"], currency),
        "amount_currency": currency,
        "charges": [
            {
                "id": charge["lago_id"],
                "properties": abroad(charge["properties"], currency),
                "filters": abroad(charge["filters"], currency),
            }
            for charge in plan["charges"]
        ],
        "fixed_charges": [
            {
                "id": charge["lago_id"],
                "units": charge["units"],
                "properties": abroad(charge["properties"], currency),
            }
            for charge in plan["fixed_charges"]
        ],
    }
    if commitment := plan.get("minimum_commitment"):
        overrides["minimum_commitment"] = {
            "amount_cents": cents_abroad(commitment["amount_cents"], currency),
            "invoice_display_name": commitment["invoice_display_name"],
        }
    return overrides


def iso(instant: datetime) -> str:
    """The instant as the API writes it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
