"""Keys of calls that may be sent again."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        create table idempotency_keys (
            organization_id uuid not null,
            id uuid not null,
            key text not null,
            fingerprint text not null,
            answer bytea,
            created_at timestamp with time zone not null,
            constraint pk_idempotency_keys primary key (organization_id, id),
            constraint ck_idempotency_keys__key check (length(key) <= 255),
            constraint fk_idempotency_keys__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create unique index uq_idempotency_keys__idempotency_key on idempotency_keys (organization_id, key)")
    op.execute("create index ix_idempotency_keys__oldest on idempotency_keys (organization_id, created_at)")
    hold_to_its_organization("idempotency_keys")


def downgrade() -> None:
    op.execute("drop table idempotency_keys")
