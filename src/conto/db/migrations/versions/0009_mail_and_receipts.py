"""Mails, payment receipts, and the setting that has receipts issued."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("alter table organizations add column issue_receipts boolean not null default false")
    _mails()
    _payment_receipts()
    _payment_receipts_invoices()


def _mails() -> None:
    op.execute(
        """
        create table mails (
            organization_id uuid not null,
            id uuid not null,
            kind text not null,
            key text not null,
            subject_id uuid not null,
            to_addresses text[] not null,
            cc_addresses text[] not null,
            bcc_addresses text[] not null,
            delivered_to text[] not null,
            status text not null,
            attempts integer not null,
            error text,
            claimed_at timestamp with time zone,
            sent_at timestamp with time zone,
            created_at timestamp with time zone not null,
            updated_at timestamp with time zone not null,
            constraint pk_mails primary key (organization_id, id),
            constraint ck_mails__status check (status in ('pending', 'sent', 'failed')),
            constraint ck_mails__sent check ((status = 'sent') = (sent_at is not null)),
            constraint ck_mails__recipient check (cardinality(to_addresses) > 0),
            constraint fk_mails__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create unique index uq_mails__key on mails (organization_id, key)")
    op.execute("create index ix_mails__subject on mails (organization_id, subject_id)")
    op.execute("create index ix_mails__failed on mails (organization_id, updated_at) where status = 'failed'")
    hold_to_its_organization("mails")


def _payment_receipts() -> None:
    op.execute(
        """
        create table payment_receipts (
            organization_id uuid not null,
            id uuid not null,
            payment_id uuid not null,
            customer_id uuid not null,
            billing_entity_id uuid not null,
            sequential_id bigint not null,
            number text not null,
            file_path text,
            xml_path text,
            created_at timestamp with time zone not null,
            updated_at timestamp with time zone not null,
            constraint pk_payment_receipts primary key (organization_id, id),
            constraint fk_payment_receipts__organization_id_payment_id
            foreign key (organization_id, payment_id) references payments (organization_id, id),
            constraint fk_payment_receipts__organization_id_customer_id
            foreign key (organization_id, customer_id) references customers (organization_id, id),
            constraint fk_payment_receipts__organization_id_billing_entity_id
            foreign key (organization_id, billing_entity_id) references billing_entities (organization_id, id),
            constraint fk_payment_receipts__organization_id
            foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create unique index uq_payment_receipts__payment_id on payment_receipts (organization_id, payment_id)")
    op.execute(
        "create unique index uq_payment_receipts__sequential_id"
        " on payment_receipts (organization_id, customer_id, sequential_id)"
    )
    op.execute("create index ix_payment_receipts__newest on payment_receipts (organization_id, created_at, id)")
    hold_to_its_organization("payment_receipts")


def _payment_receipts_invoices() -> None:
    op.execute(
        """
        create table payment_receipts_invoices (
            organization_id uuid not null,
            id uuid not null,
            payment_receipt_id uuid not null,
            invoice_id uuid not null,
            position integer not null,
            total_amount_cents bigint not null,
            paid_amount_cents bigint not null,
            due_amount_cents bigint not null,
            constraint pk_payment_receipts_invoices primary key (organization_id, id),
            constraint fk_payment_receipts_invoices__organization_id_payment_receipt_id
            foreign key (organization_id, payment_receipt_id) references payment_receipts (organization_id, id),
            constraint fk_payment_receipts_invoices__organization_id_invoice_id
            foreign key (organization_id, invoice_id) references invoices (organization_id, id),
            constraint fk_payment_receipts_invoices__organization_id
            foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create unique index uq_payment_receipts_invoices__invoice_id"
        " on payment_receipts_invoices (organization_id, payment_receipt_id, invoice_id)"
    )
    op.execute(
        "create index ix_payment_receipts_invoices__invoice on payment_receipts_invoices (organization_id, invoice_id)"
    )
    hold_to_its_organization("payment_receipts_invoices")


def downgrade() -> None:
    op.execute("drop table payment_receipts_invoices")
    op.execute("drop table payment_receipts")
    op.execute("drop table mails")
    op.execute("alter table organizations drop column issue_receipts")
