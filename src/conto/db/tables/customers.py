"""Customers, what they are told apart by, their metadata, own taxes and checks of VAT numbers (chapter 10 §§4-5)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Identity, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB

from conto.db.tables.base import address, instant, owned_table, reference, string, unique

customers = owned_table(
    "customers",
    *reference("billing_entity_id", "billing_entities"),
    string("external_id", nullable=False),
    Column("sequential_id", BigInteger, nullable=False),
    string("slug", nullable=False),
    string("name"),
    string("firstname"),
    string("lastname"),
    string("email"),
    string("phone"),
    string("url"),
    string("logo_url"),
    string("legal_name"),
    string("legal_number"),
    string("tax_identification_number"),
    string("account_type", nullable=False),
    string("customer_type"),
    string("currency"),
    string("timezone"),
    string("document_locale"),
    *address(),
    *address("shipping_"),
    Column("net_payment_term", Integer),
    Column("invoice_grace_period", Integer),
    string("subscription_invoice_issuing_date_anchor"),
    string("subscription_invoice_issuing_date_adjustment"),
    string("finalize_zero_amount_invoice", nullable=False),
    Column("skip_invoice_custom_sections", Boolean, nullable=False),
    string("payment_provider"),
    string("payment_provider_code"),
    Column("eu_tax_decided", Boolean, nullable=False),
    Column("vies_check_pending", Boolean, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("account_type in ('customer', 'partner')", name="account_type"),
    CheckConstraint("finalize_zero_amount_invoice in ('inherit', 'skip', 'finalize')", name="zero_amount"),
    CheckConstraint("invoice_grace_period >= 0 and net_payment_term >= 0", name="days"),
    unique("customers", "external_id", field="external_id", where="deleted_at is null"),
    unique("customers", "sequential_id", field="sequential_id"),
    Index("ix_customers__newest", "organization_id", "created_at", "id"),
)

customer_metadata = owned_table(
    "customer_metadata",
    *reference("customer_id", "customers"),
    string("key", nullable=False),
    string("value", nullable=False),
    Column("display_in_invoice", Boolean, nullable=False),
    Column("position", BigInteger, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    unique("customer_metadata", "customer_id", "key", field="key"),
)

customers_taxes = owned_table(
    "customers_taxes",
    *reference("customer_id", "customers"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("customers_taxes", "customer_id", "tax_id", field="tax_codes"),
)

customer_error_details = owned_table(
    "customer_error_details",
    *reference("customer_id", "customers"),
    string("error_code", nullable=False),
    Column("details", JSONB, nullable=False),
    instant("created_at"),
    unique("customer_error_details", "customer_id", "error_code", field="error_code"),
)

vies_checks = owned_table(
    "vies_checks",
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    *reference("customer_id", "customers"),
    string("tax_identification_number", nullable=False),
    string("status", nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("answer", JSONB),
    instant("told_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status in ('pending', 'ended', 'dropped')", name="status"),
    unique("vies_checks", "customer_id", field="pending", where="status = 'pending'"),
    Index("ix_vies_checks__told", "organization_id", "customer_id", "told_at", "sequence"),
)
