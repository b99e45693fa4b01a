"""Subscriptions, usage thresholds, and the units of fixed charges over time (chapters 50, 53 and 62)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Numeric, text

from conto.db.tables.base import instant, owned_table, reference, string, unique

subscriptions = owned_table(
    "subscriptions",
    *reference("customer_id", "customers"),
    *reference("plan_id", "plans"),
    *reference("billing_entity_id", "billing_entities", nullable=True),
    *reference("previous_subscription_id", "subscriptions", nullable=True),
    string("external_id", nullable=False),
    string("name"),
    string("status", nullable=False),
    string("billing_time", nullable=False),
    instant("subscription_at"),
    instant("started_at", nullable=True),
    instant("activated_at", nullable=True),
    instant("ending_at", nullable=True),
    instant("trial_ended_at", nullable=True),
    Column("renewed_on", Date),
    instant("renewal_at", nullable=True),
    instant("terminated_at", nullable=True),
    instant("canceled_at", nullable=True),
    string("cancellation_reason"),
    string("on_termination_credit_note"),
    string("on_termination_invoice", nullable=False),
    string("purchase_order_number"),
    string("payment_method_type"),
    Column("skip_invoice_custom_sections", Boolean, nullable=False, server_default=text("false")),
    Column("consolidate_invoice", Boolean, nullable=False),
    Column("progressive_billing_disabled", Boolean, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status in ('pending', 'incomplete', 'active', 'terminated', 'canceled')", name="status"),
    CheckConstraint("billing_time in ('calendar', 'anniversary')", name="billing_time"),
    CheckConstraint("on_termination_credit_note in ('credit', 'skip', 'refund', 'offset')", name="credit_note"),
    CheckConstraint("on_termination_invoice in ('generate', 'skip')", name="invoice"),
    CheckConstraint("(status in ('active', 'terminated', 'incomplete')) <= (started_at is not null)", name="started"),
    CheckConstraint("(status = 'terminated') = (terminated_at is not null)", name="terminated"),
    CheckConstraint("(status = 'canceled') = (canceled_at is not null)", name="canceled"),
    CheckConstraint("terminated_at >= started_at", name="lifetime"),
    CheckConstraint("renewal_at is null or status = 'active'", name="renewal"),
    unique("subscriptions", "external_id", field="external_id", where="status = 'active'"),
    Index("ix_subscriptions__external_id", "organization_id", "external_id"),
    Index("ix_subscriptions__customer", "organization_id", "customer_id", "renewal_at"),
    Index("ix_subscriptions__plan", "organization_id", "plan_id"),
    Index("ix_subscriptions__previous", "organization_id", "previous_subscription_id"),
    Index("ix_subscriptions__listed", "organization_id", "subscription_at", "created_at", "id"),
)

usage_thresholds = owned_table(
    "usage_thresholds",
    *reference("plan_id", "plans", nullable=True),
    *reference("subscription_id", "subscriptions", nullable=True),
    Column("amount_cents", BigInteger, nullable=False),
    string("threshold_display_name"),
    Column("recurring", Boolean, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint("(plan_id is null) <> (subscription_id is null)", name="owner"),
    Index("ix_usage_thresholds__plan", "organization_id", "plan_id"),
    Index("ix_usage_thresholds__subscription", "organization_id", "subscription_id"),
)

fixed_charge_units = owned_table(
    "fixed_charge_units",
    *reference("subscription_id", "subscriptions"),
    *reference("fixed_charge_id", "fixed_charges"),
    Column("units", Numeric, nullable=False),
    instant("effective_at"),
    instant("given_at"),
    CheckConstraint("units >= 0", name="units"),
    Index("ix_fixed_charge_units__subscription", "organization_id", "subscription_id", "fixed_charge_id", "given_at"),
)

fixed_charge_overrides = owned_table(
    "fixed_charge_overrides",
    *reference("subscription_id", "subscriptions"),
    *reference("fixed_charge_id", "fixed_charges"),
    Column("units", Numeric, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("units >= 0", name="units"),
    unique("fixed_charge_overrides", "subscription_id", "fixed_charge_id", field="fixed_charge_id"),
)
