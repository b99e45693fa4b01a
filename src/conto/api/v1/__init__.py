"""The resources of `/api/v1`, a module each."""

RESOURCES = (
    *("organizations", "billing_entities", "customers", "payment_methods"),
    *("taxes", "add_ons", "billable_metrics", "pricing_units", "plans", "plan_charges", "plan_fixed_charges"),
    *("invoices", "credit_notes", "fees", "payments"),
    *("subscription_life", "subscriptions", "subscription_charges"),
    *("events", "event_estimates", "usage"),
    *("payment_receipts", "invoice_custom_sections"),
    *("api_keys", "security_logs", "webhook_endpoints", "webhooks", "activity_logs", "api_logs", "test_clock"),
)
"""The modules, in the order in which the OpenAPI document tells of their calls."""
