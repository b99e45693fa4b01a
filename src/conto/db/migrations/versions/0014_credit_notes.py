"""Credit notes, and what invoices use of their balances."""

from pathlib import Path

from alembic import op

from conto.db.migrations.script import run_script
from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0014"
down_revision = "0013"

TABLES = ("credit_notes", "credit_note_items", "credit_notes_taxes", "credits")
NEW_SUMS = ("total_refunded_amount_cents", "total_offsetted_credit_note_amount_cents")
SUMS = (
    "fees_amount_cents",
    "progressive_billing_credit_amount_cents",
    "coupons_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "taxes_amount_cents",
    "sub_total_including_taxes_amount_cents",
    "credit_notes_amount_cents",
    "prepaid_credit_amount_cents",
    "total_amount_cents",
    "total_paid_amount_cents",
)


def upgrade() -> None:
    for name in NEW_SUMS:
        op.execute(f"alter table invoices add column {name} bigint not null default 0")
        op.execute(f"alter table invoices alter column {name} drop default")
    _hold(
        not_negative=_not_negative(*SUMS, *NEW_SUMS),
        paid="total_paid_amount_cents + total_offsetted_credit_note_amount_cents <= total_amount_cents",
    )
    op.execute(
        "alter table invoices add constraint ck_invoices__refunded"
        " check (total_refunded_amount_cents <= total_paid_amount_cents)"
    )
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text())
    for table in TABLES:
        hold_to_its_organization(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
    op.execute("alter table invoices drop constraint ck_invoices__refunded")
    _hold(not_negative=_not_negative(*SUMS), paid="total_paid_amount_cents <= total_amount_cents")
    for name in NEW_SUMS:
        op.execute(f"alter table invoices drop column {name}")


def _not_negative(*names: str) -> str:
    return " and ".join(f"{name} >= 0" for name in names)


def _hold(**conditions: str) -> None:
    """Have the invoices' constraints say this instead."""
    for name, condition in conditions.items():
        op.execute(f"alter table invoices drop constraint ck_invoices__{name}")
        op.execute(f"alter table invoices add constraint ck_invoices__{name} check ({condition})")
