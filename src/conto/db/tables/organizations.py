"""Organizations, their keys to the API, and the billing entities that issue their documents (chapter 10 §§1-3)."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from conto.db.tables.base import address, instant, metadata, owned_table, reference, string, unique

organizations = Table(
    "organizations",
    metadata,
    Column("id", Uuid, primary_key=True),
    string("name", nullable=False),
    string("slug"),
    string("document_number_prefix", nullable=False),
    string("hmac_key", nullable=False),
    instant("frozen_time", nullable=True),
    Column("issue_receipts", Boolean, nullable=False, server_default=text("false")),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_organizations__slug", "slug", unique=True),
)

api_keys = owned_table(
    "api_keys",
    string("name"),
    string("key_hash", nullable=False),
    string("last_characters", nullable=False),
    Column("permissions", JSONB),
    instant("expires_at", nullable=True),
    instant("last_used_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_api_keys__key_hash", "key_hash", unique=True),
    Index("ix_api_keys__newest", "organization_id", "created_at", "id"),
)

billing_entities = owned_table(
    "billing_entities",
    string("code", nullable=False),
    string("name", nullable=False),
    string("default_currency", nullable=False),
    string("document_locale", nullable=False),
    string("document_numbering", nullable=False),
    string("document_number_prefix", nullable=False),
    Column("finalize_zero_amount_invoice", Boolean, nullable=False),
    string("invoice_footer"),
    Column("invoice_grace_period", Integer, nullable=False),
    string("subscription_invoice_issuing_date_anchor", nullable=False),
    string("subscription_invoice_issuing_date_adjustment", nullable=False),
    Column("net_payment_term", Integer, nullable=False),
    *address(),
    string("email"),
    string("phone"),
    string("legal_name"),
    string("legal_number"),
    string("tax_identification_number"),
    string("timezone", nullable=False),
    Column("email_settings", ARRAY(Text), nullable=False),
    Column("eu_tax_management", Boolean, nullable=False),
    Column("einvoicing", Boolean, nullable=False),
    string("logo_name"),
    instant("archived_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("document_numbering in ('per_customer', 'per_billing_entity')", name="numbering"),
    CheckConstraint("invoice_grace_period >= 0 and net_payment_term >= 0", name="days"),
    unique("billing_entities", "code", field="code", where="archived_at is null"),
)

billing_entities_taxes = owned_table(
    "billing_entities_taxes",
    *reference("billing_entity_id", "billing_entities"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("billing_entities_taxes", "billing_entity_id", "tax_id", field="tax_codes"),
)

logos = owned_table(
    "logos",
    *reference("billing_entity_id", "billing_entities"),
    Column("content", LargeBinary, nullable=False),
    instant("created_at"),
    unique("logos", "billing_entity_id", field="logo"),
)
"""The content of billing entities' logos, apart from their rows: those are read often, and whole."""

server_keys = Table(
    "server_keys",
    metadata,
    Column("name", Text, primary_key=True),
    string("value", nullable=False),
    Column("created_at", instant("created_at").type, nullable=False, server_default=text("now()")),
)
