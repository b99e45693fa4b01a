"""Events that charges in advance are yet to price, and paid fees without an invoice."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        """
        create table unpriced_events (
            organization_id uuid not null,
            id uuid not null,
            subscription_id uuid not null,
            transaction_id text not null,
            received bigint not null,
            created_at timestamp with time zone not null,
            constraint pk_unpriced_events primary key (organization_id, id),
            constraint fk_unpriced_events__organization_id_subscription_id
                foreign key (organization_id, subscription_id) references subscriptions (organization_id, id),
            constraint fk_unpriced_events__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create index ix_unpriced_events__subscription on unpriced_events (organization_id, subscription_id, received)"
    )
    hold_to_its_organization("unpriced_events")
    op.execute(
        "create index ix_fees__loose on fees (organization_id, subscription_id)"
        " where invoice_id is null and payment_status = 'succeeded' and deleted_at is null"
    )


def downgrade() -> None:
    op.execute("drop index ix_fees__loose")
    op.execute("drop table unpriced_events")
