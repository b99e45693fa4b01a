"""Where the data files of invoices are kept."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("alter table invoices add column xml_path text")


def downgrade() -> None:
    op.execute("alter table invoices drop column xml_path")
