"""Billable metrics, their filters, and the organization's own pricing units (chapters 30 §1 and 40 §9)."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY

from conto.db.tables.base import instant, owned_table, reference, string, unique

billable_metrics = owned_table(
    "billable_metrics",
    string("code", nullable=False),
    string("name", nullable=False),
    string("description"),
    string("aggregation_type", nullable=False),
    string("field_name"),
    Column("recurring", Boolean, nullable=False),
    string("weighted_interval"),
    string("expression"),
    string("rounding_function"),
    Column("rounding_precision", Integer),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint(
        "aggregation_type in ('count_agg', 'sum_agg', 'max_agg', 'unique_count_agg', 'weighted_sum_agg',"
        " 'latest_agg', 'custom_agg')",
        name="aggregation_type",
    ),
    CheckConstraint("rounding_function in ('round', 'ceil', 'floor')", name="rounding_function"),
    CheckConstraint("field_name is not null or aggregation_type in ('count_agg', 'custom_agg')", name="field_name"),
    CheckConstraint(
        "not recurring or aggregation_type not in ('count_agg', 'max_agg', 'latest_agg')", name="recurring"
    ),
    unique("billable_metrics", "code", field="code", where="deleted_at is null"),
    Index("ix_billable_metrics__newest", "organization_id", "created_at", "id"),
)

billable_metric_filters = owned_table(
    "billable_metric_filters",
    *reference("billable_metric_id", "billable_metrics"),
    string("key", nullable=False),
    Column("values", ARRAY(Text), nullable=False),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("cardinality(values) > 0", name="values"),
    unique("billable_metric_filters", "billable_metric_id", "key", field="key"),
)

pricing_units = owned_table(
    "pricing_units",
    string("code", nullable=False),
    string("name", nullable=False),
    string("short_name", nullable=False),
    string("description"),
    instant("created_at"),
    instant("updated_at"),
    unique("pricing_units", "code", field="code"),
    Index("ix_pricing_units__newest", "organization_id", "created_at", "id"),
)
