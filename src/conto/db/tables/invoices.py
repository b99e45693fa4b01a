"""Invoices, their fees and the taxes on both, with the sums that must hold on every row (chapter 20 §§1-5)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.schema import SchemaItem

from conto.db.tables.base import instant, owned_table, reference, string, unique

AMOUNTS = (
    "fees_amount_cents",
    "progressive_billing_credit_amount_cents",
    "coupons_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "taxes_amount_cents",
    "sub_total_including_taxes_amount_cents",
    "credit_notes_amount_cents",
    "prepaid_credit_amount_cents",
    "total_amount_cents",
    "total_paid_amount_cents",
    "total_refunded_amount_cents",
    "total_offsetted_credit_note_amount_cents",
)

invoices = owned_table(
    "invoices",
    *reference("customer_id", "customers"),
    *reference("billing_entity_id", "billing_entities"),
    string("invoice_type", nullable=False),
    string("status", nullable=False),
    string("payment_status", nullable=False),
    Column("payment_overdue", Boolean, nullable=False),
    string("number", nullable=False),
    Column("sequential_id", BigInteger),
    Column("billing_entity_sequential_id", BigInteger),
    string("purchase_order_number"),
    string("currency", nullable=False),
    Column("issuing_date", Date, nullable=False),
    Column("payment_due_date", Date, nullable=False),
    Column("net_payment_term", Integer, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in AMOUNTS),
    Column("taxes_rate", Numeric, nullable=False),
    Column("version_number", Integer, nullable=False),
    Column("self_billed", Boolean, nullable=False),
    Column("skip_psp", Boolean, nullable=False),
    string("file_path"),
    string("xml_path"),
    instant("finalized_at", nullable=True),
    instant("voided_at", nullable=True),
    instant("payment_dispute_lost_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint(
        "status in ('generating', 'draft', 'open', 'pending', 'finalized', 'voided', 'failed', 'closed', 'deleted')",
        name="status",
    ),
    CheckConstraint("payment_status in ('pending', 'succeeded', 'failed')", name="payment_status"),
    CheckConstraint(" and ".join(f"{name} >= 0" for name in AMOUNTS), name="not_negative"),
    CheckConstraint(
        "sub_total_excluding_taxes_amount_cents"
        " = fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents",
        name="sub_total_excluding_taxes",
    ),
    CheckConstraint(
        "sub_total_including_taxes_amount_cents = case"
        # While its taxes are not known, an invoice has no totals yet.
        " when status in ('generating', 'pending', 'failed') and sub_total_including_taxes_amount_cents = 0 then 0"
        " else sub_total_excluding_taxes_amount_cents + taxes_amount_cents end",
        name="sub_total_including_taxes",
    ),
    CheckConstraint(
        "total_amount_cents"
        " = sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents",
        name="total",
    ),
    CheckConstraint(
        "total_paid_amount_cents + total_offsetted_credit_note_amount_cents <= total_amount_cents", name="paid"
    ),
    # Refunds asked for by credit notes, whether they were sent yet or not.
    CheckConstraint("total_refunded_amount_cents <= total_paid_amount_cents", name="refunded"),
    CheckConstraint(
        "status not in ('finalized', 'voided') or (sequential_id is not null and finalized_at is not null)",
        name="numbered",
    ),
    CheckConstraint("(status = 'voided') = (voided_at is not null)", name="voided"),
    unique("invoices", "billing_entity_id", "customer_id", "sequential_id", field="sequential_id"),
    unique("invoices", "billing_entity_id", "billing_entity_sequential_id", field="billing_entity_sequential_id"),
    Index("ix_invoices__listed", "organization_id", "issuing_date", "created_at", "id"),
    Index("ix_invoices__customer", "organization_id", "customer_id", "issuing_date", "created_at", "id"),
)

invoice_metadata = owned_table(
    "invoice_metadata",
    *reference("invoice_id", "invoices"),
    string("key", nullable=False),
    string("value", nullable=False),
    Column("position", BigInteger, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    unique("invoice_metadata", "invoice_id", "key", field="key"),
)

fees = owned_table(
    "fees",
    *reference("invoice_id", "invoices", nullable=True),
    *reference("customer_id", "customers"),
    *reference("billing_entity_id", "billing_entities"),
    *reference("add_on_id", "add_ons", nullable=True),
    *reference("subscription_id", "subscriptions", nullable=True),
    *reference("billable_metric_id", "billable_metrics", nullable=True),
    *reference("charge_id", "charges", nullable=True),
    *reference("charge_filter_id", "charge_filters", nullable=True),
    *reference("fixed_charge_id", "fixed_charges", nullable=True),
    *reference("true_up_parent_fee_id", "fees", nullable=True),
    string("fee_type", nullable=False),
    Column("position", Integer, nullable=False),
    string("item_code", nullable=False),
    string("item_name", nullable=False),
    string("item_description"),
    string("invoice_display_name", nullable=False),
    string("description"),
    Column("filters", JSONB(none_as_null=True)),
    string("filter_invoice_display_name"),
    Column("grouped_by", JSONB, nullable=False),
    Column("pay_in_advance", Boolean, nullable=False),
    Column("invoiceable", Boolean, nullable=False),
    string("event_transaction_id"),
    Column("events_count", BigInteger),
    Column("units", Numeric, nullable=False),
    Column("total_aggregated_units", Numeric),
    Column("amount_details", JSONB, nullable=False),
    Column("pricing_unit_details", JSONB(none_as_null=True)),
    Column("presentation_breakdowns", JSONB(none_as_null=True)),
    Column("precise_unit_amount_cents", Numeric, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("precise_amount_cents", Numeric, nullable=False),
    string("currency", nullable=False),
    Column("precise_coupons_amount_cents", Numeric, nullable=False),
    Column("taxes_rate", Numeric, nullable=False),
    Column("taxes_amount_cents", BigInteger, nullable=False),
    Column("taxes_precise_amount_cents", Numeric, nullable=False),
    Column("tax_codes", ARRAY(Text)),
    string("payment_status", nullable=False),
    instant("succeeded_at", nullable=True),
    instant("failed_at", nullable=True),
    instant("refunded_at", nullable=True),
    instant("from_at"),
    instant("to_at"),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("invoice_id is null or deleted_at is null", name="invoiced"),
    CheckConstraint("amount_cents >= 0 and taxes_amount_cents >= 0", name="not_negative"),
    CheckConstraint("precise_coupons_amount_cents between 0 and amount_cents", name="coupons"),
    CheckConstraint("from_at <= to_at", name="boundaries"),
    CheckConstraint("payment_status in ('pending', 'succeeded', 'failed', 'refunded')", name="payment_status"),
    CheckConstraint(
        "case fee_type when 'add_on' then add_on_id is not null when 'charge' then charge_id is not null"
        " when 'fixed_charge' then fixed_charge_id is not null else true end",
        name="item",
    ),
    CheckConstraint(
        "fee_type not in ('charge', 'subscription', 'fixed_charge', 'commitment') or subscription_id is not null",
        name="subscription",
    ),
    Index("ix_fees__invoice", "organization_id", "invoice_id", "position"),
    Index("ix_fees__subscription", "organization_id", "subscription_id", "fee_type", "created_at"),
    Index(
        "uq_fees__event_transaction_id",
        "organization_id",
        "subscription_id",
        "charge_id",
        "event_transaction_id",
        unique=True,
        postgresql_where=text("event_transaction_id is not null and deleted_at is null"),
    ),
    # Without it each fee shown, and each one deleted, would look through all fees of the organization.
    Index(
        "ix_fees__true_up",
        "organization_id",
        "true_up_parent_fee_id",
        postgresql_where=text("true_up_parent_fee_id is not null"),
    ),
    Index("ix_fees__oldest", "organization_id", "created_at", "id"),
    Index(
        "ix_fees__loose",
        "organization_id",
        "subscription_id",
        postgresql_where=text("invoice_id is null and payment_status = 'succeeded' and deleted_at is null"),
    ),
)


invoice_subscriptions = owned_table(
    "invoice_subscriptions",
    *reference("invoice_id", "invoices"),
    *reference("subscription_id", "subscriptions"),
    string("invoicing_reason", nullable=False),
    string("occasion", nullable=False),
    instant("billed_at"),
    Column("billed_on", Date, nullable=False),
    string("timezone", nullable=False),
    instant("subscription_from_datetime"),
    instant("subscription_to_datetime"),
    instant("charges_from_datetime", nullable=True),
    instant("charges_to_datetime", nullable=True),
    instant("fixed_charges_from_datetime", nullable=True),
    instant("fixed_charges_to_datetime", nullable=True),
    instant("created_at"),
    CheckConstraint(
        "invoicing_reason in ('subscription_starting', 'subscription_periodic', 'subscription_terminating',"
        " 'in_advance_charge', 'in_advance_charge_periodic', 'progressive_billing')",
        name="invoicing_reason",
    ),
    CheckConstraint("subscription_from_datetime <= subscription_to_datetime", name="subscription_range"),
    CheckConstraint("charges_from_datetime <= charges_to_datetime", name="charges_range"),
    CheckConstraint("fixed_charges_from_datetime <= fixed_charges_to_datetime", name="fixed_charges_range"),
    unique("invoice_subscriptions", "invoice_id", "subscription_id", field="invoice_id"),
    # Whatever is tried twice is billed once.
    unique(
        "invoice_subscriptions",
        "subscription_id",
        "billed_on",
        field="renewal",
        where="invoicing_reason = 'subscription_periodic'",
    ),
    unique(
        "invoice_subscriptions",
        "subscription_id",
        "invoicing_reason",
        field="start_or_end",
        where="invoicing_reason in ('subscription_starting', 'subscription_terminating')",
    ),
)


def applied_tax_columns() -> list[SchemaItem]:
    """What a document keeps of a tax: a copy that later changes of the tax do not reach."""
    return [
        *reference("tax_id", "taxes"),
        Column("position", Integer, nullable=False),
        string("tax_code", nullable=False),
        string("tax_name", nullable=False),
        string("tax_description"),
        Column("tax_rate", Numeric, nullable=False),
        Column("amount_cents", BigInteger, nullable=False),
        string("currency", nullable=False),
        instant("created_at"),
    ]


fees_taxes = owned_table(
    "fees_taxes",
    *reference("fee_id", "fees"),
    *applied_tax_columns(),
    Column("precise_amount_cents", Numeric, nullable=False),
    unique("fees_taxes", "fee_id", "tax_id", field="tax_id"),
)

invoices_taxes = owned_table(
    "invoices_taxes",
    *reference("invoice_id", "invoices"),
    *applied_tax_columns(),
    Column("fees_amount_cents", BigInteger, nullable=False),
    unique("invoices_taxes", "invoice_id", "tax_id", field="tax_id"),
)
