"""What happened to the organization's objects, and which calls were made of the API (chapter 72 §§3.1-3.2)."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Identity, Index, Integer, Uuid, text

from conto.db.tables.base import instant, owned_table, string

activity_logs = owned_table(
    "activity_logs",
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    Column("batch_id", Uuid, nullable=False),
    string("activity_type", nullable=False),
    string("activity_source", nullable=False),
    string("object_type", nullable=False),
    Column("object_id", Uuid, nullable=False),
    Column("activity_object", JSON),
    Column("activity_object_changes", JSON, nullable=False),
    string("resource_type", nullable=False),
    Column("resource_id", Uuid, nullable=False),
    string("external_customer_id"),
    string("external_subscription_id"),
    string("user_email"),
    instant("logged_at"),
    CheckConstraint("activity_source in ('api', 'front', 'system')", name="activity_source"),
    Index("ix_activity_logs__latest", "organization_id", "logged_at", "sequence"),
    Index("ix_activity_logs__resource", "organization_id", "resource_id", "logged_at"),
    Index("ix_activity_logs__customer", "organization_id", "external_customer_id", "logged_at"),
    Index(
        "ix_activity_logs__not_shown", "organization_id", "batch_id", postgresql_where=text("activity_object is null")
    ),
)
"""`batch_id` is what the entries written by one transaction at one time share: their objects are shown together."""

api_logs = owned_table(
    "api_logs",
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    string("request_id", nullable=False),
    string("client", nullable=False),
    string("http_method", nullable=False),
    Column("http_status", Integer, nullable=False),
    string("request_origin", nullable=False),
    string("request_path", nullable=False),
    string("request_body", nullable=False),
    string("request_response", nullable=False),
    string("api_version", nullable=False),
    instant("logged_at"),
    CheckConstraint("http_method in ('post', 'put', 'patch', 'delete')", name="http_method"),
    Index("ix_api_logs__latest", "organization_id", "logged_at", "sequence"),
    Index("ix_api_logs__request", "organization_id", "request_id"),
)
"""Request ids are the callers' own where they send one, so one may stand for several calls."""
