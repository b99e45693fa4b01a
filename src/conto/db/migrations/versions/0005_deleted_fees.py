"""Fees without an invoice can be deleted."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("alter table fees add column deleted_at timestamp with time zone")
    op.execute("alter table fees add constraint ck_fees__invoiced check (invoice_id is null or deleted_at is null)")


def downgrade() -> None:
    op.execute("alter table fees drop constraint ck_fees__invoiced")
    op.execute("alter table fees drop column deleted_at")
