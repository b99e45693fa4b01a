"""Who changed what decides about access (chapter 72 §3.3)."""

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB

from conto.db.tables.base import instant, owned_table, reference, string

security_logs = owned_table(
    "security_logs",
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    string("log_type", nullable=False),
    string("log_event", nullable=False),
    *reference("api_key_id", "api_keys", nullable=True),
    Column("resources", JSONB, nullable=False),
    instant("logged_at"),
    instant("created_at"),
    Index("ix_security_logs__latest", "organization_id", "logged_at", "sequence"),
)
