"""Billable metrics, plans, subscriptions and events."""

from pathlib import Path

from alembic import op

from conto.db.migrations.script import run_script
from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0011"
down_revision = "0010"

TABLES = (
    "billable_metrics",
    "billable_metric_filters",
    "pricing_units",
    "plans",
    "plans_taxes",
    "charges",
    "charges_taxes",
    "charge_filters",
    "fixed_charges",
    "fixed_charges_taxes",
    "minimum_commitments",
    "minimum_commitments_taxes",
    "subscriptions",
    "usage_thresholds",
    "fixed_charge_units",
    "fixed_charge_overrides",
    "events",
)


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text())
    for table in TABLES:
        hold_to_its_organization(table)
    # The follower reads new events of everybody.
    op.execute("create policy across on events for select using (current_setting('conto.across', true) = 'on')")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
    op.execute("drop schema partitions")
