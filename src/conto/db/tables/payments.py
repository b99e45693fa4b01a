"""Payments: attempts to pay an invoice, by hand so far (chapter 70 §1)."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index

from conto.db.tables.base import instant, owned_table, reference, string

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
