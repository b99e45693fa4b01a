"""What can be sold: taxes and add-ons (chapter 10 §§5-6)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Numeric

from conto.db.tables.base import instant, owned_table, reference, string, unique

taxes = owned_table(
    "taxes",
    string("code", nullable=False),
    string("name", nullable=False),
    string("description"),
    Column("rate", Numeric, nullable=False),
    Column("auto_generated", Boolean, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("rate >= 0", name="rate"),
    unique("taxes", "code", field="code", where="deleted_at is null"),
)

add_ons = owned_table(
    "add_ons",
    string("code", nullable=False),
    string("name", nullable=False),
    string("invoice_display_name"),
    string("description"),
    Column("amount_cents", BigInteger, nullable=False),
    string("amount_currency", nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    unique("add_ons", "code", field="code", where="deleted_at is null"),
    Index("ix_add_ons__newest", "organization_id", "created_at", "id"),
)

add_ons_taxes = owned_table(
    "add_ons_taxes",
    *reference("add_on_id", "add_ons"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("add_ons_taxes", "add_on_id", "tax_id", field="tax_codes"),
)
