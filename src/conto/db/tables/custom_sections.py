"""Custom sections of invoices: the texts, who has selected them, and their copies on invoices (chapter 72 §6)."""

from sqlalchemy import Column, Index, Integer, Table

from conto.db.tables.base import instant, owned_table, reference, string, unique

invoice_custom_sections = owned_table(
    "invoice_custom_sections",
    string("code", nullable=False),
    string("name", nullable=False),
    string("description"),
    string("display_name"),
    string("details"),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    unique("invoice_custom_sections", "code", field="code", where="deleted_at is null"),
    Index("ix_invoice_custom_sections__newest", "organization_id", "created_at", "id"),
)


def selection_of(owner_column: str, owners: str) -> Table:
    """The table of what such owners have selected, each section at its place."""
    name = f"{owners}_custom_sections"
    return owned_table(
        name,
        *reference(owner_column, owners),
        *reference("invoice_custom_section_id", "invoice_custom_sections"),
        Column("position", Integer, nullable=False),
        instant("created_at"),
        unique(name, owner_column, "invoice_custom_section_id", field="sections"),
    )


billing_entities_custom_sections = selection_of("billing_entity_id", "billing_entities")
customers_custom_sections = selection_of("customer_id", "customers")
subscriptions_custom_sections = selection_of("subscription_id", "subscriptions")

applied_invoice_custom_sections = owned_table(
    "applied_invoice_custom_sections",
    *reference("invoice_id", "invoices"),
    Column("position", Integer, nullable=False),
    string("code", nullable=False),
    string("name", nullable=False),
    string("display_name"),
    string("details"),
    instant("created_at"),
    unique("applied_invoice_custom_sections", "invoice_id", "position", field="position"),
)
