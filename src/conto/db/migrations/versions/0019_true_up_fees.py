"""The fee that fills another up is found by an index, as is what a deleted fee must not leave behind."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        "create index ix_fees__true_up on fees (organization_id, true_up_parent_fee_id)"
        " where true_up_parent_fee_id is not null"
    )


def downgrade() -> None:
    op.execute("drop index ix_fees__true_up")
