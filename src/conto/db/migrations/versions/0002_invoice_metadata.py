"""Metadata of invoices."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        create table invoice_metadata (
            organization_id uuid not null,
            id uuid not null,
            invoice_id uuid not null,
            key text not null,
            value text not null,
            position bigint not null,
            created_at timestamp with time zone not null,
            updated_at timestamp with time zone not null,
            constraint pk_invoice_metadata primary key (organization_id, id),
            constraint fk_invoice_metadata__organization_id foreign key (organization_id) references organizations (id),
            constraint fk_invoice_metadata__organization_id_invoice_id
                foreign key (organization_id, invoice_id) references invoices (organization_id, id)
        )
        """
    )
    op.execute("create unique index uq_invoice_metadata__key on invoice_metadata (organization_id, invoice_id, key)")
    hold_to_its_organization("invoice_metadata")


def downgrade() -> None:
    op.execute("drop table invoice_metadata")
