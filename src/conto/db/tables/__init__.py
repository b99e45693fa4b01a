"""Every table, in a module an area. Statements are written against these; there is no object mapper."""

from conto.db.tables.agenda import agenda, follower_positions
from conto.db.tables.base import metadata
from conto.db.tables.catalog import add_ons, add_ons_taxes, taxes
from conto.db.tables.customers import customer_metadata, customers, customers_taxes
from conto.db.tables.events import events
from conto.db.tables.idempotency import idempotency_keys
from conto.db.tables.invoices import fees, fees_taxes, invoice_metadata, invoices, invoices_taxes
from conto.db.tables.ledger import counters, ledger_transfers
from conto.db.tables.metrics import billable_metric_filters, billable_metrics, pricing_units
from conto.db.tables.organizations import (
    api_keys,
    billing_entities,
    billing_entities_taxes,
    organizations,
    server_keys,
)
from conto.db.tables.payments import payments
from conto.db.tables.plans import (
    charge_filters,
    charges,
    charges_taxes,
    fixed_charges,
    fixed_charges_taxes,
    minimum_commitments,
    minimum_commitments_taxes,
    plans,
    plans_taxes,
)
from conto.db.tables.subscriptions import fixed_charge_overrides, fixed_charge_units, subscriptions, usage_thresholds
from conto.db.tables.webhooks import webhook_attempts, webhook_endpoints, webhooks

__all__ = [
    "add_ons",
    "add_ons_taxes",
    "agenda",
    "api_keys",
    "billable_metric_filters",
    "billable_metrics",
    "billing_entities",
    "billing_entities_taxes",
    "charge_filters",
    "charges",
    "charges_taxes",
    "counters",
    "customer_metadata",
    "customers",
    "customers_taxes",
    "events",
    "fees",
    "fees_taxes",
    "fixed_charge_overrides",
    "fixed_charge_units",
    "fixed_charges",
    "fixed_charges_taxes",
    "follower_positions",
    "idempotency_keys",
    "invoice_metadata",
    "invoices",
    "invoices_taxes",
    "ledger_transfers",
    "metadata",
    "minimum_commitments",
    "minimum_commitments_taxes",
    "organizations",
    "payments",
    "plans",
    "plans_taxes",
    "pricing_units",
    "server_keys",
    "subscriptions",
    "taxes",
    "usage_thresholds",
    "webhook_attempts",
    "webhook_endpoints",
    "webhooks",
]
