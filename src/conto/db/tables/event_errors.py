"""Events that were taken in but cannot count, and what is told of them each hour (chapter 30 §3.2)."""

from sqlalchemy import CheckConstraint, Column, Index, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from conto.db.tables.base import instant, owned_table, string

wrong_events = owned_table(
    "wrong_events",
    Column("event_id", Uuid, nullable=False),
    string("transaction_id", nullable=False),
    string("problem", nullable=False),
    instant("received_at"),
    CheckConstraint(
        "problem in ('invalid_code', 'missing_aggregation_property', 'invalid_filter_values', 'target_wallet')",
        name="problem",
    ),
    Index("ix_wrong_events__received", "organization_id", "received_at"),
)

event_reports = owned_table(
    "event_reports",
    Column("errors", JSONB, nullable=False),
    instant("created_at"),
    Index("ix_event_reports__created", "organization_id", "created_at"),
)
