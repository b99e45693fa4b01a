"""Every table, in a module an area. Statements are written against these; there is no object mapper."""

from conto.db.tables.agenda import agenda, follower_positions
from conto.db.tables.base import metadata
from conto.db.tables.catalog import add_ons, add_ons_taxes, taxes
from conto.db.tables.credits import credit_note_items, credit_notes, credit_notes_taxes, credits
from conto.db.tables.custom_sections import (
    applied_invoice_custom_sections,
    billing_entities_custom_sections,
    customers_custom_sections,
    invoice_custom_sections,
    subscriptions_custom_sections,
)
from conto.db.tables.customers import (
    customer_error_details,
    customer_metadata,
    customers,
    customers_taxes,
    vies_checks,
)
from conto.db.tables.event_errors import event_reports, wrong_events
from conto.db.tables.events import carried_totals, events, unpriced_events
from conto.db.tables.idempotency import idempotency_keys
from conto.db.tables.invoices import (
    fees,
    fees_taxes,
    invoice_metadata,
    invoice_subscriptions,
    invoices,
    invoices_taxes,
)
from conto.db.tables.ledger import counters, ledger_transfers
from conto.db.tables.logs import activity_logs, api_logs
from conto.db.tables.mails import mails
from conto.db.tables.metrics import billable_metric_filters, billable_metrics, pricing_units
from conto.db.tables.organizations import (
    api_keys,
    billing_entities,
    billing_entities_taxes,
    logos,
    organizations,
    server_keys,
)
from conto.db.tables.payments import payment_receipts, payment_receipts_invoices, payments
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
from conto.db.tables.security_logs import security_logs
from conto.db.tables.subscriptions import fixed_charge_overrides, fixed_charge_units, subscriptions, usage_thresholds
from conto.db.tables.webhooks import webhook_attempts, webhook_endpoints, webhooks

__all__ = [
    "activity_logs",
    "add_ons",
    "add_ons_taxes",
    "agenda",
    "api_keys",
    "api_logs",
    "applied_invoice_custom_sections",
    "billable_metric_filters",
    "billable_metrics",
    "billing_entities",
    "billing_entities_custom_sections",
    "billing_entities_taxes",
    "carried_totals",
    "charge_filters",
    "charges",
    "charges_taxes",
    "counters",
    "credit_note_items",
    "credit_notes",
    "credit_notes_taxes",
    "credits",
    "customer_error_details",
    "customer_metadata",
    "customers",
    "customers_custom_sections",
    "customers_taxes",
    "event_reports",
    "events",
    "fees",
    "fees_taxes",
    "fixed_charge_overrides",
    "fixed_charge_units",
    "fixed_charges",
    "fixed_charges_taxes",
    "follower_positions",
    "idempotency_keys",
    "invoice_custom_sections",
    "invoice_metadata",
    "invoice_subscriptions",
    "invoices",
    "invoices_taxes",
    "ledger_transfers",
    "logos",
    "mails",
    "metadata",
    "minimum_commitments",
    "minimum_commitments_taxes",
    "organizations",
    "payment_receipts",
    "payment_receipts_invoices",
    "payments",
    "plans",
    "plans_taxes",
    "pricing_units",
    "security_logs",
    "server_keys",
    "subscriptions",
    "subscriptions_custom_sections",
    "taxes",
    "unpriced_events",
    "usage_thresholds",
    "vies_checks",
    "webhook_attempts",
    "webhook_endpoints",
    "webhooks",
    "wrong_events",
]
