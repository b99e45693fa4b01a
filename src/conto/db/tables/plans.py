"""Plans and all that is priced on them (chapters 40, 52 and 53).

A child plan is a subscription's private copy of its parent, with the same code. Charges, their filters
and fixed charges that are deleted stay, for fees keep pointing at them.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB

from conto.db.tables.base import instant, owned_table, reference, string, unique

plans = owned_table(
    "plans",
    *reference("parent_id", "plans", nullable=True),
    string("code", nullable=False),
    string("name", nullable=False),
    string("invoice_display_name"),
    string("description"),
    string("interval", nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    string("amount_currency", nullable=False),
    Column("pay_in_advance", Boolean, nullable=False),
    Column("trial_period", Numeric),
    Column("bill_charges_monthly", Boolean),
    Column("bill_fixed_charges_monthly", Boolean),
    Column("metadata", JSONB(none_as_null=True)),
    Column("pending_deletion", Boolean, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("interval in ('weekly', 'monthly', 'quarterly', 'semiannual', 'yearly')", name="interval"),
    CheckConstraint("amount_cents >= 0", name="amount"),
    CheckConstraint("trial_period >= 0", name="trial_period"),
    CheckConstraint(
        "interval in ('semiannual', 'yearly') or (bill_charges_monthly is null and bill_fixed_charges_monthly is null)",
        name="monthly_split",
    ),
    unique("plans", "code", field="code", where="deleted_at is null and parent_id is null"),
    Index("ix_plans__newest", "organization_id", "created_at", "id"),
    Index("ix_plans__parent", "organization_id", "parent_id"),
)

plans_taxes = owned_table(
    "plans_taxes",
    *reference("plan_id", "plans"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("plans_taxes", "plan_id", "tax_id", field="tax_codes"),
)

charges = owned_table(
    "charges",
    *reference("plan_id", "plans"),
    *reference("billable_metric_id", "billable_metrics"),
    *reference("parent_id", "charges", nullable=True),
    string("code", nullable=False),
    string("invoice_display_name"),
    string("charge_model", nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("pay_in_advance", Boolean, nullable=False),
    Column("prorated", Boolean, nullable=False),
    Column("invoiceable", Boolean, nullable=False),
    string("regroup_paid_fees"),
    Column("min_amount_cents", BigInteger, nullable=False),
    Column("accepts_target_wallet", Boolean, nullable=False),
    *reference("pricing_unit_id", "pricing_units", nullable=True),
    Column("conversion_rate", Numeric),
    Column("position", Integer, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint(
        "charge_model in ('standard', 'graduated', 'package', 'percentage', 'volume', 'graduated_percentage',"
        " 'dynamic', 'custom')",
        name="charge_model",
    ),
    CheckConstraint("min_amount_cents >= 0", name="min_amount"),
    CheckConstraint("invoiceable or pay_in_advance", name="invoiceable"),
    CheckConstraint("regroup_paid_fees = 'invoice'", name="regroup_paid_fees"),
    CheckConstraint("(pricing_unit_id is null) = (conversion_rate is null)", name="pricing_unit"),
    CheckConstraint("conversion_rate > 0", name="conversion_rate"),
    unique("charges", "plan_id", "code", field="code", where="deleted_at is null"),
    Index("ix_charges__metric", "organization_id", "billable_metric_id"),
    Index("ix_charges__parent", "organization_id", "parent_id"),
)

charges_taxes = owned_table(
    "charges_taxes",
    *reference("charge_id", "charges"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("charges_taxes", "charge_id", "tax_id", field="tax_codes"),
)

charge_filters = owned_table(
    "charge_filters",
    *reference("charge_id", "charges"),
    string("invoice_display_name"),
    Column("values", JSONB, nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("position", Integer, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    Index("ix_charge_filters__charge", "organization_id", "charge_id", "position"),
)

fixed_charges = owned_table(
    "fixed_charges",
    *reference("plan_id", "plans"),
    *reference("add_on_id", "add_ons"),
    *reference("parent_id", "fixed_charges", nullable=True),
    string("code", nullable=False),
    string("invoice_display_name"),
    string("charge_model", nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("units", Numeric, nullable=False),
    Column("pay_in_advance", Boolean, nullable=False),
    Column("prorated", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    instant("deleted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("charge_model in ('standard', 'graduated', 'volume')", name="charge_model"),
    CheckConstraint("units >= 0", name="units"),
    unique("fixed_charges", "plan_id", "code", field="code", where="deleted_at is null"),
    Index("ix_fixed_charges__parent", "organization_id", "parent_id"),
    Index("ix_fixed_charges__add_on", "organization_id", "add_on_id"),
)

fixed_charges_taxes = owned_table(
    "fixed_charges_taxes",
    *reference("fixed_charge_id", "fixed_charges"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("fixed_charges_taxes", "fixed_charge_id", "tax_id", field="tax_codes"),
)

minimum_commitments = owned_table(
    "minimum_commitments",
    *reference("plan_id", "plans"),
    Column("amount_cents", BigInteger, nullable=False),
    string("invoice_display_name"),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    unique("minimum_commitments", "plan_id", field="plan_id"),
)

minimum_commitments_taxes = owned_table(
    "minimum_commitments_taxes",
    *reference("minimum_commitment_id", "minimum_commitments", on_delete="CASCADE"),
    *reference("tax_id", "taxes"),
    instant("created_at"),
    unique("minimum_commitments_taxes", "minimum_commitment_id", "tax_id", field="tax_codes"),
)
