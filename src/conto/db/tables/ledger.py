"""The ledger of transfers, and the counters that number things without gaps."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, Text, Uuid

from conto.db.tables.base import instant, metadata, owned_table, reference, string

ledger_transfers = owned_table(
    "ledger_transfers",
    *reference("customer_id", "customers"),
    *reference("invoice_id", "invoices", nullable=True),
    string("kind", nullable=False),
    string("debit_account", nullable=False),
    Column("debit_subject_id", Uuid),
    string("credit_account", nullable=False),
    Column("credit_subject_id", Uuid),
    string("currency", nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    instant("posted_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint(
        "(debit_account, debit_subject_id) is distinct from (credit_account, credit_subject_id)", name="two_accounts"
    ),
    Index("ix_ledger_transfers__debit", "organization_id", "debit_account", "debit_subject_id"),
    Index("ix_ledger_transfers__credit", "organization_id", "credit_account", "credit_subject_id"),
)

counters = Table(
    "counters",
    metadata,
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("organization_id", "kind", "scope"),
    CheckConstraint("value >= 1", name="value"),
)
