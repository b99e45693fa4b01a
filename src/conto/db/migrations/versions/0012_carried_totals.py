"""What weighted sums carry on from one billed period to the next."""

from pathlib import Path

from alembic import op

from conto.db.migrations.script import run_script
from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text())
    hold_to_its_organization("carried_totals")


def downgrade() -> None:
    op.execute("drop table carried_totals")
