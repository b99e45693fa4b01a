"""Payments made by hand."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        create table payments (
            organization_id uuid not null,
            id uuid not null,
            customer_id uuid not null,
            invoice_id uuid not null,
            payment_type text not null,
            status text not null,
            payment_status text not null,
            amount_cents bigint not null,
            currency text not null,
            reference text,
            created_at timestamp with time zone not null,
            recorded_at timestamp with time zone not null,
            constraint pk_payments primary key (organization_id, id),
            constraint fk_payments__organization_id_customer_id
            foreign key (organization_id, customer_id) references customers (organization_id, id),
            constraint fk_payments__organization_id_invoice_id
            foreign key (organization_id, invoice_id) references invoices (organization_id, id),
            constraint ck_payments__amount check (amount_cents > 0),
            constraint ck_payments__payment_type check (payment_type in ('manual', 'provider')),
            constraint ck_payments__payment_status
            check (payment_status in ('pending', 'processing', 'succeeded', 'failed')),
            constraint fk_payments__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create index ix_payments__customer on payments (organization_id, customer_id)")
    op.execute("create index ix_payments__invoice on payments (organization_id, invoice_id)")
    op.execute("create index ix_payments__newest on payments (organization_id, created_at, id)")
    hold_to_its_organization("payments")


def downgrade() -> None:
    op.execute("drop table payments")
