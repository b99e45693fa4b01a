"""Payments: attempts to pay an invoice, by hand so far, and their receipts (chapter 70 §§1 and 8)."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer

from conto.db.tables.base import instant, owned_table, reference, string, unique

payments = owned_table(
    "payments",
    *reference("customer_id", "customers"),
    *reference("invoice_id", "invoices"),
    string("payment_type", nullable=False),
    string("status", nullable=False),
    string("payment_status", nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    string("currency", nullable=False),
    string("reference"),
    instant("created_at"),
    instant("recorded_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint("payment_type in ('manual', 'provider')", name="payment_type"),
    CheckConstraint("payment_status in ('pending', 'processing', 'succeeded', 'failed')", name="payment_status"),
    Index("ix_payments__newest", "organization_id", "created_at", "id"),
    Index("ix_payments__invoice", "organization_id", "invoice_id"),
    Index("ix_payments__customer", "organization_id", "customer_id"),
)

payment_receipts = owned_table(
    "payment_receipts",
    *reference("payment_id", "payments"),
    *reference("customer_id", "customers"),
    *reference("billing_entity_id", "billing_entities"),
    Column("sequential_id", BigInteger, nullable=False),
    string("number", nullable=False),
    string("file_path"),
    string("xml_path"),
    instant("created_at"),
    instant("updated_at"),
    unique("payment_receipts", "payment_id", field="payment_id"),
    unique("payment_receipts", "customer_id", "sequential_id", field="sequential_id"),
    Index("ix_payment_receipts__newest", "organization_id", "created_at", "id"),
)

payment_receipts_invoices = owned_table(
    "payment_receipts_invoices",
    *reference("payment_receipt_id", "payment_receipts"),
    *reference("invoice_id", "invoices"),
    Column("position", Integer, nullable=False),
    Column("total_amount_cents", BigInteger, nullable=False),
    Column("paid_amount_cents", BigInteger, nullable=False),
    Column("due_amount_cents", BigInteger, nullable=False),
    unique("payment_receipts_invoices", "payment_receipt_id", "invoice_id", field="invoice_id"),
    Index("ix_payment_receipts_invoices__invoice", "organization_id", "invoice_id"),
)
