"""Webhook endpoints, the deliveries made to them, and every attempt at one (chapter 71)."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from conto.db.tables.base import instant, owned_table, reference, string, unique

webhook_endpoints = owned_table(
    "webhook_endpoints",
    string("webhook_url", nullable=False),
    string("signature_algo", nullable=False),
    string("name"),
    Column("event_types", ARRAY(Text)),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("signature_algo in ('jwt', 'hmac')", name="signature_algo"),
    unique("webhook_endpoints", "webhook_url", field="webhook_url"),
)

webhooks = owned_table(
    "webhooks",
    *reference("webhook_endpoint_id", "webhook_endpoints", on_delete="CASCADE"),
    string("webhook_type", nullable=False),
    string("object_type", nullable=False),
    Column("object_id", Uuid, nullable=False),
    string("payload"),
    string("status", nullable=False),
    Column("retries", Integer, nullable=False),
    Column("http_status", Integer),
    string("response"),
    instant("last_retried_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status in ('pending', 'succeeded', 'retrying', 'failed')", name="status"),
    Index("ix_webhooks__endpoint", "organization_id", "webhook_endpoint_id"),
    Index("ix_webhooks__updated", "organization_id", "updated_at"),
)

webhook_attempts = owned_table(
    "webhook_attempts",
    *reference("webhook_id", "webhooks", on_delete="CASCADE"),
    Column("number", Integer, nullable=False),
    Column("http_status", Integer),
    string("response"),
    string("error"),
    instant("attempted_at"),
    unique("webhook_attempts", "webhook_id", "number", field="number"),
)
