"""Answers kept for calls that are sent again under the same key."""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary

from conto.db.tables.base import instant, owned_table, string, unique

idempotency_keys = owned_table(
    "idempotency_keys",
    string("key", nullable=False),
    string("fingerprint", nullable=False),
    Column("answer", LargeBinary),
    instant("created_at"),
    CheckConstraint("length(key) <= 255", name="key"),
    unique("idempotency_keys", "key", field="idempotency_key"),
    Index("ix_idempotency_keys__oldest", "organization_id", "created_at"),
)
